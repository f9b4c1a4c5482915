"""Rows that travel one by one: what there is to act on, and the moves themselves."""
