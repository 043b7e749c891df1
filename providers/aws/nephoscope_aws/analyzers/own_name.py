"""Services in their own name: may they write where a thing sends them, and read what it shows? Policies of buckets, topics and keys decide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nephoscope.interfaces import FactView
from nephoscope.models import Finding, ResourceRef
from nephoscope_aws.access import keys, targets
from nephoscope_aws.access.cases import Case, Side, decide
from nephoscope_aws.access.circumstances import circumstances
from nephoscope_aws.access.identity import Actor
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.access.own_name import TYPES, WORDS, Deed, deeds
from nephoscope_aws.access.sources import Gathered, Source
from nephoscope_aws.access.telling import Question, allowed, causes
from nephoscope_aws.access.things import service_of
from nephoscope_aws.analyzers.setting.rules import BROKEN
from nephoscope_aws.iam import Context, Policy, Principal
from nephoscope_aws.looking.look import Look

_SYMPTOMS = BROKEN | {"access_denied", "exposed"}
_NOBODY = Side(Gathered(()), Gathered(()), (), sees_scps=True)
_ANYTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
_UNSEEN = Side(Gathered((Policy("policies of the other account", _ANYTHING),)), Gathered(()), (), sees_scps=True)
_LACKS = re.compile(r"-(lacks-principal|condition-unmet|names-deleted-principal)$")


class OwnNameAnalyzer:
    """Implements :class:`nephoscope.interfaces.Analyzer`."""

    name = "own_name"
    version = "1"

    def analyze(self, view: FactView) -> Sequence[Finding]:
        """For each thing that the words name, and each that its service acts on: what keeps it out, and whether it is seen to be let in."""
        if not {view.problem.symptom, *view.problem.symptoms} & _SYMPTOMS:
            return []
        found: dict[str, Finding] = {}
        for thing in _things(view):
            for one in _judged(view, thing):
                found.setdefault(one.key, one)
        return list(found.values())


def _things(view: FactView) -> list[ResourceRef]:
    named = {ref.key: ref for entity in view.problem.entities if entity.role != "healthy" for ref in entity.matches if ref.native_type in TYPES}
    return [ref for ref in named.values() if re.search(WORDS.get(ref.native_type, ""), view.problem.text, re.IGNORECASE)]


def _judged(view: FactView, thing: ResourceRef) -> Iterator[Finding]:
    look = Look(view)
    for deed in deeds(look, thing):
        gone = view.fact(deed.target, "exists")
        if gone is None or not gone.known_absent:
            yield from _of_deed(view, thing, deed, look)
    if look.askable:
        yield look.observation(f"aws.{service_of(thing.native_type)}.seen-let-in", thing, None, "")


def _of_deed(view: FactView, thing: ResourceRef, deed: Deed, look: Look) -> Iterator[Finding]:
    question = _question(view, thing, deed)
    seen = allowed(question, f"aws.{service_of(deed.target.native_type)}.seen-{deed.service.partition('.')[0] or 'reader'}-let-in", deed.target)
    found = causes(question)
    if deed.forgiven:
        found = [one for one in found if not _LACKS.search(one.cause)]
        seen = seen if seen.holds == "yes" else seen.model_copy(update={"holds": "unknown", "because": (), "note": deed.forgiven})
    for one in found:
        yield one.model_copy(update={"because": (*look.because, *one.because)}) if one.holds == "yes" else one
    if deed.enough or seen.holds != "yes":
        yield seen


def _question(view: FactView, thing: ResourceRef, deed: Deed) -> Question:
    target, lens = deed.target, Lens(view)
    principal = Principal(arn=deed.user, account="cloudfront") if deed.user else Principal(service=deed.service)
    actor = Actor(principal, workload=thing, service=deed.service)
    is_key = target.native_type == "kms:key"
    own = keys.policy_of(Lens(view), target) if is_key else targets.resource_policy(Lens(view), target)
    about = circumstances(view.problem, actor, target, lens)
    context = Context({**about.values, **deed.context}, about.complete - deed.context.keys())
    side = _UNSEEN if deed.user else _NOBODY
    cases: tuple[Case, ...] = tuple(decide(actor, action, arn, target, side, own, context, required=True) for action, arn in deed.asks)
    return Question(
        cases=cases, target=target, prefix=targets.causes_of(target), required=True,
        fallback=Source("new policy", target, "policy", None, targets.writer(target)),
    )  # fmt: skip
