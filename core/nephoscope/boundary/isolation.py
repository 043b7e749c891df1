"""Which executor runs scripts, how far it is believed, and what may run in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nephoscope.interfaces import Executor, IsolationError, UsageError

NONE = "none"
_UNCONTAINED = "nothing on this machine can contain a script"


@dataclass(frozen=True)
class Isolation:
    """The chosen executor. ``promises``: probe → what came back, ``held`` or what did not."""

    executor: Executor
    promises: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def level(self) -> str:
        """``bubblewrap``, ``userns``, ``docker`` or ``none``."""
        return self.executor.level

    def admit(self, author: str, *, demo: bool) -> None:
        """Without isolation only scripts rendered unchanged from a pack run, and only against an emulator we started. Raises ``IsolationError``."""
        if self.level == NONE and not (demo and author.startswith("template:")):
            raise IsolationError(f"{_UNCONTAINED}, so this one is not run", self.note or "nephoscope doctor says what is missing")


def choose(executors: Mapping[str, Executor], wanted: str) -> Isolation:
    """The executor of that name, or with ``auto`` the first one that can run here. Raises ``UsageError`` or ``IsolationError``."""
    if wanted != "auto":
        if wanted not in executors:
            raise UsageError(f"no executor is called {wanted!r}", f"there are: {', '.join(sorted(executors)) or 'none'}")
        why_not = executors[wanted].available()
        if why_not is not None:
            raise IsolationError(f"the executor {wanted} cannot run here: {why_not}", "nephoscope doctor")
        return Isolation(executors[wanted])
    reasons: list[str] = []
    for executor in sorted(executors.values(), key=lambda each: each.level == NONE):
        why_not = executor.available()
        if why_not is None:
            return Isolation(executor, note="; ".join(reasons))
        reasons.append(f"{executor.name}: {why_not}")
    raise IsolationError(_UNCONTAINED, "; ".join(reasons) or "no executor is installed")
