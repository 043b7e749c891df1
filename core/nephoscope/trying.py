"""Tries cells of a comparison out with the packs of the machine it is on, whichever that is."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nephoscope import enlisting
from nephoscope.app import App
from nephoscope.comparison.carrying import Carrier, Errand, Open, Tried
from nephoscope.comparison.cell import Cell
from nephoscope.interfaces import UsageError
from nephoscope.llm.card import ModelCard
from nephoscope.llm.request import Reply, Request
from nephoscope.models import JsonValue, Scope
from nephoscope.models.report import Report
from nephoscope.plugin.manager import Plugins, load_plugins
from nephoscope.settings import Settings
from nephoscope.store.mirrored import put

LOOK_SECONDS = 0.5
_loaded: dict[tuple[str, ...], Plugins] = {}
"""Packs by the names of those that are wanted: a worker does many cells."""


@dataclass(frozen=True)
class Trying:
    """Carries errands out with these packs. ``tape``: the recorded replies runs are begun with."""

    plugins: Plugins
    tape: JsonValue = None

    def __call__(self, errand: Errand, office: Any) -> Tried:
        """See :class:`nephoscope.comparison.carrying.Carrier`."""
        return self._carried(errand, office, {})

    def _carried(self, errand: Errand, office: Any, prompts: Mapping[str, str]) -> Tried:
        def troubleshoot(settings: Settings, run_dir: Path, words: str, scope: Scope, cell: Cell, *, opened: Open) -> Report:
            app = App(settings, self.plugins)
            folder = cell.contestant.prompt_folder
            with _watched(app, office):
                return app.try_out(
                    run_dir, words, scope, kind=opened, repeat=cell.repeat, prompts_from=prompts.get(folder, folder), tape=self.tape
                )  # fmt: skip

        return Carrier(self.plugins.emulators, troubleshoot)(errand, office)


@dataclass(frozen=True)
class TryingElsewhere:
    """As :class:`Trying`, in a process that knows nothing yet, perhaps of another machine. ``packs``: those to load, besides core.

    ``versions``: of all of them, which must be the same there. ``prompts``: files of folders that are out of reach, by folder.
    """

    packs: tuple[str, ...]
    versions: Mapping[str, str]
    prompts: Mapping[str, Mapping[str, bytes]]
    tape: JsonValue = None

    def __call__(self, errand: Errand, office: Any) -> Tried:
        """See :class:`Trying`. Raises ``UsageError`` where other packs are installed."""
        plugins = _loaded.get(self.packs) or _loaded.setdefault(self.packs, load_plugins(allowed=self.packs))
        if different := sorted(set(self.versions.items()) ^ set(plugins.versions.items())):
            raise UsageError(f"a worker has other packs or versions: {different[0][0]} {different[0][1]}", "install the same on every machine")
        enlisting.share(_Rates(office), self.tape, _Replies(office, bool(isinstance(self.tape, dict) and self.tape["only"])))
        with tempfile.TemporaryDirectory(prefix="nephoscope-prompts-", ignore_cleanup_errors=True) as folder:
            places = {name: str(Path(folder) / str(index)) for index, name in enumerate(self.prompts)}
            for name, files in self.prompts.items():
                put(Path(places[name]), files)
            return Trying(plugins, self.tape)._carried(errand, office, places)


def elsewhere(plugins: Plugins, folders: set[str], tape: JsonValue) -> TryingElsewhere:
    """What can be sent to do the same as ``Trying(plugins, tape)`` does here, with these folders of prompts."""
    files = {name: {path.relative_to(name).as_posix(): path.read_bytes() for path in sorted(Path(name).rglob("*.yaml"))} for name in folders if name}
    return TryingElsewhere(tuple(plugins.names), dict(plugins.versions), files, tape)


@contextlib.contextmanager
def _watched(app: App, office: Any) -> Iterator[None]:
    """The investigation is stopped when somebody asks the office to stop."""
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            with contextlib.suppress(Exception):  # an office that is gone is seen by who does the work
                if office.stopped():
                    return app.request_stop()
            over.wait(LOOK_SECONDS)
        return None

    threading.Thread(target=look, daemon=True).start()
    try:
        yield
    finally:
        over.set()


@dataclass(frozen=True)
class _Rates:
    """The rates of models, counted by the office for all."""

    office: Any

    def take(self, card: ModelCard, tokens: int) -> float:
        return float(self.office.take(card, tokens))

    def correct(self, card: ModelCard, taken: int, used: int) -> None:
        self.office.correct(card, taken, used)


@dataclass(frozen=True)
class _Replies:
    """Recorded replies that the office has."""

    office: Any
    only: bool

    def get(self, request: Request) -> Reply | None:
        reply: Reply | None = self.office.reply(request)
        return reply

    def keep(self, request: Request, reply: Reply) -> None:
        self.office.keep_reply(request, reply)
