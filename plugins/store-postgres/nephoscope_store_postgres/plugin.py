"""What this pack registers. psycopg is imported only where it is used."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.interfaces import Store
from nephoscope.plugin import hookimpl


@hookimpl
def nephoscope_register_stores() -> Sequence[Store]:
    from nephoscope_store_postgres.store import PostgresStore

    return [PostgresStore()]
