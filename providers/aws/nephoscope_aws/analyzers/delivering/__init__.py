"""Parts of the event delivery analyzer: what is configured, the way from sender to consumer, and what can stop an event on it."""
