"""An inspection as a table and as documents for other programs: whole, valid, and safe whatever the cloud calls its things."""

from __future__ import annotations

import html.parser
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nephoscope.models.inspection import (
    ControlResult,
    ImportedFinding,
    InspectedThing,
    Inspection,
    InspectionFinding,
    InspectionSummary,
    MonthlyCost,
    NotEvaluated,
)
from nephoscope.models.report import ReportFact, ReportScope
from nephoscope.reporting.inspection import FORMS, written

HOSTILE = "<script>alert(1)</script>\"'`{{7*7}}\x1b[31m\u202e&"
SCHEMA = Path(__file__).parent / "data" / "sarif-schema-2.1.0.json"
THING = InspectedThing(id=f"vol-1{HOSTILE}", name=HOSTILE, type="brook:pond", account="42", region="north")
CARD: dict[str, Any] = {"severity": "high", "category": "cost", "service": "pond", "frameworks": {"good": ("1.2",), "best": ()}}
INSPECTION = Inspection(
    id="r-1",
    started_at="2026-11-20T03:00:00Z",
    ended_at="2026-11-20T03:00:09Z",
    scopes=(ReportScope(cloud="brook", account="42", principal="reader", regions=("north",)),),
    summary=InspectionSummary(checks=2, failed=1, not_evaluated=1, findings={"high": 1}, usd=11.0, imported=1),
    checks=(
        ControlResult(id="brook.pond.leaks", title="Ponds hold water", status="failed", failed=1, passed=("vol-2",), **CARD),
        ControlResult(id="brook.pond.mossy", title="Ponds are clean", status="not_evaluated", not_evaluated=1, **CARD),
    ),
    findings=(
        InspectionFinding(
            check="brook.pond.leaks",
            title="Ponds hold water",
            resource=THING,
            what=f"{HOSTILE} leaks",
            evidence=("f:1",),
            remediation="mend it",
            commands=("brook mend x",),
            references=("https://example.org/a",),
            cost=MonthlyCost(usd=11.0, basis="100 x 0.11"),
            **CARD,
        ),
    ),
    not_evaluated=(
        NotEvaluated(check="brook.pond.mossy", severity="high", why="denied", reason="access_denied", needs="brook:Look", calls=("s0.c1",)),
    ),
    imported=(ImportedFinding(origin="other", check="c1", severity="low", resource=THING, what=HOSTILE),),
    facts=(ReportFact(id="f:1", subject="s", name=HOSTILE, attribute="leaks", value=HOSTILE, grounding="exact", calls=("s0.c1",), pointer="/0/a"),),
)


def test_sarif_keeps_the_schema_and_tells_failures_from_what_is_open() -> None:
    document = json.loads(written(INSPECTION, "sarif"))
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    own, other = document["runs"]
    assert [(one["kind"], one["ruleId"]) for one in own["results"]] == [("fail", "brook.pond.leaks"), ("open", "brook.pond.mossy")]
    assert own["results"][1]["properties"]["needs"] == "brook:Look"
    assert [own["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] for one in own["results"]] == [one["ruleId"] for one in own["results"]]
    assert other["tool"]["driver"]["name"] == "other"
    assert other["results"][0]["message"]["text"]


def test_ocsf_events_are_compliance_findings_with_what_that_class_requires() -> None:
    events = json.loads(written(INSPECTION, "ocsf"))
    required = {"activity_id", "category_uid", "class_uid", "compliance", "finding_info", "metadata", "severity_id", "time", "type_uid", "cloud"}
    assert all(required <= set(event) for event in events)
    assert {(event["class_uid"], event["type_uid"], event["category_uid"]) for event in events} == {(2003, 200301, 2)}
    assert [event["compliance"]["status"] for event in events] == ["Fail", "Warning", "Pass", "Fail"]
    assert all({"uid", "title"} <= set(event["finding_info"]) and {"version", "product"} <= set(event["metadata"]) for event in events)
    assert events[0]["resources"][0]["uid"] == THING.id
    assert events[0]["compliance"]["requirements"] == ["best", "good 1.2"]
    assert events[0]["time"] == 1_795_143_609_000
    assert events[3]["unmapped"]["origin"] == "other"


class Page(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_runs_nothing_loads_nothing_and_shows_names_as_they_are() -> None:
    page = Page()
    page.feed(written(INSPECTION, "html"))
    assert not {"script", "img", "iframe", "link", "object"} & set(page.tags)
    assert all(link.startswith(("https://example.org/", "#fact-")) for link in page.links)
    assert '<script>alert(1)</script>"' in page.text and "{{7*7}}" in page.text
    assert "\x1b" not in page.text and "\u202e" not in page.text
    assert "11.00 USD a month" in page.text and "brook:Look" in page.text and "Hints, not proof" in page.text


@pytest.mark.parametrize("form", FORMS)
def test_every_form_tells_the_finding_and_what_was_not_evaluated(form: str) -> None:
    text = written(INSPECTION, form)
    assert text.endswith("\n")
    for word in ("brook.pond.leaks", "brook:Look"):
        assert word in text, form
    assert "\x1b" not in text and "\u202e" not in text, form


@pytest.mark.parametrize("form", FORMS)
def test_an_inspection_of_nothing_has_every_form(form: str) -> None:
    assert written(Inspection(started_at="2026-11-20T03:00:00Z", ended_at="2026-11-20T03:00:09Z"), form)
