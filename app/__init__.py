"""The web application: models, storage, services, pages and commands."""
