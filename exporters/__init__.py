"""Writes and reads workbooks."""
