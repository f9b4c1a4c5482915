"""Alembic migrations of the fixed tables; forms' tables follow the schema files."""
