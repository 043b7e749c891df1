"""AWS analyzers: pure functions from facts to findings."""
