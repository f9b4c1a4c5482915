"""What several tests use: servers, browsers, checkers."""
