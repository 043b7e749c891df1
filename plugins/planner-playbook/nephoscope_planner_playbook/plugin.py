"""What this pack registers."""
