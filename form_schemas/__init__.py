"""Reads the schema files and knows everything a form declares."""
