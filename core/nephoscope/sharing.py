"""The database that a team shares, where the settings name one: runs of all its members, and what is told of ours."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from nephoscope import archive
from nephoscope.interfaces import Address, EndpointError, NephoscopeError, Stopped, StoreLost, UsageError
from nephoscope.models.record import RunSummary
from nephoscope.plugin.manager import Plugins
from nephoscope.settings import Settings
from nephoscope.store.lock import hold
from nephoscope.store.memory import Memory
from nephoscope.store.records import Entry
from nephoscope.store.run import LOCK, RunStore, find_run, locked
from nephoscope.store.shared import SharedRun, SharedStore, is_current, is_whole
from nephoscope.store.team import Team

_ALSO = {"postgres": "postgresql"}
"""Schemes that people write for others."""
_RUN = "r-"
NONE = "none"
"""What stands for no database where a file names one."""
_log = logging.getLogger("nephoscope.sharing")


@contextlib.contextmanager
def opened(settings: Settings, plugins: Plugins) -> Iterator[Team | None]:
    """The shared database, its tables up to date; ``None`` where everything is kept on this machine.

    Raises ``UsageError``, ``CredentialsError`` or ``EndpointError`` when it cannot be used.
    """
    url = settings.store.url.get_secret_value().strip()
    if url in ("", NONE):
        yield None
        return
    scheme, separator, rest = url.partition("://")
    name = _ALSO.get(scheme, scheme)
    store = plugins.stores.get(name) if separator else None
    if store is None:
        known = ", ".join(f"{one}://" for one in plugins.stores)
        what = f"no store for {scheme}:// is installed" if separator else "store.url is no URL"
        raise UsageError(what, f"there is: {known}; pip install 'nephoscope[postgres]' brings postgresql://")
    password = settings.store.password.resolve() if settings.store.password else ""
    with contextlib.closing(store.open(Address(f"{name}://{rest}", password))) as database:
        yield Team(database, settings.store.owner)


class Sharing:
    """Runs, here and where the team has them. Without a shared database all of it is about this machine alone."""

    def __init__(self, settings: Settings, plugins: Plugins) -> None:
        self._settings = settings
        self._plugins = plugins
        self._home = settings.home

    def runs(self) -> list[RunSummary]:
        """Of everybody, newest first. Where the database does not answer, those that are here."""
        found = {one.id: one for one in archive.summaries(self._home)}
        with contextlib.suppress(EndpointError), self._reading() as team:
            if team:
                self._catch_up(team)
                for entry in team.records.listed(_RUN):
                    if one := self._listed(entry, found.get(entry.id), team.me):
                        found[entry.id] = one
        return sorted(found.values(), key=lambda one: one.started_at, reverse=True)

    def at_hand(self, run_id: str) -> str:
        """Its full id, once all that anybody did of it is here. Raises ``UsageError`` where it is nowhere."""
        with contextlib.suppress(EndpointError), self._reading() as team:
            if team:
                self._catch_up(team)
                chosen = self._named(team, run_id)
                self._bring(team, chosen)
                return chosen
        return find_run(self._home, run_id).name

    @contextlib.contextmanager
    def recorded(self, run_dir: Path) -> Iterator[RunStore]:
        """The record of a run, ours alone: on this machine, and among all that share the database, who find in it what counts as it is done.

        Raises ``UsageError`` when another process holds it, wherever that is.
        """
        with locked(run_dir), opened(self._settings, self._plugins) as team:
            if team is None:
                with contextlib.closing(RunStore(run_dir)) as store:
                    yield store
                return
            run = SharedRun(team.records, run_dir.name, run_dir, _summary)
            if not run.begin():
                raise UsageError(_held_by(team.records.find(run_dir.name), run_dir.name), "wait for it, or stop the other process")
            try:
                with contextlib.closing(SharedStore(run_dir, run, team.database, lambda: _told(run))) as store:
                    yield store
            finally:
                self._end(run, run_dir)

    def forget(self, run: str) -> None:
        """It came to nothing."""
        with contextlib.suppress(NephoscopeError), opened(self._settings, self._plugins) as team:
            if team:
                team.records.remove([run])

    def purge(self, run_ids: Sequence[str], here: Callable[[Sequence[str]], Sequence[str]]) -> list[str]:
        """Take them away for good, wherever they are; their ids. ``here``: does so on this machine.

        Raises ``UsageError`` before anything is taken when one is unknown, or somebody has it.
        """
        with opened(self._settings, self._plugins) as team:
            if team is None:
                return list(here(run_ids))
            wanted = [self._named(team, run_id) for run_id in run_ids]
            entries = [entry for entry in team.records.listed(_RUN) if entry.id in wanted]
            for entry in entries:
                if entry.running:
                    raise UsageError(_held_by(entry, entry.id), "wait for it, or stop the other process")
            known = [entry.id for entry in entries]
            gone = here([run for run in wanted if run not in known or (self._home / "runs" / run).exists()])
            if known:
                team.records.remove(known)
                self._forget_positions(team, known)
                Memory(self._home, self._settings.memory_days, team.database).forget_runs(known)
            return list(dict.fromkeys([*known, *gone]))

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Team | None]:
        """As :func:`opened`; that it does not answer is told, for what is here can be read without it."""
        try:
            with opened(self._settings, self._plugins) as team:
                yield team
        except EndpointError as error:
            _log.warning("%s: what is told is what is on this machine", error.message)
            raise

    def _named(self, team: Team, run_id: str) -> str:
        """The full id of a run by an unambiguous beginning of it. Raises ``UsageError``."""
        begins = _RUN + run_id.removeprefix(_RUN)
        names = {entry.id for entry in team.records.listed(begins)}
        names |= {path.name for path in (self._home / "runs").glob("r-*") if path.is_dir() and path.name.startswith(begins)}
        if begins in names or len(names) == 1:
            return begins if begins in names else names.pop()
        what = f"{len(names)} investigations" if names else "no investigation"
        raise UsageError(f"{what} here or in {team.database.place} with id {run_id!r}", "list them with: nephoscope runs")

    def _bring(self, team: Team, run: str) -> None:
        folder = self._home / "runs" / run
        with contextlib.ExitStack() as held:
            if folder.is_dir():
                try:
                    held.enter_context(hold(folder / LOCK))
                except OSError:  # somebody here works in it
                    return
            SharedRun(team.records, run, folder).bring()

    def _catch_up(self, team: Team) -> None:
        """What could not be told when it was done."""
        for folder in sorted((self._home / "runs").glob(f"{_RUN}*")):
            if is_whole(folder):
                continue
            with contextlib.suppress(OSError), hold(folder / LOCK):
                SharedRun(team.records, folder.name, folder, _summary).catch_up()

    def _listed(self, entry: Entry, here: RunSummary | None, me: str) -> RunSummary | None:
        whose = {"owner": entry.owner, "mine": entry.owner == me}
        if here and is_current(self._home / "runs" / entry.id, entry):
            return here.model_copy(update={**whose, **({"status": "running"} if entry.running else {})})
        try:
            told = RunSummary.model_validate_json(entry.summary)
        except ValidationError:
            return here
        ended = "running" if entry.running else "interrupted" if told.status == "running" else told.status
        return told.model_copy(update={**whose, "status": ended})

    def _end(self, run: SharedRun, run_dir: Path) -> None:
        try:
            whole = run.end()
        except Stopped as error:
            _log.warning("%s: what was done here since is kept here alone", error.message)
            return
        if not whole:
            _log.warning("the shared database does not answer: %s is kept here, and told there by the next command that reaches it", run_dir.name)

    def _forget_positions(self, team: Team, runs: Sequence[str]) -> None:
        from nephoscope.engine.driving import thread

        with team.database.checkpointer(lambda: None) as saver:
            for run in runs:
                saver.delete_thread(thread(run))


def _told(run: SharedRun) -> None:
    """Raises ``Stopped`` when it cannot be: nothing is paid for that nobody else can know of."""
    try:
        run.told()
    except StoreLost as error:
        _log.warning("%s: a model is asked only where its reply can be kept; go on with: nephoscope resume", error.message)
        raise Stopped(error.message, error.hint) from error


def _summary(run_dir: Path) -> str | None:
    found = archive.summary(run_dir)
    return found.model_dump_json() if found else None


def _held_by(entry: Entry | None, run: str) -> str:
    who = f": {entry.owner} began it, and {entry.host} has it" if entry else ""
    return f"investigation {run} is running elsewhere{who}"
