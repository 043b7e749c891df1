"""Scripts that try what must not be possible; run through an executor like anybody's script."""
