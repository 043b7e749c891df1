"""Every hook a pack can implement. All are registrations: behaviour lives in the interfaces.

Each returns a list of ready objects, made once per process that loads the pack. ``register_wires``, ``register_executors`` and
``register_preloads`` are called in the boundary process, all others in the engine process.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

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
from nephoscope.models import Event
from nephoscope.plugin.markers import hookspec


@hookspec
def nephoscope_register_planners() -> Sequence[Planner]:  # type: ignore[empty-body]
    """Planners, chosen by name with ``--planner``."""


@hookspec
def nephoscope_register_generators() -> Sequence[Generator]:  # type: ignore[empty-body]
    """Generators, asked in the order of registration until one writes the script."""


@hookspec
def nephoscope_register_rewriters() -> Sequence[Rewriter]:  # type: ignore[empty-body]
    """Validators of the first phase, run in the order of their names after core's own."""


@hookspec
def nephoscope_register_judges() -> Sequence[Judge]:  # type: ignore[empty-body]
    """Validators of the second phase. Core's own cannot be switched off."""


@hookspec
def nephoscope_register_executors() -> Sequence[Executor]:  # type: ignore[empty-body]
    """Executors, chosen by name or, with ``auto``, the first available one that core's probes find to contain."""


@hookspec
def nephoscope_register_preloads() -> Sequence[str]:  # type: ignore[empty-body]
    """Names of modules that a warm sandbox imports once, before any script: they import an SDK and warm it up, and read nothing of a user's."""


@hookspec
def nephoscope_register_analyzers() -> Sequence[Analyzer]:  # type: ignore[empty-body]
    """Analyzers, all run after every step."""


@hookspec
def nephoscope_register_controls() -> Sequence[Control]:  # type: ignore[empty-body]
    """Controls: the checks of ``nephoscope inspect``, chosen by framework, service, severity or id."""


@hookspec
def nephoscope_register_importers() -> Sequence[Importer]:  # type: ignore[empty-body]
    """Readers of other tools' findings, for ``nephoscope inspect --import``."""


@hookspec
def nephoscope_register_wires() -> Sequence[Wire]:  # type: ignore[empty-body]
    """One per cloud; a second for the same cloud is an error naming both distributions."""


@hookspec
def nephoscope_register_estates() -> Sequence[Estate]:  # type: ignore[empty-body]
    """One per cloud."""


@hookspec
def nephoscope_register_policies() -> Sequence[Policy]:  # type: ignore[empty-body]
    """One per cloud."""


@hookspec
def nephoscope_register_emulators() -> Sequence[Emulator]:  # type: ignore[empty-body]
    """One per cloud."""


@hookspec
def nephoscope_register_provers() -> Sequence[Prover]:  # type: ignore[empty-body]
    """One per cloud."""


@hookspec
def nephoscope_register_playbooks() -> Sequence[Path]:  # type: ignore[empty-body]
    """Folders of playbook files: causes, how they are told, and conditions as data."""


@hookspec
def nephoscope_register_suites() -> Sequence[Path]:  # type: ignore[empty-body]
    """Folders of scenarios."""


@hookspec
def nephoscope_register_calibrations() -> Sequence[Path]:  # type: ignore[empty-body]
    """Folders of labelled prose, which a judge of prose must agree with before its marks are shown."""


@hookspec
def nephoscope_register_composers() -> Sequence[Composer]:  # type: ignore[empty-body]
    """Makers of scenarios that nobody has seen, for ``bench --seed`` and ``bench --unknown``."""


@hookspec
def nephoscope_register_engines() -> Sequence[Engine]:  # type: ignore[empty-body]
    """Where the cells of a comparison run, chosen by name with ``--engine``."""


@hookspec
def nephoscope_register_stores() -> Sequence[Store]:  # type: ignore[empty-body]
    """Databases that several machines can share, chosen by the scheme of ``store.url``."""


@hookspec
def nephoscope_register_prompts() -> Sequence[Path]:  # type: ignore[empty-body]
    """Folders of prompt files, looked through with the folders below."""


@hookspec
def nephoscope_register_backends() -> Sequence[LLMBackend]:  # type: ignore[empty-body]
    """Families of language-model providers, chosen by the prefix of a model's name."""


@hookspec
def nephoscope_register_tracers() -> Sequence[Tracer]:  # type: ignore[empty-body]
    """Tools for traces, chosen by name with the setting ``tracing``; none is used that it does not name."""


@hookspec
def nephoscope_register_catalogs() -> Sequence[Path]:  # type: ignore[empty-body]
    """Folders of model catalog files: what models can do, what they cost, what they reject."""


@hookspec
def nephoscope_register_checks() -> Sequence[Path]:  # type: ignore[empty-body]
    """Folders of checks: scripts with the question they answer, as ``nephoscope skills export`` writes them."""


@hookspec
def nephoscope_on_event(event: Event) -> None:
    """Observe a run. Cannot change it; raising is logged once and ignored."""
