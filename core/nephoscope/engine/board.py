"""What is still possible and what is ruled out, for those who watch."""

from __future__ import annotations

from nephoscope.engine.context import Context
from nephoscope.engine.dossier import Dossier
from nephoscope.knowledge.playbooks import tell, values_for
from nephoscope.models import Finding, JsonValue

_WEIGHT = {"yes": 4.0, "unknown": 1.0}


def title(context: Context, finding: Finding) -> str:
    """How a cause is called."""
    book = context.playbooks.get(finding.cause)
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
    context.emit("board", open=list(rows.values()), ruled_out=len({one.cause for one in causes if one.holds == "no"} - set(rows)), leading=leading)
    spent, total = context.boundary.spent(), context.budget
    limits: dict[str, JsonValue] = {"calls": total.calls, "usd": total.usd, "seconds": total.seconds}
    context.emit("budget", calls=spent.calls, usd=spent.usd + spent.model_usd, seconds=round(context.elapsed, 2), limits=limits)
