"""The plugin host as the rest of core sees it: an object that is built and passed, never a global."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pluggy

from nephoscope.interfaces import (
    Analyzer,
    Composer,
    Control,
    Emulator,
    Engine,
    Estate,
    Executor,
    Generator,
    Importer,
    Judge,
    LLMBackend,
    Planner,
    Policy,
    Prover,
    Rewriter,
    Store,
    Tracer,
    UsageError,
    Wire,
)
from nephoscope.models import Event
from nephoscope.plugin import role
from nephoscope.plugin.pack import CORE, Pack, PackRecord, discover, given, new_manager

T = TypeVar("T")
_log = logging.getLogger("nephoscope.plugin")


def load_plugins(blocked: Sequence[str] = (), extra: Sequence[object] = (), *, allowed: Sequence[str] | None = None) -> Plugins:
    """Discover and load all packs but the ``blocked`` ones (entry-point names); with ``allowed``, only those besides core.

    ``extra``: modules or objects with hooks, registered after the installed packs.
    """
    if CORE in blocked:
        raise UsageError("The pack core cannot be switched off.", "take it out of packs_blocked")
    return Plugins([*discover(blocked, allowed), *map(given, extra)])


class Plugins:
    """Everything registered, by role. A role's hooks are called when it is first read, so that no process builds what it does not use.

    Whatever a pack does wrong, an exception included, ends in its record; nothing here raises for it. Of two objects with
    one name (or two packs for one cloud) none is used, because any choice would be a guess; only core's own always stay.
    """

    def __init__(self, packs: Sequence[Pack]) -> None:
        self._packs = packs
        self._manager = new_manager()
        self._owners: dict[str, Pack] = {}
        self._collected: dict[str, list[tuple[Pack, Any]]] = {}
        self._lock = threading.RLock()
        self._silenced: set[str] = set()
        for index, pack in enumerate(packs):
            if pack.plugin is not None:
                self._register(f"{pack.name}#{index}", pack)
        self._manager.check_pending()

    @property
    def planners(self) -> Mapping[str, Planner]:
        """By name."""
        return self._named(role.PLANNERS)

    @property
    def generators(self) -> Sequence[Generator]:
        """In the order they are asked."""
        return self._things(role.GENERATORS)

    @property
    def rewriters(self) -> Sequence[Rewriter]:
        """In the order they run: core's own, then the others by name."""
        return self._core_first(role.REWRITERS)

    @property
    def judges(self) -> Sequence[Judge]:
        """Core's own, then the others by name."""
        return self._core_first(role.JUDGES)

    @property
    def executors(self) -> Mapping[str, Executor]:
        """By name, best first. Read in the boundary process only."""
        return self._named(role.EXECUTORS)

    @property
    def preloads(self) -> Sequence[str]:
        """Modules for a warm sandbox. Read in the boundary process only."""
        return self._things(role.PRELOADS)

    @property
    def controls(self) -> Sequence[Control]:
        """What an account can be inspected for."""
        return self._things(role.CONTROLS)

    @property
    def importers(self) -> Mapping[str, Importer]:
        """By the name of the tool whose files they read."""
        return self._named(role.IMPORTERS)

    @property
    def analyzers(self) -> Sequence[Analyzer]:
        """All of them run."""
        return self._things(role.ANALYZERS)

    @property
    def wires(self) -> Mapping[str, Wire]:
        """By cloud. Read in the boundary process only."""
        return self._named(role.WIRES)

    @property
    def estates(self) -> Mapping[str, Estate]:
        """By cloud."""
        return self._named(role.ESTATES)

    @property
    def policies(self) -> Mapping[str, Policy]:
        """By cloud."""
        return self._named(role.POLICIES)

    @property
    def emulators(self) -> Mapping[str, Emulator]:
        """By cloud."""
        return self._named(role.EMULATORS)

    @property
    def provers(self) -> Mapping[str, Prover]:
        """By cloud."""
        return self._named(role.PROVERS)

    @property
    def tracers(self) -> Mapping[str, Tracer]:
        """By name."""
        return self._named(role.TRACERS)

    @property
    def backends(self) -> Mapping[str, LLMBackend]:
        """By the prefix of model names."""
        return self._named(role.BACKENDS)

    @property
    def checks(self) -> Sequence[Path]:
        """Folders of check files."""
        return self._things(role.CHECKS)

    @property
    def catalogs(self) -> Sequence[Path]:
        """Folders of model catalog files."""
        return self._things(role.CATALOGS)

    @property
    def playbooks(self) -> Sequence[Path]:
        """Folders of playbook files."""
        return self._things(role.PLAYBOOKS)

    @property
    def suites(self) -> Sequence[Path]:
        """Folders of scenarios."""
        return self._things(role.SUITES)

    @property
    def calibrations(self) -> Sequence[Path]:
        """Folders of labelled prose."""
        return self._things(role.CALIBRATIONS)

    @property
    def composers(self) -> Mapping[str, Composer]:
        """By name."""
        return self._named(role.COMPOSERS)

    @property
    def engines(self) -> Mapping[str, Engine]:
        """By name."""
        return self._named(role.ENGINES)

    @property
    def stores(self) -> Mapping[str, Store]:
        """By the scheme of their URLs."""
        return self._named(role.STORES)

    @property
    def prompts(self) -> Sequence[Path]:
        """Folders of prompt files."""
        return self._things(role.PROMPTS)

    @property
    def versions(self) -> Mapping[str, str]:
        """Distribution → version of every pack in use. Builds nothing."""
        return {pack.distribution: pack.version for pack in self._packs if pack.plugin is not None and pack.version}

    @property
    def names(self) -> Sequence[str]:
        """Names of the packs that are loaded besides core: what another process must allow to load the same."""
        return [pack.name for pack in self._packs if pack.plugin is not None and pack.version and not pack.ours]

    @property
    def switched_off(self) -> Sequence[str]:
        """Names of the installed packs that are not loaded, blocked or not allowed: what another process must block to load the same."""
        return [pack.name for pack in self._packs if pack.switched_off]

    @property
    def records(self) -> Sequence[PackRecord]:
        """Every pack with all it registers, and what is wrong with it. Reads every role."""
        registers: dict[int, dict[str, list[str]]] = {id(pack): {} for pack in self._packs}
        for each in role.ROLES:
            for pack, thing in self._collect(each):
                registers[id(pack)].setdefault(each.name, []).append(each.label(thing))
        return [PackRecord(p.name, p.distribution, p.version, registers[id(p)], "; ".join(p.errors), p.switched_off) for p in self._packs]

    def on_event(self, event: Event) -> None:
        """Tell every observer; one that raises is logged once and its errors ignored."""
        for pack, hook in self._hooks("nephoscope_on_event"):
            try:
                hook(event)
            except Exception as error:
                if pack.name not in self._silenced:
                    self._silenced.add(pack.name)
                    _log.warning("pack %s raised on the event %s: %r; further errors of it are not shown", pack.origin, event.kind, error)

    def _register(self, key: str, pack: Pack) -> None:
        try:
            self._manager.register(pack.plugin, name=key)
        except ValueError:
            pack.errors.append("the same module is registered by another pack; it is used once")
            return
        self._owners[key] = pack

    def _hooks(self, name: str) -> list[tuple[Pack, Callable[..., Any]]]:
        caller: pluggy.HookCaller = getattr(self._manager.hook, name)
        by_pack = {impl.plugin_name: impl.function for impl in caller.get_hookimpls()}
        return [(pack, by_pack[key]) for key, pack in self._owners.items() if key in by_pack]

    def _named(self, kind: role.Role[T]) -> dict[str, T]:
        return {kind.label(thing): thing for _, thing in self._collect(kind)}

    def _things(self, kind: role.Role[T]) -> list[T]:
        return [thing for _, thing in self._collect(kind)]

    def _core_first(self, kind: role.Role[T]) -> list[T]:
        pairs = self._collect(kind)
        others = sorted((thing for pack, thing in pairs if not pack.ours), key=kind.label)
        return [thing for pack, thing in pairs if pack.ours] + others

    def _collect(self, kind: role.Role[T]) -> list[tuple[Pack, T]]:
        with self._lock:
            if kind.name not in self._collected:
                sound = [(pack, thing) for pack, hook in self._hooks(kind.hook) for thing in _registered(pack, kind, hook)]
                self._collected[kind.name] = _without_rivals(kind, sound)
            return self._collected[kind.name]


