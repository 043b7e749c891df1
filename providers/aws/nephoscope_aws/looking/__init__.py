"""How analyzers read facts: what they rest on, what a name in them stands for, what it was meant for."""
