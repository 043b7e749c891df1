"""What is known and how it is read: reply tables, facts, problem reading, playbooks."""
