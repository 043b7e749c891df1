"""The store against a real server: the suite of all stores, and what only a server can do to it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nephoscope.interfaces import Address, CredentialsError, EndpointError, UsageError
from nephoscope.testing.conformance import StoreSuite

sys.path.insert(0, str(Path(__file__).parent))
from server import Server

from nephoscope_store_postgres.store import PostgresStore


class TestPostgres(StoreSuite):
    subject = PostgresStore()
    nowhere = (
        (Address("postgresql://ann:s3cret@127.0.0.1:1/team"), EndpointError),
        (Address("postgresql://ann:s3cret@no-such-host.invalid/team"), EndpointError),
        (Address("postgresql://ann:s3cret@127.0.0.1:nonsense/team"), UsageError),
        (Address("postgresql://ann:s3cret@[::1/team"), UsageError),
        (Address("postgresql://ann:s3cret@127.0.0.1/team?nonsense=1"), UsageError),
    )

    @pytest.fixture
    def address(self, server: Server) -> Address:
        return Address(server.database())


def test_whoever_is_not_let_in_is_told_why(server: Server) -> None:
    url = server.database()
    right = url.partition("ann:")[2].partition("@")[0]
    store = PostgresStore()
    for wrong, kind, told in (
        (url.replace(right, "s3cret"), CredentialsError, "password"),
        (url.replace(f":{right}", ""), CredentialsError, "password"),
        (url.replace("ann:", "nobody:"), CredentialsError, "no such user"),
        (url + "_gone", UsageError, "does not exist"),
    ):
        with pytest.raises(kind) as raised:
            store.open(Address(wrong))
        assert told in raised.value.message
        assert raised.value.hint
        assert right not in raised.value.message + raised.value.hint
        assert "s3cret" not in raised.value.message + raised.value.hint
    store.open(Address(url.replace(f":{right}", ""), right)).close()
