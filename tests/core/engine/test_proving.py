"""A fix is proven only where the fault was there, is gone, and nothing else moved; whatever goes wrong, the verdict stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from nephoscope.interfaces import EndpointError
from nephoscope.knowledge.playbooks import Playbook
from nephoscope.models import CauseCard, Change, Check, Identity, Read, Reply, ResourceRef, Tried
from nephoscope.models.report import Report


@dataclass
class Basin:
    """A prover whose emulator is a dictionary: the recorded document of a pond, which a change overwrites member by member."""

    seeded: Mapping[str, Any] = field(default_factory=dict)
    """What comes out otherwise than recorded, before any change."""
    besides: Mapping[str, Any] = field(default_factory=dict)
    """What a change does that it does not say."""
    lacking: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""
    breaks: Exception | None = None
    tried: int = 0
    cloud: str = "brook"
    observations: frozenset[str] = frozenset()
    incidental: str = "Id"

    def warm(self, identity: Identity) -> None: ...
    def close(self) -> None: ...

    def attempt(
        self, replies: Sequence[Reply], about: Sequence[ResourceRef], gone: Sequence[ResourceRef], changes: Sequence[Change], seconds: float
    ) -> Tried:
        self.tried += 1
        if self.breaks:
            raise self.breaks
        before = [_with(reply, self.seeded) for reply in replies if reply.call.operation == "GetPond"]
        moved = {key: value for change in changes for key, value in change.params.items() if key != "Name"}
        after = before if self.refused else [_with(reply, {**moved, **self.besides}) for reply in before]
        return Tried(before=tuple(before), after=tuple(after), lacking=self.lacking, refused=self.refused, seeded=1)


def _with(reply: Reply, moved: Mapping[str, Any]) -> Reply:
    assert isinstance(reply.document, dict)
    return reply.model_copy(update={"document": {**reply.document, **moved}})


def _book(**params: Any) -> dict[str, Playbook]:
    change = {"service": "ponds", "operation": "SetPond", "params": {"Name": "{subject}", **params}}
    card = CauseCard(id="brook.ponds.weir-shut", title="The weir is shut", explanation="It is.", fix="Open it", changes=(change,) if params else ())
    return {card.id: Playbook(card=card)}


@pytest.fixture
def told(begin: Callable[..., Any]) -> Callable[..., Report]:
    """The report of a run that found the shut weir, with a prover and a card."""

    def run(prover: Basin | None, book: dict[str, Playbook] | None = None) -> Report:
        reads = (Read(cloud="brook", service="ponds", operation="GetPond", region="north", params={"Pond": "deep"}),)
        check = Check(id="c", intent="look", cloud="brook", reads=reads)
        provers = {"brook": prover} if prover else {}
        made = begin(planner=[[check]], playbooks=_book(Weir="open") if book is None else book, provers=provers)
        report: Report = made.drive()
        assert [one.id for one in report.root_causes] == ["brook.ponds.weir-shut"]
        assert report.verdict == "confirmed"
        return report

    return run


def test_a_fix_that_mends_it_and_does_no_more_is_proven(told: Callable[..., Report]) -> None:
    (advice,) = told(Basin()).recommendations
    assert advice.proof == "proven_on_emulator", advice.proof_note
    assert "the change removed it and nothing else" in advice.proof_note


@pytest.mark.parametrize(
    ("prover", "params", "why"),
    [
        pytest.param(Basin(), {"Weir": "shut"}, "changed nothing", id="it does not touch the fault"),
        pytest.param(Basin(), {"Depth": 8}, "still there after the change", id="it changes another setting"),
        pytest.param(Basin(besides={"Depth": 3}), {"Weir": "open"}, "more changed than the commands name: depth of deep", id="it does more"),
        pytest.param(Basin(seeded={"Weir": "open"}), {"Weir": "open"}, "does not show what the account showed: weir of deep", id="no fault there"),
        pytest.param(Basin(lacking={"ponds:pond": "there is no seeder for this kind"}), {"Weir": "open"}, "no seeder for this kind", id="no seeder"),
        pytest.param(Basin(refused="ponds:SetPond: no"), {"Weir": "open"}, "did not take the change: ponds:SetPond: no", id="refused"),
        pytest.param(Basin(breaks=EndpointError("it took too long")), {"Weir": "open"}, "could not be tried: it took too long", id="too long"),
        pytest.param(Basin(breaks=KeyError("oops")), {"Weir": "open"}, "could not be tried: KeyError", id="a pack's bug"),
        pytest.param(Basin(), {}, "told in words only", id="nothing typed"),
        pytest.param(None, {"Weir": "open"}, "the change itself was not rehearsed", id="switched off"),
    ],
)
def test_whatever_is_not_shown_is_not_proven(told: Callable[..., Report], prover: Basin | None, params: dict[str, Any], why: str) -> None:
    (advice,) = told(prover, _book(**params)).recommendations
    assert advice.proof == "not_proven"
    assert why in advice.proof_note or not params, advice.proof_note


def test_what_was_tried_before_a_kill_is_not_tried_again(told: Callable[..., Report], begin: Callable[..., Any]) -> None:
    prover = Basin()
    assert told(prover).recommendations[0].proof == "proven_on_emulator"
    again = begin(playbooks=_book(Weir="open"), provers={"brook": prover})
    from nephoscope.engine.nodes.recommend import recommend

    recommend({}, again.context)  # type: ignore[typeddict-item]
    assert prover.tried == 1
    assert again.context.store.get("recommendations")[0]["proof"] == "proven_on_emulator"
