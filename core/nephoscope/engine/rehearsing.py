"""Rehearses a script: runs it against an emulator that answers with mock data, and sees whether the facts come out that must."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from nephoscope.engine import blame
from nephoscope.engine.expecting import changed, expected, holds, named, words
from nephoscope.interfaces import Estate, NephoscopeError
from nephoscope.models import ExecutionResult, Expected, Rehearsal, Reply, Sample, Script, texts
from nephoscope.store import Refusal

MOST_ROUNDS = 3
"""So often a script is run to find out what it asks."""
MANY = 40
"""A script that asked so often on mock data, of two pages each, and did not end will not."""


@dataclass(frozen=True)
class Performance:
    """One run on the stage: how it ended, what was asked, what the broker would not let pass."""

    result: ExecutionResult
    replies: Sequence[Reply]
    refusals: Sequence[Refusal]

    @property
    def asked(self) -> set[str]:
        """Operations that were answered, with whatever."""
        return {reply.call.name for reply in self.replies}


class Stage(Protocol):
    """Where scripts are rehearsed: the sandbox and the broker of any run, in front of an emulator of our own, with no credentials in reach."""

    def samples(self, cloud: str, operations: Sequence[str]) -> dict[str, Sample | None]:
        """Mock replies. Raises ``NephoscopeError`` saying why there is no stage."""

    def perform(self, script: Script, samples: Sequence[Sample], names: Sequence[str]) -> Performance:
        """Run it. ``names``: what belongs to the mock account. Raises ``NephoscopeError``."""


@dataclass
class _Trial:
    """What is found out while a script is rehearsed."""

    script: Script
    estate: Estate
    stage: Stage
    samples: dict[str, Sample] = field(default_factory=dict)
    lacking: list[str] = field(default_factory=list)

    def learn(self, operations: Sequence[str]) -> bool:
        """Mock data for further operations; whether there were any."""
        fresh = [one for one in operations if one not in self.samples and one not in self.lacking]
        for name, sample in self.stage.samples(self.script.cloud, fresh).items() if fresh else ():
            if sample is None:
                self.lacking.append(name)
            else:
                self.samples[name] = sample
        return any(one in self.samples for one in fresh)

    def perform(self, samples: Sequence[Sample]) -> Performance:
        names = words(self.script) | {text for sample in samples for page in sample.pages for text in texts(page.document)}
        return self.stage.perform(self.script, samples, sorted(names))

    def played(self) -> Performance:
        """The script on mock data for everything it asks."""
        self.learn(named(self.script, self.estate))
        for _ in range(MOST_ROUNDS - 1):
            done = self.perform([*self.samples.values()])
            if not self.learn(sorted(done.asked)):
                return done
        return self.perform([*self.samples.values()])


def rehearse(script: Script, estate: Estate, stage: Stage) -> Rehearsal:
    """Run the script on mock data, judge it, and see that its test can fail. Never raises for what a script does."""
    trial = _Trial(script, estate, stage)
    try:
        return _judged(trial, trial.played())
    except NephoscopeError as error:
        why = f"{error.message}: {error.hint}" if error.hint else error.message
        return Rehearsal(script=script.hash, outcome="skipped", reason=why)


def _judged(trial: _Trial, done: Performance) -> Rehearsal:
    spoken = [one for one in trial.samples.values() if one.operation in done.asked]
    told = Rehearsal(script=trial.script.hash, outcome="passed", operations=tuple(sorted(done.asked)))
    wrong, unsure = _faults(trial, done, spoken)
    if wrong != blame.NOTHING:
        return told.model_copy(update={"outcome": "failed", "reason": wrong[0][:1000], "hint": wrong[1][:1000]})
    tests = [fact for sample in spoken if (fact := expected(sample)) and holds(fact, done.replies)]
    lacking = f"the emulator has no {', '.join(trial.lacking[:5])}" if trial.lacking else ""
    if not tests:
        return told.model_copy(update={"outcome": "skipped", "reason": lacking or unsure or "nothing it asks can be told apart on mock data"})
    sound = _can_fail(trial, tests)
    if not sound:
        return told.model_copy(update={"outcome": "skipped", "reason": "no test of it could be seen to fail"})
    return told.model_copy(update={"tested": tuple(sound), "unsure": unsure or lacking})


def _faults(trial: _Trial, done: Performance, spoken: Sequence[Sample]) -> tuple[blame.Verdict, str]:
    """The first thing that is surely wrong; else what the mock data could not decide."""
    refused = [one for one in done.refusals if one.code not in ("unknown_owner", "budget")]
    if refused:
        first = refused[0]
        return (f"{first.call.name if first.call else first.what}: {first.reason}", "choose another read that tells the same"), ""
    if _endless(done):
        return (f"it asks without end: {len(done.replies)} calls on mock data", "end the loop over pages where no token comes"), ""
    found: list[tuple[blame.Verdict, str]] = []
    if done.result.failure:
        if trial.lacking and done.result.failure.kind == "api_error":
            return blame.NOTHING, f"the emulator has no {', '.join(trial.lacking[:5])}"
        found.append(blame.crash(done.result.failure, spoken))
    elif not done.asked and not done.refusals:
        return ("it asks nothing", "make the calls that tell what the check wants to know"), ""
    found += [blame.unread(sample, done.replies, trial.estate) for sample in spoken]
    if not done.result.failure:
        found.append(blame.statements(done.result, done.replies))
    wrong = next((verdict for verdict, _ in found if verdict != blame.NOTHING), blame.NOTHING)
    return wrong, next((unsure for _, unsure in found if unsure), "")


def _endless(done: Performance) -> bool:
    """Whether it used up its calls, or made many and was still running."""
    failure = done.result.failure
    still = failure is not None and failure.kind == "timeout" and len(done.replies) > MANY
    return still or done.result.limit_hit == "calls" or any(one.code == "budget" for one in done.refusals)


def _can_fail(trial: _Trial, tests: Sequence[Expected]) -> list[Expected]:
    """The tests that fail, as they must, when the mock data are other ones: what shows a fact regardless of the data tests nothing."""
    own = {fact.operation: fact for fact in tests}
    mutated = [changed(sample, own[name]) if name in own else sample for name, sample in trial.samples.items()]
    after = trial.perform(mutated)
    return [fact for fact in tests if not holds(fact, after.replies) and not holds(fact, ())]
