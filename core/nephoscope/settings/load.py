"""Reads all layers, lays them over one another, and remembers where each value came from."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_config_path
from pydantic import ValidationError

from nephoscope.interfaces import UsageError
from nephoscope.models import Budget
from nephoscope.settings import organisation
from nephoscope.settings.layer import Layer, flat, from_environment, from_file, from_flags, is_known, known_keys, nearest, nested
from nephoscope.settings.model import Settings
from nephoscope.settings.shared import has_password

PROJECT_FILE = "nephoscope.toml"
WITH_MODEL = "hybrid"
"""The planner where a model is named and no planner."""
SECONDS_WITH_MODEL = 900.0
"""Models take their time to think: a dozen rounds of half a minute, and scripts besides."""
HARMLESS = frozenset({"region", "quiet", "plain"})
"""What a file in the current folder may set, besides a smaller budget: changing folder must change nothing that matters."""


@dataclass(frozen=True)
class Ignored:
    """Something found that has no effect."""

    key: str
    where: str
    why: str


@dataclass(frozen=True)
class Loaded:
    """``origins``: dotted key → where its value came from; a key that is missing has its default."""

    settings: Settings
    origins: Mapping[str, str]
    ignored: Sequence[Ignored]

    def rows(self) -> Iterator[tuple[str, Any, str]]:
        """Key, value and origin of every setting."""
        values = dict(flat(self.settings.model_dump(mode="json")))
        for key in dict.fromkeys([*known_keys(), *values]):
            if is_known(key):
                yield key, values.get(key), self.origins.get(key, "default")


def load_settings(flags: Mapping[str, Any] | None = None, *, folder: Path | None = None, policy: Path = organisation.PATH) -> Loaded:
    """Settings for a run in ``folder`` (the current one). Raises ``UsageError`` with file, line and remedy.

    ``flags``: what the command line says, by setting (``planner``, ``budget.usd``, ``scope.profile``) or option name (``max_usd``).
    """
    variables, unknown = from_environment()
    project, ignored = _harmless(from_file((folder or Path.cwd()) / PROJECT_FILE))
    layers = [layer for layer in (project, _user_file(), variables, from_flags(flags or {})) if layer]  # weakest first
    ignored += [Ignored(name, f"environment variable {name}", "there is no such setting") for name in unknown]
    for layer in layers:
        _refuse_unknown(layer)
        _refuse_password(layer)
    values = {key: value for layer in layers for key, value in layer.values.items()}
    sources = {key: layer for layer in layers for key in layer.values}
    settings = _validated(values, sources)
    if settings.models:
        settings = _with_model(settings, sources)
    settings, narrowed = organisation.narrow(settings, organisation.read(policy))
    return Loaded(settings, {key: layer.where(key) for key, layer in sources.items()} | _told(narrowed, policy), ignored)


def _with_model(settings: Settings, given: Collection[str]) -> Settings:
    """What holds by default where a model is named."""
    if "planner" not in given:
        settings = settings.model_copy(update={"planner": WITH_MODEL})
    if "budget.seconds" not in given:
        settings = settings.model_copy(update={"budget": settings.budget.model_copy(update={"seconds": SECONDS_WITH_MODEL})})
    return settings


def _user_file() -> Layer | None:
    named = os.environ.get("NEPHOSCOPE_CONFIG")
    if named:
        return from_file(Path(named).expanduser(), required=True)
    return from_file(user_config_path("nephoscope") / "config.toml")


def _harmless(layer: Layer | None) -> tuple[Layer | None, list[Ignored]]:
    if layer is None:
        return None, []
    defaults = dict(Budget())
    kept: dict[str, Any] = {}
    ignored = []
    for key, value in layer.values.items():
        table, _, amount = key.partition(".")
        if key in HARMLESS:
            kept[key] = value
        elif table == "budget" and amount in defaults:
            if isinstance(value, int | float) and value <= defaults[amount]:
                kept[key] = value
            else:
                ignored.append(Ignored(key, layer.where(key), f"a project may only lower it, to less than {defaults[amount]}"))
        else:
            ignored.append(Ignored(key, layer.where(key), "a project file may not set this; put it into your own settings file"))
    return Layer(layer.origin, kept, layer.text), ignored


def _refuse_unknown(layer: Layer) -> None:
    for key in layer.values:
        if not is_known(key):
            raise UsageError(f"{layer.where(key)}: there is no setting {key}.", nearest(key))


def _refuse_password(layer: Layer) -> None:
    """Files are copied and committed; a variable is the process's own."""
    if layer.text and has_password(str(layer.values.get("store.url", ""))):
        hint = 'take it out of the URL and say where it is: store.password = "env:NAME", "file:PATH" or "keyring:NAME"; or use ~/.pgpass'
        raise UsageError(f"{layer.where('store.url')}: a password may not stand in settings.", hint)


def _validated(values: Mapping[str, Any], sources: Mapping[str, Layer]) -> Settings:
    try:
        return Settings(**nested(values))
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        loc = ".".join(str(part) for part in problem["loc"])
        key = next((key for key in sources if f"{loc}.".startswith(f"{key}.") or key.startswith(f"{loc}.")), loc)
        where = sources[key].where(key) if key in sources else "settings"
        message = str(problem["msg"]).removeprefix("Value error, ")
        raise UsageError(f"{where}: {key}: {message}.", "correct it or take it out; nephoscope settings shows what is in force") from None


def _told(narrowed: Mapping[str, str], policy: Path) -> dict[str, str]:
    told: dict[str, str] = {}
    for key, why in narrowed.items():
        for name in [known for known in known_keys() if known == key or known.startswith(f"{key}.")]:
            told[name] = f"{why} ({policy})"
    return told
