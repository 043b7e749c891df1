"""The planner that asks a language model: what to find out next, a question, or a conclusion. Nothing it says is taken at its word."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from nephoscope.interfaces import ModelError, Models, UsageError, View
from nephoscope.knowledge.claims import look
from nephoscope.models import Check, Conclusion, Decision, Hypothesis, JsonValue, Question
from nephoscope_planner_llm import asking, concluding
from nephoscope_planner_llm.briefing import MOST_CHECKS, Briefing, briefing
from nephoscope_planner_llm.columns import brief, size
from nephoscope_planner_llm.meaning import JMESPATH, fact_meant, path_meant
from nephoscope_planner_llm.said import Reply

PROMPT, ROLE = "planner.next-step", "planner"
MOST_TRIES = 6
"""So often in one round an answer may be sent back with reasons."""
MOST_LOOKS = 3
"""So often in one round a model may look into recorded facts before it decides."""
LOOKED = 8_000
_ODD = ("malformed", "blocked", "context")
"""It was reached and did not answer so that the answer could be used: what is written down may still help."""
LAST_SECONDS = 30.0
"""With less time left than this the model is asked for its conclusion."""


@dataclass
class _Round:
    """What happened while one decision was made."""

    view: View
    models: Models
    final: bool
    feedback: list[str] = field(default_factory=list)
    looked: list[JsonValue] = field(default_factory=list)
    looks: int = 0
    tries: int = 0
    hypotheses: tuple[Hypothesis, ...] = ()

    @property
    def by(self) -> str:
        return f"model:{self.models.plays(ROLE)}"

    def back(self, faults: Sequence[str]) -> None:
        """Send an answer back."""
        self.tries += bool(faults)
        self.feedback += faults


class ModelPlanner:
    """Implements :class:`nephoscope.interfaces.Planner`."""

    name = "llm"
    needs_model = True

    def plan(self, view: View) -> Decision:
        """Ask, judge, send back with reasons, and in the end go on without the model rather than on its unproven word."""
        if view.models is None:
            raise UsageError(f"the planner {self.name!r} asks a language model, and none is named", "name one: --model PROVIDER:NAME")
        round_ = _Round(view, view.models, final=_last(view))
        try:
            return _decide(round_)
        except ModelError as error:
            if error.kind not in _ODD and not view.rounds and not view.hypotheses:
                raise
            return _without(round_, f"the model could not be asked: {error.message}")


def _last(view: View) -> bool:
    """Nothing more can be asked of the cloud: only a conclusion is left."""
    left = view.budget
    return left.steps <= 0 or left.calls <= 0 or left.seconds < LAST_SECONDS


def _decide(round_: _Round) -> Decision:
    while round_.tries < MOST_TRIES:
        told = briefing(round_.view, final=round_.final, feedback=round_.feedback, looked=round_.looked)
        reply = Reply.model_validate(round_.models.ask(ROLE, PROMPT, told.values, Reply).value)
        round_.hypotheses = _hypotheses(reply, round_)
        judged = _PARTS[reply.decision](reply, told, round_)
        if isinstance(judged, Decision):
            return judged
        round_.back(judged)
    return _without(round_, "the model's answers could not be used")


_UNDECIDED = "nothing is decided yet"
Judged = Decision | list[str]
"""A decision that can be used, or what is wrong; nothing wrong and no decision: the model looked at something, and is asked again."""


def _looks(reply: Reply, told: Briefing, round_: _Round) -> Judged:
    round_.looks += 1
    if round_.looks > MOST_LOOKS or not reply.look:
        return ["you have looked enough: decide now"]
    for one in reply.look[:5]:
        fact = round_.view.by_id(fact_meant(one.fact, round_.view))
        if fact is None:
            round_.feedback.append(f"there is no fact {one.fact!r}")
            continue
        path = path_meant(one.path, fact)
        try:
            found = brief(look(fact.value, path), LOOKED // 3)
        except ValueError as error:
            round_.feedback.append(f"{error}; {JMESPATH}")
            continue
        row: JsonValue = {"fact": fact.id, "path": path, "value": found}
        if sum(map(size, round_.looked)) + size(row) <= LOOKED:
            round_.looked.append(row)
    return []


def _asks(reply: Reply, told: Briefing, round_: _Round) -> Judged:
    if reply.question is None or round_.final:
        return ["the decision is a question, but `question` is missing, or nothing can be asked any more"]
    asked = concluding.question(reply.question)
    if asked.text in round_.view.problem.text:
        return ["that question was asked before; its answer stands in the problem"]
    return _made(round_, question=asked)


def _concludes(reply: Reply, told: Briefing, round_: _Round) -> Judged:
    if reply.conclusion is None:
        return ["the decision is a conclusion, but `conclusion` is missing"]
    judged = concluding.judge(reply.conclusion, round_.view, round_.by, strict=round_.tries < MOST_TRIES - 1, first=not round_.tries)
    return judged.faults or _early(judged.conclusion, told, round_) or _made(round_, conclusion=judged.conclusion)


def _early(conclusion: Conclusion, told: Briefing, round_: _Round) -> list[str]:
    """Ending without a cause while a check is offered that would decide something is questioned once."""
    if conclusion.claims or round_.final or round_.tries or not told.available or round_.view.outlook().verdict != "inconclusive":
        return []
    offered = ", ".join(list(told.available)[:3])
    return [
        f"nothing is decided yet and checks are offered that would decide more, such as {offered}: take them, or conclude again if none can matter"
    ]


def _checks(reply: Reply, told: Briefing, round_: _Round) -> Judged:
    if round_.final:
        return ["nothing is left to spend: conclude now, with what the facts bear out"]
    judged = asking.judge(reply.checks, told.available, round_.view)
    if not judged.checks:
        return judged.faults or ["the decision is checks, but `checks` is empty"]
    round_.feedback += judged.faults
    return _made(round_, checks=tuple(_ordered(judged.checks)[:MOST_CHECKS]))


_PARTS: Mapping[str, Callable[[Reply, Briefing, _Round], Judged]] = {"look": _looks, "question": _asks, "conclusion": _concludes, "checks": _checks}


def _ordered(checks: Sequence[Check]) -> list[Check]:
    """Those made of reads first: they run as one script, one without reads runs alone."""
    return sorted(checks, key=lambda check: not check.reads)


def _hypotheses(reply: Reply, round_: _Round) -> tuple[Hypothesis, ...]:
    """What the model holds possible; facts it invented are left out, and a hypothesis it forgot stays as it stood."""
    said = {
        one.cause: Hypothesis(
            cause=one.cause[:120],
            title=one.title[:160],
            stands=one.stands,
            facts=tuple(fact for fact in one.facts if round_.view.by_id(fact)),
            why=one.why[:300],
        )
        for one in reply.hypotheses
    }
    kept = {one.cause: one for one in round_.view.hypotheses if one.cause not in said}
    return (*said.values(), *kept.values())[:16]


def _made(
    round_: _Round, *, checks: tuple[Check, ...] = (), question: Question | None = None, conclusion: Conclusion | None = None, note: str = ""
) -> Decision:
    return Decision(
        checks=checks,
        question=question,
        conclusion=conclusion,
        hypotheses=round_.hypotheses,
        decided_by=round_.by,
        refused=tuple(f"not accepted from {round_.models.plays(ROLE)}: {text}" for text in round_.feedback),
        note=note,
    )


def _without(round_: _Round, why: str) -> Decision:
    """Go on with what is written down; where that knows nothing more either, end honestly. None of it is signed by the model."""
    last = f"{why}: {round_.feedback[-1]}" if round_.feedback and "could not be used" in why else why
    fallback = round_.view.planner("playbook")
    choice = fallback.plan(round_.view) if fallback and not round_.final else None
    if isinstance(choice, Decision):
        choice = choice.choice
    if choice is None or isinstance(choice, Conclusion):
        stop = f"{last}; {choice.stop}" if isinstance(choice, Conclusion) else last
        decided = _made(round_, conclusion=Conclusion(stop=stop), note=last)
    elif isinstance(choice, Question):
        decided = _made(round_, question=choice, note=last)
    else:
        decided = _made(round_, checks=tuple(choice), note=last)
    return decided.model_copy(update={"decided_by": "planner:playbook" if choice is not None else "planner:llm"})
