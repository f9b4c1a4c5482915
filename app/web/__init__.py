"""HTTP: turns requests into calls of services, and results into pages and JSON."""
