"""Makes plausible rows of any form from its FormSpec alone: `making.demo_rows`."""
