"""Anthologies: choosing rows that travel for a book, its order, its files.

Which rows they are, and what their fields are to a reader, stands in the settings of
an edition (`form_schemas.anthologies`).
"""
