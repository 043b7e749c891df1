"""What this pack is for, in one line."""
