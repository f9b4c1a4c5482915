"""Converts and checks rows against their form."""
