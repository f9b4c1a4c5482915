"""Circulars: what an authority writes to units below it, with receipts.

Personal notices (`notices`) tell each account that one came; a circular itself is read,
and answered for, on its own page. Letters (`announcing`) stay within a unit.
"""
