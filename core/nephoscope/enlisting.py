"""The language models of a run: those the settings name, wired to its record, its purse and its clock."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from nephoscope.models import Event, JsonValue
from nephoscope.plugin.manager import Plugins
from nephoscope.settings import Settings
from nephoscope.store.ledger import now
from nephoscope.store.run import ModelCall, RunStore

if TYPE_CHECKING:
    from nephoscope.llm.calling import Purse
    from nephoscope.llm.gateway import Gateway
    from nephoscope.llm.limiter import Limiter
    from nephoscope.llm.seat import Seat

Seats = Mapping[str, "Sequence[Seat]"]
_DIGESTS = "redaction_digests"
_limiters: list[Limiter] = []
"""One for the process: a provider counts all investigations together."""


def seats(settings: Settings, plugins: Plugins) -> Seats:
    """The models that the settings name, by role; empty when they name none. Raises ``UsageError`` for one that cannot be had."""
    if not settings.models:
        return {}
    from nephoscope.llm import naming

    return naming.seats(settings, plugins.backends, naming.catalog(settings, plugins.catalogs))


def enlist(
    chosen: Seats,
    settings: Settings,
    plugins: Plugins,
    store: RunStore,
    purse: Purse,
    *,
    seconds_left: Callable[[], float],
    stopped: Callable[[], bool],
    tell: Callable[[Event], None],
) -> Gateway | None:
    """The gateway to the chosen models; ``None`` when there are none. Charges what a killed session left open."""
    if not chosen:
        return None
    from nephoscope.boundary.broker.redaction import Redactor
    from nephoscope.llm.calling import Caller
    from nephoscope.llm.gateway import Gateway
    from nephoscope.llm.masking import Mask
    from nephoscope.prompting import load_prompts

    def emit(kind: str, **data: JsonValue) -> None:
        event = Event(kind=kind, at=now(), data=data)
        store.event(event.at, kind, {"step": 0, **data})
        tell(event)

    caller = Caller(
        store, purse, settings.budget, _limiter(), seconds_left=seconds_left, stopped=stopped, told=lambda call: emit("model_called", **_told(call))
    )
    caller.reconcile()
    return Gateway(
        chosen,
        load_prompts(plugins.prompts),
        caller,
        Mask(),
        scrub=Redactor(_key(store)).scrub,
        notice=lambda text: emit("notice", text=text),
    )


def described(chosen: Seats) -> str:
    """The models in one line, for the header: who, where, and whether they see real identifiers."""
    named = dict.fromkeys(
        f"{seat.name} at {seat.host}, {'masked' if seat.masked else 'unmasked'}" + (f" ({role})" if role else "")
        for role, several in chosen.items()
        for seat in several
    )
    return f"model {'; '.join(named)}" if named else ""


def _told(call: ModelCall) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {"model": call.model, "role": call.role, "prompt": call.prompt, "error": call.error, "usd": call.usd}
    return {**told, "input_tokens": call.usage.input, "output_tokens": call.usage.output, "seconds": round(call.seconds, 3)}


def _limiter() -> Limiter:
    from nephoscope.llm.limiter import Limiter

    if not _limiters:
        _limiters.append(Limiter())
    return _limiters[0]


def _key(store: RunStore) -> bytes:
    """Keys the digests of what is cut out; the same for the whole run, so that the same question stays the same question."""
    if store.get(_DIGESTS) is None:
        store.put(_DIGESTS, secrets.token_hex(16))
    return bytes.fromhex(str(store.get(_DIGESTS)))
