"""Packs: what is installed under our entry-point group, loaded one by one so that a broken one stays one line of text."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points

import pluggy

from nephoscope.plugin import specs
from nephoscope.plugin.markers import ENTRY_POINT_GROUP, PROJECT

CORE = "core"
"""The entry point under which core registers its own plugins; always loaded, and first."""

HOOKS = frozenset(name for name in vars(specs) if name.startswith("nephoscope_"))


@dataclass
class Pack:
    """One entry point. ``plugin`` is ``None`` when it could not be loaded or is switched off."""

    name: str
    distribution: str
    version: str
    plugin: object | None = None
    switched_off: bool = False
    errors: list[str] = field(default_factory=list)

    @property
    def ours(self) -> bool:
        """Whether it is core itself: another distribution that calls its pack so gains nothing."""
        return (self.name, self.distribution) == (CORE, "nephoscope-core")

    @property
    def origin(self) -> str:
        """Pack and distribution as an error message names them."""
        return f"{self.name} ({self.distribution} {self.version})".replace(" )", ")")


@dataclass(frozen=True)
class PackRecord:
    """What ``nephoscope plugins`` shows of a pack. ``registers``: role → names; ``error``: empty when all is well."""

    name: str
    distribution: str
    version: str
    registers: Mapping[str, Sequence[str]]
    error: str
    switched_off: bool = False


def discover(blocked: Sequence[str] = (), allowed: Sequence[str] | None = None) -> list[Pack]:
    """Every installed pack in a fixed order, core's first, each loaded unless switched off or not allowed. Never raises for what a pack does."""
    packs: list[Pack] = []
    for name, points in _by_name():
        off = name != CORE and (name in blocked or (allowed is not None and name not in allowed))
        packs += [_pack(point, off) for point in points] if len(points) == 1 else _rivals(points, off)
    return packs


def given(plugin: object) -> Pack:
    """A pack for an object handed over in code, as tests and library users do."""
    name = str(getattr(plugin, "__name__", type(plugin).__name__))
    pack = Pack(name, "given in code", "")
    _admit(pack, plugin)
    return pack


def new_manager() -> pluggy.PluginManager:
    """A pluggy manager that knows our hooks and nothing else."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(specs)
    return manager


def _by_name() -> list[tuple[str, list[EntryPoint]]]:
    grouped: dict[str, dict[str, EntryPoint]] = {}
    for point in entry_points(group=ENTRY_POINT_GROUP):
        grouped.setdefault(point.name, {})[f"{point.dist.name if point.dist else ''}={point.value}"] = point
    return [(name, list(grouped[name].values())) for name in sorted(grouped, key=lambda name: (name != CORE, name))]


def _described(point: EntryPoint, off: bool) -> Pack:
    return Pack(point.name, point.dist.name if point.dist else "unknown", point.dist.version if point.dist else "", switched_off=off)


def _pack(point: EntryPoint, off: bool) -> Pack:
    pack = _described(point, off)
    if not off:
        try:
            _admit(pack, point.load())
        except (Exception, SystemExit) as error:
            pack.errors.append(f"could not be loaded: {type(error).__name__}: {error}. Update or uninstall {pack.distribution}")
    return pack


def _rivals(points: Sequence[EntryPoint], off: bool) -> list[Pack]:
    """Two distributions under one pack name: choosing would be a guess, so none is loaded (but core always is)."""
    packs = [_described(point, off) for point in points]
    named = " and ".join(pack.distribution for pack in packs)
    for index, (point, pack) in enumerate(zip(points, packs, strict=True)):
        if pack.ours:
            packs[index] = _pack(point, False)
        else:
            pack.errors.append(f"the pack name {pack.name} is taken by {named}; neither is loaded: uninstall one of them")
    return packs


def _admit(pack: Pack, plugin: object) -> None:
    """Accept the plugin if its hooks are ours; a misspelt or unmarked hook is an error, never silence."""
    trial = new_manager()
    pack.errors += _unmarked(plugin, trial)
    try:
        trial.register(plugin)
    except (pluggy.PluginValidationError, ValueError) as error:
        pack.errors.append(f"a hook does not fit: {' '.join(str(error).split())}")
    pack.errors += _unknown(plugin, trial)
    if not pack.errors:
        trial.check_pending()
        pack.plugin = plugin


def _unmarked(plugin: object, trial: pluggy.PluginManager) -> list[str]:
    named = [name for name in dir(plugin) if name.startswith("nephoscope_") and callable(getattr(plugin, name))]
    bare = [name for name in named if trial.parse_hookimpl_opts(plugin, name) is None]
    return [f"{name} is not marked: put @hookimpl (from nephoscope.plugin) above it" for name in bare]


def _unknown(plugin: object, trial: pluggy.PluginManager) -> list[str]:
    callers = trial.get_hookcallers(plugin) or []
    unknown = sorted(caller.name for caller in callers if caller.name not in HOOKS)
    return [f"there is no hook {name}{_nearest(name)}" for name in unknown]


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, HOOKS, n=1)
    return f"; did you mean {near[0]}?" if near else f"; hooks are {', '.join(sorted(HOOKS))}"
