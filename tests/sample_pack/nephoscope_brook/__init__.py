"""Brook for Nephoscope."""
