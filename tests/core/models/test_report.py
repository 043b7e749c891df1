"""The report document keeps its published shape."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from nephoscope.models.report import Report, json_schema

SCHEMA = Path(__file__).parents[3] / "docs" / "reference" / "report.schema.json"
MINIMAL = {"schema": "nephoscope.report/1", "id": "r-1", "problem": "p", "started_at": "2026-11-22T10:05:00+00:00", "status": "interrupted"}
PUBLISHED = {
    "": "schema id problem started_at ended_at status scopes isolation verdict root_causes ruled_out gaps also_noticed assumptions questions grants "
    "timeline next_best impact recommendations facts steps ledger llm policies timings versions run_dir",
    "ReportScope": "cloud account principal regions",
    "RootCause": "id title explanation confidence resources evidence decided_by",
    "RuledOut": "id why evidence",
    "ReportGap": "what subject reason blocks operation needs calls",
    "Notice": "title resources evidence",
    "AskedQuestion": "text answer",
    "TimelineEntry": "at what calls",
    "NextBest": "observation needs",
    "ReportRecommendation": "title why commands risk undo cost verify proof proof_note",
    "ReportFact": "id subject attribute value grounding calls pointer operations account principal region observed_at cached",
    "ReportStep": "index intent script attempts status seconds",
    "LedgerSummary": "calls upstream cached refused by_operation usd unpriced",
    "LanguageModels": "by_model usd",
    "ModelUse": "model role calls input_tokens output_tokens usd",
    "ReportPolicy": "cloud format document",
    "Timings": "plan generate validate execute upstream",
}


def test_published_schema_is_the_models() -> None:
    assert json.loads(SCHEMA.read_text()) == json_schema(), "run: python -m nephoscope.models.report > docs/reference/report.schema.json"


@pytest.mark.parametrize("name", PUBLISHED)
def test_no_field_is_renamed(name: str) -> None:
    schema = json_schema()
    fields = (schema["$defs"][name] if name else schema)["properties"]
    assert set(PUBLISHED[name].split()) <= set(fields)


def test_a_partial_report_is_complete_in_shape() -> None:
    document = json.loads(Report.model_validate(MINIMAL).model_dump_json())
    assert set(document) == set(json_schema()["properties"])
    assert document["verdict"] == "inconclusive"


@pytest.mark.parametrize("change", [{"extra": 1}, {"status": "done"}, {"verdict": None}, {"schema": "nephoscope.report/2"}, {"isolation": "vm"}])
def test_what_is_not_in_the_schema_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Report.model_validate(MINIMAL | change)
