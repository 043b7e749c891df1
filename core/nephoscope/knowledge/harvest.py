"""From recorded replies to facts and gaps: a pure, idempotent function of ledger rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nephoscope.interfaces import Estate
from nephoscope.knowledge import paths
from nephoscope.knowledge.claims import SAMPLE
from nephoscope.knowledge.tables import document
from nephoscope.knowledge.templates import PAGING
from nephoscope.models import Call, Extract, Fact, Gap, JsonValue, Reply, ResourceRef
from nephoscope.models.fact import GapReason, Grounding


@dataclass(frozen=True)
class Refusal:
    """A call that the broker did not send."""

    call: Call
    reason: GapReason
    needs: str
    what: str


@dataclass
class Harvest:
    """Facts by id, and what could not be seen."""

    facts: dict[str, Fact] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)


_DENIED = ("denied", "unauthorized", "notauthorized", "forbidden", "authorizationerror", "authfailure")
_THROTTLED = ("throttl", "toomanyrequests", "requestlimit", "slowdown", "ratelimit")
_UNSUPPORTED = ("notimplemented", "unsupported", "unknownoperation", "invalidaction")


def gap_reason(status: int, error: str) -> GapReason:
    """Why a failed reply shows nothing, by the words all clouds use in their codes."""
    code = error.lower().replace("_", "").replace(".", "")
    if status in (401, 403) or any(word in code for word in _DENIED):
        return "access_denied"
    if status == 429 or any(word in code for word in _THROTTLED):
        return "throttled"
    if status == 501 or any(word in code for word in _UNSUPPORTED):
        return "unsupported"
    return "timeout" if "timeout" in code or status == 504 else "error"


def fact_id(subject: ResourceRef, attribute: str, value: JsonValue, calls: Sequence[str], pointer: str) -> str:
    """An id made of content and position: the same reply gives the same fact."""
    text = json.dumps([subject.key, attribute, value, list(calls), pointer], sort_keys=True, ensure_ascii=True)
    return "f:" + hashlib.sha256(text.encode()).hexdigest()[:12]


def harvest(
    replies: Sequence[Reply],
    refusals: Sequence[Refusal],
    estates: Mapping[str, Estate],
    cached: frozenset[str] = frozenset(),
    whole: Collection[int] = frozenset(),
) -> Harvest:
    """Everything the replies show. Later replies stand later in ``facts``; their word counts. ``whole``: steps whose replies are told in full,
    beside what tables read in them."""
    result = Harvest()
    pending: list[tuple[Reply, Extract]] = []
    chains: dict[tuple[str, ...], list[tuple[Reply, Extract]]] = {}
    for reply in replies:
        estate = estates.get(reply.call.identity.cloud)
        if estate is None:
            continue
        extracts = list(estate.facts(reply))
        if not reply.error and _step(reply) in whole and not any(one.whole for one in extracts):
            extracts.append(document(reply.call))
        if reply.error and not extracts:
            result.gaps.extend(_unseen(reply.call, gap_reason(reply.status, reply.error), reply.error, estate))
        for extract in extracts:
            if extract.collection or extract.whole:
                chains.setdefault(_chain_key(reply, extract), []).append((reply, extract))
            elif extract.requires:
                pending.append((reply, extract))
            elif extract.absent and not reply.complete and not reply.error:
                result.gaps.append(_incomplete(f"{_what(extract)} was not read to its last page", [reply], extract, estate))
            else:
                _add(result, _fact(reply, extract, cached))
    for members in chains.values():
        add = _add_document if members[0][1].whole else _add_collection
        add(result, members, estates, cached)
    _settle_absences(result, pending, estates, cached)
    _in_order(result, replies)
    for refusal in refusals:
        estate = estates.get(refusal.call.identity.cloud)
        if estate:
            result.gaps.extend(_unseen(refusal.call, refusal.reason, refusal.what, estate, refusal.needs))
    return result


def _step(reply: Reply) -> int:
    number = reply.call.id.partition(".")[0].removeprefix("s")
    return int(number) if number.isdigit() else 0


def _add(result: Harvest, fact: Fact) -> None:
    result.facts.pop(fact.id, None)
    result.facts[fact.id] = fact


def _in_order(result: Harvest, replies: Sequence[Reply]) -> None:
    """Facts in the order of the replies that completed them, so that the newest word stands last."""
    place = {reply.call.id: index for index, reply in enumerate(replies)}
    result.facts = dict(sorted(result.facts.items(), key=lambda item: place[item[1].calls[-1]]))


def _what(extract: Extract) -> str:
    return f"{extract.attribute} of {extract.subject.label}"


def _incomplete(what: str, replies: Sequence[Reply], extract: Extract, estate: Estate) -> Gap:
    operation = replies[0].call.name
    return Gap(
        what=what,
        subject=extract.subject,
        attribute=extract.attribute,
        reason="incomplete",
        needs=estate.permission(operation),
        operation=operation,
        calls=tuple(reply.call.id for reply in replies),
    )


def _chain_key(reply: Reply, extract: Extract) -> tuple[str, ...]:
    params = {key: value for key, value in reply.call.params.items() if key not in PAGING}
    return (
        reply.call.name,
        reply.call.region,
        reply.call.identity.account,
        extract.subject.key,
        extract.attribute,
        json.dumps(params, sort_keys=True),
        reply.chain,
    )


def _fact(reply: Reply, extract: Extract, cached: frozenset[str]) -> Fact:
    grounding: Grounding = "absent" if extract.absent else "exact"
    value = None if extract.absent else _value(reply.document, extract)
    call = reply.call
    return Fact(
        id=fact_id(extract.subject, extract.attribute, value, (call.id,), extract.pointer),
        subject=extract.subject,
        attribute=extract.attribute,
        value=value,
        grounding=grounding,
        calls=(call.id,),
        pointer=extract.pointer,
        identity=call.identity,
        observed_at=reply.observed_at,
        cached=call.id in cached,
    )


def _value(document: JsonValue, extract: Extract) -> JsonValue:
    if extract.value is not None:
        return extract.value[0]
    value = paths.at(document, extract.pointer)
    if extract.decode == "json" and isinstance(value, str):
        try:
            decoded: JsonValue = json.loads(value)
        except ValueError:
            return value
        return decoded
    return value


def _add_collection(result: Harvest, members: list[tuple[Reply, Extract]], estates: Mapping[str, Estate], cached: frozenset[str]) -> None:
    reply, extract = members[0]
    if not all(one.complete for one, _ in members):
        pages = [one for one, _ in members]
        result.gaps.append(_incomplete(f"{_what(extract)} was not read to its last page", pages, extract, estates[reply.call.identity.cloud]))
        return
    union: dict[str, None] = {}
    for _, one in members:
        values = one.value[0] if one.value else []
        union |= {str(value): None for value in (values if isinstance(values, list) else [])}
    value: JsonValue = list(union)
    calls = tuple(dict.fromkeys(one.call.id for one, _ in members))
    fact = Fact(
        id=fact_id(extract.subject, extract.attribute, value, calls, extract.pointer),
        subject=extract.subject,
        attribute=extract.attribute,
        value=value,
        grounding="derived",
        calls=calls,
        pointer=extract.pointer,
        identity=reply.call.identity,
        observed_at=members[-1][0].observed_at,
        cached=reply.call.id in cached,
    )
    _add(result, fact)


def _add_document(result: Harvest, members: list[tuple[Reply, Extract]], estates: Mapping[str, Estate], cached: frozenset[str]) -> None:
    """A reply no table reads: all its pages as one document, or a sample where not every page was read."""
    reply, extract = members[0]
    complete = all(one.complete for one, _ in members)
    if len(members) == 1 and complete:
        _add(result, _fact(reply, extract, cached))
        return
    if not complete:
        pages = [one for one, _ in members]
        estate = estates[reply.call.identity.cloud]
        result.gaps.append(_incomplete(f"{_what(extract)} was not read to its last page", pages, extract, estate))
    value = paths.joined([one.document for one, _ in members])
    attribute = extract.attribute if complete else SAMPLE
    calls = tuple(dict.fromkeys(one.call.id for one, _ in members))
    _add(
        result,
        Fact(
            id=fact_id(extract.subject, attribute, value, calls, extract.pointer),
            subject=extract.subject,
            attribute=attribute,
            value=value,
            grounding="derived",
            calls=calls,
            pointer=extract.pointer,
            identity=reply.call.identity,
            observed_at=members[-1][0].observed_at,
            cached=reply.call.id in cached,
        ),
    )


def _settle_absences(result: Harvest, pending: Iterable[tuple[Reply, Extract]], estates: Mapping[str, Estate], cached: frozenset[str]) -> None:
    for reply, extract in pending:
        if _present(result, extract.subject, extract.requires):
            _add(result, _fact(reply, extract, cached))
        else:
            what = f"{_what(extract)}: the reply proves nothing until {extract.requires} of it is known"
            result.gaps.append(_incomplete(what, [reply], extract, estates[reply.call.identity.cloud]))


def _present(result: Harvest, subject: ResourceRef, attribute: str) -> bool:
    found = [fact for fact in result.facts.values() if fact.attribute == attribute and fact.subject.key == subject.key]
    if found:
        return not found[-1].known_absent
    listed = (fact for fact in result.facts.values() if fact.attribute == "complete" and fact.subject.name == subject.native_type)
    return attribute == "exists" and any(isinstance(fact.value, list) and subject.native_id in fact.value for fact in listed)


def _unseen(call: Call, reason: GapReason, why: str, estate: Estate, needs: str = "") -> Iterator[Gap]:
    permission = needs or (estate.permission(call.name) if reason == "access_denied" else "")
    sought: list[tuple[ResourceRef | None, str]] = [*estate.sought(call)] or [(None, "")]
    for subject, attribute in sought:
        label = f"{attribute} of {subject.label}" if subject else call.name
        yield Gap(
            what=f"{label} could not be read: {why}",
            subject=subject,
            attribute=attribute,
            reason=reason,
            needs=permission,
            operation=call.name,
            calls=(call.id,) if call.id else (),
        )
