"""Suites of seeded accounts with known truth, trials on them, and what they measure."""
