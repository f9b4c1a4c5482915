"""A unit's round in one sealed file: workbooks, data, decisions, and their hashes."""
