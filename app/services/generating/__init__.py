"""Rows of a form generated from the step before it (`x-generate`): plan, act, undo.

A generation adds the rows that are missing and changes none that are there. `planning`
says what one would do, `acts` does it as it was seen, `undoing` takes it back.
"""
