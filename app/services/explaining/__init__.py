"""Explains derived forms: how a row came about, and why a row is missing."""
