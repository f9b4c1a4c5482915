"""Formal rows of all forms: tables, reading, writing, searching."""
