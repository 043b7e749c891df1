"""The generic walk: what can be said of a thing that nobody wrote an analyzer for."""
