"""A shared database, opened and brought up to date: records of runs, cells of comparisons, and what runs remember."""

from __future__ import annotations

import getpass
import platform
from dataclasses import dataclass

from nephoscope.interfaces import Database
from nephoscope.store.cells import Cells, DatabaseCells
from nephoscope.store.records import Records
from nephoscope.store.schema import prepare


@dataclass(frozen=True)
class Team:
    """``owner``: who we are, for others to read."""

    database: Database
    owner: str = ""

    def __post_init__(self) -> None:
        prepare(self.database)

    @property
    def me(self) -> str:
        """Our name."""
        return self.owner or somebody()

    @property
    def records(self) -> Records:
        """Of all runs."""
        return Records(self.database, self.me, platform.node())

    def cells(self, comparison: str) -> Cells:
        """Of one comparison."""
        return DatabaseCells(self.database, f"{comparison}/", own=False)


def somebody() -> str:
    """The name of whoever runs this process, as far as the machine knows."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"
