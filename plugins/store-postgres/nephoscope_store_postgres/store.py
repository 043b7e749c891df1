"""The store ``postgresql``: what a URL must say, before anybody is asked."""

from __future__ import annotations

from nephoscope.interfaces import Address, Database


class PostgresStore:
    """``postgresql://user@host:port/database?sslmode=…``, as libpq knows it; its variables and files count too."""

    name = "postgresql"

    def open(self, address: Address) -> Database:
        """See :class:`nephoscope.interfaces.Store`."""
        from nephoscope_store_postgres.database import PostgresDatabase

        return PostgresDatabase(address).opened()
