"""What a run sent away from this machine, from its own record, and taking records away."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nephoscope.interfaces import UsageError
from nephoscope.models.record import Leaving
from nephoscope.store import LedgerReader, Sent
from nephoscope.store.memory import Memory
from nephoscope.store.run import ModelCall, RunStore, find_run, locked, scopes_of


def leavings(home: Path, run_id: str) -> Sequence[Leaving]:
    """Every kind of message that left, retries counted, clouds first. What was answered from memory left nothing. Raises ``UsageError``."""
    run_dir = find_run(home, run_id)
    places: Mapping[str, str] = {}
    models: list[ModelCall] = []
    with contextlib.suppress(UsageError, sqlite3.Error), contextlib.closing(RunStore(run_dir, readonly=True)) as store:
        places = {scope.cloud: str(scope.options.get("endpoint_url") or "") for scope in scopes_of(store)}
        models = store.model_calls()
    try:
        ledger = LedgerReader(run_dir)
    except UsageError:
        return _merged(map(_to_a_model, models))
    with contextlib.closing(ledger):
        calls = [_to_a_cloud(sent, places) for sent in ledger.left()]
    return [*_merged(calls), *_merged(map(_to_a_model, models))]


def purge(home: Path, run_ids: Iterable[str]) -> Sequence[str]:
    """Take records away for good; their ids. Raises ``UsageError`` before anything is taken when one is unknown or still runs."""
    with contextlib.ExitStack() as held:
        folders = list(dict.fromkeys(find_run(home, run_id) for run_id in run_ids))
        for folder in folders:
            held.enter_context(locked(folder))
        for folder in folders:
            gone = folder.with_name(f".{folder.name}.gone")  # not half a record, whatever happens meanwhile
            folder.rename(gone)
            shutil.rmtree(gone, ignore_errors=True)
    if folders:
        Memory(home, days=1.0).forget_runs([folder.name for folder in folders])
    return [folder.name for folder in folders]


def _to_a_cloud(sent: Sent, places: Mapping[str, str]) -> Leaving:
    call = sent.call
    return Leaving(
        to="cloud",
        place=places.get(call.identity.cloud, "") or f"{call.service} in {call.region or 'no region'}",
        account=call.identity.account,
        principal=call.identity.principal,
        what=call.name,
        kind=str(sent.tier),
        count=sent.sends,
        first=sent.at,
        last=sent.at,
    )


def _to_a_model(call: ModelCall) -> Leaving:
    place, at = call.model, call.sent_at
    return Leaving(to="model", place=place, what=call.prompt, kind=call.role, count=1, tokens=call.usage.input, first=at, last=at)


def _merged(found: Iterable[Leaving]) -> list[Leaving]:
    together: dict[Any, Leaving] = {}
    for one in found:
        key = one.place, one.account, one.principal, one.what, one.kind
        known = together.get(key)
        together[key] = one if known is None else _both(known, one)
    return sorted(together.values(), key=lambda one: (one.first, one.what))


def _both(left: Leaving, right: Leaving) -> Leaving:
    return left.model_copy(
        update={
            "count": left.count + right.count,
            "tokens": left.tokens + right.tokens,
            "first": min(left.first, right.first),
            "last": max(left.last, right.last),
        }
    )
