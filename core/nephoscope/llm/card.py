"""What is known of a model: what it can do, how much it takes, what it costs, what it rejects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from nephoscope.models import Frozen, JsonValue

Capability = Literal["json_schema", "tools", "json_mode", "reasoning", "code", "cheap"]
"""``json_schema``: replies held to a schema by the provider. ``tools``: tool calls that can be forced. ``json_mode``: some JSON object.
``reasoning``, ``code``, ``cheap``: what it is good for."""

ROLES: Mapping[str, str] = {
    "planner": "decides what to find out next",
    "coder": "writes the script of a check",
    "repairer": "mends scripts that were rejected or failed",
    "classifier": "sorts texts, often and cheaply",
    "explainer": "says in words what was found",
}
"""The parts a model can play."""

ModelId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*:\S.*$")]
UNKNOWN_CONTEXT = 128_000
"""The provider says so itself when it is less."""
UNKNOWN_OUTPUT = 16_384
UNKNOWN_REPLY = 4_096


class Prices(Frozen):
    """Dollars per million tokens. ``source`` and ``dated`` say where the numbers are from, and of when."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cache_read: float | None = Field(default=None, ge=0)
    cache_write: float | None = Field(default=None, ge=0)
    source: str
    dated: str = Field(pattern=r"^\d{4}-\d\d(-\d\d)?$")


class CacheMark(Frozen):
    """How the end of the part worth caching is marked on the wire: fields ``on`` its text block, or a block ``after`` it."""

    on: Mapping[str, JsonValue] = Field(default_factory=dict)
    after: Mapping[str, JsonValue] = Field(default_factory=dict)


class ModelCard(Frozen):
    """One model. Where ``id`` has ``*`` the card holds for every name that matches and has no card of its own.

    ``context``: tokens of prompt and reply together. ``output``: most tokens of one reply. ``reply``: tokens asked for at most, so that
    one reply cannot eat a budget; longer ones are continued. ``parameters`` are always sent, those in ``rejects`` never.
    ``prompts``: prompt id → the id of the prompt this model gets in its place.
    """

    id: ModelId
    description: str = ""
    capabilities: tuple[Capability, ...] = ()
    context: int = Field(default=UNKNOWN_CONTEXT, gt=0)
    output: int = Field(default=UNKNOWN_OUTPUT, gt=0)
    reply: int = Field(default=8_192, gt=0)
    parameters: Mapping[str, JsonValue] = Field(default_factory=dict)
    rejects: tuple[str, ...] = ()
    prices: Prices | None = None
    free: bool = False
    """Costs nothing by the token, as on one's own machine."""
    local: bool = False
    roles: tuple[str, ...] = ()
    prompts: Mapping[str, str] = Field(default_factory=dict)
    prompt_cache: CacheMark | None = None
    requests_per_minute: int | None = Field(default=None, gt=0)
    tokens_per_minute: int | None = Field(default=None, gt=0)
    base_url: str = ""
    key: str = ""
    """Where its key is (``env:NAME``, ``file:PATH``, ``keyring:NAME``); user files only."""
    priced_as: str = ""
    """The id whose published price holds, where it is another than its own."""
    source: str = ""
    """File and line it was read from."""

    @model_validator(mode="after")
    def _whole(self) -> ModelCard:
        unknown = sorted(set(self.roles) - set(ROLES))
        if unknown:
            raise ValueError(f"there is no role {unknown[0]!r}; roles are {', '.join(ROLES)}")
        if self.free and self.prices:
            raise ValueError("it is free and has prices: say one")
        return self

    @property
    def provider(self) -> str:
        """The prefix of the id."""
        return self.id.partition(":")[0]

    @property
    def name(self) -> str:
        """The id behind the prefix, as the provider knows it."""
        return self.id.partition(":")[2]

    @property
    def pattern(self) -> bool:
        """Whether it stands for several names."""
        return "*" in self.id


def unknown(model_id: str, *, local: bool = False) -> ModelCard:
    """A model nobody described: plain text, short replies, price unknown."""
    return ModelCard(id=model_id, description="not in the catalog: conservative defaults", reply=UNKNOWN_REPLY, local=local)
