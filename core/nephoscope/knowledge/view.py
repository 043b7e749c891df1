"""Facts, indexed: what analyzers, planners and verification look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from nephoscope.knowledge import templates
from nephoscope.knowledge.claims import PART, look
from nephoscope.knowledge.table_format import HELD
from nephoscope.knowledge.tables import INVENTORY, REPLY
from nephoscope.models import Fact, FactQuery, Gap, Identity, Problem, ResourceRef, Supposition
from nephoscope.models.fact import Grounding

SUPPOSED = "supposed:"
"""How ids of supposed facts begin."""

References = Callable[[ResourceRef, "Evidence"], Iterable[tuple[str, ResourceRef]]]


class Evidence:
    """A :class:`nephoscope.interfaces.FactView` over a fixed set of facts. Of several facts about one attribute the last given counts."""

    def __init__(
        self,
        problem: Problem,
        facts: Iterable[Fact] = (),
        gaps: Sequence[Gap] = (),
        identities: Sequence[Identity] = (),
        references: References | None = None,
    ) -> None:
        self.problem = problem
        self.gaps = tuple(gaps)
        self.identities = tuple(identities)
        self._references = references
        self.real: Evidence = self
        """The evidence without suppositions."""
        self._facts: dict[tuple[str, str], Fact] = {}
        self._subjects: dict[str, dict[str, ResourceRef]] = {}
        for fact in facts:
            if fact.grounding != "ungrounded":
                self._put(fact)
        self._by_id = {fact.id: fact for fact in self._facts.values()}

    def _put(self, fact: Fact) -> None:
        self._facts[fact.subject.key, fact.attribute] = fact
        subject = fact.subject
        known = self._subjects.setdefault(subject.native_type, {})
        if subject.key not in known or (subject.name and not known[subject.key].name):
            known[subject.key] = subject

    def all_facts(self) -> Sequence[Fact]:
        """Every fact that counts."""
        return tuple(self._facts.values())

    def by_id(self, fact_id: str) -> Fact | None:
        """A fact by its id, those derived from an inventory, or by a path from a document, included."""
        found = self._by_id.get(fact_id)
        if found is None and PART in fact_id:
            whole, _, path = fact_id.partition(PART)
            found = self._part(whole, path)
        return found

    def _part(self, whole: str, path: str) -> Fact | None:
        """What a path finds in a document that no table reads."""
        fact = self._by_id.get(whole)
        if fact is None or fact.known_absent or fact.subject.kind != REPLY:
            return None
        try:
            value = look(fact.value, path)
        except ValueError:
            return None
        grounding: Grounding = "absent" if value is None else "derived"
        return fact.model_copy(update={"id": f"{whole}{PART}{path}", "attribute": path, "value": value, "pointer": path, "grounding": grounding})

    def facts(self, query: FactQuery) -> Sequence[Fact]:
        if query.subject is not None:
            fact = self.fact(query.subject, query.attribute)
            return (fact,) if fact else ()
        return tuple(
            fact
            for (_, attribute), fact in self._facts.items()
            if attribute == query.attribute and query.kind in (fact.subject.native_type, fact.subject.kind, None)
        )

    def fact(self, subject: ResourceRef, attribute: str) -> Fact | None:
        found = self._facts.get((subject.key, attribute))
        if found is None and attribute == "exists":
            return self._existence(subject)
        return found

    def _existence(self, subject: ResourceRef) -> Fact | None:
        """What complete inventories of the thing's region say of it: listed, or not there. Without a region, those of all our regions."""
        inventories = self._inventories(subject)
        listed = next((fact for fact in inventories if isinstance(fact.value, list) and subject.native_id in fact.value), None)
        everything = listed or next((fact for fact in inventories if self._covers(subject, inventories)), None)
        if everything is None:
            return None
        derived = everything.model_copy(
            update={
                "id": f"{everything.id}~{subject.native_id}",
                "subject": subject,
                "attribute": "exists",
                "value": True if listed else None,
                "grounding": "derived" if listed else "absent",
            }
        )
        self._by_id[derived.id] = derived
        return derived

    def _inventories(self, subject: ResourceRef) -> list[Fact]:
        """Complete inventories that would list the thing."""
        return [
            fact
            for ref in self._subjects.get(INVENTORY, {}).values()
            if ref.name == subject.native_type and subject.account in (ref.account, "") and (not subject.region or ref.region in (subject.region, ""))
            if (fact := self._facts.get((ref.key, "complete"))) and not self._held_elsewhere(ref, subject)
        ]

    def _held_elsewhere(self, inventory: ResourceRef, subject: ResourceRef) -> bool:
        """Whether only its holder lists the thing: that a plain listing does not show it proves nothing."""
        form = self._facts.get((inventory.key, HELD))
        return form is not None and isinstance(form.value, str) and templates.recognise(form.value, subject.native_id) is not None

    def _covers(self, subject: ResourceRef, inventories: Sequence[Fact]) -> bool:
        """Whether the thing would be in one of them, wherever it is."""
        listed = {fact.subject.region for fact in inventories}
        ours = {region for one in self.identities if one.account == subject.account or not subject.account for region in one.regions}
        return bool(subject.region or "" in listed or ours <= listed)

    def subjects(self, native_type: str) -> Sequence[ResourceRef]:
        known = self._subjects.get(native_type, {}).values()
        return tuple(ref for ref in known if not ((fact := self._facts.get((ref.key, "exists"))) and fact.known_absent))

    def complete(self, native_type: str, region: str = "", account: str = "") -> Fact | None:
        for ref in self._subjects.get(INVENTORY, {}).values():
            if ref.name == native_type and (not region or ref.region in (region, "")) and (not account or ref.account == account):
                return self._facts.get((ref.key, "complete"))
        return None

    def gap(self, subject: ResourceRef | None, attribute: str) -> Gap | None:
        key = subject.key if subject else None
        return next((gap for gap in self.gaps if gap.attribute == attribute and (gap.subject.key if gap.subject else None) == key), None)

    def neighbours(self, ref: ResourceRef, *, relation: str | None = None, incoming: bool = False) -> Sequence[ResourceRef]:
        if self._references is None:
            return ()
        if not incoming:
            return tuple(target for name, target in self._references(ref, self) if relation in (None, name))
        sources = [source for known in self._subjects.values() for source in known.values()]
        return tuple(
            source for source in sources for name, target in self._references(source, self) if target.key == ref.key and relation in (None, name)
        )

    def suppose(self, suppositions: Sequence[Supposition]) -> Evidence:
        """The same evidence with some facts thought otherwise."""
        other = Evidence(self.problem, self._facts.values(), self.gaps, self.identities, self._references)
        other.real = self.real
        for one in suppositions:
            former = self._facts.get((one.subject.key, one.attribute))
            fact = Fact(
                id=f"{SUPPOSED}{one.subject.key}#{one.attribute}",
                subject=one.subject,
                attribute=one.attribute,
                value=one.value,
                grounding="absent" if one.absent else "derived",
                calls=former.calls if former else (),
                pointer="",
                identity=former.identity if former else self._anybody(one.subject),
                observed_at=former.observed_at if former else "",
            )
            other._put(fact)
            other._by_id[fact.id] = fact
        return other

    def _anybody(self, subject: ResourceRef) -> Identity:
        return next(iter(self.identities), Identity(cloud=subject.cloud, account=subject.account, principal="", regions=()))
