"""What one cell measures, read from the record that its run left behind. Nothing is left out of the denominator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Literal

from pydantic import Field

from nephoscope.comparison.cell import Cell
from nephoscope.comparison.quality import quality
from nephoscope.comparison.trial import Trial, all_named
from nephoscope.llm.structure import MOST_REPAIRS, UNUSABLE
from nephoscope.models import Frozen, Usage
from nephoscope.models.report import Report
from nephoscope.store.run import LOST, LOST_USD, RESPONSE_CACHE, TAPE, UNDERWAY, Attempt, ModelCall, RunStore

Outcome = Literal["right", "wrong", "undecided", "throttled", "refused", "truncated", "unparsable", "error"]
"""``undecided``: no verdict where there was one to be had. The last five: what kept the model from answering."""
FAILURES: tuple[Outcome, ...] = ("throttled", "refused", "truncated", "unparsable", "error")
_BY_ERROR: Mapping[str, Outcome] = {"rate": "throttled", "malformed": "unparsable", "blocked": "refused", "refused": "refused"}


class Scripts(Frozen):
    """Scripts that a model wrote. ``rules``: how often a validator's rule spoke, on the same criteria for every model."""

    written: int = 0
    valid_at_first: int = 0
    tasks: int = 0
    repairs: int = 0
    executed: int = 0
    failed: int = 0
    rules: Mapping[str, int] = Field(default_factory=dict)
    repaired: Mapping[str, int] = Field(default_factory=dict)
    """What repairs were asked for: the rules that rejected a script, or ``run time``."""
    linted: int = 0
    unsafe: int = 0
    """Scripts that a linter's rule spoke about; that a security rule did."""
    complexity: int = 0
    """Sum over scripts of McCabe's number of the most branched function of each."""
    listing: int = 0
    paging: int = 0
    """Scripts that ask for many things; those of them that ask for the rest too."""
    handling: int = 0
    """Scripts that meet a fault of a call by a handler for it."""


class Asking(Frozen):
    """What was asked of the model. ``seconds``: of each answered request that was really sent. ``usd`` leaves ``unpriced`` requests out."""

    requests: int = 0
    usage: Usage = Usage()
    usd: float = 0.0
    unpriced: int = 0
    lost_usd: float = 0.0
    """Of requests that were on their way when the run was killed: perhaps paid, and asked again."""
    seconds: tuple[float, ...] = ()
    troubles: Mapping[str, int] = Field(default_factory=dict)
    """Requests that came to nothing, by outcome, those that were tried again with success included."""


class Measure(Frozen):
    """One cell, measured."""

    cell: Cell
    family: str
    tags: tuple[str, ...] = ()
    outcome: Outcome
    verdict: str = "inconclusive"
    cause_right: bool = False
    resource_right: bool = False
    grounded: bool = True
    """Every cited fact is backed by a recorded reply."""
    false_claims: int = 0
    expected: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    status: str = "failed"
    steps: int = 0
    calls: int = 0
    refused: int = 0
    by_model: int = 0
    """Steps that the model decided on."""
    scripts: Scripts = Scripts()
    asking: Asking = Asking()
    seconds: float = 0.0
    run: str = ""
    trace: str = ""
    error: str = ""

    @property
    def right(self) -> bool:
        """Whether verdict, causes and resources are as they truly are."""
        return self.outcome == "right"


def measured(cell: Cell, trial: Trial, tags: Sequence[str], report: Report | None, store: RunStore) -> Measure:
    """The measure of a cell whose trial has ended, with whatever record it left."""
    calls = store.model_calls()
    truth = trial.truth
    return Measure(
        cell=cell,
        family=trial.family,
        tags=tuple(tags),
        outcome=_outcome(cell, trial, store, calls),
        verdict=trial.verdict,
        cause_right=trial.verdict == truth.verdict and set(trial.causes) == set(truth.causes),
        resource_right=all_named(truth.resources, trial.resources),
        grounded=not trial.ungrounded,
        false_claims=len(trial.false_positives),
        expected=truth.causes,
        causes=trial.causes,
        status=report.status if report else "failed",
        steps=trial.steps,
        calls=report.ledger.calls - report.ledger.cached if report else 0,
        refused=report.ledger.refused if report else 0,
        by_model=sum(step.decided_by.startswith("model:") for step in report.steps) if report else 0,
        scripts=_scripts(store.attempts(), store),
        asking=spent(store),
        seconds=trial.seconds,
        run=trial.run,
        trace=report.trace if report else "",
        error=trial.error,
    )


def spent(store: RunStore) -> Asking:
    """All that the run of a cell asked of its model so far, over every time it was gone on with."""
    written_off = store.get(LOST_USD, 0.0)
    return asking(store.model_calls(), float(written_off) if isinstance(written_off, int | float) else 0.0)


