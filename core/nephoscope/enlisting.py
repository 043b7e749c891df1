"""The language models of a run: those the settings name, wired to its record, its purse and its clock."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nephoscope.interfaces import UsageError
from nephoscope.models import Event, JsonValue
from nephoscope.plugin.manager import Plugins
from nephoscope.settings import Settings
from nephoscope.store.ledger import now
from nephoscope.store.run import RESPONSE_CACHE, ModelCall, RunStore

if TYPE_CHECKING:
    from nephoscope.llm.calling import Purse
    from nephoscope.llm.gateway import Gateway
    from nephoscope.llm.limiter import Rates
    from nephoscope.llm.masking import Mask
    from nephoscope.llm.seat import Seat
    from nephoscope.llm.tape import Replies
    from nephoscope.prompting import PromptRegistry

Seats = Mapping[str, "Sequence[Seat]"]
_DIGESTS = "redaction_digests"
_STAND_INS = "stand_ins"
_limiters: list[Rates] = []
"""One for the process: a provider counts all investigations together."""
_tapes: dict[tuple[str, bool], Replies] = {}
"""Open files of recorded replies; cells of a comparison share one."""


def seats(settings: Settings, plugins: Plugins, *, keyless: bool = False) -> Seats:
    """The models that the settings name, by role; empty when they name none. Raises ``UsageError`` for one that cannot be had.

    ``keyless``: they are never asked, so no key is read.
    """
    if not settings.models:
        return {}
    from nephoscope.llm import naming

    return naming.seats(settings, plugins.backends, naming.catalog(settings, plugins.catalogs), keyless=keyless)


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
    cassette: RunStore | None = None,
) -> Gateway | None:
    """The gateway to the chosen models; ``None`` when there are none. Charges what a killed session left open.

    With ``cassette``, a recorded run, its replies are the only ones.
    """
    if not chosen:
        return None
    from nephoscope.boundary.broker.redaction import Redactor
    from nephoscope.llm.cache import ResponseCache
    from nephoscope.llm.calling import Caller
    from nephoscope.llm.gateway import Gateway

    def emit(kind: str, **data: JsonValue) -> None:
        event = Event(kind=kind, at=now(), data=data)
        store.event(event.at, kind, {"step": 0, **data})
        tell(event)

    caller = Caller(
        store,
        purse,
        settings.budget,
        _limiter(),
        seconds_left=seconds_left,
        stopped=stopped,
        told=lambda call: emit("model_called", **_told(call)),
        cassette=cassette,
        tape=_tape(store),
        cache=ResponseCache(settings.home, settings.model_cache_hours, cut(store)) if settings.model_cache_hours else None,
    )
    caller.reconcile()
    repeat = store.get("repeat")
    return Gateway(
        chosen,
        _prompts(plugins, store),
        caller,
        _mask(settings, plugins, store),
        scrub=Redactor(_key(store)).scrub,
        repeat=repeat if isinstance(repeat, int) else 0,
        notice=lambda text: emit("notice", text=text),
    )


CHOICE = ("planner", "models", "model_base_url", "model_key", "mask", "mask_names")
"""What of the settings a run keeps, so that going on with it means the same models."""


def choice(settings: Settings) -> dict[str, JsonValue]:
    """The models a person chose for a run, as it is kept in its record. No key among it: only where one is."""
    kept: dict[str, JsonValue] = settings.model_dump(mode="json", include=set(CHOICE))
    return kept


def as_begun(settings: Settings, kept: JsonValue) -> Settings:
    """The settings with the planner and the models a run was begun with, unless models are named now. What is allowed today still holds."""
    if not isinstance(kept, dict) or settings.models:
        return settings
    begun = Settings.model_validate({key: value for key, value in kept.items() if key in CHOICE})
    changed = {key: getattr(begun, key) for key in CHOICE}
    return settings.model_copy(update={**changed, "mask": True if settings.mask else begun.mask, "model_key": settings.model_key or begun.model_key})


def described(chosen: Seats) -> str:
    """The models in one line, for the header: who, where, and whether they see real identifiers."""
    named = dict.fromkeys(
        f"{seat.name} at {seat.host}, {'masked' if seat.masked else 'unmasked'}" + (f" ({role})" if role else "")
        for role, several in chosen.items()
        for seat in several
    )
    return f"model {'; '.join(named)}" if named else ""


def _mask(settings: Settings, plugins: Plugins, store: RunStore) -> Mask:
    """The stand-ins of the run, its table kept in its record. ``*`` among the names: those of everything a fact is about."""
    from nephoscope.llm.masking import Mask, faults

    def names() -> list[str]:
        known = [name for name in settings.mask_names if name != "*"]
        if "*" in settings.mask_names:
            known += [fact.subject.name or fact.subject.native_id for fact in store.facts()]
        return known

    def keep(table: list[list[str]]) -> None:
        store.put(_STAND_INS, [list(row) for row in table])

    kinds = [kind for estate in plugins.estates.values() for kind in estate.identifiers()]
    for fault in (fault for kind in kinds for fault in faults(kind)):
        raise UsageError(f"a cloud pack's identifiers cannot be used: {fault}", "see: nephoscope plugins")
    kept = store.get(_STAND_INS, [])
    rows = [[str(part) for part in row] for row in kept if isinstance(row, list)] if isinstance(kept, list) else []
    return Mask(kinds, names=names, kept=rows, keep=keep, key=_key(store))


def cut(store: RunStore) -> Callable[[str], str]:
    """Cuts credentials out of a text, with the digests of the run."""

    def clean(text: str) -> str:
        from nephoscope.boundary.broker.redaction import Redactor

        return str(Redactor(_key(store)).scrub(text))

    return clean


def scrub(settings: Settings, plugins: Plugins, store: RunStore) -> Callable[[str], str]:
    """For words that leave by another way than to a model: what may never leave is cut out, and identifiers are replaced unless ``mask`` is off.

    The stand-ins are its own, made when first asked for, and not kept: the run's table has one writer.
    """
    made: list[Callable[[str], str]] = []

    def scrubbed(text: str) -> str:
        if not made:
            from nephoscope.boundary.broker.redaction import Redactor
            from nephoscope.llm.masking import Mask

            kinds = [kind for estate in plugins.estates.values() for kind in estate.identifiers()]
            cut, mask = Redactor(_key(store)).scrub, Mask(kinds, key=_key(store))
            made.append(cut if settings.mask is False else lambda words: mask.hide(cut(words)))
        return made[0](text)

    return scrubbed


def _tape(store: RunStore) -> Replies | None:
    """Recorded replies that the run was begun with."""
    from nephoscope.llm.tape import Tape

    wished = store.get("tape")
    if not isinstance(wished, dict):
        return None
    key = (str(wished["path"]), bool(wished["only"]))
    if key not in _tapes:
        _tapes[key] = Tape(Path(key[0]), only=key[1])
    return _tapes[key]


def _prompts(plugins: Plugins, store: RunStore) -> PromptRegistry:
    """Those of the packs, and in their place those of a folder that the run was begun with."""
    from nephoscope.prompting import load_prompts

    shipped, folder = load_prompts(plugins.prompts), store.get("prompts_from")
    if not folder:
        return shipped
    own = load_prompts([Path(str(folder))])
    if own.faults:
        raise own.faults[0].error()
    return replace(shipped, prompts={**shipped.prompts, **own.prompts})


def prompts_of(plugins: Plugins) -> PromptRegistry:
    """The prompts of the packs."""
    from nephoscope.prompting import load_prompts

    return load_prompts(plugins.prompts)


def _told(call: ModelCall) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {"model": call.model, "role": call.role, "prompt": call.prompt, "error": call.error, "usd": call.usd}
    told["cached"] = call.price == RESPONSE_CACHE
    return {**told, "input_tokens": call.usage.input, "output_tokens": call.usage.output, "seconds": round(call.seconds, 3)}


def share(rates: Rates, tape: JsonValue, replies: Replies) -> None:
    """From now on this process asks others for the rates of its models and for the replies of the tape that runs are begun with."""
    _limiters[:] = [rates]
    if isinstance(tape, dict):
        _tapes[(str(tape["path"]), bool(tape["only"]))] = replies


def _limiter() -> Rates:
    from nephoscope.llm.limiter import Limiter

    if not _limiters:
        _limiters.append(Limiter())
    return _limiters[0]


def _key(store: RunStore) -> bytes:
    """Keys the digests of what is cut out; the same for the whole run, so that the same question stays the same question."""
    if store.get(_DIGESTS) is None:
        store.put(_DIGESTS, secrets.token_hex(16))
    return bytes.fromhex(str(store.get(_DIGESTS)))
