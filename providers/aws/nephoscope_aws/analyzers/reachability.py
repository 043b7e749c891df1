"""Reachability: can these packets get there, and can the answers come back? Hop by hop, from configuration alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from nephoscope.interfaces import FactView
from nephoscope.knowledge.symptoms import states
from nephoscope.models import FactQuery, Finding, Problem, ResourceRef
from nephoscope_aws.access.calls import by_somebody
from nephoscope_aws.analyzers.reach import journeys, pooled, starting
from nephoscope_aws.analyzers.reach.ends import End, Endpoint, Instance
from nephoscope_aws.analyzers.reach.hosted import Hosted
from nephoscope_aws.analyzers.reach.journeys import Asked, Leg
from nephoscope_aws.analyzers.reach.probe import findings, walk
from nephoscope_aws.analyzers.reach.request import Request, requests, within, words
from nephoscope_aws.analyzers.reach.sight import Sight, Unseen

_OURS = frozenset({"cannot_connect", "timeout", "refused", "error_status", "slow"})
_LOST = frozenset({"cannot_connect", "timeout", "refused", "slow"})
"""Classes that tell of packets that get nowhere."""
_ALSO = frozenset({"missing", "nothing_happens", "suspicion", "exposed", "partial"})
"""Classes that are ours when the words also speak of connections, or when they name a machine or load balancer itself, or both ends."""
_GUARDED = ("s3:bucket", "sqs:queue", "sns:topic", "dynamodb:table", "kms:key", "secretsmanager:secret", "iam:role", "iam:user")
"""Things that policies guard: whoever cannot use one of these may well be denied."""
_NAMED_ITSELF = ("ec2:instance", "elbv2:load-balancer")


class ReachabilityAnalyzer:
    """Walks the path between what the problem names. Every hop is an observation and hides causes; a blocked hop names one of them."""

    name = "reachability"
    version = "1"

    def analyze(self, view: FactView) -> Sequence[Finding]:
        """Findings for each conversation the problem is about; empty when it is about no connection."""
        if by_somebody(view.problem) or re.search(words()["attaching"], view.problem.text, re.IGNORECASE):
            return []
        slow = view.problem.symptom == "slow"
        asked = [(request, leg) for request in _relevant(view.problem) for leg in _legs(view, request)]
        legs = [journeys.clocked(leg, _subject(request)) if slow else leg for request, leg in asked]
        legs += [*pooled.legs(Sight(view), view.problem), *starting.legs(Sight(view), view.problem)]
        judged = [one for leg in legs for one in walk(view, leg.probes, leg.traffic)]
        return findings(judged)


def _relevant(problem: Problem) -> list[Request]:
    spoken = {problem.symptom, *problem.symptoms}
    if problem.symptom in _OURS or (problem.symptom in _ALSO and spoken & _OURS):
        return requests(problem)
    hinted = problem.symptom == "access_denied" and not states(problem.text, "access_denied")
    if hinted and "cannot_connect" in spoken and not problem.matched(*_GUARDED):
        return requests(problem)  # "cut off, it cannot fetch a page": no answer was told
    unanswered = problem.symptom == "access_denied" and (hinted or "cannot_connect" in spoken)
    if unanswered or problem.symptom == "event_not_delivered":  # kept from something, nobody says by whom; or nothing gets from one to the other
        lost = bool(spoken & _LOST)
        return [
            request
            for request in requests(problem)
            if (request.source and request.target and _both(request.source, request.target)) or (lost and request.source and request.service)
        ]
    if problem.symptom in ("missing", "nothing_happens", "suspicion"):
        if within(problem):
            return []  # what a machine shows or holds, no path of packets tells
        return [request for request in requests(problem) if _meant(problem, request) or (request.source and request.target)]
    return []


def _both(source: End, target: End) -> bool:
    """Whether both ends are machines, or stand in the place of one: what calls a function, or is called by one, may be anything."""
    return all(isinstance(end, Instance | Hosted) for end in (source, target))


def _meant(problem: Problem, request: Request) -> bool:
    """Whether a machine or load balancer itself is what the words are about: one with a name, or where nothing has one."""
    subject = _subject(request)
    named = {ref.key for entity in problem.entities if entity.named for ref in entity.matches}
    alone = any({ref.key for ref in entity.matches} == {subject.key} for entity in problem.entities)  # one of many machines is not what is meant
    return subject.native_type in _NAMED_ITSELF and (subject.key in named or (not named and alone))


def _legs(view: FactView, request: Request) -> list[Leg]:
    sight = Sight(view)
    subject = _subject(request)
    return journeys.composed(sight, subject, lambda: _journey(sight, request), request.asked.traffic)


def _subject(request: Request) -> ResourceRef:
    end = request.target or request.source
    assert end is not None  # noqa: S101 - every request has an end
    return end.ref


def _journey(sight: Sight, request: Request) -> list[Leg]:
    if request.source and request.target:
        return _across(sight, request.source, request.target, request)
    if request.source and request.address:
        return _to_address(sight, request.source, request)
    if request.source and request.beyond:
        return journeys.unplaced(request.source, request.beyond, request.asked)
    if request.source and request.service:
        lost = {sight.view.problem.symptom, *sight.view.problem.symptoms} & _LOST
        services = starting.PULLING if request.service == starting.PULLING[0] else (request.service,)
        legs = [leg for service in services for leg in journeys.to_service(sight, request.source, service, request.asked)]
        return legs if lost else [*legs, journeys.let_in(request.source, request.service, request.asked)]
    if request.source:
        return journeys.outbound(sight, request.source, request.peer, request.asked)
    return _inward(sight, request.target, request) if request.target else []


def _across(sight: Sight, source: End, target: End, request: Request) -> list[Leg]:
    if isinstance(target, Endpoint):
        return journeys.to_endpoint(sight, source, target, request.asked)
    for end in (source, target):
        if isinstance(end, Hosted) and not end.placed(sight):
            return journeys.unplaced(source, end.ref, request.asked)
    return journeys.between(sight, source, target, _served(target, request.asked))


def _served(target: End, asked: Asked) -> Asked:
    """Where the words give no number, the ports are those of the called thing."""
    own = target.traffic if isinstance(target, Hosted) and not asked.exact else None
    return replace(asked, traffic=own) if own else asked


def _to_address(sight: Sight, source: End, request: Request) -> list[Leg]:
    """A private address is some machine's; whose it is, the inventory of machines tells."""
    wanted = FactQuery(kind="ec2:instance", attribute="private_ip")
    if sight.view.complete("ec2:instance") is None:
        raise Unseen(wanted)
    holder = next((fact.subject for fact in sight.view.facts(wanted) if fact.value == request.address), None)
    return journeys.between(sight, source, Instance(holder), request.asked) if holder else journeys.towards(source, request.peer, request.asked)


def _inward(sight: Sight, target: End, request: Request) -> list[Leg]:
    if isinstance(target, Hosted):
        return journeys.from_somewhere(sight, target, _served(target, request.asked)) if target.placed(sight) else []
    if request.stated:
        return journeys.from_outside(sight, target, request.peer, request.asked)
    try:
        private = journeys.kept_private(sight, target)
    except Unseen as unseen:
        waiting = journeys.waiting(target.ref, unseen, request.asked.traffic)
        return [waiting, *journeys.from_somewhere(sight, target, request.asked)]
    if private:
        return journeys.from_somewhere(sight, target, request.asked)
    return journeys.from_outside(sight, target, request.peer, request.asked)
