"""The pack keeps every contract: each suite inherited in a few lines, as any pack's own tests would."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from nephoscope_brook.emulator import BrookEmulator
from nephoscope_brook.estate import BrookEstate, BrookPolicy, gate
from nephoscope_brook.flow import Flow
from nephoscope_brook.no_naps import NoNaps
from nephoscope_brook.wire import HOST, SAYS_NOTHING, BrookWire

from nephoscope.interfaces import FactView
from nephoscope.models import (
    Call,
    Change,
    Check,
    Classification,
    Fact,
    Finding,
    Identity,
    JsonValue,
    Problem,
    Reply,
    ResourceRef,
    Script,
    Tier,
    WireReply,
    WireRequest,
)
from nephoscope.models.problem import Entity
from nephoscope.testing.conformance import AnalyzerSuite, Case, EmulatorSuite, EstateSuite, JudgeSuite, PolicySuite, Sample, WireSuite

KEEPER = Identity(cloud="brook", account="weir-7", principal="keeper", regions=("valley",), alias="key-weir-7")
OTHER = Identity(cloud="brook", account="weir-8", principal="miller", regions=("valley",), alias="key-weir-8")
LILY = ResourceRef(cloud="brook", kind="storage.pond", native_type="ponds:pond", native_id="lily", name="lily", account="weir-7")
WORDS = Problem(
    text="no water from pond lily", symptom="event_not_delivered", entities=(Entity(text="lily", matches=(LILY,)),), now="2026-01-01T00:00Z"
)


@pytest.fixture(autouse=True)
def _importable_in_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


class TestNoNaps(JudgeSuite):
    subject = NoNaps()
    accepted = ("import time\ntime.sleep(1)\n", "from time import sleep\nsleep(0.5)\n", "print('sleep(60)')\n")
    rejected = ("import time\ntime.sleep(60)\n", "import time\nfor n in range(3):\n    time.sleep(n)\n")


def request(method: str, target: str, body: bytes = b"") -> WireRequest:
    path, _, query = target.partition("?")
    headers = (("host", HOST), ("x-brook-key", KEEPER.alias), ("accept-encoding", "identity"), ("user-agent", "brook/1"))
    return WireRequest(method=method, scheme="http", host=HOST, path=path, query=query, headers=headers, body=body)


def sample(method: str, target: str, operation: str, document: JsonValue, body: bytes = b"", secret: str = "") -> Sample:
    error = json.dumps({"error": {"code": "NotFound", "message": "no"}}).encode()
    reply = WireReply(status=200, body=json.dumps(document).encode())
    return Sample(request(method, target, body), operation, reply, WireReply(status=404, body=error), secret)


class TestBrookWire(WireSuite):
    subject = BrookWire()
    identities = (KEEPER, OTHER)
    reads = (
        sample("GET", "/v1/ponds", "ponds:ListPonds", {"ponds": [{"name": "carp"}, {"name": "lily"}], "next": "lily"}),
        sample("GET", "/v1/ponds?after=lily", "ponds:ListPonds", {"ponds": [{"name": "reed"}]}),
        sample("GET", "/v1/gates/lily-gate", "gates:GetGate", {"name": "lily-gate", "open": True, "pin": "s3cret-pin"}, secret="s3cret-pin"),
    )
    writes = (
        sample("DELETE", "/v1/ponds/lily", "ponds:DeletePond", {}),
        sample("PUT", "/v1/gates/lily-gate", "gates:PutGate", {}, b'{"open": true}'),
    )

    def equivalent(self, original: WireRequest, changed: WireRequest) -> bool:
        """Headers that Brook never reads mean nothing."""

        def telling(of: WireRequest) -> WireRequest:
            return of.model_copy(update={"headers": tuple(header for header in of.headers if header[0] not in SAYS_NOTHING)})

        return telling(original) == telling(changed)


def reply(operation: str, params: dict[str, JsonValue], document: JsonValue, error: str | None = None) -> Reply:
    service, _, name = operation.partition(":")
    call = Call(identity=KEEPER, region="valley", service=service, operation=name, params=params)
    return Reply(call=call, status=404 if error else 200, document=document, error=error)


class TestBrookEstate(EstateSuite):
    subject = BrookEstate()
    identity = KEEPER
    replies = (
        reply("ponds:ListPonds", {}, {"ponds": [{"name": "carp"}, {"name": "lily"}]}),
        reply("ponds:GetPond", {"Name": "lily"}, {"name": "lily", "depth": 3, "outlet": "lily-gate"}),
        reply("ponds:GetPond", {"Name": "reed"}, {"name": "reed"}),
        reply("gates:GetGate", {"Name": "old-gate"}, {"error": {}}, error="NotFound"),
    )
    changes = (Change(cloud="brook", service="gates", operation="PutGate", params={"Name": "lily-gate", "Open": True}),)


class TestBrookPolicy(PolicySuite):
    subject = BrookPolicy()
    calls = tuple(one.call for one in TestBrookEstate.replies)


def fact(subject: ResourceRef, attribute: str, value: JsonValue) -> Fact:
    grounding = "absent" if value is None else "exact"
    return Fact(
        id=f"f:{subject.native_id}.{attribute}", subject=subject, attribute=attribute, value=value, grounding=grounding,
        calls=("s1.c1",), pointer="", identity=KEEPER, observed_at="2026-01-01T00:00Z",
    )  # fmt: skip


OUTLET = fact(LILY, "outlet", "lily-gate")
WAY = gate("lily-gate", LILY)


class TestFlow(AnalyzerSuite):
    subject = Flow()
    cases = (
        Case(
            WORDS,
            (OUTLET, fact(WAY, "open", False)),
            {"brook.gates.closed": "yes", "brook.ponds.outlet-missing": "no"},
        ),
        Case(WORDS, (OUTLET, fact(WAY, "open", True)), {"brook.gates.closed": "no", "brook.gates.seen-open": "yes"}),
        Case(WORDS, (OUTLET, fact(WAY, "exists", None)), {"brook.gates.missing": "yes", "brook.gates.seen-open": "no"}),
        Case(WORDS, (fact(LILY, "outlet", None),), {"brook.ponds.outlet-missing": "yes"}),
        Case(WORDS, (OUTLET,), {"brook.gates.closed": "unknown"}),
    )


class TestBrookEmulator(EmulatorSuite):
    subject = BrookEmulator()
    another = BrookEmulator()
    seed = {"ponds": {"lily": {"outlet": "lily-gate"}}, "gates": {"lily-gate": {"open": True}}}


class Deaf(BrookWire):
    """Ignores the query, as a first draft easily does."""

    def identify(self, request: WireRequest, identities: Sequence[Identity]) -> Call:
        return super().identify(request.model_copy(update={"query": ""}), identities)


class Trusting(BrookWire):
    """Takes whatever is called Get for a read, and any key for the first identity's."""

    def identify(self, request: WireRequest, identities: Sequence[Identity]) -> Call:
        return super().identify(request, [KEEPER])

    def classify(self, call: Call) -> Classification:
        return Classification(tier=Tier.CONFIG, reason="looks harmless", permission="x")


