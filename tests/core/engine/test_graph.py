"""The loop from words to report: routing, repair, approval, questions, budgets, circles, kills."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from nephoscope.engine import driving
from nephoscope.engine.driving import Driver
from nephoscope.engine.nodes.plan import MOST_QUESTIONS
from nephoscope.engine.rehearsing import Performance
from nephoscope.engine.state import checked
from nephoscope.interfaces import NephoscopeError, View
from nephoscope.models import (
    Approval,
    Budget,
    Call,
    Check,
    Event,
    ExecutionResult,
    Failure,
    Identity,
    Page,
    Question,
    Read,
    Reply,
    Sample,
    Script,
    ScriptEnvironment,
    Violation,
)
from nephoscope.testing.fakes import Answer, ScriptedGenerator, ScriptedPlanner, source_of

Begin = Callable[..., Any]


def read(operation: str, **params: Any) -> Read:
    return Read(cloud="brook", service="ponds", operation=operation, region="north", params=params)


WEIR = Check(id="weir", intent="weir of deep", cloud="brook", reads=(read("GetPond", Pond="deep"),))
FREE = Check(id="free", intent="whatever a model may think of", cloud="brook")
GOOD = source_of([read("GetPond", Pond="deep")])


def crash(number: int, kind: str = "crash") -> str:
    return source_of([read("GetPond", Pond=f"p{number}")], failure=Failure.model_validate({"kind": kind, "message": f"crash {number}"}))


@dataclass
class Picky:
    """Rejects scripts that hold a word."""

    word: str
    name: str = "picky"
    seen: list[str] = field(default_factory=list)

    def judge(self, script: Script, environment: ScriptEnvironment) -> Sequence[Violation]:
        self.seen.append(script.hash)
        return [Violation(rule="word", severity="error", message=f"it says {self.word}")] if self.word in script.source else []


def statuses(run: Any) -> list[tuple[str, int]]:
    return [(step.status, len(run.context.store.attempts(step.index))) for step in run.context.store.steps()]


def test_from_words_to_a_confirmed_cause(begin: Begin) -> None:
    run = begin(planner=[[WEIR]])
    report = run.drive()
    assert (report.status, report.verdict, [cause.id for cause in report.root_causes]) == ("concluded", "confirmed", ["brook.ponds.weir-shut"])
    assert [event.kind for event in run.events if event.kind in ("entities", "step_started", "step_ended", "concluded")] == [
        "entities",
        "step_started",
        "step_ended",
        "concluded",
    ]
    assert {fact.attribute for fact in report.facts} >= {"weir", "depth"}
    assert all(fact.calls for fact in report.facts)
    assert statuses(run) == [("done", 1)]


def test_the_same_run_gives_the_same_document(begin: Begin) -> None:
    from datetime import datetime

    def stable(report: Any) -> Any:
        text = report.model_dump(mode="json", exclude={"id", "started_at", "ended_at", "run_dir", "timings"})
        return json.loads(json.dumps(text), object_hook=lambda one: {key: value for key, value in one.items() if not _time(value)})

    def _time(value: Any) -> bool:
        try:
            datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return False
        return True

    first, second = (begin(planner=[[WEIR]], name=f"r-{name}").drive() for name in "ab")
    assert stable(first) == stable(second)


# -- repair --------------------------------------------------------------------------------------------------------


def test_a_failing_script_is_repaired_and_every_attempt_kept(begin: Begin) -> None:
    writer = ScriptedGenerator([crash(1), GOOD])
    run = begin(planner=[[FREE]], generators=[writer])
    assert run.drive().verdict == "confirmed"
    assert statuses(run) == [("done", 2)]
    assert [trouble.message for trouble in writer.troubles if isinstance(trouble, Failure)] == ["crash 1"]
    assert [one.author for one in run.context.store.attempts(1)] == ["model:scripted"] * 2


def test_repair_ends_with_the_third_attempt(begin: Begin) -> None:
    writer = ScriptedGenerator([crash(1), crash(2), crash(3), GOOD])
    run = begin(planner=[[FREE]], generators=[writer])
    assert run.drive().verdict == "inconclusive"
    assert statuses(run) == [("failed", 3)]
    attempts = run.context.store.attempts(1)
    assert [one.result.failure.message for one in attempts] == ["crash 1", "crash 2", "crash 3"]
    assert len({one.script for one in attempts}) == 3
    assert [attempt for _, attempt, _ in run.boundary.executed] == [1, 2, 3]


@pytest.mark.parametrize("kind", ["timeout", "limit"])
def test_what_repair_cannot_mend_is_not_repaired(begin: Begin, kind: str) -> None:
    run = begin(planner=[[FREE]], generators=[ScriptedGenerator([crash(1, kind), GOOD])])
    run.drive()
    assert statuses(run) == [("failed", 1)]


def test_a_rejected_script_is_repaired_without_having_run(begin: Begin) -> None:
    bad = source_of([read("GetPond", Pond="evil")])
    judge = Picky("evil")
    run = begin(planner=[[FREE]], generators=[ScriptedGenerator([bad, bad + " ", GOOD])], judges=[judge])
    assert run.drive().verdict == "confirmed"
    assert statuses(run) == [("done", 3)]
    assert [(step, attempt) for step, attempt, _ in run.boundary.executed] == [(1, 3)]
    assert len(judge.seen) == 3


def test_scripts_that_stay_rejected_are_a_gap_and_never_run(begin: Begin) -> None:
    bad = source_of([read("GetPond", Pond="evil")])
    run = begin(planner=[[FREE]], generators=[ScriptedGenerator([bad, bad + " ", bad + "  ", GOOD])], judges=[Picky("evil")])
    report = run.drive()
    assert (report.status, report.verdict) == ("concluded", "inconclusive")
    assert statuses(run) == [("gap", 3)]
    assert run.boundary.executed == []
    (ended,) = [event for event in run.events if event.kind == "step_ended"]
    assert "it says evil" in str(ended.data["status"])
    (gap,) = [one for one in report.gaps if one.reason == "not_run"]
    assert "it says evil" in gap.what


class Raises:
    """A generator with a bug."""

    name = "raises"

    def generate(self, check: Check, view: View) -> Script | None:
        raise KeyError("nobody")

    def repair(self, script: Script, trouble: Sequence[Violation] | Failure, view: View) -> Script | None:
        raise KeyError("nobody")


def test_a_generator_that_raises_is_passed_over(begin: Begin) -> None:
    alone = begin(planner=[[FREE]], generators=[Raises()], name="r-alone")
    assert alone.drive().verdict == "inconclusive"
    assert statuses(alone) == [("gap", 0)]
    assert any("generator raises failed" in str(event.data) for event in alone.events)
    helped = begin(planner=[[FREE]], generators=[Raises(), ScriptedGenerator([crash(1), GOOD])], name="r-helped")
    assert helped.drive().verdict == "confirmed"


def test_no_generator_is_a_gap_and_the_loop_goes_on(begin: Begin) -> None:
    run = begin(planner=[[FREE], [WEIR]])
    assert run.drive().verdict == "confirmed"
    assert statuses(run) == [("gap", 0), ("done", 1)]


def test_a_planner_that_raises_ends_the_run_in_words(begin: Begin) -> None:
    class Lost:
        name = "lost"

        def plan(self, view: View) -> Sequence[Check]:
            raise ZeroDivisionError("oh")

    with pytest.raises(NephoscopeError, match=r"planner lost failed.*oh"):
        begin(planner=Lost()).drive()


# -- approval and questions ----------------------------------------------------------------------------------------


def test_a_script_runs_only_under_the_hash_that_was_approved(begin: Begin) -> None:
    shown: list[str] = []

    def approve(script: Script, violations: Sequence[Violation]) -> bool:
        shown.append(script.hash)
        return True

    run = begin(planner=[[FREE]], generators=[ScriptedGenerator([crash(1), GOOD])], ask_policy="risky", approve=approve)
    assert run.drive().verdict == "confirmed"
    assert shown == [one for _, _, one in run.boundary.executed], "each changed script was shown again"
    assert len(set(shown)) == 2


def test_a_refused_script_is_a_gap(begin: Begin) -> None:
    run = begin(planner=[[WEIR]], ask_policy="always", approve=lambda *_: False)
    report = run.drive()
    assert report.verdict == "inconclusive"
    assert (statuses(run), run.boundary.executed) == ([("gap", 1)], [])
    assert [one.needs for one in report.gaps if one.reason == "not_run"] == ["approval of its script"]


def test_what_packs_wrote_is_not_risky(begin: Begin) -> None:
    assert begin(planner=[[WEIR]], ask_policy="risky", approve=lambda *_: False).drive().verdict == "confirmed"


def test_an_approval_nobody_gives_waits_and_is_taken_up_again(begin: Begin) -> None:
    waiting = begin(planner=[[WEIR]], ask_policy="always")
    assert waiting.drive().status == "waiting"
    assert waiting.boundary.executed == []
    resumed = begin(planner=[], ask_policy="always", approve=lambda *_: True)
    assert (resumed.drive().status, len(resumed.boundary.executed)) == ("concluded", 1)


def test_bytes_changed_while_waiting_do_not_run_under_the_old_answer(begin: Begin) -> None:
    waiting = begin(planner=[[FREE]], generators=[ScriptedGenerator([GOOD])], ask_policy="always")
    assert waiting.drive().status == "waiting"
    other = Script(source=crash(9), check=FREE, cloud="brook", author="model:scripted")

    def approve(script: Script, violations: Sequence[Violation]) -> bool:
        waiting.context.store.judge(1, 1, other, ())
        return True

    resumed = begin(planner=[], ask_policy="always", approve=approve)
    resumed.drive()
    assert resumed.boundary.executed == []


def test_a_refusal_outlives_a_kill(begin: Begin) -> None:
    """Refused, killed before the step was ended, resumed: asked again, not run."""
    waiting = begin(planner=[[WEIR]], ask_policy="always")
    waiting.drive()
    waiting.context.store.approve(1, 1, approved=False)
    (waiting.dir / "checkpoint.db").unlink()
    resumed = begin(planner=[], ask_policy="always")
    assert resumed.drive().status == "waiting"
    assert resumed.boundary.executed == []


WHICH = Question(text="Which one?", options=("deep", "flat"), assume="deep")


def test_an_answer_is_kept_and_told(begin: Begin) -> None:
    report = begin(planner=[WHICH, [WEIR]], ask=lambda _: "flat").drive()
    assert [(one.text, one.answer) for one in report.questions] == [("Which one?", "flat")]
    assert not any("assumed" in one for one in report.assumptions)


def test_where_nobody_answers_the_assumption_is_stated(begin: Begin) -> None:
    report = begin(planner=[WHICH, [WEIR]]).drive()
    assert report.verdict == "confirmed"
    assert any("Which one?" in one and "assumed: deep" in one for one in report.assumptions)


def test_a_question_without_assumption_waits(begin: Begin) -> None:
    question = WHICH.model_copy(update={"assume": None})
    assert begin(planner=[question, [WEIR]]).drive().status == "waiting"
    resumed = begin(planner=[[WEIR]], ask=lambda _: "deep")
    assert (resumed.drive().verdict, len(resumed.context.planner.views)) == ("confirmed", 2)


def test_the_same_question_is_not_asked_twice(begin: Begin) -> None:
    asked: list[str] = []

    def ask(question: Question) -> str:
        asked.append(question.text)
        return "deep"

    report = begin(planner=[WHICH] * 5, ask=ask).drive()
    assert (report.status, len(asked)) == ("concluded", 1)


# -- bounds --------------------------------------------------------------------------------------------------------


def numbered(count: int) -> list[list[Check]]:
    return [[Check(id=f"c{n}", intent=f"number {n}", cloud="brook", reads=(read("GetPond", Pond=f"p{n}"),))] for n in range(count)]


@pytest.mark.parametrize(("budget", "steps"), [(Budget(steps=2), 2), (Budget(calls=3), 2), (Budget(seconds=0.0), 0), (Budget(usd=0.0), 0)])
def test_a_spent_budget_leaves_a_partial_report(begin: Begin, budget: Budget, steps: int) -> None:
    run = begin(planner=numbered(9), budget=budget)
    report = run.drive()
    assert (report.status, report.verdict, len(report.steps)) == ("budget_exhausted", "inconclusive", steps)
    assert any("larger budget" in one.observation for one in report.next_best)


def test_a_larger_budget_takes_up_a_run_that_was_cut_short(begin: Begin) -> None:
    assert begin(planner=[[WEIR]], budget=Budget(steps=0)).drive().status == "budget_exhausted"
    report = begin(planner=[[WEIR]]).drive()
    assert (report.status, report.verdict) == ("concluded", "confirmed")


@pytest.mark.parametrize("pattern", ["aaaaaaaa", "abababab"])
def test_circles_end_within_three_repeats(begin: Begin, pattern: str) -> None:
    checks = {letter: [FREE.model_copy(update={"id": letter, "intent": f"look {letter}"})] for letter in "ab"}
    run = begin(planner=[checks[letter] for letter in pattern], generators=[ScriptedGenerator([crash(n, "timeout") for n in range(9)])])
    assert run.drive().status == "concluded"
    assert len(run.context.store.steps()) <= 3


def test_every_step_may_need_all_its_attempts(begin: Begin) -> None:
    sources = [crash(number) for number in range(60)]
    run = begin(planner=[[FREE.model_copy(update={"intent": f"free {n}"})] for n in range(13)], generators=[ScriptedGenerator(sources)])
    run.context.ask_policy = "always"
    run.context.approve = lambda *_: True
    assert run.drive().status == "budget_exhausted"
    assert statuses(run) == [("failed", 3)] * 12
    assert "rounds" not in str(run.context.store.get("exhausted")), "ended by the budget of steps, with a verdict, not by the graph's limit"


def test_a_planner_that_only_asks_is_stopped(begin: Begin) -> None:
    run = begin(planner=[Question(text=f"question {number}?", assume="yes") for number in range(30)])
    report = run.drive()
    assert (report.status, report.verdict, len(report.questions)) == ("concluded", "inconclusive", MOST_QUESTIONS)


def test_the_limit_of_the_graph_leaves_a_partial_report(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driving, "NODES_PER_STEP", 1)
    report = begin(planner=numbered(9), budget=Budget(steps=7)).drive()
    assert (report.status, report.verdict) == ("budget_exhausted", "inconclusive")
    assert report.steps
    assert any("rounds" in one.observation for one in report.next_best)


def test_a_stop_is_between_nodes_and_goes_on_from_there(begin: Begin) -> None:
    run = begin(planner=[[WEIR]])
    driver = Driver(run.context)
    driver.request_stop()
    assert driver.run() == "interrupted"
    resumed = begin(planner=[[WEIR]])
    assert resumed.drive().verdict == "confirmed"


@pytest.mark.parametrize("damage", [b"", b"no database at all" * 300])
def test_without_its_checkpoint_a_run_is_rebuilt_from_its_record(begin: Begin, damage: bytes) -> None:
    first = begin(planner=[[WEIR]])
    whole = first.drive()
    (first.dir / "checkpoint.db").write_bytes(damage)
    for suffix in ("-wal", "-shm"):
        (first.dir / f"checkpoint.db{suffix}").unlink(missing_ok=True)
    calls = len(first.cloud.asked)
    again = begin(planner=[]).drive()
    assert (again.verdict, again.root_causes, again.facts) == (whole.verdict, whole.root_causes, whole.facts)
    assert len(first.cloud.asked) == calls, "everything was found again"


def test_a_script_states_nothing_that_the_replies_do_not_show(begin: Begin, pond: Any) -> None:
    pond.answers["GetOwner"] = Answer({"Owner": "ann"})

    def statement(value: str, expr: str = "Owner") -> dict[str, Any]:
        return {
            "subject": {"type": "ponds:pond", "id": "deep"},
            "attribute": "owner",
            "value": value,
            "from": {"operation": "ponds:GetOwner", "expr": expr},
        }

    source = source_of([read("GetOwner", Pond="deep")], [statement("ann"), statement("bob"), statement("ann", "Other"), "no statement", None])
    run = begin(planner=[[FREE]], generators=[ScriptedGenerator([source])])
    run.drive()
    assert [(fact.value, fact.grounding) for fact in run.context.store.facts() if fact.attribute == "owner"] == [("ann", "derived")]


def test_a_torn_listing_is_a_gap_and_finds_names_all_the_same(begin: Begin) -> None:
    run = begin(planner=[[WEIR]], tear=frozenset({"ponds:ListPonds"}))
    report = run.drive()
    assert report.verdict == "confirmed"
    assert not any(fact.attribute == "complete" for fact in run.context.store.facts())


def test_a_node_answers_in_its_own_words() -> None:
    with pytest.raises(TypeError, match="unknown key"):
        checked("plan", {"stpe": 1})  # type: ignore[typeddict-unknown-key]
    with pytest.raises(TypeError, match="returned"):
        checked("plan", {"step": "one"})  # type: ignore[typeddict-item]


class FakeStage:
    """Shows a script to fail on mock data when it holds a word."""

    def __init__(self, word: str) -> None:
        self.word, self.seen = word, list[str]()

    def samples(self, cloud: str, operations: Sequence[str]) -> dict[str, Sample | None]:
        return {one: Sample(operation=one, pages=(Page(document={"Depth": 1, "Weir": "weir-1"}),)) for one in operations}

    def perform(self, script: Script, samples: Sequence[Sample], names: Sequence[str]) -> Performance:
        self.seen.append(script.hash)
        if self.word in script.source:
            return Performance(ExecutionResult(status="failed", failure=Failure(kind="crash", message="NameError: depth")), [], [])
        who = Identity(cloud="brook", account="4711", principal="reader", regions=("north",))
        call = Call(id="s1.c1", identity=who, region="north", service="ponds", operation="GetPond", params={})
        known = next((one for one in samples if one.operation == "ponds:GetPond"), None)
        document = known.pages[0].document if known else {"Depth": 9}
        return Performance(ExecutionResult(status="ok"), [Reply(call=call, status=200, document=document, complete=True)], [])


def test_a_script_that_fails_on_mock_data_is_mended_before_it_runs(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nephoscope.engine.expecting.operations", lambda script, environment: [])
    bad, stage = GOOD.replace('"failure"', '"note": "depth", "failure"'), FakeStage('"depth"')
    generator = ScriptedGenerator([bad, GOOD])
    run = begin(planner=[[FREE]], generators=[generator], stage=stage)
    report = run.drive()
    (trouble,) = generator.troubles
    assert isinstance(trouble, Failure)
    assert (trouble.kind, "before it reached the account: NameError: depth" in trouble.message) == ("rehearsal", True)
    assert len(run.boundary.executed) == 1, "the first script never ran on the account"
    assert report.steps[0].rehearsal == "passed: 1 facts came out on mock data, and not on other data"
    assert [event.data["outcome"] for event in run.events if event.kind == "rehearsed"] == ["failed", "passed"]

    stuck = begin(planner=[[FREE]], generators=[ScriptedGenerator([bad, bad + " ", bad + "  "])], stage=stage, name="r-2")
    stuck.drive()
    assert statuses(stuck) == [("gap", 3)]
    assert stuck.boundary.executed == []


def test_what_packs_bring_is_not_rehearsed(begin: Begin) -> None:
    stage = FakeStage("nothing")
    run = begin(planner=[[WEIR]], stage=stage)
    assert run.drive().steps[0].rehearsal == ""
    assert stage.seen == []


class Person:
    """Says these things of the scripts shown, and keeps what stood beside them."""

    def __init__(self, *answers: bool | Approval | None) -> None:
        self.answers, self.shown, self.told = list(answers), list[str](), list[Event]()

    def __call__(self, script: Script, violations: Sequence[Violation]) -> bool | Approval | None:
        self.shown.append(script.source)
        return self.answers.pop(0)


def test_a_person_edits_a_script_which_is_judged_and_shown_again_with_what_changed(begin: Begin) -> None:
    bad, good = GOOD.replace('"failure"', '"note": "forbidden", "failure"'), GOOD + "\n"
    person = Person(Approval(source=bad), True, Approval(source=good))
    run = begin(planner=[[FREE], [FREE.model_copy(update={"id": "x", "intent": "y"})]], generators=[ScriptedGenerator([GOOD])],
                judges=[Picky("forbidden")], ask_policy="risky", approve=person)  # fmt: skip
    run.drive()
    assert statuses(run) == [("gap", 2), ("gap", 0)], "what the validators reject does not run, whoever wants it"
    assert run.boundary.executed == []

    person = Person(Approval(source=bad), Approval(source=good), True)
    run = begin(planner=[[FREE]], generators=[ScriptedGenerator([GOOD])], judges=[Picky("forbidden")], ask_policy="risky", approve=person, name="r-2")
    report = run.drive()
    asked = [event.data for event in run.events if event.kind == "approval"]
    assert [(one["author"], one["rejected"]) for one in asked] == [("model:scripted", False), ("person", True), ("person", False)]
    assert '+{"reads"' in str(asked[1]["diff"])
    assert (asked[0]["diff"], asked[1]["since"], asked[1]["before"]) == ("", "last", asked[0]["hash"])
    assert [each[1] for each in run.boundary.executed] == [3]
    (step,) = report.steps
    assert (step.author, step.status, [one.author for one in step.tries]) == ("person", "done", ["model:scripted", "person", "person"])
    assert "it says forbidden" in step.tries[1].trouble


def test_a_sentence_of_the_person_goes_to_the_planner_and_the_script_does_not_run(begin: Begin) -> None:
    planner = ScriptedPlanner([[FREE], [WEIR]])
    run = begin(planner=planner, generators=[ScriptedGenerator([GOOD])], ask_policy="risky", approve=Person(Approval(steer="look at the pond flat")))
    report = run.drive()
    assert "look at the pond flat" in planner.views[1].problem.text
    assert [ref.name for ref in planner.views[1].problem.matched()] == ["deep", "flat"]
    assert [one.answer for one in report.questions] == ["look at the pond flat"]
    assert [(step.status, step.author) for step in report.steps] == [("gap", "model:scripted"), ("done", "template:fake")]


def test_the_problem_as_understood_is_shown_and_may_be_said_otherwise(begin: Begin) -> None:
    said = iter(["it is the pond flat that is empty, since yesterday"])
    planner = ScriptedPlanner([])
    run = begin("the pond deep is empty", planner=planner, ask_policy="always", ask=lambda question: next(said, None))
    run.drive()
    told = [{row["label"]: row["text"] for row in event.data["statement"]} for event in run.events if event.kind == "understood"]
    assert "deep (ponds:pond, north)" in told[0]["about"]
    assert "flat (ponds:pond, north)" in told[1]["about"]
    assert len(run.context.store.questions()) == 1
