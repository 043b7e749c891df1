"""The stage on which scripts are rehearsed: an emulator and a boundary of its own, both started when first needed and ended with the run.

No credentials are in reach: the boundary is started with next to no environment and an empty home, and it is told of one endpoint, which is
on this machine.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nephoscope.engine.rehearsing import Performance
from nephoscope.interfaces import Emulator, NephoscopeError, Stage, UsageError
from nephoscope.models import Budget, Identity, Json, Sample, Scope, Script
from nephoscope.plugin.manager import Plugins
from nephoscope.settings import Settings
from nephoscope.store import BlobStore, LedgerReader
from nephoscope.store.ledger import BLOBS

if TYPE_CHECKING:
    from nephoscope.boundary.client import Boundary

FOLDER = "rehearsal"
CALLS = 200
"""A script that asks more on mock data does not end."""
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "DOCKER_HOST", "XDG_RUNTIME_DIR")
"""What the boundary of a rehearsal gets of our environment: where programs are, not who we are."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Theatre:
    """Implements :class:`nephoscope.engine.rehearsing.Stage`. One emulator per cloud, one boundary, at most so many seconds of rehearsals."""

    def __init__(self, settings: Settings, plugins: Plugins, identities: Sequence[Identity], folder: Path) -> None:
        self._settings = settings
        self._plugins = plugins
        self._identities = identities
        self._folder = folder
        self._emulators: dict[str, Emulator | NephoscopeError] = {}
        self._boundary: Boundary | None = None
        self._performed = 0
        self._spent = 0.0

    def samples(self, cloud: str, operations: Sequence[str]) -> dict[str, Sample | None]:
        """Mock replies of that cloud's operations. Raises ``NephoscopeError`` where there is no stage, or no time left for it."""
        if self._spent >= self._settings.rehearsal_seconds:
            raise UsageError(f"the {self._settings.rehearsal_seconds:g} seconds for rehearsals are used up", "setting rehearsal_seconds")
        with self._timed():
            return dict(_stage(self._emulator(cloud)).samples(operations))

    def perform(self, script: Script, samples: Sequence[Sample], names: Sequence[str]) -> Performance:
        """One run in a record of its own, so that nothing of an earlier one is taken again."""
        with self._timed():
            emulator = self._emulator(script.cloud)
            _stage(emulator).play(samples)
            self._performed += 1
            folder = self._folder / str(self._performed)
            folder.mkdir(mode=0o700, parents=True)
            try:
                return self._run(script, emulator.scope(), names, folder)
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """End what was started. Never raises."""
        if self._boundary is not None:
            self._boundary.close()
        for emulator in self._emulators.values():
            if not isinstance(emulator, NephoscopeError):
                with contextlib.suppress(Exception):
                    emulator.stop()
        self._boundary, self._emulators = None, {}
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, script: Script, scope: Scope, names: Sequence[str], folder: Path) -> Performance:
        from nephoscope.boundary.protocol import Opening

        settings = self._settings
        opening = Opening(
            run_dir=str(folder),
            scopes=(_here(scope),),
            grants=tuple(sorted(settings.granted)),
            denied=tuple(sorted(settings.denied)),
            reviewed_only=settings.reviewed_only,
            allow=tuple(names),
            budget=Budget(calls=CALLS),
            limits=settings.limits.model_copy(update={"calls": min(CALLS, settings.limits.calls)}),
            executor=settings.executor,
            executors=settings.executors,
        )
        boundary = self._started()
        boundary.open(opening)
        try:
            name = BlobStore(folder / BLOBS).put(script.source.encode())
            result = boundary.execute(1, 1, name, script.author, dict(script.check.params))
        finally:
            boundary.release()
        with contextlib.closing(LedgerReader(folder)) as ledger:
            return Performance(result, [entry.reply for entry in ledger.replies(1)], ledger.refused(1))

    def _started(self) -> Boundary:
        from nephoscope.boundary.client import Boundary

        if self._boundary is None or not self._boundary.alive:
            home = self._folder / "home"
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
            self._boundary = Boundary.start({**env, "HOME": str(home)}, blocked=self._plugins.switched_off)
        return self._boundary

    def _emulator(self, cloud: str) -> Emulator:
        """The emulator of a cloud, running. One that did not start is not tried again."""
        if cloud not in self._emulators:
            shutil.rmtree(self._folder, ignore_errors=True)  # what a killed session left
            self._emulators[cloud] = self._begun(cloud)
        found = self._emulators[cloud]
        if isinstance(found, NephoscopeError):
            raise found
        return found

    def _begun(self, cloud: str) -> Emulator | NephoscopeError:
        known = self._plugins.emulators.get(cloud)
        if known is None:
            return UsageError(f"no emulator of {cloud} is installed", "see: nephoscope plugins")
        emulator = type(known)()  # leases are never shared
        if not isinstance(emulator, Stage):
            return UsageError(f"the emulator of {cloud} has no mock data")
        who = next((one for one in self._identities if one.cloud == cloud), None)
        seed: Mapping[str, Json] = {"account": who.account, "region": (who.regions or ("",))[0]} if who else {}
        try:
            emulator.start({key: value for key, value in seed.items() if value})
        except NephoscopeError as error:
            return error
        except Exception as error:  # a pack's fault must not end an investigation
            return UsageError(f"the emulator of {cloud} does not start: {type(error).__name__}: {error}")
        return emulator

    @contextlib.contextmanager
    def _timed(self) -> Iterator[None]:
        begun = time.monotonic()
        try:
            yield
        finally:
            self._spent += time.monotonic() - begun


def _stage(emulator: Emulator) -> Stage:
    if not isinstance(emulator, Stage):
        raise UsageError(f"the emulator of {emulator.cloud} has no mock data")
    return emulator


def _here(scope: Scope) -> Scope:
    """The scope, if every address in it is on this machine. Raises ``UsageError``."""
    addresses = [str(value) for value in scope.options.values() if "://" in str(value)]
    if not addresses or any(urlsplit(one).hostname not in _LOOPBACK for one in addresses):
        raise UsageError("an emulator that is not on this machine is no place to rehearse")
    return scope
