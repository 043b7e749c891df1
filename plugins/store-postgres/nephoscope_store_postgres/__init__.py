"""PostgreSQL as the database a team shares."""
