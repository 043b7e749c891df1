"""The generic walk: what is named, what it refers to and what leads to it, judged without knowing what any of it is for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nephoscope.interfaces import FactView
from nephoscope.models import Fact, FactQuery, Finding, Holds, Identity, JsonValue, ResourceRef, Supposition
from nephoscope_aws.access.uses import unasked
from nephoscope_aws.analyzers.settings import known_as
from nephoscope_aws.analyzers.walking.better_known import better_known
from nephoscope_aws.analyzers.walking.conditions import Condition, conditions, mended
from nephoscope_aws.analyzers.walking.references import references
from nephoscope_aws.analyzers.walking.tables import Question, estate, existence, listed, questions, state_attribute, words
from nephoscope_aws.looking.look import Look, hidden

MOST_STARTS = 4
MOST_NEIGHBOURS = 12
"""So many things that one thing refers to, and as many that lead to it, are looked at."""
ALIKE = 0.75
_FEEDS = "leads to"


class WalkAnalyzer:
    """Implements :class:`nephoscope.interfaces.Analyzer`; asked only where no other analyzer has an answer."""

    name = "walk"
    version = "1"
    fallback = True

    def analyze(self, view: FactView) -> Sequence[Finding]:
        """Causes of the thing itself, of what it needs and of what feeds it; never that all is well."""
        found: dict[str, Finding] = {}
        for start in _starts(view):
            for walked in _Walk(view, start).findings():
                one = known_as(view, better_known(view, walked))
                former = found.get(one.key)
                if former is None or (one.holds == "yes" and former.holds != "yes"):
                    found[one.key] = one
        return list(found.values())


def _starts(view: FactView) -> list[ResourceRef]:
    sick = [entity for entity in view.problem.entities if entity.role != "healthy" and entity.matches]
    meant = [entity for entity in sick if entity.named] or sick
    return list({ref.key: ref for entity in meant for ref in entity.matches if ref.cloud == "aws"}.values())[:MOST_STARTS]


@dataclass(frozen=True)
class _Neighbour:
    """A thing one reference away. ``place``: where it is named; ``fact``: in which fact; ``siblings``: how many of its kind lead to the same."""

    ref: ResourceRef
    place: str
    fact: Fact
    text: str
    siblings: int = 1


class _Walk:
    """From one named thing, as far as its configuration tells."""

    def __init__(self, view: FactView, start: ResourceRef) -> None:
        self._view = view
        self._start = start
        self._service = start.native_type.partition(":")[0]
        self._identity = next((one for one in view.identities if one.account == start.account), _anybody(view, start))
        self._ran = view.problem.symptom in words()["ran"]
        self._explained = bool({view.problem.symptom, *view.problem.symptoms[:1]} & set(words()["explains"]))

    def findings(self) -> Iterator[Finding]:
        gone = self._view.fact(self._start, "exists")
        if gone is not None and gone.known_absent:
            yield self._absent(gone)
            return
        yield from self._unread()
        yield from self._own()
        targets = [one for one in self._targets() if one.ref.account in (self._start.account, "", self._identity.account)]
        for one in targets:
            if one.ref.region and one.ref.region not in self._identity.regions:
                yield from self._elsewhere(one)
        near = [one for one in targets if not one.ref.region or one.ref.region in self._identity.regions]
        yield from self._resolved(near)
        for one in near:
            if self._view.fact(one.ref, "exists") and one.ref not in self._missing(near):
                yield from self._state_of(one.ref, one, near="is named by")
        for one in self._feeders():
            yield from self._state_of(one.ref, one, near=_FEEDS)
        yield self._unseen()

    # -- the thing itself ------------------------------------------------------------------------------------------

    def _absent(self, gone: Fact) -> Finding:
        near = self._alike(self._start)
        note = f"{self._kind(self._start)} {self._start.label} does not exist{_meant(near)}"
        suppose = [Supposition(subject=self._start, attribute="exists", value=True)]
        return self._cause("not-there", self._start, "yes", [gone], note, f"{self._start.label} does not exist", suppose)

    def _unread(self) -> Iterator[Finding]:
        """What of its configuration was not read yet."""
        unread = (self._missing_of(one) for one in questions(self._start.native_type))
        needs = [FactQuery(subject=self._start, attribute=name) for name in unread if name]
        if needs:
            yield self._observed("seen-configuration", "unknown", f"the configuration of {self._start.label}", needs=needs)
            return
        facts = self._facts(self._start)
        if facts:
            note = f"what is wrong with {self._start.label} by its own configuration: nothing that a walk can tell"
            bad = any(next(conditions(fact.value, fact.attribute), None) for fact in facts)
            yield self._observed("seen-configuration", "unknown" if bad else "yes", note, facts)

    def _missing_of(self, question: Question) -> str:
        """An attribute that asking would show and that nobody has looked for; that a thing exists, a listing tells too."""
        sought = [name for name in question.attributes if name != "exists"] or list(question.attributes)
        tried = any(self._view.gap(self._start, name) for name in sought)
        return "" if tried else next((name for name in sought if self._view.fact(self._start, name) is None), "")

    def _facts(self, ref: ResourceRef) -> list[Fact]:
        names = dict.fromkeys(name for one in questions(ref.native_type) if not one.collects for name in one.attributes)
        facts = [fact for name in names if not re.fullmatch(words()["unbinding"], name) and (fact := self._view.fact(ref, name))]
        return [fact for fact in facts if not fact.known_absent and fact.value is not None and fact.attribute != "exists"]

    def _own(self) -> Iterator[Finding]:
        for fact in self._facts(self._start):
            if fact.attribute in ("state", "status") or "." not in fact.attribute or fact.attribute.startswith("concurrency"):
                yield from self._judged(self._start, fact, f"{self._kind(self._start)} {self._start.label}", near="")

    def _judged(self, ref: ResourceRef, fact: Fact, told: str, near: str, siblings: int = 1) -> Iterator[Finding]:
        if not _settings(fact):
            return
        for condition in conditions(fact.value, fact.attribute):
            name = "not-in-service" if condition.kind == "state" else "amounts-to-nothing"
            note = f"{told}: {condition.means} ({condition.path})"
            main = condition.path.count(".") <= 1 or condition.kind == "nothing"
            title = f"{told}: {condition.means}"
            on_path = main and siblings == 1 and self._explains(condition) and not (self._ran and near == _FEEDS)
            yield self._cause(name, ref, "yes", [fact], note, title, self._mended(ref), on_path=on_path, place=near)
            return
        if fact.attribute in ("state", "status"):
            yield self._cause("not-in-service", ref, "no", [fact], f"{told} is {fact.value}", told, ())

    def _mended(self, ref: ResourceRef) -> list[Supposition]:
        """One state is often told in several places: all of them are put right."""
        made = [(fact, mended(fact.value, fact.attribute)) for fact in self._facts(ref)]
        return [Supposition(subject=ref, attribute=fact.attribute, value=value) for fact, value in made if value != fact.value]

    def _explains(self, condition: Condition) -> bool:
        spoken = {self._view.problem.symptom, *self._view.problem.symptoms[:1]}
        if self._start.native_type in words()["answered_past"] and re.search(words()["answered"], self._view.problem.text, re.IGNORECASE):
            return False
        return bool(spoken & set(condition.symptoms)) if condition.symptoms else self._explained or (condition.kind == "nothing" and "slow" in spoken)

    # -- what it refers to -----------------------------------------------------------------------------------------

    def _targets(self) -> Iterator[_Neighbour]:
        seen: set[str] = set()
        beside = unasked(Look(self._view), self._start)
        for fact in self._facts(self._start):
            for one in references(fact.value, fact.attribute, self._start, self._identity):
                if one.ref.native_id not in beside and one.ref.key not in seen and len(seen) < MOST_NEIGHBOURS and existence(one.ref):
                    seen.add(one.ref.key)
                    yield _Neighbour(one.ref, one.path, fact, one.text)

    def _missing(self, named: Sequence[_Neighbour]) -> list[ResourceRef]:
        return [one.ref for one in named if (fact := self._view.fact(one.ref, "exists")) and fact.known_absent]

    def _resolved(self, named: Sequence[_Neighbour]) -> Iterator[Finding]:
        """Whether everything it names is there."""
        if not named:
            return
        missing = self._missing(named)
        open_ = [one for one in named if self._view.fact(one.ref, "exists") is None]
        bad = [one for one in named if one.ref in missing]
        if bad:
            title = f"{self._start.label} refers to {', '.join(one.ref.label for one in bad)}, which does not exist"
            note = "; ".join(
                f"{one.place} names {self._kind(one.ref)} {one.ref.label}, which does not exist{_meant(self._alike(one.ref))}" for one in bad
            )
            suppose = [Supposition(subject=one.ref, attribute="exists", value=True) for one in bad]
            yield self._cause("dangling-reference", self._start, "yes", self._grounds(bad), note, title, suppose, on_path=self._explained, about=bad)
            yield from self._namesakes(bad)
        elif open_:
            needs = [need for one in open_ if (need := existence(one.ref))]
            note = f"whether {', '.join(one.ref.label for one in open_)} exist, which {self._start.label} names"
            yield self._cause("dangling-reference", self._start, "unknown", [], note, note, (), needs=needs, about=open_)
        else:
            note = f"{', '.join(one.ref.label for one in named)}: everything that {self._start.label} names exists"
            yield self._cause("dangling-reference", self._start, "no", self._grounds(named), note, note, (), about=named)

    def _namesakes(self, bad: Sequence[_Neighbour]) -> Iterator[Finding]:
        """What else of the kind there is, so that a misspelt name can be put right."""
        kinds = dict.fromkeys(one.ref.native_type for one in bad if listed(one.ref.native_type))
        needs = [FactQuery(kind=kind, attribute="complete") for kind in kinds if self._view.complete(kind) is None]
        if needs:
            yield self._observed("seen-namesakes", "unknown", f"whether what {self._start.label} names is there under another name", needs=needs)

    def _grounds(self, named: Sequence[_Neighbour]) -> list[Fact]:
        facts = [fact for one in named for fact in (one.fact, self._view.fact(one.ref, "exists")) if fact]
        return list({fact.id: fact for fact in facts}.values())

    def _elsewhere(self, one: _Neighbour) -> Iterator[Finding]:
        """It names a thing of another region while one of that name is here."""
        here = [ref for ref in self._view.subjects(one.ref.native_type) if ref.label == one.ref.label and ref.region in self._identity.regions]
        if here:
            note = f"{one.place} of {self._start.label} names {one.ref.label} in {one.ref.region}; one of that name is in {here[0].region}"
            title = f"{self._start.label} refers to {one.ref.label} in another region"
            yield self._cause("refers-elsewhere", self._start, "yes", [one.fact], note, title, (), on_path=self._explained, about=[one])

    def _state_of(self, ref: ResourceRef, one: _Neighbour, near: str) -> Iterator[Finding]:
        name = state_attribute(ref.native_type)
        if not name:
            return
        fact = self._view.fact(ref, name)
        told = f"{self._kind(ref)} {ref.label}, which {near} {self._start.label}"
        if fact is None:
            need = FactQuery(subject=ref, attribute=name)
            yield self._cause("not-in-service", ref, "unknown", [], told, told, (), needs=[need])
        elif not fact.known_absent:
            yield from self._judged(ref, fact, told, near, one.siblings)

    # -- what leads to it ------------------------------------------------------------------------------------------

    def _feeders(self) -> Iterator[_Neighbour]:
        for question in questions(self._start.native_type):
            fact = self._view.fact(self._start, question.attributes[0]) if question.collects else None
            ids = [one for one in fact.value if isinstance(one, str)] if fact and isinstance(fact.value, list) else []
            for native_id in ids[:MOST_NEIGHBOURS]:
                ref = estate().named(question.collects, native_id, self._identity, self._start.region or self._identity.regions[0])
                if ref and fact:
                    yield _Neighbour(ref, question.attributes[0], fact, native_id, siblings=len(ids))

    # -- words -----------------------------------------------------------------------------------------------------

    def _alike(self, ref: ResourceRef) -> list[str]:
        """Names of the same kind that are nearly the one sought."""
        names = {one.label for one in self._view.subjects(ref.native_type) if one.key != ref.key}
        return difflib.get_close_matches(ref.label, sorted(names), 2, ALIKE)

    @staticmethod
    def _kind(ref: ResourceRef) -> str:
        service, _, kind = ref.native_type.partition(":")
        return f"{service} {kind}".replace("-", " ")

    def _unseen(self) -> Finding:
        """A walk never sees that something works."""
        return self._observed(
            "seen-working", "unknown", f"whether {self._start.label} was seen to work: no analyzer knows what its working looks like"
        )

    def _observed(self, name: str, holds: Holds, note: str, facts: Sequence[Fact] = (), needs: Sequence[FactQuery] = ()) -> Finding:
        because = tuple(fact.id for fact in facts) if holds == "yes" else ()
        cause = f"aws.{self._service}.{name}"
        return Finding(cause=cause, subject=self._start, holds=holds, because=because, needs=tuple(needs), role="observation", note=note)

    def _cause(  # noqa: PLR0917
        self,
        name: str,
        ref: ResourceRef,
        holds: Holds,
        facts: Sequence[Fact],
        note: str,
        title: str,
        suppose: Sequence[Supposition],
        *,
        on_path: bool = True,
        needs: Sequence[FactQuery] = (),
        about: Sequence[_Neighbour] = (),
        place: str = "",
    ) -> Finding:
        service, _, kind = ref.native_type.partition(":")
        cause = f"aws.{service}.{kind}-{name}"
        details: dict[str, JsonValue] = {"title": title, "name": ref.label, "place": about[0].place if about else place}
        if about:
            details |= {"target": about[0].ref.label, "resources": [one.ref.native_id for one in about]}
        return Finding(
            cause=cause, subject=ref, holds=holds, because=tuple(fact.id for fact in facts), needs=tuple(needs), on_path=on_path,
            suppose=tuple(suppose) if holds == "yes" else (), details=details, note=note,
        )  # fmt: skip


def _settings(fact: Fact) -> bool:
    return not hidden(fact.value)


def _meant(near: Sequence[str]) -> str:
    return f"; there is {' and '.join(near)}" if near else ""


def _anybody(view: FactView, ref: ResourceRef) -> Identity:
    return next(iter(view.identities), Identity(cloud=ref.cloud, account=ref.account, principal="", regions=(ref.region,)))
