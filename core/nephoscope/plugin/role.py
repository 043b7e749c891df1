"""The roles a plugin can play: which hook registers it, what it must look like, and what makes two of a kind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

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
    Wire,
)
from nephoscope.plugin.contract import breaches

T = TypeVar("T")


@dataclass(frozen=True)
class Role(Generic[T]):
    """``key``: the attribute that must be unique among all packs; empty for folders of data, which may stand side by side."""

    name: str
    interface: type[T]
    key: str = "name"

    @property
    def hook(self) -> str:
        """Name of the hook that registers it."""
        return f"nephoscope_register_{self.name}"

    def faults(self, thing: object) -> list[str]:
        """Why a registered object cannot play this role; empty when it can."""
        if self.interface is str:
            return (
                []
                if isinstance(thing, str) and all(part.isidentifier() for part in thing.split("."))
                else [f"expected a module's name, got {thing!r}"]
            )
        if self.interface is not Path:
            return breaches(thing, self.interface)
        if not isinstance(thing, Path):
            return [f"expected a pathlib.Path, got {type(thing).__name__}"]
        return [] if thing.is_dir() else [f"expected a folder, got {thing}, which is none"]

    def label(self, thing: T) -> str:
        """What the object is called among its kind."""
        return str(getattr(thing, self.key)) if self.key else str(thing)


# mypy wants concrete classes for type[T]; a Protocol is what an interface is.
PLANNERS = Role("planners", Planner)  # type: ignore[type-abstract]
GENERATORS = Role("generators", Generator)  # type: ignore[type-abstract]
REWRITERS = Role("rewriters", Rewriter)  # type: ignore[type-abstract]
JUDGES = Role("judges", Judge)  # type: ignore[type-abstract]
EXECUTORS = Role("executors", Executor)  # type: ignore[type-abstract]
ANALYZERS = Role("analyzers", Analyzer)  # type: ignore[type-abstract]
CONTROLS = Role("controls", Control)  # type: ignore[type-abstract]
IMPORTERS = Role("importers", Importer)  # type: ignore[type-abstract]
WIRES = Role("wires", Wire, key="cloud")  # type: ignore[type-abstract]
ESTATES = Role("estates", Estate, key="cloud")  # type: ignore[type-abstract]
POLICIES = Role("policies", Policy, key="cloud")  # type: ignore[type-abstract]
EMULATORS = Role("emulators", Emulator, key="cloud")  # type: ignore[type-abstract]
PROVERS = Role("provers", Prover, key="cloud")  # type: ignore[type-abstract]
BACKENDS = Role("backends", LLMBackend)  # type: ignore[type-abstract]
TRACERS = Role("tracers", Tracer)  # type: ignore[type-abstract]
PLAYBOOKS = Role("playbooks", Path, key="")
SUITES = Role("suites", Path, key="")
CALIBRATIONS = Role("calibrations", Path, key="")
COMPOSERS = Role("composers", Composer)  # type: ignore[type-abstract]
ENGINES = Role("engines", Engine)  # type: ignore[type-abstract]
STORES = Role("stores", Store)  # type: ignore[type-abstract]
PROMPTS = Role("prompts", Path, key="")
CATALOGS = Role("catalogs", Path, key="")
CHECKS = Role("checks", Path, key="")
PRELOADS = Role("preloads", str, key="")

ROLES: tuple[Role[Any], ...] = (
    PLANNERS,
    GENERATORS,
    REWRITERS,
    JUDGES,
    EXECUTORS,
    ANALYZERS,
    CONTROLS,
    IMPORTERS,
    WIRES,
    ESTATES,
    POLICIES,
    EMULATORS,
    PROVERS,
    BACKENDS,
    TRACERS,
    PLAYBOOKS,
    SUITES,
    CALIBRATIONS,
    COMPOSERS,
    ENGINES,
    STORES,
    PROMPTS,
    CATALOGS,
    CHECKS,
    PRELOADS,
)
