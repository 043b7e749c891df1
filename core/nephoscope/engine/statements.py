"""What scripts say on their result channel, believed only where the recorded replies say the same.

A statement is ``{subject: {type, id}, attribute, value, from: {operation, params?, expr}}``. ``expr`` (JMESPath) is evaluated again over
the joined pages of one question of that attempt: of its whole reply where the question was about the subject alone, else of what it shows of
the subject. There is no search by value, and what a reply table shows is not for scripts to state.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from nephoscope.interfaces import Estate
from nephoscope.knowledge import paths
from nephoscope.knowledge.claims import leaves
from nephoscope.knowledge.harvest import fact_id
from nephoscope.knowledge.templates import PAGING
from nephoscope.models import Fact, FactQuery, Identity, JsonValue, Reply, ResourceRef
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
    cited = _one_question([reply for reply in replies if reply.call.name == source.get("operation") and not reply.error and _asked(reply, wanted)])
    if not cited or not isinstance(expr, str) or not all(reply.complete for reply in cited):
        return None
    identity = cited[0].call.identity
    estate = estates.get(identity.cloud)
    named = _subject(estate, str(subject.get("type", "")), str(subject.get("id", "")), cited) if estate else None
    if estate is None or named is None or _tabled(estate, named, attribute, identity):
        return None
    shown = _shown({named.native_id, named.name} - {""}, cited)
    try:
        value = jmespath.search(expr, shown)
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


def _subject(estate: Estate, native_type: str, native_id: str, cited: Sequence[Reply]) -> ResourceRef | None:
    """The thing a statement is about; of a type without a table, only one that question or answer names in full."""
    call = cited[0].call
    known = estate.named(native_type, native_id, call.identity, call.region)
    service = native_type.partition(":")[0]
    if known or not native_id or not _NATIVE_TYPE.fullmatch(native_type) or service not in estate.operations_of(""):
        return known
    if native_id not in {*leaves(_asking(cited[0])), *(leaf for reply in cited for leaf in leaves(reply.document))}:
        return None
    return ResourceRef(
        cloud=call.identity.cloud,
        kind="unknown",
        native_type=native_type,
        native_id=native_id,
        account=call.identity.account,
        region=call.region,
        name=native_id.rpartition("/")[2].rpartition(":")[2],
    )


_NATIVE_TYPE = re.compile(r"[a-z0-9-]+:[a-z0-9-]+")


def _asked(reply: Reply, wanted: JsonValue) -> bool:
    return not isinstance(wanted, dict) or _asking(reply) == {key: value for key, value in wanted.items() if key not in PAGING}


def _asking(reply: Reply) -> JsonValue:
    return {key: value for key, value in reply.call.params.items() if key not in PAGING}


def _one_question(replies: Sequence[Reply]) -> list[Reply]:
    """The pages of the last reading, if all put the same question in the same place; else nothing, for it cannot be told which is meant."""
    if len({canonical([one.call.region, one.call.identity.account, _asking(one)]) for one in replies}) != 1:
        return []
    return [one for one in replies if one.chain == replies[-1].chain]


def _tabled(estate: Estate, subject: ResourceRef, attribute: str, identity: Identity) -> bool:
    queries = FactQuery(subject=subject, attribute=attribute), FactQuery(kind=subject.native_type, attribute=attribute)
    return any(estate.checks(query, [identity]) for query in queries)


def _shown(names: set[str], replies: Sequence[Reply]) -> Any:
    """What the replies show of the thing with these names."""
    document = paths.joined([reply.document for reply in replies])
    return document if names & _singled_out(_asking(replies[0])) else _of(names, document)


def _singled_out(asked: JsonValue) -> set[str]:
    """Names that a question is about alone: one among several in a list is not."""
    if isinstance(asked, str):
        return {asked}
    if isinstance(asked, dict):
        return {name for member in asked.values() for name in _singled_out(member)}
    if isinstance(asked, list) and (len(asked) == 1 or all(isinstance(member, dict) for member in asked)):
        return {name for member in asked for name in _singled_out(member)}
    return set()


def _of(names: Collection[str], document: Any) -> Any:
    """The document with other things' items taken away; ``None`` where nothing, or more than one item, is about the thing."""
    if isinstance(document, list):
        own = [part for member in document if (part := _of(names, member)) is not None]
        return own if len(own) == 1 else None
    if not isinstance(document, dict):
        return None
    if any(isinstance(value, str) and value in names for value in document.values()):
        return document
    parts = {key: part for key, member in document.items() if (part := _of(names, member)) is not None}
    return parts or None
