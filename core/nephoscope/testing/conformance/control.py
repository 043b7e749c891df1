"""Suite for the checks of an inspection: pure, three-valued, every one with a thing at fault and its healthy counter-example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nephoscope.interfaces import Control
from nephoscope.knowledge.controls import told
from nephoscope.models import Fact, Finding, Identity, JsonValue, Problem, ResourceRef
from nephoscope.testing.conformance.base import Suite
from nephoscope.testing.conformance.view import StillView

NOW = "2026-11-20T03:00:00Z"
Attributes = Mapping[str, JsonValue]
"""Attribute → value; ``None``: looked for, and not there."""


@dataclass(frozen=True)
class ControlCase:
    """A thing at fault, and nearly the same thing as it should be. ``same``: what is known in either case; ``others``: facts about other things."""

    fault: Attributes = field(default_factory=dict)
    healthy: Attributes = field(default_factory=dict)
    same: Attributes = field(default_factory=dict)
    others: Sequence[Fact] = ()
    fault_others: Sequence[Fact] = ()
    healthy_others: Sequence[Fact] = ()

    def known(self, ref: ResourceRef, *, at_fault: bool) -> StillView:
        """A view of one of the two."""
        own, others = (self.fault, self.fault_others) if at_fault else (self.healthy, self.healthy_others)
        return known(ref, {**self.same, **own}, [*self.others, *others])


def subject_of(control: Control, region: str = "eu-west-1", account: str = "123456789012") -> ResourceRef:
    """A thing of the kind that the control is about."""
    return ResourceRef(
        cloud=control.card.cloud,
        kind="thing",
        native_type=control.card.about,
        native_id="thing-1",
        account=account,
        region="" if control.card.each == "account" else region,
        name="thing-1",
    )


def known(ref: ResourceRef, attributes: Attributes, others: Sequence[Fact] = ()) -> StillView:
    """A view that knows this of a thing, and nothing else."""
    identity = Identity(cloud=ref.cloud, account=ref.account, principal="reader", regions=(ref.region or "eu-west-1",))
    facts = [fact_of(ref, name, value, identity, number) for number, (name, value) in enumerate(attributes.items())]
    return StillView(Problem(text="", symptom="", now=NOW), [*facts, *others], identities=(identity,))


def fact_of(ref: ResourceRef, attribute: str, value: JsonValue, identity: Identity, number: int = 0) -> Fact:
    """A fact as a recorded reply would show it."""
    return Fact(
        id=f"f:{ref.native_id}.{attribute}",
        subject=ref,
        attribute=attribute,
        value=value,
        grounding="absent" if value is None else "exact",
        calls=(f"s1.c{number}",),
        pointer=f"/{attribute}",
        identity=identity,
        observed_at=NOW,
    )


class ControlSuite(Suite):
    """``subjects``: the controls; ``cases``: one for each of them, by id."""

    interface = Control
    subjects: Sequence[Control] = ()
    cases: Mapping[str, ControlCase] = {}

    def test_keeps_the_interface(self) -> None:
        """Each of them."""
        from nephoscope.plugin.contract import breaches

        assert {one.name: faults for one in self.samples("subjects") if (faults := breaches(one, Control))} == {}

    def test_each_has_a_case(self) -> None:
        """No control without its counter-example, and no case of a control that is gone."""
        assert {one.name for one in self.samples("subjects")} == set(self.cases)

    def test_a_fault_is_found_and_health_is_not_called_one(self) -> None:
        """Both decided, by facts that are there."""
        for control in self.samples("subjects"):
            case = self.cases[control.name]
            assert self._judged(control, case, at_fault=True).holds == "yes", control.name
            assert self._judged(control, case, at_fault=False).holds == "no", control.name

    def test_what_is_not_known_is_not_judged(self) -> None:
        """Without facts every control is unknown and says what it lacks: a denied call is never a pass."""
        for control in self.samples("subjects"):
            ref = subject_of(control)
            found = control.judge(ref, known(ref, {}))
            assert (control.name, found.holds) == (control.name, "unknown")
            assert found.needs, control.name
            assert not found.because, control.name

    def test_texts_have_their_values(self) -> None:
        """What is told of a finding names the thing, and no placeholder is left."""
        for control in self.samples("subjects"):
            case = self.cases[control.name]
            finding = self._judged(control, case, at_fault=True)
            for text in (told(control.card.fault, finding), told(control.card.remediation, finding)):
                assert "{" not in text, (control.name, text)

    def test_cards_are_whole(self) -> None:
        """A framework, a remediation, a reference that can be opened."""
        for control in self.samples("subjects"):
            card = control.card
            assert card.frameworks, card.id
            assert card.remediation, card.id
            assert all(link.startswith("https://") for link in card.references), card.id
            assert card.references, card.id

    def _judged(self, control: Control, case: ControlCase, *, at_fault: bool) -> Finding:
        ref = subject_of(control)
        view = case.known(ref, at_fault=at_fault)
        found = control.judge(ref, view)
        assert found == control.judge(ref, view), f"{control.name} is not pure"
        assert found.holds == "unknown" or found.because, f"{control.name} decides without facts"
        assert all(view.by_id(fact) for fact in found.because), f"{control.name} cites a fact that is not there"
        return found
