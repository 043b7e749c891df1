"""Which executor runs scripts, and what may run in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nephoscope.boundary.sandbox import choose_executor
from nephoscope.boundary.sandbox.choose import AUTO
from nephoscope.interfaces import Executor, IsolationError

NONE = "none"


@dataclass(frozen=True)
class Isolation:
    """The chosen executor, opened. ``note``: why it is weaker than it should be."""

    executor: Executor
    note: str = ""

    @property
    def level(self) -> str:
        """``bubblewrap``, ``userns``, ``docker`` or ``none``."""
        return self.executor.level

    def admit(self, author: str, *, demo: bool) -> None:
        """Without isolation only scripts rendered unchanged from a pack run, and only against an emulator we started. Raises ``IsolationError``."""
        if self.level == NONE and not (demo and author.startswith("template:")):
            raise IsolationError("nothing here can contain a script, so this one is not run", self.note or "nephoscope doctor says what is missing")


async def choose(executors: Mapping[str, Executor], wanted: str, *, demo: bool, preloads: Sequence[str] = ()) -> Isolation:
    """The executor of that name, or with ``auto`` the first that contains scripts; in a demo, at worst one that does not.

    Raises ``IsolationError``.
    """
    try:
        return Isolation(await choose_executor(list(executors.values()), wanted, preloads=preloads))
    except IsolationError as error:
        bare = next((executor for executor in executors.values() if executor.level == NONE), None)
        if not demo or wanted != AUTO or bare is None:
            raise
        await bare.open(preloads)
        return Isolation(bare, note=error.message)
