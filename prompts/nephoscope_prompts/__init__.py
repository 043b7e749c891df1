"""The prompts of Nephoscope, as files."""
