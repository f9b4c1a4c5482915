"""Alembic migrations of the fixed tables."""
