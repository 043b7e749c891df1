"""``doctor``: what holds on this machine, and the command that would help where something does not."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nephoscope import sharing
from nephoscope.interfaces import NephoscopeError, Statement
from nephoscope.models.record import Ailment
from nephoscope.plugin.manager import Plugins
from nephoscope.settings import Settings

if TYPE_CHECKING:
    from nephoscope.boundary.protocol import Probe


def examine(settings: Settings, plugins: Plugins) -> Sequence[Ailment]:
    """Python, run directory, the shared database, packs, isolation with each promise probed from inside."""
    return [*_machine(), *_home(settings), *_shared(settings, plugins), *_packs(plugins), *_isolation(plugins)]


def _machine() -> Iterator[Ailment]:
    yield Ailment(name="python", state="ok", detail=f"{platform.python_version()} on {platform.system()} {platform.release()} {platform.machine()}")
    if platform.system() != "Linux":
        remedy = "run inside a Linux container or virtual machine"
        yield Ailment(name="system", state="broken", detail="the sandbox needs Linux", remedy=remedy)


def _home(settings: Settings) -> Iterator[Ailment]:
    home = settings.home
    existing = next((path for path in (home, *home.parents) if path.exists()), home)
    if os.access(existing, os.W_OK):
        yield Ailment(name="run directory", state="ok", detail=str(home))
    else:
        yield Ailment(
            name="run directory", state="broken", detail=f"{existing} is not writable", remedy="set NEPHOSCOPE_HOME to a folder you may write to"
        )


def _shared(settings: Settings, plugins: Plugins) -> Iterator[Ailment]:
    """The database of a team, where one is named: whether it lets us in, and whether we may write."""
    name = "shared database"
    try:
        with sharing.opened(settings, plugins) as team:
            if team is None:
                return
            team.database.write([Statement("UPDATE schema_version SET version = version")])
            runs = len(team.records.listed("r-"))
            yield Ailment(name=name, state="ok", detail=f"{team.database.place} as {team.me}; {runs} runs in it")
    except NephoscopeError as error:
        yield Ailment(name=name, state="broken", detail=error.message, remedy=error.hint)


def _packs(plugins: Plugins) -> Iterator[Ailment]:
    for record in plugins.records:
        state = "broken" if record.error else "ok"
        detail = record.error or f"{record.distribution} {record.version}"
        yield Ailment.model_validate(
            {"name": f"pack {record.name}", "state": state, "detail": detail, "remedy": "nephoscope plugins" if record.error else ""}
        )


def _isolation(plugins: Plugins) -> Iterator[Ailment]:
    from nephoscope.boundary.client import Boundary

    try:
        with Boundary.start(blocked=plugins.switched_off) as boundary:
            found = boundary.probe()
    except NephoscopeError as error:
        yield Ailment(name="boundary", state="broken", detail=error.message, remedy=error.hint)
        return
    usable = False
    for executor in found:
        if executor.why_not:
            yield Ailment(name=f"executor {executor.executor}", state="warning", detail=executor.why_not)
            continue
        if executor.isolation == "none":
            continue
        held = all(promise.held for promise in executor.promises)
        yield Ailment(
            name=f"executor {executor.executor}", state="ok" if held else "warning", detail=f"runs scripts here; {executor.note}".strip("; ")
        )
        usable = True
        yield from _promises(executor)
    yield _groups()
    if not usable:
        yield Ailment(name="isolation", state="broken", detail="nothing here can contain a script", remedy=remedy(found))


def remedy(probes: Sequence[Probe]) -> str:
    """What the first executor asks for that could contain scripts: its package, or the kernel's leave where that is all it lacks."""
    lacking = [one.why_not for one in probes if one.why_not and one.isolation != "none"]
    return lacking[0].rpartition("): ")[2].rpartition("installed: ")[2] if lacking else "install bubblewrap"


def _groups() -> Ailment:
    """Not a promise of an executor's: what the kernel can be asked to count on this machine."""
    from nephoscope.boundary.sandbox.cgroup import CONTROLLERS, writable

    counted = [{"memory": "memory", "pids": "processes"}[name] for name in CONTROLLERS if name in writable()]
    if len(counted) == len(CONTROLLERS):
        return Ailment(name="control groups", state="ok", detail="the kernel counts memory and processes of each sandbox together")
    detail = f"the kernel counts {counted[0]} of each sandbox together, the rest is watched from outside" if counted else "not writable here: watched"
    return Ailment(name="control groups", state="ok", detail=detail)


def _promises(probe: Probe) -> Iterator[Ailment]:
    for promise in probe.promises:
        yield Ailment(name=f"{probe.executor}: {promise.name}", state="ok" if promise.held else "warning", detail=promise.detail)
