"""What is still possible and what is ruled out, for those who watch."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.engine.context import Context
from nephoscope.engine.dossier import Dossier
from nephoscope.knowledge.playbooks import tell, values_for
from nephoscope.models import Finding, Hypothesis, JsonValue

_WEIGHT = {"yes": 4.0, "unknown": 1.0}
_SUPPORT = {"supported": 3.0, "open": 1.0}


def title(context: Context, finding: Finding) -> str:
    """How a cause is called."""
    claimed = finding.details.get("title")
    book = context.playbooks.get(finding.cause)
    if isinstance(claimed, str) and claimed and (finding.decided_by.startswith("model:") or book is None):
        return claimed
    told = tell(book.card.title, values_for(finding)) if book and finding.holds == "yes" else None
    return str(told) if told and "{" not in str(told) else finding.cause.rsplit(".", 1)[-1].replace("-", " ")


def show_board(context: Context, view: Dossier) -> None:
    """Emit the hypothesis board and the budget."""
    causes = [one for one in view.findings if one.role == "cause"]
    possible = [one for one in causes if one.holds != "no" and one.on_path]
    leading = next((title(context, one) for one in possible if one.holds == "yes"), "")
    rows: dict[str, dict[str, JsonValue]] = {
        one.cause: {"cause": one.cause, "title": title(context, one), "weight": _WEIGHT[one.holds]} for one in possible
    }
    out = {one.cause for one in causes if one.holds == "no"}
    for thought in view.hypotheses:
        if thought.stands == "ruled_out":
            out |= {thought.cause} - set(rows)
        elif thought.cause not in out:
            rows.setdefault(thought.cause, _thought(thought))
    context.emit("board", open=list(rows.values()), ruled_out=len(out - set(rows)), leading=leading)
    spent, total = context.boundary.spent(), context.budget
    limits: dict[str, JsonValue] = {"calls": total.calls, "usd": total.usd, "seconds": total.seconds}
    context.emit("budget", calls=spent.calls, usd=spent.usd + spent.model_usd, seconds=round(context.elapsed, 2), limits=limits)


def show_hypotheses(context: Context, hypotheses: Sequence[Hypothesis]) -> None:
    """What a planner holds possible, and why, for those who watch."""
    told: list[JsonValue] = [one.model_dump(mode="json") for one in hypotheses]
    context.emit("hypotheses", hypotheses=told)


def _thought(hypothesis: Hypothesis) -> dict[str, JsonValue]:
    name = hypothesis.title or hypothesis.cause.rsplit(".", 1)[-1].replace("-", " ")
    return {"cause": hypothesis.cause, "title": name, "weight": _SUPPORT[hypothesis.stands]}
