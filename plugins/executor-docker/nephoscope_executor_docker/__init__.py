"""Scripts in containers of a local engine."""
