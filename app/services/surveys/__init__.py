"""Surveys: questions that stand in forms, answered by link, and what was answered."""
