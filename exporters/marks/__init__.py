"""Edits single parts of a filler's workbook and leaves all others as they are.

A workbook library would write the whole file anew and lose what it does not know
(charts, pictures, newer kinds of drop-downs); `marking` puts these pieces together.
"""
