"""What the AWS pack registers. Imports no SDK at module level."""