def _registered(pack: Pack, kind: role.Role[T], hook: Callable[..., Any]) -> list[T]:
    """What one pack's hook returns, without whatever does not keep the interface."""
    try:
        things = hook()
    except (Exception, SystemExit) as error:
        pack.errors.append(f"{kind.hook} raised {type(error).__name__}: {error}")
        return []
    if not isinstance(things, Sequence) or isinstance(things, str):
        if things is not None:
            pack.errors.append(f"{kind.hook} of {pack.distribution}: expected a list, got {type(things).__name__}; return [it]")
        return []
    sound = []
    for thing in things:
        faults = kind.faults(thing)
        sound += [] if faults else [thing]
        if faults:
            wanted = f"{kind.interface.__module__}.{kind.interface.__name__}"
            pack.errors.append(f"{kind.hook} of {pack.distribution}: {_called(thing)} is not used: {'; '.join(faults)}. Match it to {wanted}")
    return sound


def _without_rivals(kind: role.Role[T], pairs: Sequence[tuple[Pack, T]]) -> list[tuple[Pack, T]]:
    """Drop all objects that share a key, save core's own, and tell every pack concerned."""
    if not kind.key:
        return list(pairs)
    claims: dict[str, list[Pack]] = {}
    for pack, thing in pairs:
        claims.setdefault(kind.label(thing), []).append(pack)
    kept: list[tuple[Pack, T]] = []
    for pack, thing in pairs:
        rivals = claims[kind.label(thing)]
        if len(rivals) == 1 or (pack.ours and sum(rival.ours for rival in rivals) == 1):
            kept.append((pack, thing))
        else:
            named = " and ".join(rival.origin for rival in rivals)
            pack.errors.append(f"{kind.key} {kind.label(thing)!r} among {kind.name} is claimed by {named}: switch one off with packs_blocked")
    return kept


def _called(thing: object) -> str:
    return thing.__name__ if isinstance(thing, type) else type(thing).__name__
