"""Reports as people see them: no line without a fact, no fact without a call, nothing interpreted."""

from __future__ import annotations

import io
import re
import unicodedata
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from nephoscope.models import Documentation, Snippet
from nephoscope.models.report import Report
from nephoscope.reporting import numbered, render_explanation, render_markdown, render_terminal, render_verification, summary, to_json
from nephoscope.reporting.telling import Telling

HOSTILE = "x\x1b[2J\x1b[31m[red]boo[/red] <img src=x> [a](http://e) `q` **b**\u202e\ud800 |\n# h"
KINDS = ["confirmed", "inconclusive", "healthy", "waiting"]


def shown(report: Report, width: int = 100, **options: Any) -> str:
    stream = io.StringIO()
    render_terminal(report, Console(file=stream, width=width, **options))
    return stream.getvalue()


def poisoned(value: Any) -> Any:
    """The document with hostile text appended to every string that no schema fixes."""
    fixed = {"schema", "status", "verdict", "isolation", "grounding", "proof", "holds"}
    if isinstance(value, dict):
        return {key: item if key in fixed else poisoned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [poisoned(item) for item in value]
    return value + HOSTILE if isinstance(value, str) else value


@pytest.mark.parametrize("width", [40, 80, 100, 200])
@pytest.mark.parametrize("kind", KINDS)
def test_terminal_fits_and_names_verdict_and_calls(samples: ModuleType, kind: str, width: int) -> None:
    report = getattr(samples, kind)()
    text = shown(report, width)
    assert Telling(report).verdict() in text
    commands = "\n".join(command for fix in report.recommendations for command in fix.commands)
    wrapped = [line for line in text.split("\n") if line.strip() not in commands]
    assert all(len(line) <= width for line in wrapped)
    assert "s1.c1" in text


def test_confirmed_report_says_what_the_model_report_says(samples: ModuleType) -> None:
    text = shown(samples.confirmed())
    for part in ("no model", "CONFIRMED", "Evidence", "resize has no policy", "Ruled out", "Not seen", "lambda:GetFunctionConcurrency"):
        assert part in text
    for part in ("risk low", "not proven", "not rehearsed", "check", "undo", "nephoscope why r-7k2", "7 calls, 0 refused", "4.2 s"):
        assert part in text


def test_commands_can_be_copied_from_a_narrow_terminal(samples: ModuleType) -> None:
    text = shown(samples.confirmed(), width=40)
    assert "aws lambda add-permission --function-name resize --statement-id s3-orders-in --action lambda:InvokeFunction \\\n" in text


def test_inconclusive_begins_with_what_is_missing(samples: ModuleType) -> None:
    (headline,) = Telling(samples.inconclusive()).headline()
    assert "aws.lambda.permission-missing" in headline
    assert "Give lambda:GetPolicy, then: nephoscope resume r-7k2" in headline


def test_waiting_names_the_question_and_how_to_answer(samples: ModuleType) -> None:
    text = " ".join(shown(samples.waiting()).split())
    assert "Which of the two queues named orders is meant?" in text
    assert "nephoscope resume r-7k2" in text


@pytest.mark.parametrize("kind", KINDS)
def test_no_line_without_a_fact_and_no_fact_without_a_call(samples: ModuleType, kind: str) -> None:
    telling = Telling(getattr(samples, kind)())
    for line in [*telling.evidence(), *telling.observations(), *telling.ruled_out(), *telling.noticed()]:
        assert line.calls, line
        assert line.number or re.search(r"\[\d+( \+?\d+)*\]$", line.text), line


def test_a_ruling_out_whose_fact_is_not_in_the_report_is_not_told(samples: ModuleType) -> None:
    report = samples.confirmed()
    bare = report.model_copy(update={"ruled_out": (report.ruled_out[0].model_copy(update={"evidence": ("f:gone",)}),)})
    assert Telling(bare).ruled_out() == []


def test_a_hop_that_no_fact_shows_is_not_told_as_seen(samples: ModuleType) -> None:
    report = samples.healthy()
    unseen = report.observations[0].model_copy(update={"holds": "unknown", "evidence": ()})
    told = Telling(report.model_copy(update={"observations": (unseen, report.observations[1])})).observations()
    assert [line.lead for line in told] == ["resize exists"]


def test_long_evidence_is_counted_not_listed(samples: ModuleType) -> None:
    report = samples.confirmed()
    many = tuple(report.facts[0].model_copy(update={"id": f"f:{n}", "calls": (f"s9.c{n}",)}) for n in range(100, 140))
    ruled = report.ruled_out[0].model_copy(update={"evidence": tuple(fact.id for fact in many)})
    text = shown(report.model_copy(update={"facts": (*report.facts, *many), "ruled_out": (ruled,)}))
    assert "[4 5 6 7 8 9 10 11 +32]" in text
    assert "s9.c104" not in text


def test_numbers_lead_to_the_facts_in_order_of_weight(samples: ModuleType) -> None:
    report = samples.confirmed()
    facts = numbered(report)
    assert [fact.id for fact in facts.values()] == ["f:1", "f:3", "f:4", "f:2", "f:5"]
    assert [line.number for line in Telling(report).evidence()] == [1, 2, 3]


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_text_stays_text_on_a_terminal(samples: ModuleType, kind: str) -> None:
    report = Report.model_validate(poisoned(getattr(samples, kind)().model_dump(mode="json")))
    text = shown(report, no_color=True, force_terminal=False)
    assert "[red]boo[/red]" in "".join(text.split("\n"))
    assert not [char for char in text if char != "\n" and unicodedata.category(char).startswith(("C", "Zl", "Zp"))]


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_text_stays_text_in_markdown(samples: ModuleType, kind: str) -> None:
    def types(report: Report) -> list[str]:
        tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(render_markdown(report))
        found = [leaf.type for token in tokens for leaf in [token, *(token.children or [])]]
        return [kind for kind in found if kind not in ("text", "text_special")]

    report = getattr(samples, kind)()
    assert types(Report.model_validate(poisoned(report.model_dump(mode="json")))) == types(report)


@pytest.mark.parametrize("kind", KINDS)
def test_summary_is_five_lines(samples: ModuleType, kind: str) -> None:
    report = Report.model_validate(poisoned(getattr(samples, kind)().model_dump(mode="json")))
    assert summary(report).count("\n") == 5
    assert "\x1b" not in summary(report)


@pytest.mark.parametrize("kind", KINDS)
def test_document_round_trips_in_plain_ascii(samples: ModuleType, kind: str) -> None:
    report = getattr(samples, kind)()
    assert Report.model_validate_json(to_json(report)) == report
    assert to_json(report).isascii()


def test_explanation_marks_the_deciding_place(samples: ModuleType) -> None:
    stream = io.StringIO()
    render_explanation(samples.explanation(), Console(file=stream, width=100))
    marked = [line for line in stream.getvalue().split("\n") if line.startswith(">")]
    assert marked[0].strip("> ").startswith('"LambdaFunctionConfigurations"')
    assert not any("after" in line for line in marked)
    assert '"Other": "after"' in stream.getvalue()


def test_verification_shows_before_and_after(samples: ModuleType) -> None:
    from nephoscope.models.record import Recheck, Verification

    recheck = Recheck(fact=samples.FACTS[3], before=None, after={"Statement": []}, changed=True)
    stream = io.StringIO()
    render_verification(Verification(id="r-7k2", verdict="no_fault_found", rechecks=(recheck,)), Console(file=stream, width=100))
    assert "resize policy: null → {Statement: []}" in stream.getvalue()
    assert "no deciding cause holds any more" in stream.getvalue()


@given(st.lists(st.sampled_from(["ended_at", "steps", "facts", "root_causes", "scopes", "observations"]), unique=True))
def test_partial_reports_render(samples: ModuleType, missing: list[str]) -> None:
    document = samples.confirmed().model_dump(mode="json")
    for field in missing:
        del document[field]
    report = Report.model_validate(document | {"status": "interrupted"})
    assert "nephoscope resume r-7k2" in " ".join(shown(report).split())
    assert render_markdown(report)
    assert summary(report).count("\n") == 5


def test_a_fix_is_told_as_code_and_with_pages_to_read(samples: ModuleType) -> None:
    report = samples.confirmed()
    more = {
        "snippets": (Snippet(language="terraform", text='resource "a" "b" {\n  c = "```"\n}', note="without x"),),
        "documentation": (Documentation(title="About it", url="https://docs.example.com/a.html"),),
    }
    report = report.model_copy(update={"recommendations": (report.recommendations[0].model_copy(update=more),)})
    page, screen = render_markdown(report), shown(report)
    assert 'As terraform (without x):\n\n````hcl\nresource "a" "b" {' in page
    assert "- About it: `https://docs.example.com/a.html`" in page
    assert "as terraform: see the Markdown report" in screen
    assert "https://docs.example.com/a.html" in screen
    wild = Report.model_validate(poisoned(report.model_dump(mode="json", by_alias=True)))
    kinds = {token.type for token in MarkdownIt().parse(render_markdown(wild))} | {
        child.type for token in MarkdownIt().parse(render_markdown(wild)) for child in token.children or ()
    }
    assert not kinds & {"html_block", "html_inline", "link_open", "image"}