class Leaky(BrookWire):
    """Redacts only what it thinks is secret."""

    def redact(self, call: Call, reply: WireReply, hide: Callable[[str, str], str]) -> WireReply:
        return super().redact(call, reply, lambda path, value: hide(path, value) if path == "/password" else value)


@pytest.mark.parametrize(
    ("wire", "test"),
    [
        (Deaf(), "test_a_changed_request_is_another_call_or_none"),
        (Trusting(), "test_a_key_that_stands_for_nobody_is_refused"),
        (Trusting(), "test_reads_are_free_writes_and_the_unknown_are_mutations"),
        (Leaky(), "test_hiding_reaches_every_string_and_nothing_else"),
    ],
)
def test_a_bad_wire_fails_its_suite(wire: BrookWire, test: str) -> None:
    suite = TestBrookWire()
    suite.subject = wire
    with pytest.raises(AssertionError):
        getattr(suite, test)()


class Sure(Flow):
    """Says no where it has not looked, and mends nothing by its suppositions."""

    def analyze(self, view: FactView) -> Sequence[Finding]:
        found = super().analyze(view)
        return [one.model_copy(update={"holds": "no" if one.holds == "unknown" else one.holds, "suppose": one.suppose[:0]}) for one in found]


class Stubborn(Flow):
    """Remembers what it said first."""

    def __init__(self) -> None:
        self.first: Sequence[Finding] | None = None

    def analyze(self, view: FactView) -> Sequence[Finding]:
        self.first = self.first or super().analyze(view)
        return self.first


@pytest.mark.parametrize(
    ("analyzer", "test"),
    [
        (Sure(), "test_without_facts_nothing_is_decided"),
        (Sure(), "test_decisions_name_facts_and_doubts_name_needs"),
        (Stubborn(), "test_says_what_is_expected"),
        (Stubborn(), "test_a_decision_falls_with_its_facts"),
        (Stubborn(), "test_a_fault_thought_mended_is_mended"),
    ],
)
def test_a_bad_analyzer_fails_its_suite(analyzer: Flow, test: str) -> None:
    suite = TestFlow()
    suite.subject = analyzer
    with pytest.raises(AssertionError):
        getattr(suite, test)()


class Unquoted(BrookEstate):
    """Renders commands and scripts by plain formatting."""

    def render(self, change: Change) -> Sequence[str]:
        return [f"brook {change.operation} " + " ".join(f"{key}={value}" for key, value in change.params.items())]

    def script(self, check: Check, now: str) -> Script | None:
        lines = [f"brook.client('{read.service}').ask('{read.params}')" for read in check.reads]
        return Script(source="import brook\n" + "\n".join(lines) + "\n", check=check, cloud=self.cloud, author="template:x")


@pytest.mark.parametrize("test", ["test_commands_quote_every_value", "test_parameters_cannot_leave_their_place_in_a_script"])
def test_a_bad_estate_fails_its_suite(test: str) -> None:
    suite = TestBrookEstate()
    suite.subject = Unquoted()
    with pytest.raises((AssertionError, ValueError, SyntaxError)):
        getattr(suite, test)()
