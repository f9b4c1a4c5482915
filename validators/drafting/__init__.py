"""Draft a schema file from a blank workbook form: guesses, each with a note."""
