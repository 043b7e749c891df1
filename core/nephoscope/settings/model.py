"""Everything that can be set, with its default."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from platformdirs import user_data_path
from pydantic import BeforeValidator, Field, JsonValue, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from nephoscope.models import Budget, Limits, Scope, Tier
from nephoscope.settings.reference import KeyReference
from nephoscope.settings.shared import SharedStore

NEVER_GRANTED = frozenset({Tier.SECRET, Tier.ROLE, Tier.MUTATION})
ALWAYS_GRANTED = frozenset({Tier.IDENTITY, Tier.CONFIG})

T = TypeVar("T")


def _listed(value: Any) -> Any:
    """Variables hold lists as ``a,b`` or as JSON."""
    if not isinstance(value, str):
        return value
    return json.loads(value) if value.lstrip().startswith("[") else [part.strip() for part in value.split(",") if part.strip()]


Several = Annotated[tuple[T, ...], NoDecode, BeforeValidator(_listed)]


class Settings(BaseSettings):
    """What holds for one run. Making one by hand reads nothing: files and environment are read by ``load_settings`` alone."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="NEPHOSCOPE_", env_nested_delimiter="__", env_ignore_empty=True)

    cloud: str = ""
    """Empty: the only cloud installed."""
    region: str = ""
    endpoint_url: str = ""
    scope: Mapping[str, JsonValue] = Field(default_factory=dict)
    """Options that the cloud's pack defines."""
    planner: str = "playbook"
    """Where a model is named and no planner, ``load_settings`` makes it ``hybrid``."""
    models: Several[str] = ()
    """Language models, ``[ROLE=]PROVIDER:NAME``; several of a role are tried in that order. None is used that is not named here."""
    model_base_url: str = ""
    """Where they answer, when not at their provider's."""
    model_key: KeyReference | None = None
    """Where their key is, when not in ``keys`` under the provider's name."""
    mask: bool | None = None
    """Whether models get stand-ins for identifiers; ``None``: all but those on this machine."""
    mask_names: Several[str] = ()
    """Further words to stand in for; ``*``: the names of everything that was seen in the account."""
    catalogs: Several[Path] = ()
    """Files that describe more models, or some of them otherwise."""
    model_cache_hours: float = Field(default=0.0, ge=0.0, le=8760.0)
    """So long a model's reply to the very same question is taken again in other runs; 0: never."""
    tracing: str = ""
    """What shows runs as traces: the name of a tracer. Empty: nothing, whatever other programs' variables say."""
    tracing_endpoint: str = ""
    tracing_project: str = "nephoscope"
    executor: str = "auto"
    ask: Literal["never", "risky", "always"] = "risky"
    budget: Budget = Budget()
    limits: Limits = Limits()
    home: Path = Field(default_factory=lambda: user_data_path("nephoscope"))
    store: SharedStore = SharedStore()
    """A database that a team shares: runs, comparisons and what is remembered."""
    allow_resource: Several[str] = ()
    """Names of other owners that may be asked about."""
    grants: Several[Tier] = ()
    """Tiers allowed besides identity, configuration and (unless switched off) telemetry."""
    reuse: float = Field(default=0.0, ge=0.0, le=60.0)
    """Minutes for which what earlier runs of the same identity were told is taken again; 0: everything is asked anew."""
    telemetry: bool = True
    """Whether logs and metrics may be read unattended, within a small budget."""
    reviewed_only: bool = False
    """Whether to refuse reads of configuration that only public data know, and nobody has reviewed."""
    formatter: Literal["black", "autopep8"] = "black"
    keys: Mapping[str, KeyReference] = Field(default_factory=dict)
    quiet: bool = False
    plain: bool = False
    rehearsal: Literal["on", "off"] = "on"
    """Whether scripts that no pack brought run on mock data, in an emulator, before they touch the account."""
    rehearsal_seconds: float = Field(default=120.0, ge=0.0, le=3600.0)
    """So long rehearsals of one run may take together; what is written after that runs without."""
    prove: bool = True
    """Whether fixes are tried out on an emulator that is seeded from what was read."""
    memory: bool = True
    """Whether what was read is remembered: it finds names and ranks hypotheses in later runs, and never proves anything."""
    memory_days: float = Field(default=30.0, gt=0.0, le=3650.0)
    """What was last seen longer ago is forgotten."""
    skills: Literal["on", "off"] = "on"
    """Whether scripts that worked are kept, and found again before a model is asked to write one."""
    unsafe_local: bool = False
    packs_blocked: Several[str] = ()
    packs: Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(_listed)] = None
    """Packs that may be loaded besides core; ``None``: all."""
    executors: Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(_listed)] = None
    """Executors that may be used; ``None``: all."""
    models_allowed: Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(_listed)] = None
    """Patterns of models that may be used (``provider:name``, with ``*``); ``None``: all."""
    model_hosts: Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(_listed)] = None
    """Hosts that models may be asked at, and providers whose own endpoints may; ``None``: all."""
    accounts: Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(_listed)] = None
    """Accounts that may be looked at; ``None``: all."""
    tiers: Annotated[tuple[Tier, ...] | None, NoDecode, BeforeValidator(_listed)] = None
    """Tiers that may be granted at all; ``None``: all that core allows."""

    @property
    def granted(self) -> frozenset[Tier]:
        """Tiers in force."""
        wished = ALWAYS_GRANTED | set(self.grants) | ({Tier.TELEMETRY} if self.telemetry else set())
        return frozenset(wished if self.tiers is None else wished & set(self.tiers))

    @property
    def denied(self) -> frozenset[Tier]:
        """Tiers in force by default that are switched off here."""
        return frozenset((ALWAYS_GRANTED | {Tier.TELEMETRY}) - self.granted)

    def scope_of(self, cloud: str) -> Scope:
        """The scope to open in a cloud: its pack's options, with region and endpoint where they are set."""
        common = {"region": self.region, "endpoint_url": self.endpoint_url}
        return Scope(cloud=cloud, options={**self.scope, **{key: value for key, value in common.items() if value}})

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @field_validator("grants")
    @classmethod
    def _grantable(cls, grants: tuple[Tier, ...]) -> tuple[Tier, ...]:
        never = sorted(NEVER_GRANTED & set(grants))
        if never:
            raise ValueError(f"{', '.join(never)} can never be granted: Nephoscope only reads, and never secrets")
        return grants

    @field_validator("budget", "limits")
    @classmethod
    def _sensible(cls, amounts: Budget | Limits) -> Budget | Limits:
        for name, amount in amounts:
            if not math.isfinite(amount) or amount < 0:
                raise ValueError(f"{name} must be a number from 0 upwards, not {amount}")
        return amounts

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is given: layers are read, merged and told apart in :mod:`nephoscope.settings.load`."""
        return (init_settings,)
