"""The process that holds the credentials: broker and sandbox, and the engine's client for it."""
