"""Things that only speak of others: an alarm that rings, a queue that holds what others failed at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from nephoscope.interfaces import Estate, FactView
from nephoscope.models import FactQuery, Identity, Meaning, Problem, Read, ResourceRef

ALARM, QUEUE, FUNCTION, MAPPING = "cloudwatch:alarm", "sqs:queue", "lambda:function", "lambda:event-source-mapping"
_RINGS = re.compile(
    r"\b(fir(?:ed|es|ing)|ring(?:s|ing)?|rang|(?:goes|went|going|gone|go|set) off|in alarm|alarming|trigger(?:s|ed|ing)?|raised|red|paged|pages us"
    r"|wakes? (?:us|me)|woke|alert(?:s|ed|ing)|shout(?:s|ing)|scream(?:s|ing)|flapping|tripped|got (?:an?|the) (?:alarm|alert|page))\b",
    re.IGNORECASE,
)
_SILENT = re.compile(
    r"\b(no(?:body|t|t\b.*|thing| one| alarm| alert| page| mail| longer)|never|silent|quiet|without|should(?: have|n['’]?t)?"
    r"|fail(?:s|ed) to|missed|unnoticed"
    r"|(?:do|does|did|is|was|wo|has)n['’]?t|ok)\b",
    re.IGNORECASE,
)
"""What tells of an alarm that does not do its work: then it is meant itself."""
_RESTLESS = re.compile(
    r"\b(always|constantly|all (?:the time|day|night)|non-?stop|never (?:rests|recovers|clears)|stuck|keeps?|every|flapp\w*"
    r"|false|too (?:often|many)|noisy"
    r"|permanent\w*|threshold|sensitive)\b",
    re.IGNORECASE,
)
"""What tells of one that may ring for its own reasons."""
_HELD = re.compile(
    r"\b(fill(?:s|ed|ing)?|full|pil(?:e|es|ed|ing) up|not empty|grow(?:s|ing)?|lands?|landed|landing|arriv(?:e|es|ed|ing)|ends? up|goes? to|went to"
    r"|messages? in|has \w+ ?messages|puts?|gets? messages)\b",
    re.IGNORECASE,
)
_FAILS = "queue {it}: messages fail with errors and are given up to its dead letter queue"
_FUNCTION_FAILS = "function {it} fails with errors"


@cache
def _table() -> Mapping[str, Any]:
    document: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name("speaking.yaml").read_text("utf-8"))
    return document


def tells_of_trouble(namespace: str, metric: str) -> bool:
    """Whether a metric counts what goes wrong, so that no value of it is usual."""
    entry = _table().get(namespace) or {"says": {}}
    return metric in entry["says"] and metric not in entry.get("usual", ())


def meaning(estate: Estate, problem: Problem, view: FactView) -> Meaning | None:
    """What a named alarm or queue says of others; ``None`` where it is meant itself."""
    sick = {ref.key: ref for entity in problem.entities if entity.role != "healthy" and entity.named for ref in entity.matches}
    for ref in sick.values():
        if ref.native_type == ALARM and len([one for one in sick.values() if one.native_type == ALARM]) == 1:
            return _alarm(estate, problem, view, ref)
    queues = [ref for ref in sick.values() if ref.native_type == QUEUE]
    if len(sick) == len(queues) == 1 and _HELD.search(problem.text):
        return _failures(estate, view, queues[0])
    return None


def _known(view: FactView, ref: ResourceRef, attribute: str) -> Any:
    fact = view.fact(ref, attribute)
    return None if fact is None or fact.known_absent else fact.value


def _alarm(estate: Estate, problem: Problem, view: FactView, alarm: ResourceRef) -> Meaning | None:
    words = re.sub(rf"(?<![\w-]){re.escape(alarm.label)}(?![\w-])", "it", problem.text)
    restless = _RESTLESS.search(words) is not None
    if not _RINGS.search(words) or _SILENT.search(_RESTLESS.sub(" ", words)):
        return None
    namespace, metric = str(_known(view, alarm, "namespace")), str(_known(view, alarm, "metric"))
    entry = _table().get(namespace) or {"by": {}, "says": {}}
    said, dimensions = entry["says"].get(metric), _known(view, alarm, "dimensions")
    if restless and metric in entry.get("usual", ()):
        return None
    for one in dimensions if said and isinstance(dimensions, list) else ():
        native_type = entry["by"].get(str(one.get("Name")))
        about, reads = _named(estate, view, alarm, native_type, str(one.get("Value"))) if native_type else (None, ())
        if about or reads:
            state = f" is in {_known(view, alarm, 'state')} and" if _known(view, alarm, "state") == "ALARM" else ""
            kind = about.native_type.partition(":")[2].replace("-", " ") if about else ""
            witnessed = f"alarm {alarm.label}{state} reports {metric} of {kind} {about.label}" if about else ""
            return Meaning(of=alarm, about=(about,) if about else (), words=said, witnessed=witnessed, beside=restless, reads=tuple(reads))
    return None


def _named(estate: Estate, view: FactView, like: ResourceRef, native_type: str, text: str) -> tuple[ResourceRef | None, Sequence[Read]]:
    """A thing by what a dimension calls it: known things of the type first, listed where that is not known yet."""
    name = text.split("/")[1] if native_type == "elbv2:load-balancer" and text.count("/") == 2 else text
    titles = estate.aliases(native_type)
    known = [ref for ref in view.subjects(native_type) if ref.region in (like.region, "")]
    here = [ref for ref in known if name in (ref.native_id, ref.name, *(_known(view, ref, title) for title in titles))]
    if len(here) == 1:
        return here[0], ()
    if view.complete(native_type, like.region) is None:
        return None, _listings(estate, view, like, native_type)
    return None, ()


def _listings(estate: Estate, view: FactView, like: ResourceRef, *native_types: str) -> list[Read]:
    who: Identity | None = next((one for one in view.identities if like.account in (one.account, "")), None)
    return list(estate.listings(native_types, who, like.region)) if who else []


def _failures(estate: Estate, view: FactView, queue: ResourceRef) -> Meaning | None:
    """Whose failures a queue holds: those of functions that name it, and of queues that give their messages up to it."""
    wanted = [one for one in (FUNCTION, MAPPING) if view.complete(one, queue.region) is None]
    reads = _listings(estate, view, queue, *wanted) if wanted else []
    if view.fact(queue, "dead_letter_sources") is None:
        reads += [
            read for check in estate.checks(FactQuery(subject=queue, attribute="dead_letter_sources"), view.identities)[:1] for read in check.reads
        ]
    if reads:
        return Meaning(of=queue, reads=tuple(reads))
    failing = [ref for ref in view.subjects(FUNCTION) if _known(view, ref, "dead_letter") == queue.native_id]
    sources = [ref for one in _known(view, queue, "dead_letter_sources") or () if (ref := estate.recognise(str(one))) is not None]
    fed = [ref for source in sources for ref in _consumers(view, source)]
    if not failing and not sources:
        return None
    who = ", ".join(dict.fromkeys(ref.label for ref in (*failing, *sources)))
    words = _FUNCTION_FAILS if failing else _FAILS
    about = tuple({ref.key: ref for ref in (*failing, *sources, *fed)}.values())
    return Meaning(of=queue, about=about, words=words, witnessed=f"queue {queue.label} holds what {who} failed at")


def _consumers(view: FactView, queue: ResourceRef) -> Iterator[ResourceRef]:
    functions = {ref.native_id: ref for ref in view.subjects(FUNCTION)}
    for mapping in view.subjects(MAPPING):
        if _known(view, mapping, "source") == queue.native_id:
            called = functions.get(":".join(str(_known(view, mapping, "function")).split(":")[:7]))
            if called is not None:
                yield called