def asking(calls: Iterable[ModelCall], written_off: float = 0.0) -> Asking:
    """Requests summed up. Dollars are added in whole billionths, so that sums of sums are the same in any order."""
    known = list(calls)
    ended = [call for call in known if call.error not in (UNDERWAY, LOST)]
    paid = [call for call in ended if call.price != RESPONSE_CACHE]
    troubles: dict[str, int] = {}
    for call in ended:
        if call.error:
            kind = _BY_ERROR.get(call.error, "error")
            troubles[kind] = troubles.get(kind, 0) + 1
    return Asking(
        requests=len(paid),
        usage=sum((call.usage for call in paid), Usage()),
        usd=round(sum(call.usd or 0.0 for call in paid), 9),
        unpriced=sum(call.usd is None for call in paid),
        lost_usd=round(written_off + sum(call.usd or 0.0 for call in known if call.error == UNDERWAY), 9),
        seconds=tuple(round(call.seconds, 3) for call in paid if call.reply is not None and call.price != TAPE),
        troubles=troubles,
    )


def _outcome(cell: Cell, trial: Trial, store: RunStore, calls: Sequence[ModelCall]) -> Outcome:
    """A trial that is not right for want of an answer is named after what was wanting.

    Where the model alone plans and nothing was decided by it, a verdict that is right is that of whoever went on without it.
    """
    ended = [call for call in calls if call.error not in (UNDERWAY, LOST)]
    mute = cell.contestant.planner == "llm" and bool(ended) and (all(call.reply is None for call in ended) or _stood_by(store))
    if trial.right and not mute:
        return "right"
    if kept := _kept_from(store, ended):
        return kept
    if trial.error:
        return "error"
    return "undecided" if mute or trial.verdict == "inconclusive" else "wrong"


def _kept_from(store: RunStore, calls: Sequence[ModelCall]) -> Outcome | None:
    """What kept the model from answering in the end; ``None`` when it did answer."""
    answered = {call.request for call in calls if call.reply is not None}
    unanswered = [call for call in calls if call.request not in answered]
    if unanswered:
        return _BY_ERROR.get(unanswered[-1].error, "error")
    if not calls:
        return None
    reply = store.blobs.get_json(calls[-1].reply or "")
    finish = reply.get("finish") if isinstance(reply, dict) else ""
    if finish in ("blocked", "length"):
        return "refused" if finish == "blocked" else "truncated"
    return "unparsable" if _sent_back(store, calls[-1]) >= MOST_REPAIRS and _gave_up(store, "could not be asked") else None


def _sent_back(store: RunStore, call: ModelCall) -> int:
    """How often the model was told within one request that its answer cannot be used."""
    document = store.blobs.get_json(call.request)
    turns = document.get("turns") if isinstance(document, dict) else None
    texts = [str(turn.get("text")) for turn in turns if isinstance(turn, dict)] if isinstance(turns, list) else []
    return sum(text.startswith(UNUSABLE) for text in texts)


def _stood_by(store: RunStore) -> bool:
    """Whether the model was given up on, and had decided neither on a step nor on the end."""
    deciders = [*(step.check.decided_by for step in store.steps()), str(store.get("concluded_by", ""))]
    return _gave_up(store, "could not be asked", "could not be used") and not any(one.startswith("model:") for one in deciders)


def _gave_up(store: RunStore, *why: str) -> bool:
    notes = store.get("planner_notes", [])
    return isinstance(notes, list) and any(one in str(note) for note in notes for one in why)


def _scripts(attempts: Sequence[Attempt], store: RunStore) -> Scripts:
    """What a model wrote, judged by the validators that judge every script."""
    own = [one for one in attempts if one.author.startswith("model:")]
    by_step: dict[int, list[Attempt]] = {}
    for one in own:
        by_step.setdefault(one.step, []).append(one)
    rules: dict[str, int] = {}
    repaired: dict[str, int] = {}
    for one in own:
        for violation in one.violations or ():
            rules[violation.rule] = rules.get(violation.rule, 0) + 1
    for tries in by_step.values():
        for earlier, _ in pairwise(tries):
            for why in _faults(earlier) or ["run time"]:
                repaired[why] = repaired.get(why, 0) + 1
    looks = [quality(store.blobs.get(one.script).decode("utf-8", "replace")) for one in own]
    ran = [one.result for one in own if one.result is not None]
    return Scripts(
        written=len(own),
        tasks=len(by_step),
        valid_at_first=sum(tries[0].violations is not None and not _faults(tries[0]) for tries in by_step.values()),
        repairs=sum(len(tries) - 1 for tries in by_step.values()),
        executed=len(ran),
        failed=sum(result.status != "ok" for result in ran),
        rules=rules,
        repaired=repaired,
        linted=sum(_spoke(one, "lint-") for one in own),
        unsafe=sum(_spoke(one, "bandit-") for one in own),
        complexity=sum(one.complexity for one in looks),
        listing=sum(one.lists for one in looks),
        paging=sum(one.lists and one.pages for one in looks),
        handling=sum(one.handles for one in looks),
    )


def _spoke(attempt: Attempt, rule: str) -> bool:
    return any(one.rule.startswith(rule) for one in attempt.violations or ())


def _faults(attempt: Attempt) -> list[str]:
    return list(dict.fromkeys(one.rule for one in attempt.violations or () if one.severity == "error"))
