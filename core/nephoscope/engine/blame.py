"""Whose fault a failed rehearsal is: the script's, or that of data which are made up. Only what is surely the script's counts against it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from nephoscope.engine.expecting import readings, seen
from nephoscope.interfaces import Estate
from nephoscope.models import ExecutionResult, Failure, JsonValue, Reply, Sample, Tier
from nephoscope.store import canonical

_RAISED = re.compile(r"(?P<kind>\w+(?:\.\w+)*): (?P<text>.*)", re.DOTALL)
_SURE = frozenset({"NameError", "UnboundLocalError", "AttributeError", "TypeError", "RecursionError", "NotImplementedError", "ParamValidationError"})
"""Errors that no data cause, unless ``None`` is in them: that is what looking for something that is not there gives."""
_READ_WHOLE = frozenset({Tier.IDENTITY, Tier.CONFIG})
Verdict = tuple[str, str]
"""What is wrong and what to do, or two empty strings."""
NOTHING: Verdict = ("", "")


def crash(failure: Failure, samples: Sequence[Sample]) -> tuple[Verdict, str]:
    """What is surely wrong with a script that failed on mock data; else what cannot be told."""
    if failure.kind == "timeout":  # how long it takes is the machine's matter too
        return NOTHING, f"on mock data it was {failure.message}"
    if failure.kind in ("syntax", "import", "refused", "limit", "empty"):
        return (failure.message, failure.hint), ""
    found = _RAISED.match(failure.message)
    kind, text = (found["kind"].rpartition(".")[2], found["text"]) if found else ("", "")
    if kind == "KeyError":
        return _key(text, failure, samples)
    if kind in _SURE and "NoneType" not in text:
        return (failure.message, "what a reply holds is told by the SDK's documentation of the operation"), ""
    return NOTHING, f"on mock data it ended with {failure.message[:300]}, which data may be the cause of"


def _key(text: str, failure: Failure, samples: Sequence[Sample]) -> tuple[Verdict, str]:
    match = re.match(r"'([^']+)'", text)
    name, known = match[1] if match else text, sorted({key for sample in samples for page in sample.pages for key in _keys(page.document)})
    if name in known:
        return NOTHING, f"on mock data it ended with {failure.message[:300]}, though some replies have it"
    plain = {key.lower().replace("_", ""): key for key in known}
    near = [plain[one] for one in difflib.get_close_matches(name.lower().replace("_", ""), plain, n=3, cutoff=0.7)]
    if any(sample.open for sample in samples) and not near:
        return NOTHING, f"on mock data it ended with {failure.message[:300]}; the reply holds keys that only data decide"
    top = ", ".join(f"{sample.operation}: {' '.join(sorted(_first(sample)))}" for sample in samples)[:600]
    return (f"{failure.message}: no reply holds it", f"near to it: {', '.join(near)}" if near else f"replies hold: {top}"), ""


def _keys(document: Any) -> Iterator[str]:
    if isinstance(document, Mapping):
        for key, value in document.items():
            yield key
            yield from _keys(value)
    elif isinstance(document, list | tuple):
        for value in document:
            yield from _keys(value)


def _first(sample: Sample) -> list[str]:
    document = sample.pages[-1].document
    return [*document] if isinstance(document, dict) else []


def unread(sample: Sample, replies: Sequence[Reply], estate: Estate) -> tuple[Verdict, str]:
    """A list that was begun and not read to its end. Of logs and metrics a part may be all that is wanted."""
    chains = readings(sample.operation, replies)
    if not chains or any(len(chain) >= len(sample.pages) for chain in chains):
        return NOTHING, ""
    known = estate.operation(sample.operation)
    what = f"it reads {sample.operation} to page {max(map(len, chains))} of {len(sample.pages)}, so what stands on later pages is not seen"
    if known is None or known.tier not in _READ_WHOLE:
        return NOTHING, what
    return (what, "read the list to its last page: a paginator, or a loop over the token"), ""


def statements(result: ExecutionResult, replies: Sequence[Reply]) -> tuple[Verdict, str]:
    """Statements whose expression finds nothing in a reply that has every member, or cannot be read at all."""
    unsure = ""
    for one in result.statements:
        source = one.get("from") if isinstance(one, dict) else None
        if not isinstance(one, dict) or not isinstance(source, dict):
            continue
        operation, expr = str(source.get("operation")), str(source.get("expr"))
        about = f"the statement of {one.get('attribute')} from {operation}"
        if trouble := _unreadable(expr):
            return (f"{about}: {trouble}", "expr is a JMESPath expression over the reply"), ""
        chains = readings(operation, replies)
        if not chains:
            return (f"{about}: that operation was not asked, or not answered", "state only what a reply of the same run shows"), ""
        values = [seen(expr, chain) for chain in chains]
        if all(value is None for value in values):
            keys = ", ".join(sorted(_top(chains[0][0].document)))
            return (f"{about}: {expr!r} finds nothing in the reply", f"the reply holds: {keys[:400]}"), ""
        if canonical(one.get("value")) not in values:
            unsure = f"{about}: on mock data its value is not what {expr!r} gives"
    return NOTHING, unsure


def _unreadable(expr: str) -> str:
    try:
        jmespath.compile(expr)
    except (JMESPathError, ValueError, RecursionError) as error:
        return f"{expr!r} is no JMESPath: {' '.join(str(error).split())[:200]}"
    return ""


def _top(document: JsonValue) -> list[str]:
    return [*document] if isinstance(document, dict) else []
