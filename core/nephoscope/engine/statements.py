"""What scripts say on their result channel, believed only where the recorded replies say the same.

A statement is ``{subject: {type, id}, attribute, value, from: {operation, params?, expr}}``. ``expr`` (JMESPath) is evaluated again over
the joined pages of the cited calls of that step, and the subject must occur in what was asked: there is no search by value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from nephoscope.interfaces import Estate
from nephoscope.knowledge.harvest import fact_id
from nephoscope.knowledge.templates import PAGING
from nephoscope.models import Fact, JsonValue, Reply
from nephoscope.store import canonical
from nephoscope.store.run import RunStore


def statement_facts(store: RunStore, replies: Sequence[Reply], estates: Mapping[str, Estate]) -> Iterator[Fact]:
    """Facts of every statement of every attempt that can be re-derived."""
    by_id = {reply.call.id: reply for reply in replies}
    for attempt in store.attempts():
        if attempt.result is None:
            continue
        own = [by_id[call] for call in attempt.result.calls if call in by_id]
        for statement in attempt.result.statements:
            fact = rederive(statement, own, estates) if isinstance(statement, dict) else None
            if fact:
                yield fact


def rederive(statement: Mapping[str, JsonValue], replies: Sequence[Reply], estates: Mapping[str, Estate]) -> Fact | None:
    """The statement as a fact, or ``None`` when the replies do not bear it out."""
    source, subject = statement.get("from"), statement.get("subject")
    attribute = statement.get("attribute")
    if not isinstance(source, dict) or not isinstance(subject, dict) or not isinstance(attribute, str):
        return None
    expr, wanted = source.get("expr"), source.get("params")
    cited = [reply for reply in replies if reply.call.name == source.get("operation") and not reply.error and _asked(reply, wanted)]
    if not cited or not isinstance(expr, str) or not all(reply.complete for reply in cited):
        return None
    identity = cited[0].call.identity
    estate = estates.get(identity.cloud)
    named = estate.named(str(subject.get("type", "")), str(subject.get("id", "")), identity, cited[0].call.region) if estate else None
    if named is None or not _about(named.native_id, named.name, expr, cited):
        return None
    try:
        value = jmespath.search(expr, _joined([reply.document for reply in cited]))
    except (JMESPathError, ValueError, TypeError, RecursionError):
        return None
    if value is None or canonical(value) != canonical(statement.get("value")):
        return None
    calls = tuple(reply.call.id for reply in cited)
    return Fact(
        id=fact_id(named, attribute, value, calls, expr),
        subject=named,
        attribute=attribute,
        value=value,
        grounding="derived",
        calls=calls,
        pointer=expr,
        identity=identity,
        observed_at=cited[-1].observed_at,
    )


def _asked(reply: Reply, wanted: JsonValue) -> bool:
    return not isinstance(wanted, dict) or {key: value for key, value in reply.call.params.items() if key not in PAGING} == wanted


def _about(native_id: str, name: str, expr: str, replies: Sequence[Reply]) -> bool:
    """The subject was asked about by name, or picked out by name in the expression."""
    asked = canonical([dict(reply.call.params) for reply in replies])
    return any(f'"{one}"' in asked or f"'{one}'" in expr or f'"{one}"' in expr for one in {native_id, name} if one)


def _joined(documents: Sequence[JsonValue]) -> Any:
    """Pages as one document: lists under the same key are one list."""
    if len(documents) == 1 or not all(isinstance(one, dict) for one in documents):
        return documents[0]
    joined: dict[str, Any] = {}
    for document in documents:
        for key, value in document.items() if isinstance(document, dict) else ():
            joined[key] = [*joined[key], *value] if isinstance(value, list) and isinstance(joined.get(key), list) else value
    return joined
