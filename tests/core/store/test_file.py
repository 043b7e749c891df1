"""A SQLite file keeps the interface of a shared database."""

from __future__ import annotations

from pathlib import Path

import pytest

from nephoscope.interfaces import Address, UsageError
from nephoscope.store.file import FileStore
from nephoscope.testing.conformance import StoreSuite


class TestFile(StoreSuite):
    subject = FileStore()
    nowhere = ((Address("sqlite:///no/such/folder/team.db"), UsageError), (Address("sqlite://team.db"), UsageError))

    @pytest.fixture
    def address(self, tmp_path: Path) -> Address:
        return Address(f"sqlite://{tmp_path}/team.db")
