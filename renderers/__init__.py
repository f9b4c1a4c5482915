"""Turns forms and rows into HTML pages."""
