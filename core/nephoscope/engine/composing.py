"""The report document of a run, composed from its record; partial at any time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from nephoscope.engine.board import title
from nephoscope.engine.context import Context
from nephoscope.engine.dossier import Dossier, cited, dossier
from nephoscope.engine.ending import trouble
from nephoscope.engine.rounds import hypotheses, tries
from nephoscope.knowledge.playbooks import tell, values_for
from nephoscope.models import Diagnosis, Fact, Finding, Gap, Problem, Recommendation
from nephoscope.models.report import (
    AskedQuestion,
    LanguageModels,
    LedgerSummary,
    ModelUse,
    NextBest,
    Notice,
    Observation,
    Report,
    ReportFact,
    ReportGap,
    ReportPolicy,
    ReportRecommendation,
    ReportScope,
    ReportStep,
    ReportTry,
    RootCause,
    RuledOut,
    Status,
    TimelineEntry,
    Timings,
    Trouble,
)
from nephoscope.store.entries import BROKER
from nephoscope.store.ledger import now
from nephoscope.store.run import RESPONSE_CACHE, Attempt

MOST_LISTED = 40
MOST_DIFF = 8000


def compose(context: Context, status: Status, trouble: Trouble | None = None) -> Report:
    """Everything a reader needs, and nothing that no fact or call stands behind."""
    problem = context.store.load("problem", Problem)
    text = problem.text if problem else ""
    base = Report(
        id=context.store.id,
        problem=str(context.store.get("words") or text),
        started_at=str(context.store.get("started_at") or now()),
        ended_at=now(),
        status=status,
        scopes=tuple(ReportScope(cloud=i.cloud, account=i.account, principal=i.principal, regions=i.regions) for i in context.identities),
        isolation=context.isolation,  # type: ignore[arg-type]
        questions=tuple(AskedQuestion(text=one.question.text, answer=one.answer) for one in context.store.questions()),
        grants=tuple(sorted(str(tier) for tier in context.granted)),
        steps=_steps(context),
        ledger=ledger_summary(context),
        llm=_llm(context),
        policies=policies(context),
        timings=_timings(context),
        versions=context.versions,
        run_dir=str(context.store.dir),
        trouble=trouble,
    )
    if problem is None or context.store.get("entities_read") is not True:
        return base
    return _with_findings(base, context, dossier(context), problem)


def _with_findings(base: Report, context: Context, view: Dossier, problem: Problem) -> Report:
    diagnosis = context.store.load("diagnosis", Diagnosis) or _so_far(view)
    told = [*diagnosis.causes, *diagnosis.ruled_out, *diagnosis.also_noticed, *diagnosis.observations]
    gaps = (*_not_run(context), *_gaps(view, diagnosis))[:MOST_LISTED]
    facts = tuple(_fact(fact, view) for fact in cited(told, view))
    return base.model_copy(
        update={
            "verdict": diagnosis.verdict,
            "root_causes": tuple(_root_cause(one, diagnosis, context) for one in diagnosis.causes),
            "ruled_out": _ruled_out(diagnosis.ruled_out, context),
            "observations": tuple(
                Observation(id=one.cause, what=one.note or title(context, one), holds=one.holds, evidence=one.because)
                for one in diagnosis.observations
            ),
            "gaps": gaps,
            "also_noticed": tuple(
                Notice(title=_told(one, context, "title"), resources=(one.subject.native_id,), evidence=one.because)
                for one in diagnosis.also_noticed
                if not _is_cause(one, diagnosis)
            ),
            "assumptions": _assumptions(problem, context, diagnosis),
            "next_best": _next_best(diagnosis, gaps, context),
            "impact": tuple(text for one in diagnosis.causes if (text := _card(one, context, "impact"))),
            "timeline": _timeline(context),
            "recommendations": _recommendations(context),
            "facts": facts,
            "ledger": _weighed(
                base.ledger, context, {*(call for fact in facts for call in fact.calls), *(call for gap in gaps for call in gap.calls)}
            ),
        }
    )


def _is_cause(noticed: Finding, diagnosis: Diagnosis) -> bool:
    """Whether a cause says it already: the same thing, by the same facts."""
    seen = set(noticed.because)
    return bool(seen) and any(one.subject.key == noticed.subject.key and seen <= set(one.because) for one in diagnosis.causes)


def _timeline(context: Context) -> tuple[TimelineEntry, ...]:
    kept = context.store.get("timeline", [])
    return tuple(TimelineEntry.model_validate(one) for one in kept) if isinstance(kept, list) else ()


def _weighed(ledger: LedgerSummary, context: Context, used: Collection[str]) -> LedgerSummary:
    """With what the calls were good for; ``used``: those that something told rests on."""
    sent = [entry for entry in context.ledger.replies() if not entry.cached_from]
    scripts = [entry.answered.call_id for entry in sent if entry.by != BROKER.by]
    return ledger.model_copy(update={"inventory": len(sent) - len(scripts), "idle": len(set(scripts) - set(used))})


def _so_far(view: Dossier) -> Diagnosis:
    """Before a conclusion: what is ruled out and open. Nothing is claimed."""
    causes = [one for one in view.findings if one.role == "cause"]
    return Diagnosis(
        verdict="inconclusive",
        ruled_out=tuple(one for one in causes if one.holds == "no"),
        open=tuple(one for one in causes if one.holds != "no"),
        observations=tuple(one for one in view.findings if one.role == "observation"),
    )


def _told(finding: Finding, context: Context, part: str) -> str:
    return _card(finding, context, part) or (finding.note if part == "explanation" else "") or title(context, finding)


def _card(finding: Finding, context: Context, part: str) -> str:
    book = context.playbooks.get(finding.cause)
    text = tell(getattr(book.card, part), values_for(finding)) if book else ""
    return str(text)


def _root_cause(finding: Finding, diagnosis: Diagnosis, context: Context) -> RootCause:
    others = finding.details.get("resources")
    more = [str(one) for one in others] if isinstance(others, list) else []
    return RootCause(
        id=finding.cause,
        title=_told(finding, context, "title"),
        explanation=_told(finding, context, "explanation"),
        confidence=diagnosis.confidence,
        resources=tuple(dict.fromkeys([finding.subject.native_id, *more])),
        evidence=finding.because,
        decided_by=finding.decided_by,
    )


def _ruled_out(findings: Sequence[Finding], context: Context) -> tuple[RuledOut, ...]:
    """One line per cause; of many subjects the first, with their number."""
    by_cause: dict[str, list[Finding]] = {}
    for one in findings:
        by_cause.setdefault(one.cause, []).append(one)
    rows = []
    for cause, group in by_cause.items():
        first = group[0]
        why = first.note or _card(first, context, "ruled_out") or "the facts say otherwise"
        more = f" (the same for {len(group) - 1} more)" if len(group) > 1 else ""
        evidence = tuple(dict.fromkeys(fact for one in group for fact in one.because))
        rows.append(RuledOut(id=cause, title=_supposed(first, context), why=why + more, evidence=evidence, decided_by=first.decided_by))
    return tuple(rows)


def _supposed(finding: Finding, context: Context) -> str:
    """How a cause that is not there is called: what its card would tell of it may have no value."""
    told = _card(finding, context, "supposed") or _card(finding, context, "title")
    return told if told and "{" not in told else f"{title(context, finding)} ({finding.subject.label})"


def _not_run(context: Context) -> Iterator[ReportGap]:
    """Steps that asked the clouds nothing, because no script for them was fit to run."""
    for step in context.store.steps():
        attempts = context.store.attempts(step.index)
        if step.status == "gap" and attempts and not any(one.result for one in attempts):
            why = trouble(context, step.index)
            yield ReportGap(
                what=f"{step.check.intent}: {why}" if why else step.check.intent, reason="not_run", needs="" if why else "approval of its script"
            )


def _gaps(view: Dossier, diagnosis: Diagnosis) -> tuple[ReportGap, ...]:
    """Each failed question once, with the causes it leaves open; what only a dead end asked for is left out unless it was denied."""
    merged: dict[tuple[str, str, str, str], ReportGap] = {}
    for gap in view.gaps:
        blocks = tuple(dict.fromkeys([*gap.blocks, *_blocked_by(gap, [*diagnosis.open, *diagnosis.observations])]))
        if not blocks and gap.reason not in ("access_denied", "not_granted", "unknown_owner", "throttled", "budget"):
            continue
        key = (gap.operation, gap.reason, gap.needs, gap.subject.key if gap.subject else "")
        former = merged.get(key)
        if former:
            blocks = tuple(dict.fromkeys([*former.blocks, *blocks]))
        calls = tuple(dict.fromkeys([*(former.calls if former else ()), *gap.calls]))
        merged[key] = ReportGap(
            what=former.what if former else gap.what,
            subject=gap.subject.label if gap.subject else "",
            reason=gap.reason,
            blocks=blocks,
            operation=gap.operation,
            needs=gap.needs,
            calls=calls,
        )
    return tuple(merged.values())


def _blocked_by(gap: Gap, findings: Sequence[Finding]) -> list[str]:
    if gap.subject is None:
        return []
    wanted = f"{gap.subject.key}#{gap.attribute}"
    kind = f"{gap.subject.name}#" if gap.subject.kind == "inventory" else None
    return [one.cause for one in findings if any(need.key == wanted or (kind and need.key.startswith(kind)) for need in one.needs)]


def _assumptions(problem: Problem, context: Context, diagnosis: Diagnosis) -> tuple[str, ...]:
    taken = [
        f"“{entity.text}” is taken to be {', '.join(ref.label for ref in entity.matches)}"
        for entity in problem.entities
        if entity.assumed and entity.matches
    ]
    answers = [f"{one.question.text} — assumed: {one.answer}" for one in context.store.questions() if one.assumed]
    broken = [f"analyzer {name} failed and was left out: {why}" for name, why in context.analysis.broken.items()]
    noted = context.store.get("planner_notes", [])
    notes = [str(one) for one in noted] if isinstance(noted, list) else []
    meant = [f"{problem.witnessed}; so this was looked into: {problem.text}"] if problem.witnessed else []
    return (*taken, *meant, *answers, *broken, *notes, *_unseen(context), *(f"dropped: {one}" for one in diagnosis.dropped))


def _unseen(context: Context) -> tuple[str, ...]:
    """What was not shown to anybody before it ran."""
    if not context.store.get("unseen"):
        return ()
    authors = sorted({one.author for one in context.store.attempts() if one.approved and one.result})
    return (f"scripts by {', '.join(authors)} ran without being shown to anybody, for nobody was there; they could only read what is allowed",)


def _next_best(diagnosis: Diagnosis, gaps: Sequence[ReportGap], context: Context) -> tuple[NextBest, ...]:
    if diagnosis.verdict in ("confirmed", "no_fault_found"):
        return ()
    problem = context.store.load("problem", Problem)
    there = [
        NextBest(observation=f"what is in {place}, which the words name and nobody looked at", needs=f"--region {place}")
        for place in (problem.elsewhere if problem else ())
    ]
    by_gap = [NextBest(observation=gap.what, needs=gap.needs) for gap in gaps if gap.blocks]
    unseen = [one for one in (*diagnosis.open, *diagnosis.observations) if one.holds == "unknown"]
    by_finding = [NextBest(observation=one.note or f"whether {title(context, one)}", needs="") for one in unseen]
    exhausted = context.store.get("exhausted")
    more = [NextBest(observation=f"go on with a larger budget: {exhausted}", needs=f"nephoscope resume {context.store.id}")] if exhausted else []
    thought = [
        NextBest(observation=f"whether {one.title or one.cause}: {one.why}" if one.why else f"whether {one.title or one.cause}")
        for one in hypotheses(context.store)
        if one.stands != "ruled_out" and diagnosis.verdict == "inconclusive"
    ]
    return tuple({one.observation: one for one in [*more, *there, *by_gap, *thought, *by_finding]}.values())[:5]


def _recommendations(context: Context) -> tuple[ReportRecommendation, ...]:
    stored = context.store.get("recommendations", [])
    advice = [Recommendation.model_validate(one) for one in stored] if isinstance(stored, list) else []
    return tuple(ReportRecommendation.model_validate(one.model_dump(exclude={"changes"})) for one in advice)


def _fact(fact: Fact, view: Dossier) -> ReportFact:
    return report_fact(fact, {entry.call.id: entry.call.name for entry in view.entries})


def report_fact(fact: Fact, operations: Mapping[str, str]) -> ReportFact:
    """A fact with its receipt. ``operations``: what each call was."""
    return ReportFact(
        id=fact.id,
        subject=fact.subject.key,
        name=fact.subject.label,
        attribute=fact.attribute,
        value=fact.value,
        grounding=fact.grounding,
        calls=fact.calls,
        pointer=fact.pointer,
        operations=tuple(dict.fromkeys(operations[call] for call in fact.calls if call in operations)),
        account=fact.identity.account,
        principal=fact.identity.principal,
        region=fact.subject.region,
        observed_at=fact.observed_at,
        cached=fact.cached,
    )


def _steps(context: Context) -> tuple[ReportStep, ...]:
    rows = []
    for step in context.store.steps():
        attempts = context.store.attempts(step.index)
        script = f"blobs/{attempts[-1].script[:2]}/{attempts[-1].script}" if attempts else ""
        row = ReportStep(index=step.index, intent=step.check.intent, script=script, attempts=len(attempts), status=step.status, seconds=step.seconds)
        last = attempts[-1] if attempts else None
        more = {
            "decided_by": step.check.decided_by,
            "author": last.author if last else "",
            "rehearsal": _rehearsal(last, context),
            "tries": _tries(attempts, context),
        }
        rows.append(row.model_copy(update=more))
    return tuple(rows)


def _tries(attempts: Sequence[Attempt], context: Context) -> tuple[ReportTry, ...]:
    if len(attempts) < 2:
        return ()
    told = zip(attempts, tries(context.store, attempts, context.store.rehearsals()), strict=True)
    return tuple(
        ReportTry(number=one.number, author=one.author, hash=one.script, trouble=each.trouble, diff=each.diff[:MOST_DIFF]) for one, each in told
    )


def _rehearsal(attempt: Attempt | None, context: Context) -> str:
    found = context.store.rehearsal(attempt.script) if attempt else None
    if found is None:
        return ""
    why = found.reason or found.unsure or f"{len(found.tested)} facts came out on mock data, and not on other data"
    return f"{found.outcome}: {why}"


def ledger_summary(context: Context) -> LedgerSummary:
    """What was asked of the clouds."""
    spent = context.ledger.spent()
    return LedgerSummary(
        calls=spent.calls,
        upstream=spent.upstream,
        cached=spent.cached,
        refused=spent.refused,
        by_operation=spent.by_operation,
        usd=spent.usd,
        unpriced=spent.unpriced,
    )


def _llm(context: Context) -> LanguageModels:
    """Every request that was answered or may have been, by model and role; exactly what the record holds."""
    rows: dict[tuple[str, str], ModelUse] = {}
    for call in context.store.model_calls():
        key = (call.model, call.role)
        row = rows.get(key) or ModelUse(model=call.model, role=call.role, usd=0.0)
        if call.price == RESPONSE_CACHE:
            rows[key] = row.model_copy(update={"from_cache": row.from_cache + 1})
            continue
        rows[key] = row.model_copy(
            update={
                "calls": row.calls + 1,
                "failed": row.failed + (call.reply is None),
                "input_tokens": row.input_tokens + call.usage.input,
                "cached_tokens": row.cached_tokens + call.usage.cache_read,
                "output_tokens": row.output_tokens + call.usage.output,
                "usd": None if row.usd is None or call.usd is None else row.usd + call.usd,
                "unpriced": row.unpriced + (call.usd is None),
                "price": call.price or row.price,
            }
        )
    return LanguageModels(by_model=tuple(rows.values()), usd=sum(call.usd or 0.0 for call in context.store.model_calls()))


def policies(context: Context) -> tuple[ReportPolicy, ...]:
    """The least privilege that the run needs, by cloud."""
    calls = [entry.call for entry in context.ledger.replies()]
    found = []
    for cloud, policy in context.policies.items():
        own = [call for call in calls if call.identity.cloud == cloud]
        if own:
            document = policy.document(own)
            found.append(ReportPolicy.model_validate({"cloud": cloud, "format": policy.format, "document": document}))
    return tuple(found)


def _timings(context: Context) -> Timings:
    phases = context.store.timings()
    upstream = sum(entry.answered.seconds for entry in context.ledger.replies() if not entry.cached_from)
    return Timings.model_validate(
        {**{name: round(phases.get(name, 0.0), 4) for name in ("plan", "generate", "validate", "execute")}, "upstream": round(upstream, 4)}
    )
