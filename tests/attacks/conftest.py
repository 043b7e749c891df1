"""One account and one caller for all attacks; makes the modules beside these tests importable."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from account import LISTERS, SECRETS, seed
from caller import CANARIES, Caller
from cloud import Cloud, changes, operation, secret


@dataclass
class Stage:
    """A seeded account, and somebody with credentials for it."""

    cloud: Cloud
    caller: Caller
    ids: dict[str, str]
    before: dict[str, str]

    def seeded(self) -> None:
        """From here on nothing may change."""
        self.before = self.cloud.state(LISTERS)
        self.cloud.forget()

    def unharmed(self) -> None:
        """Nothing was changed, nothing secret was asked for, and nobody's credentials or secrets can be read anywhere."""
        requests = self.cloud.log()
        assert [operation(each) for each in requests if changes(each)] == []
        assert [operation(each) for each in requests if secret(each)] == []
        after = self.cloud.state(LISTERS)
        assert {name: after[name] for name in after if after[name] != self.before[name]} == {}
        assert self.caller.leaks([*CANARIES, *SECRETS.values()]) == []
        self.cloud.forget()


@contextmanager
def staged(home: Path) -> Iterator[Stage]:
    if not shutil.which("bwrap"):
        pytest.skip("bubblewrap is not installed")
    cloud = Cloud()
    try:
        ids = seed(cloud)
        yield Stage(cloud, Caller(home, cloud.endpoint), ids, cloud.state(LISTERS))
    finally:
        cloud.stop()


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One for everybody: nobody may change it."""
    with staged(tmp_path_factory.mktemp("caller") / "home") as made:
        made.cloud.forget()
        yield made


@pytest.fixture
def own_stage(tmp_path: Path) -> Iterator[Stage]:
    """One that a test may seed further, with :meth:`Stage.seeded` at the end of that."""
    with staged(tmp_path / "home") as made:
        yield made
