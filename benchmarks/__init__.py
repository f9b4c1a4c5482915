"""Measures the budgets of the design, each beside its floor in the same run."""
