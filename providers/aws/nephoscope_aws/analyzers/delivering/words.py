"""What the person's words tell of the events: which, of which things, and which way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nephoscope.knowledge.mentions import healthy_spans
from nephoscope.models import Problem
from nephoscope_aws.delivery import s3_events

_EVENTS: Sequence[tuple[str, tuple[str, ...]]] = (
    (r"\b(multi-?part|(big|large|huge) (files?|objects?|uploads?))\b", (s3_events.CREATED_BY_MULTIPART,)),
    (r"\b(copied|copy|copies|copying)\b", (s3_events.CREATED_BY_COPY,)),
    (r"\b(browser uploads?|form uploads?|html form)\b", (s3_events.CREATED_BY_FORM,)),
    (r"\b(delet\w+|remov(ed?|es|al|ing))\b", (s3_events.DELETED,)),
    (r"\b(restor(e|ed|es|ing))\b", (s3_events.RESTORED,)),
    (r"\b(tagged|tagging)\b", (s3_events.TAGGED,)),
)
_ARRIVAL = re.compile(r"\b(upload\w*|land\w*|arriv\w*|new \w+|incoming|put|added|stored|written|drop\w*|created|comes? in)\b", re.IGNORECASE)
_PATH = re.compile(r"(?<![\w:/.])((?:[\w.+=@-]+/)+)([\w.*+=@-]*)")
_EXTENSION = re.compile(r"(?<![\w/])\*?(\.[A-Za-z][A-Za-z0-9]{1,6}(?:\.gz)?)\b")
_KNOWN = "csv|tsv|json|jsonl|ndjson|xml|parquet|avro|orc|txt|log|pdf|docx?|xlsx?|jpe?g|png|gif|tiff?|webp|svg|mp[34]|mov|wav|zip|gz|tar|html?|ya?ml"
_THINGS = "file|upload|object|image|document|export|photo|picture|pic|scan|video|recording|attachment|report"
_FILES = re.compile(
    rf"\b({_KNOWN})s?\b(?= (?:{_THINGS})s?)|\b({_KNOWN})s\b"
    rf"|\b({_KNOWN})\b(?=['’]s? | (?:in|into|under|from|to|at)\b)",
    re.IGNORECASE,
)
_FOLDER = re.compile(r"\b(?:folder|prefix|directory|under|path)\s+[\"'`“]?([\w.+=@-]+(?:/[\w.+=@-]+)*)/?", re.IGNORECASE)
_INTO = re.compile(r"\b(arriv\w*|reach\w*|gets?|getting|receiv\w*|into|empty|lands?|show(s|ing)? up|sent to)\b", re.IGNORECASE)
_OUT = re.compile(
    r"\b(process\w*|consum\w*|picked up|pick up|handled|read|backlog|pil(e|es|ing) up|stuck|drained?|accumulat\w*|grow\w*)\b", re.IGNORECASE
)
_DELIVERY = re.compile(
    r"\b(trigger\w*|events?|notif\w*|messages?|deliver\w*|invok\w*|subscri\w*|announc\w*|process\w*|consum\w*|picked up|fires?|runs?|schedul\w*)\b",
    re.IGNORECASE,
)
_PRODUCES = re.compile(r"\b(send(s|ing)?|publish(es|ing)?|writ(es?|ing)|enqueu(es?|ing)|puts?|emits?|push(es|ing)?)\b", re.IGNORECASE)
_STORES = re.compile(
    r"\b(?:can ?not|can['’]?t|could ?n['’]?t|unable to|fail(?:s|ed)? to|(?:does|do|did) ?n['’]?t|no longer|never|stopped|should|has to|must|is to) "
    r"(?:(?:even|ever|always|really|properly|successfully|be|get|to|any|longer) ){0,2}?"
    r"(?:sav|stor|upload|writ|export|dump|persist|archiv|put|copy|deliver|drop)(?:e|es|s|ing|ting|ping)?\b",
    re.IGNORECASE,
)
_BORDER = re.compile(r"[,;.!?]\s|\b(when|whenever|if|while|although|though|but|after|as)\b", re.IGNORECASE)


@dataclass(frozen=True)
class KeySample:
    """What is known of the keys meant: how they begin and end."""

    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True)
class Words:
    """The reading of one problem."""

    events: tuple[str, ...]
    """Concrete object events that are said to be lost."""
    explicit: bool
    """Whether the words single out a kind of event."""
    keys: tuple[KeySample, ...]
    partial: bool
    into: bool
    out_of: bool
    delivery: bool
    """Whether the words are about something being sent, called or worked off."""

    @classmethod
    def of(cls, problem: Problem) -> Words:
        """Read a problem; what is said to work is left out."""
        text = problem.text
        for left, right in reversed(healthy_spans(text)):
            text = text[:left] + " " * (right - left) + text[right:]
        named = tuple(event for pattern, events in _EVENTS if re.search(pattern, text, re.IGNORECASE) for event in events)
        plain = () if named and not re.search(r"\bupload", text, re.IGNORECASE) else (s3_events.CREATED_BY_UPLOAD,)
        spoken = {problem.symptom, *problem.symptoms[:2]}
        return cls(
            events=named or plain,
            explicit=bool(named),
            keys=_keys(text, problem),
            partial="partial" in spoken,
            into=bool(_INTO.search(text)),
            out_of=bool(_OUT.search(text)),
            delivery=bool(_DELIVERY.search(text)),
        )


def _keys(text: str, problem: Problem) -> tuple[KeySample, ...]:
    names = {entity.text for entity in problem.entities} | {ref.native_id for ref in problem.matched()}
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(f"{name}/", " ").replace(name, " ")
    found: dict[KeySample, None] = {}
    for match in _PATH.finditer(text):
        rest = match[2]
        suffix = rest.rpartition("*")[2] if "*" in rest else rest
        found[KeySample(match[1], suffix if "." in suffix else "")] = None
    prefixes = {match[1].rstrip("/") + "/" for match in _FOLDER.finditer(text)} - {sample.prefix for sample in found}
    suffixes = {match[1] for match in _EXTENSION.finditer(text)} | {
        f".{next(filter(None, match.groups())).lower()}" for match in _FILES.finditer(text)
    }
    known = {sample.suffix for sample in found}
    suffixes = {one for one in suffixes if not any(other.endswith(one) for other in known)}
    for prefix in sorted(prefixes) or ([""] if suffixes else []):
        for suffix in sorted(suffixes) or [""]:
            found[KeySample(prefix, suffix)] = None
    return tuple(found)


def produces(text: str, first: str, second: str) -> bool:
    """Whether the words make the first thing a sender to the second: "function a sends to queue b"."""
    start, end = text.find(first), text.find(second)
    return 0 <= start < end and _PRODUCES.search(text[start:end]) is not None and _BORDER.search(text[start:end]) is None


def stores(text: str, first: str, second: str) -> bool:
    """Whether the words make the first thing one that is to write into the second: "function a cannot save its reports to bucket b"."""
    start, end = text.find(first), text.find(second)
    between = text[start + len(first) : end]
    return 0 <= start < end and _STORES.search(between) is not None and _BORDER.search(between) is None


_NEW = r"(?:\w+ ){0,3}?(?:files?|objects?|data|uploads?|records?|documents?|exports?|dumps?|backups?|partitions?|logs?)\b"
_FILLED = re.compile(
    rf"[\"'`”’]?\s+(?:bucket\s+)?(?:(?:still|just|now)\s+)?(?:(?:has|have|got|gets|get|shows?|receives?|sees?|holds?) (?:no|0|zero) {_NEW}"
    r"|(?:is|are|stays?|remains?) (?:still )?empty\b|(?:has|gets?|got|receives?) nothing new\b"
    rf"|(?:has|have|does|do|did) ?n['’]?t (?:\w+ )?(?:get|got|gotten|receive\w*|have|had) (?:any )?(?:new )?{_NEW})",
    re.IGNORECASE,
)


_FILLING = re.compile(
    rf"\b(?:(?:no|zero|0) {_NEW}|nothing(?: new)? (?:arriv\w*|lands?|shows? up|ends? up|appears?|(?:is|gets?|was) (?:written|stored|saved)))"
    r"[^.;,!?]{0,50}?"
    r"\b(?:in|into|to|at) (?:the |our |my )?(?:bucket )?[\"'`“‘]?$",
    re.IGNORECASE,
)
_CLOSE = re.compile(r"[\"'`”’]?(?: bucket)?\s*(?:$|[.,;:!?\n(]|\b(?:since|for|any ?more|after|today|yesterday|lately|now|at all)\b)", re.IGNORECASE)


def fills(text: str, name: str) -> bool:
    """Whether the words say of a store that nothing new comes into it: "the lake has no new files since Monday", "no new files in the lake"."""
    for place in re.finditer(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text):
        before = text[: place.start()]
        if _FILLED.match(text, place.end()) and not _THEIRS.search(before):
            return True
        if _FILLING.search(before) and _CLOSE.match(text, place.end()):
            return True
    return False


_RECEIVES = re.compile(
    r"[\"'`”’]?\s+(?:(?:is|was|has|does|did|not|no longer|never|still|just|isn['’]?t|does ?n['’]?t|did ?n['’]?t)\s+)*"
    r"(?:gets?|getting|receiv\w*|sees?|empty)\b",
    re.IGNORECASE,
)


_THEIRS = re.compile(
    r"\b(?:subscribers?|consumers?|listeners?|receivers?|readers?|everyone|everybody|nobody|anyone|teams?|clients?) (?:\w+ )?(?:of|to|on|behind) "
    r"(?:the |our )?(?:\w+ )?[\"'`“‘]?\Z",
    re.IGNORECASE,
)


def receives(text: str, name: str) -> bool:
    """Whether the words make the thing the one that nothing comes to: "topic alerts gets nothing", but not "subscribers of alerts get nothing"."""
    places = re.finditer(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)
    return any(_RECEIVES.match(text, match.end()) and not _THEIRS.search(text[: match.start()]) for match in places)


def arrivals(text: str) -> bool:
    """Whether things are said to come in."""
    return _ARRIVAL.search(text) is not None
