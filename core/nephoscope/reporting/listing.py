"""Tables: investigations, scenarios, packs, settings, health. Every cell passes ``clean``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from nephoscope.interfaces.errors import UsageError
from nephoscope.models import Remembered, ServiceCoverage
from nephoscope.models.record import Ailment, Leaving, RunSummary
from nephoscope.plugin.pack import PackRecord
from nephoscope.reporting.telling import VERDICTS, moment
from nephoscope.reporting.text import clean, clip, compact

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_STATES: Final[Mapping[str, str]] = {"ok": "green", "warning": "yellow", "broken": "bold red"}


def select(
    runs: Iterable[RunSummary],
    *,
    status: str | None = None,
    cloud: str | None = None,
    text: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> list[RunSummary]:
    """The runs that meet every wish given. Raises ``UsageError`` for a time nobody can read."""
    first, last = when(since) if since else None, when(until) if until else None
    return [
        run
        for run in runs
        if (status is None or run.status == status)
        and (cloud is None or cloud in run.clouds)
        and (text is None or text.lower() in " ".join((run.id, run.problem, *run.causes)).lower())
        and (first is None or started(run) >= first)
        and (last is None or started(run) < last)
    ]


def when(text: str, now: datetime | None = None) -> datetime:
    """A date, a time, or how long ago (``12h``, ``30d``), in UTC where nothing else is said."""
    ago = re.fullmatch(r"(\d{1,5})([mhdw])", text)
    if ago:
        return (now or datetime.now(UTC)) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no time.", "write 2026-11-20, 2026-11-20T08:00 or 30d, 12h, 45m") from None
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def started(run: RunSummary) -> datetime:
    """When a run started; the beginning of time when it does not say."""
    try:
        return when(run.started_at)
    except UsageError:
        return datetime.min.replace(tzinfo=UTC)


def run_table(runs: Sequence[RunSummary]) -> Table:
    """One line per record: what was found, or how it ended when it did not conclude."""
    shared = any(run.owner for run in runs)
    table = _table("id", "started", *(["by"] if shared else []), "found", "problem")
    for run in runs:
        found = ", ".join(run.causes) or VERDICTS[run.verdict].lower()
        outcome = run.status.replace("_", " ") if run.status != "concluded" else "a command" if run.kind == "command" else found
        who = [run.owner] if shared else []
        table.add_row(*_cells(run.id, moment(run.started_at), *who, clip(outcome, 40), clip(run.problem, 120)))
    for column in table.columns[:-1]:
        column.no_wrap = True
    return table


def scenario_table(scenarios: Sequence[tuple[str, str, str]]) -> Table:
    """Id, family and words of every scenario."""
    table = _table("scenario", "family", "the problem as somebody puts it")
    for scenario in sorted(scenarios, key=lambda each: (each[1], each[0])):
        table.add_row(*_cells(*scenario))
    return table


def prompt_table(prompts: Sequence[tuple[str, str, str, str, str]]) -> Table:
    """Id, version, role, services and description of every prompt."""
    table = _table("prompt", "version", "role", "services", "what it does")
    for prompt in prompts:
        table.add_row(*_cells(*prompt))
    return table


def skill_table(skills: Sequence[tuple[str, str, str, str, str]]) -> Table:
    """Name with version, cloud, question, operations and origin of every skill."""
    table = _table("skill", "cloud", "answers", "asks", "from")
    for skill in skills:
        table.add_row(*_cells(*skill))
    return table


def fact_table(rows: Sequence[tuple[str, Remembered, str]]) -> Table:
    """What is remembered of which thing in which account, as which value, since when and from which run."""
    table = _table("account", "kind", "resource", "attribute", "value", "seen", "run")
    for account, one, value in rows:
        table.add_row(*_cells(account, one.subject.native_type, one.subject.label, one.attribute, value, one.observed_at[:16], one.run))
    return table


def model_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Language models with what they can do and cost."""
    table = _table("model", "can", "roles", "context", "USD per million in / out", "")
    for row in rows:
        price = row["usd_per_million"]
        cost = f"{price['input']:g} / {price['output']:g}" if price else "unknown"
        told = f"chosen ({', '.join(row['chosen'])})" if row["chosen"] else "" if row["installed"] else "pack not installed"
        table.add_row(*_cells(row["id"], ", ".join(row["capabilities"]), ", ".join(row["roles"]), f"{row['context']}", cost, told))
    return table


def pack_tables(records: Sequence[PackRecord], options: Mapping[str, Mapping[str, str]]) -> list[Table]:
    """Packs with what they register and what is wrong with them, and the options that clouds add."""
    packs = _table("pack", "distribution", "registers", "trouble")
    for record in records:
        registers = "; ".join(f"{role}: {', '.join(names)}" for role, names in record.registers.items()) or "nothing"
        packs.add_row(*_cells(record.name, f"{record.distribution} {record.version}", registers, record.error or _off(record)))
    added = _table("cloud", "option", "what it does")
    for cloud, flags in options.items():
        for flag, description in flags.items():
            added.add_row(*_cells(cloud, flag, description))
    return [packs, added] if added.row_count else [packs]


def settings_tables(rows: Iterable[tuple[str, Any, str]], ignored: Sequence[tuple[str, str, str]]) -> list[Table]:
    """What is in force, and what was found and ignored."""
    values = _table("setting", "value", "from")
    for key, value, origin in rows:
        values.add_row(*_cells(key, "" if value in (None, "") else compact(value, 80), origin))
    passed = _table("ignored", "found in", "why")
    for item in ignored:
        passed.add_row(*_cells(*item))
    return [values, passed] if ignored else [values]


def ailment_table(ailments: Sequence[Ailment]) -> Table:
    """What was looked at, how it stands, what would help."""
    table = _table("check", "state", "detail", "what to do")
    for ailment in ailments:
        name, state, detail, remedy = _cells(ailment.name, ailment.state, ailment.detail, ailment.remedy)
        state.stylize(_STATES[ailment.state])
        table.add_row(name, state, detail, remedy)
    return table


def leaving_table(rows: Sequence[Leaving]) -> Table:
    """Where to, what, as what kind of access or for which role, how often and when; with the sum."""
    table = _table("to", "what", "kind", "times", "tokens", "first", "last")
    for row in rows:
        where = f"{row.place} ({row.account})" if row.account else row.place
        table.add_row(*_cells(where, row.what, row.kind, row.count, row.tokens or "", moment(row.first), moment(row.last)))
    table.add_row(*_cells("", "everything", "", sum(row.count for row in rows), sum(row.tokens for row in rows) or "", "", ""), style="bold")
    return table


def coverage_table(rows: Sequence[ServiceCoverage]) -> Table:
    """Who judged how many operations of each service, with the sum where there are several."""
    table = _table("service", "operations", "reviewed", "proposed by data", "secret by data", "refused as unknown", "usable without a grant")
    for row in rows:
        table.add_row(*_cells(row.service, row.operations, row.reviewed, row.proposed, row.suspected, row.unknown, row.usable))
    if len(rows) > 1:
        sums = [sum(getattr(row, name) for row in rows) for name in ("operations", "reviewed", "proposed", "suspected", "unknown", "usable")]
        table.add_row(*_cells(f"{len(rows)} services", *sums), style="bold")
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _cells(*values: object) -> list[Text]:
    return [Text(clean(value)) for value in values]


def _off(record: PackRecord) -> str:
    return "switched off" if record.switched_off else ""
