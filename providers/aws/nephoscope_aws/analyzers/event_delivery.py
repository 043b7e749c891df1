"""Event delivery: follow events hop by hop from the named sender to the named consumer, from both ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from nephoscope.interfaces import FactView
from nephoscope.models import Finding, ResourceRef
from nephoscope_aws.access.calls import named_call
from nephoscope_aws.access.uses import about_logs
from nephoscope_aws.analyzers.delivering import buckets, consumers, mending, outside, queues, receivers, refs, rules, telling, topics, trace
from nephoscope_aws.analyzers.delivering.context import Context
from nephoscope_aws.analyzers.delivering.ends import alarmed, named, routes
from nephoscope_aws.analyzers.delivering.search import Hop, Route, gone
from nephoscope_aws.analyzers.delivering.words import Words, arrivals
from nephoscope_aws.analyzers.implied import judged
from nephoscope_aws.iam.truth import Truth
from nephoscope_aws.looking.look import Look, mend

SYMPTOMS = frozenset({"event_not_delivered", "nothing_happens", "partial", "missing", "late", "duplicate", "suspicion"})
_PLAIN = frozenset({"event_not_delivered", "nothing_happens"})
_DUTIES = re.compile(
    r"\b(replica\w*|mirror\w*|cop(y|ies|ied) (over )?(in)?to|sync\w*|(access|server) logs?|logging|versioning|lifecycle|web ?sites?|cors)\b",
    re.IGNORECASE,
)
_LONG_AGO = r"(older|(?<!since )last (week|month|quarter|year)|(days?|weeks?|months?) (old|ago)|gone|vanish\w*|disappear\w*|retention|kept?)"
_KEPT_LOGS = re.compile(
    rf"\blogs?\b(?=[^.;!?]*\b{_LONG_AGO}\b)|\b(old(er)?|historic\w*|last (week|month|quarter|year)['’]?s?) (\w+ )?logs?\b", re.IGNORECASE
)
_CONNECTING = frozenset({"cannot_connect", "timeout", "refused"})
_ANSWERED = _CONNECTING | {"access_denied"}
"""Of trouble that a caller has, where no word is about events, nothing that is sent by itself is the cause."""
_PRINCIPALS = frozenset({"iam:role", "iam:user"})
_MUTE = frozenset({refs.BUCKET, refs.BUS, refs.RULE, refs.TOPIC, refs.QUEUE})
_PASSIVE = re.compile(r"\b(be reached|reachable|connect\w*|port \d+)\b", re.IGNORECASE)
_UNABLE = (
    r"(?:(?:function|lambda)\s+)?"
    r"(?:can ?no?t|can['’]t|could ?n['’]?t|could not|(?:is|was) (?:not able|unable)|fails? to|failed to|may not|is (?:denied|refused))\b"
)
_STORES = frozenset({refs.BUCKET, refs.LOG_GROUP})
_TAKING = frozenset({refs.RULE, refs.BUS, refs.TOPIC, refs.QUEUE, refs.FUNCTION})
_SENDERS: Mapping[str, Callable[[Context, Hop], Iterator[Finding]]] = {
    refs.BUCKET: buckets.findings, refs.BUS: rules.on_bus, refs.RULE: rules.findings, refs.TOPIC: topics.findings, refs.QUEUE: queues.findings,
    refs.LOG_GROUP: telling.of_log_group, refs.ALARM: telling.of_alarm,
}  # fmt: skip
_SEEN = {
    refs.BUCKET: "aws.s3.seen-notification", refs.BUS: "aws.events.seen-rule", refs.RULE: "aws.events.seen-target",
    refs.TOPIC: "aws.sns.seen-subscription", refs.QUEUE: "aws.lambda.seen-event-source-mapping",
    refs.LOG_GROUP: "aws.logs.seen-subscription", refs.ALARM: "aws.cloudwatch.seen-action",
}  # fmt: skip
_RANK = {"yes": 2, "unknown": 1, "no": 0}


class EventDelivery:
    """Implements :class:`nephoscope.interfaces.Analyzer`."""

    name = "event_delivery"
    version = "1"

    def analyze(self, view: FactView) -> Sequence[Finding]:
        """Findings on every hop between what the words name; nothing where the words are not about events."""
        findings = [one for route in alarmed(view) for one in _hops(Context(view, Words.of(view.problem), route))]
        return _merged([*findings, *_between(view)])


def _between(view: FactView) -> Sequence[Finding]:
    problem = view.problem
    reaching = _reaching(view)
    if not reaching and not SYMPTOMS & {problem.symptom, *problem.symptoms[:2]}:
        return ()
    words = Words.of(problem)
    if not words.delivery and not reaching and (problem.symptom in _ANSWERED or named_call(view) or _other_duty(view) or _somebodys(view)):
        return ()
    if _kept_logs(view):
        return ()
    found, orphan, look = routes(view, words)
    found = _without_loose(view, words, _living(view, found))
    plain = reaching or bool(_PLAIN & {problem.symptom, *problem.symptoms[:2]})
    if not _about_delivery(view, words) and not ((plain or problem.symptom == "suspicion") and (arrivals(problem.text) or words.keys)):
        return ()
    unsaid = problem.symptom == "suspicion" and not {ref.native_type for ref in named(view)} <= _STORES
    findings = [
        one for route in found if plain or unsaid or any(hop.links or not hop.known for hop in route.hops) for one in _along(view, words, route)
    ]
    if orphan is not None and plain:
        findings += [*_unfed(view, orphan, look), *_ready(Context(view, words, Route((Hop(orphan, None, (), look),))))]
    elif found and (plain or unsaid):
        findings += _feeding(view, found[0].start, look)
    return findings


def _feeding(view: FactView, first: ResourceRef, look: Look) -> Iterator[Finding]:
    """With a way from a thing found, what leads to it is asked for too: a second fault may lie before it. Buckets are too many for that."""
    needs = tuple(one for one in look.askable if one.kind != refs.BUCKET)
    if needs:
        yield look.observation(f"aws.{refs.service(first)}.seen-feeding", first, None, "").model_copy(update={"needs": needs})


def _reaching(view: FactView) -> bool:
    """A bucket, bus, rule, topic or queue opens no connections: what is said not to reach a thing from there is what it sends."""
    if view.problem.symptom not in _CONNECTING or _PASSIVE.search(view.problem.text):
        return False
    sick = [entity for entity in view.problem.entities if entity.role != "healthy" and entity.matches]
    kinds = [{ref.native_type for ref in entity.matches} for entity in sick]
    if len(kinds) < 2 or not kinds[0] or not kinds[0] <= _MUTE or not all(other <= _TAKING for other in kinds[1:]):
        return False
    return not any(_cannot(view.problem.text, entity.text) for entity in sick[1:])


def _cannot(text: str, name: str) -> bool:
    """Whether it is the thing itself that cannot do something: "the mailer can't open them" is about what it asks for, not what it is sent."""
    return re.search(rf"(?<![\w-]){re.escape(name)}[\"'`”’]?\s+{_UNABLE}", text, re.IGNORECASE) is not None


def _other_duty(view: FactView) -> bool:
    """A bucket alone, and words about something else that buckets do by themselves."""
    return {refs.BUCKET} >= {ref.native_type for ref in named(view)} and _DUTIES.search(view.problem.text) is not None


def _kept_logs(view: FactView) -> bool:
    """Logs that are kept for too short a time are lost by nobody on the way."""
    return _KEPT_LOGS.search(view.problem.text) is not None


def _somebodys(view: FactView) -> bool:
    """A user or role is in trouble with a thing: what that person or program may do, not what the thing sends by itself."""
    return any(
        entity.role != "healthy" and entity.named and _PRINCIPALS & {ref.native_type for ref in entity.matches} for entity in view.problem.entities
    )


def _about_delivery(view: FactView, words: Words) -> bool:
    """A store alone may hurt in many ways; only words about sending, or a second thing, make it a matter of delivery."""
    types = {ref.native_type for ref in named(view)}
    return words.delivery or bool(types - _STORES)


def _along(view: FactView, words: Words, route: Route) -> Iterator[Finding]:
    context = Context(view, words, route)
    if gone(view, route.start):
        yield from _without_start(view, route.start)
        return
    yield from _hops(context)
    yield from _ready(context)
    for queue in {one.key: one for hop in route.hops for one in (hop.source, hop.target) if one and one.native_type == refs.QUEUE}.values():
        yield from queues.settings(context, queue)
    yield from trace.observe(context)


def _hops(context: Context) -> Iterator[Finding]:
    for hop in context.route.hops:
        causes = [*_SENDERS[hop.source.native_type](context, hop), *receivers.findings(context, hop), *_by_role(context.view, hop)]
        yield from _with_traffic(causes, context.route)
        yield _hop_seen(context, hop, causes)


def _by_role(view: FactView, hop: Hop) -> Iterator[Finding]:
    """A target that is called by a role is reached only if that role may: what it leads to need not be known here for that."""
    for holder in {link.holder.key: link.holder for link in hop.links if link.holder.native_type == refs.TARGET}.values():
        role = view.fact(holder, "role")
        for finding in judged(view, holder) if role is not None and not role.known_absent else ():
            yield finding.model_copy(update={"on_path": True})


def _living(view: FactView, found: tuple[Route, ...]) -> tuple[Route, ...]:
    """Senders that are gone explain something when they were named, or when nobody else sends; an old permission alone may name them."""
    spoken = {ref.key for ref in named(view)}
    living = tuple(route for route in found if route.start.key in spoken or not gone(view, route.start))
    return living or found


def _without_loose(view: FactView, words: Words, found: tuple[Route, ...]) -> tuple[Route, ...]:
    """Of ways that are configured one may be blocked: then who is let in and sends nothing, an old permission most often, is no second fault.

    The account as it is decides, so that a supposition brings none of them back.
    """
    spoken = {ref.key for ref in named(view)}
    real = getattr(view, "real", view)
    ways = found if real is view else _living(real, routes(real, words)[0])
    loose = {way.start.key for way in ways if not _configured(way) and way.start.key not in spoken}
    whole = [way for way in ways if _configured(way) and way.start.key not in loose]
    if not loose or not any(one.role == "cause" and one.holds == "yes" and one.on_path for way in whole for one in _along(real, words, way)):
        return found
    return tuple(way for way in found if way.start.key not in loose)


def _configured(way: Route) -> bool:
    return all(hop.links for hop in way.hops)


def _without_start(view: FactView, start: ResourceRef) -> Iterator[Finding]:
    """What was named as the sender is not there; nothing further can be asked about it."""
    service, kind = start.native_type.split(":")
    look = Look(view)
    look.exists(start)
    note = f"{kind.replace('-', ' ')} {start.label} does not exist" + (f" in {start.region}" if start.region else "")
    yield look.finding(f"aws.{service}.{kind}-deleted", start, True, note=note, details={"name": start.label}, suppose=[mend(start, "exists", True)])
    yield look.observation(f"aws.{service}.seen-sender-there", start, False, note)


def _ready(context: Context) -> Iterator[Finding]:
    end = context.route.end
    if end.native_type == refs.FUNCTION:
        lines = judged(context.view, end) if about_logs(context.view.problem.text) else ()
        causes = [*consumers.findings(context, end), *lines]
        yield from _with_traffic(causes, context.route)
        yield _sum_up(context.view, "aws.lambda.seen-consumer-ready", end, causes, f"{end.label} would run when called")


def _with_traffic(causes: Iterable[Finding], route: Route) -> Iterator[Finding]:
    """With the fault mended, events would be seen to arrive."""
    for finding in causes:
        moving = mending.traffic(route.end)
        yield finding.model_copy(update={"suppose": (*finding.suppose, *moving)}) if finding.suppose and finding.on_path else finding


def _hop_seen(context: Context, hop: Hop, causes: Sequence[Finding]) -> Finding:
    target = hop.target or hop.source
    words = f"{hop.source.label} → {hop.target.label}: open" if hop.target else f"{hop.source.label} sends its events on"
    return _sum_up(context.view, _SEEN[hop.source.native_type], target, causes, words)


def _sum_up(view: FactView, name: str, subject: ResourceRef, causes: Sequence[Finding], words: str) -> Finding:
    """An observation is made when every cause that could spoil it is ruled out."""
    blocking = [one for one in causes if one.on_path]
    holds = {one.holds for one in blocking}
    truth: Truth = False if "yes" in holds else None if "unknown" in holds else True
    needs = {need.key: need for one in blocking if one.holds == "unknown" for need in one.needs}
    because = dict.fromkeys(identifier for one in blocking for identifier in one.because)
    note = words if truth else "; ".join(one.note for one in blocking if one.holds == "yes")
    bare = Look(view).observation(name, subject, truth, note)
    return bare.model_copy(update={"because": tuple(because), "needs": tuple(needs.values()) if truth is None else ()})


def _unfed(view: FactView, end: ResourceRef, look: Look) -> Iterator[Finding]:
    """Nothing is configured to send to the thing, and its policy expects nobody.

    Programs send to queues and topics by rights of their own, which leave no trace there: of those nothing follows. A sender outside of
    what is followed here is one, and nothing is known of whether it sends.
    """
    by_programs = end.native_type != refs.FUNCTION
    other = outside.sender(look, end)
    truth: Truth = False if other else None if look.needs or by_programs else True
    service = refs.service(end)
    attribute = "rules"
    supposed = f"arn:aws:events:{end.region}:{end.account}:rule/supposed"
    rule = refs.of_arn(supposed)
    suppose = [mend(end, attribute, [supposed]), *mending.traffic(end)]
    if rule is not None:
        statement = mending.allowing(rule, end, end.native_id, [mending.ACTIONS[end.native_type]])
        facts = {"exists": True, "state": "ENABLED", "pattern": None, "schedule": "rate(1 day)"}
        suppose += [mend(rule, name, value) for name, value in facts.items()]
        suppose += [*mending.rule_target_of(rule, end), mend(end, "policy", mending.with_statement(None, statement))]
    note = f"nothing is configured to send to {end.label}"
    if other:
        note = f"{end.label} has a sender: {other}"
    elif by_programs and not look.needs:
        note = f"which program sends to {end.label}: {note}, so only programs can"
    elif not truth:
        note = ""
    yield look.finding(f"aws.{service}.no-sender", end, truth, note=note, details={"target": end.label}, suppose=suppose)
    yield look.observation(f"aws.{service}.seen-sender", end, False if truth else None, note)


def _merged(findings: Iterable[Finding]) -> list[Finding]:
    """One finding per cause and thing; of several the graver word counts."""
    merged: dict[str, Finding] = {}
    for one in findings:
        former = merged.get(one.key)
        if former is None or _RANK[one.holds] > _RANK[former.holds]:
            merged[one.key] = one
        elif one.holds == former.holds == "unknown":
            needs = {need.key: need for need in (*former.needs, *one.needs)}
            merged[one.key] = former.model_copy(update={"needs": tuple(needs.values())})
    return list(merged.values())
