"""A log that reports errors is held against health, and against nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from harness import IDENTITY, NOW, REGION

from nephoscope.knowledge.view import Evidence
from nephoscope.models import Entity, Fact, Problem, ResourceRef, Supposition
from nephoscope_aws.analyzers.complaining import LoggedErrorsAnalyzer
from nephoscope_aws.estate import AwsEstate

ESTATE = AwsEstate()
ASKED = "2026-11-24T10:00Z"
ERROR = "[ERROR] ZeroDivisionError: division by zero\nTraceback (most recent call last):"


def thing(native_type: str, name: str) -> ResourceRef:
    found = ESTATE.named(native_type, name, IDENTITY, REGION)
    assert found is not None
    return found


FUNCTION, GROUP = thing("lambda:function", "pay"), thing("logs:log-group", "/aws/lambda/pay")


def fact(subject: ResourceRef, attribute: str, value: Any) -> Fact:
    grounding = "absent" if value is None else "exact"
    return Fact(id=f"f:{subject.key}:{attribute}", subject=subject, attribute=attribute, value=value, grounding=grounding, calls=("s1.c1",),
                pointer="/", identity=IDENTITY, observed_at=NOW)  # fmt: skip


def view(message: str, symptom: str = "suspicion", changed: str = "2026-11-24T08:00:00.000+0000", role: Any = "sick") -> Evidence:
    written = int(datetime(2026, 11, 24, 9, tzinfo=UTC).timestamp() * 1000)
    facts = [
        fact(FUNCTION, "last_modified", changed),
        fact(FUNCTION, "log_group", None),
        fact(GROUP, "errors", [{"timestamp": written, "message": message}]),
    ]
    entity = Entity(text="pay", matches=(FUNCTION,), native_types=("lambda:function",), role=role)
    return Evidence(Problem(text="pay is odd", symptom=symptom, entities=(entity,), now=ASKED), facts, identities=[IDENTITY])


def told(evidence: Evidence) -> list[str]:
    return [f"{one.holds} {one.role} {one.note}" for one in LoggedErrorsAnalyzer().analyze(evidence)]


def test_errors_of_its_own_speak_against_health() -> None:
    assert told(view(ERROR)) == ["no observation the log of pay reports errors: [ERROR] ZeroDivisionError: division by zero"]
    assert told(view(ERROR, changed="2026-11-24T11:00:00.000+0000")), "a clock that is not ours says nothing of what was before"


@pytest.mark.parametrize(
    "quiet",
    [
        view(f"INFO somebody wrote {ERROR}"),
        view(ERROR, changed="2026-11-24T09:30:00.000+0000"),
        view(ERROR, role="healthy"),
        view(ERROR, symptom="how_to"),
        view("INFO done"),
    ],
)
def test_what_others_wrote_or_what_was_before_says_nothing(quiet: Evidence) -> None:
    assert told(quiet) == []


def test_what_is_thought_mended_has_written_nothing_yet() -> None:
    assert told(view(ERROR).suppose([Supposition(subject=FUNCTION, attribute="timeout", value=900)])) == []
