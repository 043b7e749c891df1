"""What a run looks like so far, rebuilt from its events alone.

Events the engine emits, and the fields of ``Event.data`` read here (all optional; unknown kinds are ignored):

=============  =====================================================================================================
run_started    id, problem, scopes ``[{account, principal, regions}]``, isolation, planner, model
entities       entities ``[{text, matches: [names]}]``
understood     statement ``[{label, text}]``: the problem as it was read
step_started   intent, operations ``[service:Operation]``; ``Event.step`` is its number
script         author, hash, lines, path
call           id, operation, status, cached, seconds
model_called   model, role, prompt, input_tokens, output_tokens, usd, seconds, error (kind of fault; empty when it answered)
step_ended     status, calls, seconds, gaps, answer (one short phrase, such as ``yes``)
rehearsed      outcome (passed, failed, skipped), reason, unsure, facts (count), author
repair         attempt, reason
board          open ``[{cause, title, weight}]``, ruled_out (count), leading (title)
hypotheses     hypotheses ``[{cause, title, stands, why}]``: what a planner holds possible
budget         calls, usd, seconds, limits ``{calls, usd, seconds}``
question       text, options
approval       author, hash, operations, diff, since (approved, last), before (hash), rehearsal, rejected
notice         text (a sentence for the person, such as which region was taken and why)
concluded      verdict, title
proving        title (of a fix that is now tried on an emulator), number, of
proved         title, proof, note
kept           endpoint (an emulator that stays up after the report, which is stored by now, until the person stops it)
=============  =====================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from nephoscope.models import Event, JsonValue
from nephoscope.reporting.telling import VERDICTS, duration, money, short_principal
from nephoscope.reporting.text import clean, clip


@dataclass(frozen=True)
class Said:
    """A finished line: ``mark`` is ``ok``, ``bad``, ``note`` or empty; ``aside`` stands at the right."""

    text: str
    aside: str = ""
    mark: str = ""


@dataclass
class Progress:
    """The state that live views draw. Every string in it is clean."""

    run_id: str = ""
    step: int = 0
    intent: str = ""
    doing: str = ""
    script: str = ""
    open: list[tuple[str, float]] = field(default_factory=list)
    ruled_out: int = 0
    calls: int = 0
    usd: float = 0.0
    seconds: float = 0.0
    limits: dict[str, float] = field(default_factory=dict)
    stands: dict[str, str] = field(default_factory=dict)

    def apply(self, event: Event) -> list[Said]:
        """Take in an event; answers the lines that are now final."""
        handler: Callable[[Event], list[Said]] | None = getattr(self, f"_on_{event.kind}", None)
        return handler(event) if handler else []

    def _on_run_started(self, event: Event) -> list[Said]:
        self.run_id = _text(event, "id")
        scopes = [scope for scope in _list(event, "scopes") if isinstance(scope, dict)]
        told = [
            f"{clean(scope.get('account', ''))} as {clean(short_principal(str(scope.get('principal', ''))))} · {_joined(scope.get('regions'))}"
            for scope in scopes
        ]
        model = _text(event, "model")
        parts = ["nephoscope " + self.run_id, *told, "read-only", f"isolation {_text(event, 'isolation')}", model or "no model"]
        return [Said(" · ".join(parts), mark="note")]

    def _on_entities(self, event: Event) -> list[Said]:
        said = []
        for entity in (each for each in _list(event, "entities") if isinstance(each, dict)):
            matches = _joined(entity.get("matches"))
            said.append(Said(f"{clean(entity.get('text', ''))} → {matches or 'not found'}", mark="note"))
        return said

    def _on_understood(self, event: Event) -> list[Said]:
        rows = [row for row in _list(event, "statement") if isinstance(row, dict)]
        return [Said(f"{clean(row.get('label', ''))}: {clip(clean(row.get('text', '')), 300)}", mark="note") for row in rows]

    def _on_hypotheses(self, event: Event) -> list[Said]:
        """A line for each hypothesis that newly gained support or fell; open ones are on the board."""
        said = []
        for each in (one for one in _list(event, "hypotheses") if isinstance(one, dict)):
            cause, stands = clean(each.get("cause", "")), clean(each.get("stands", ""))
            if stands != "open" and self.stands.get(cause) != stands:
                name, why = clean(each.get("title") or cause), clip(clean(each.get("why", "")), 100)
                word = "ruled out" if stands == "ruled_out" else stands
                said.append(Said(f"{word}: {name}{f' ({why})' if why else ''}", mark="note"))
            self.stands[cause] = stands
        return said

    def _on_notice(self, event: Event) -> list[Said]:
        return [Said(_text(event, "text"), mark="note")]

    def _on_step_started(self, event: Event) -> list[Said]:
        self.step, self.intent = event.step, _text(event, "intent")
        self.doing, self.script = _joined(event.data.get("operations")), ""
        return []

    def _on_script(self, event: Event) -> list[Said]:
        self.script = f"script {_text(event, 'author')} {_text(event, 'hash')[:4]}, {_number(event, 'lines'):.0f} lines"
        return []

    def _on_rehearsed(self, event: Event) -> list[Said]:
        outcome, why = _text(event, "outcome"), clip(_text(event, "reason") or _text(event, "unsure"), 160)
        facts = f"{_number(event, 'facts'):.0f} facts came out on mock data"
        warned = "" if _text(event, "author") == "person" else ", not run"
        told = {"passed": f"rehearsed: {facts}{f'; {why}' if why else ''}", "failed": f"rehearsal failed{warned}: {why}"}
        return [Said(told.get(outcome, f"not rehearsed: {why}"), mark="bad" if outcome == "failed" else "note")]

    def _on_proving(self, event: Event) -> list[Said]:
        several = f" {_number(event, 'number'):.0f}/{_number(event, 'of'):.0f}" if _number(event, "of") > 1 else ""
        self.doing = f"trying the fix on an emulator{several}: {clip(_text(event, 'title'), 80)}"
        return []

    def _on_proved(self, event: Event) -> list[Said]:
        proven = _text(event, "proof") == "proven_on_emulator"
        note = clip(_text(event, "note"), 200)
        return [Said(f"fix proven on an emulator: {_text(event, 'title')}" if proven else f"fix not proven: {note}", mark="ok" if proven else "note")]

    def _on_repair(self, event: Event) -> list[Said]:
        self.doing = f"repair {_number(event, 'attempt'):.0f}: {clip(_text(event, 'reason'), 60)}"
        return []

    def _on_call(self, event: Event) -> list[Said]:
        self.calls += 1
        outcome = " (cached)" if event.data.get("cached") else f" {_text(event, 'status')}"
        self.doing = f"{_text(event, 'operation')}{outcome}"
        return []

    def _on_model_called(self, event: Event) -> list[Said]:
        trouble = _text(event, "error")
        trouble = trouble or ("cached" if event.data.get("cached") else "")
        self.doing = f"{_text(event, 'role')}: {_text(event, 'model')}{f' ({trouble})' if trouble else ''}"
        return []

    def _on_step_ended(self, event: Event) -> list[Said]:
        ok = _text(event, "status") in ("", "ok")
        answer = _text(event, "answer")
        gaps = _number(event, "gaps")
        parts = [f"{event.step} {self.intent}", answer, f"{gaps:.0f} not seen" if gaps else "", "" if ok else _text(event, "status")]
        text = "  ".join(part for part in parts if part)
        calls = _number(event, "calls")
        self.intent = self.doing = self.script = ""
        return [Said(text, f"{calls:.0f} {'call ' if calls == 1 else 'calls'} {duration(_number(event, 'seconds')):>6}", "ok" if ok else "bad")]

    def _on_board(self, event: Event) -> list[Said]:
        causes = [cause for cause in _list(event, "open") if isinstance(cause, dict)]
        leading = _text(event, "leading")
        board = [(clean(cause.get("title") or cause.get("cause", "")), _float(cause.get("weight"), 1.0)) for cause in causes]
        self.open = sorted(board, key=lambda cause: (cause[0] != leading, -cause[1]))
        self.ruled_out = int(_number(event, "ruled_out"))
        return []

    def _on_budget(self, event: Event) -> list[Said]:
        self.calls, self.usd, self.seconds = int(_number(event, "calls")), _number(event, "usd"), _number(event, "seconds")
        limits = event.data.get("limits")
        if isinstance(limits, dict):
            self.limits = {str(name): _float(limit, 0.0) for name, limit in limits.items()}
        return []

    def _on_question(self, event: Event) -> list[Said]:
        return [Said(f"question: {_text(event, 'text')}", mark="note")]

    def _on_approval(self, event: Event) -> list[Said]:
        return [Said(f"approval asked for a script by {_text(event, 'author')} ({_text(event, 'hash')[:8]})", mark="note")]

    def _on_concluded(self, event: Event) -> list[Said]:
        verdict = _text(event, "verdict")
        title = _text(event, "title")
        return [Said(f"{VERDICTS.get(verdict, verdict)}{': ' + title if title else ''}", mark="note")]

    def _on_kept(self, event: Event) -> list[Said]:
        self.intent, self.open, self.ruled_out = "", [], 0
        endpoint = _text(event, "endpoint")
        return [Said(f'the emulated account stays up until Ctrl-C: nephoscope investigate "…" --endpoint-url {endpoint}', mark="note")]

    def board(self) -> str:
        """What is still possible, and how much is ruled out; empty while nothing is known."""
        if not self.open and not self.ruled_out:
            return ""
        shown = " · ".join(title for title, _ in self.open[:4]) or "nothing"
        more = f" · {len(self.open) - 4} more" if len(self.open) > 4 else ""
        return f"still possible: {shown}{more}   ruled out: {self.ruled_out}"

    def spent(self, seconds: float) -> str:
        """Calls, money and time, each against its limit."""
        calls = f"{self.calls}{_of(self.limits, 'calls')} calls"
        limit = self.limits.get("usd")
        usd = f"{money(self.usd)} of {limit:.2f}" if limit else money(self.usd)
        return f"{calls} · {usd} · {seconds:.0f}{_of(self.limits, 'seconds')} s"


def _of(limits: Mapping[str, float], name: str) -> str:
    return f" of {limits[name]:.0f}" if limits.get(name) else ""


def _text(event: Event, name: str) -> str:
    value = event.data.get(name)
    return "" if value is None else clean(value)


def _number(event: Event, name: str) -> float:
    return _float(event.data.get(name), 0.0)


def _float(value: JsonValue, default: float) -> float:
    return float(value) if isinstance(value, int | float) else default


def _list(event: Event, name: str) -> list[JsonValue]:
    value = event.data.get(name)
    return value if isinstance(value, list) else []


def _joined(value: JsonValue) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(clean(item) for item in value)
    return clean(value) if value else ""
