"""Controls as data: folders of YAML files, a condition each, and a table of prices.

The condition is read by whoever loads the folder: by the conditions of playbooks where a pack has none of its own.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import Field

from nephoscope.interfaces import Control, FactView, UsageError
from nephoscope.knowledge.playbooks import Condition, judge, tell, values_for
from nephoscope.models import FactQuery, Finding, Frozen, Holds, JsonValue, ResourceRef
from nephoscope.models.inspection import SEVERITIES, ControlCard, InspectionOrder, MonthlyCost
from nephoscope.models.yaml_text import parse_yaml

PRICES = "prices.yaml"


class Judgement(NamedTuple):
    """A condition judged: the answer, the facts it rests on, what is missing, values for texts."""

    holds: Holds
    because: tuple[str, ...] = ()
    needs: tuple[FactQuery, ...] = ()
    details: Mapping[str, JsonValue] = {}


Predicate = Callable[[ResourceRef, FactView], Judgement]
"""Whether a thing is at fault."""
Reader = Callable[[Any], Predicate]
"""Makes a predicate of what stands under ``when``. Raises ``ValueError``."""


class PriceTable(Frozen):
    """Prices of one cloud as published. ``usd``: price → region (``*``: everywhere) → USD for one ``unit`` a month."""

    class Row(Frozen):
        """One price."""

        unit: str
        usd: Mapping[str, float]

    as_of: str
    source: str
    prices: Mapping[str, Row] = Field(default_factory=dict)

    def monthly(self, price: str, region: str) -> tuple[float | None, str]:
        """USD a month for one unit, and the unit; ``None`` where the table does not know."""
        row = self.prices.get(price)
        if row is None:
            return None, ""
        return row.usd.get(region, row.usd.get("*")), row.unit


@dataclass(frozen=True)
class DataControl:
    """Implements :class:`nephoscope.interfaces.Control` by a card and a predicate."""

    card: ControlCard
    predicate: Predicate
    prices: PriceTable | None = None
    source: str = ""

    @property
    def name(self) -> str:
        return self.card.id

    def judge(self, subject: ResourceRef, view: FactView) -> Finding:
        found = self.predicate(subject, view)
        return Finding(
            cause=self.card.id,
            subject=subject,
            holds=found.holds,
            because=found.because if found.holds != "unknown" else (),
            needs=found.needs if found.holds == "unknown" else (),
            details=dict(found.details),
            decided_by=f"control:{self.card.id}",
        )

    def cost(self, finding: Finding) -> MonthlyCost | None:
        rule = self.card.cost
        if rule is None:
            return None
        values = values_for(finding)
        price, amount = str(tell(rule.price, values)), _amount(tell(rule.quantity, values))
        unit_price, unit = self.prices.monthly(price, finding.subject.region) if self.prices else (None, "")
        if self.prices is None or unit_price is None or amount is None:
            return MonthlyCost(basis=f"the price of {price} in {finding.subject.region or 'this account'} is not in the table")
        usd = round(unit_price * amount * rule.share, 2)
        share = f", {rule.share:.0%} of it" if rule.share < 1 else ""
        basis = f"{amount:g} x {unit_price:g} USD per {unit}{share}, list price of {self.prices.as_of}"
        return MonthlyCost(usd=usd, basis=basis, source=self.prices.source)


def _amount(value: JsonValue) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def by_playbook_conditions(raw: Any) -> Predicate:
    """Reads ``when`` as a playbook's condition."""
    condition = Condition.model_validate(raw)

    def predicate(subject: ResourceRef, view: FactView) -> Judgement:
        holds, facts, needs = judge(condition, subject, view)
        details = {fact.attribute.replace(".", "_"): fact.value for fact in facts}
        return Judgement(holds, tuple(fact.id for fact in facts), tuple(needs), details)

    return predicate


def load_controls(folder: Path, reader: Reader = by_playbook_conditions) -> list[Control]:
    """Every control of the ``*.yaml`` in a folder; ``prices.yaml`` there is its price table. Raises :class:`UsageError` naming the file."""
    prices = _prices(folder / PRICES)
    found: dict[str, DataControl] = {}
    for path in sorted(folder.glob("*.yaml")):
        if path.name == PRICES:
            continue
        for control in _load(path, reader, prices):
            if control.name in found:
                raise UsageError(f"control {control.name} is told twice: in {found[control.name].source} and in {path.name}", "remove one of them")
            found[control.name] = control
    return list(found.values())


def _load(path: Path, reader: Reader, prices: PriceTable | None) -> list[DataControl]:
    try:
        raw: Any = parse_yaml(path.read_text(encoding="utf-8")) or {}
        return [DataControl(_card(entry), reader(entry["when"]), prices, path.name) for entry in raw.get("controls") or []]
    except (yaml.YAMLError, re.error, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UsageError(f"controls {path.name} cannot be read: {error}", "mend the file, or block the pack that brings it") from error


def _card(entry: Mapping[str, Any]) -> ControlCard:
    card = {key: value for key, value in entry.items() if key != "when"}
    sections = {name: tuple(map(str, some or ())) for name, some in (card.get("frameworks") or {}).items()}
    return ControlCard.model_validate({**card, "frameworks": sections})


def _prices(path: Path) -> PriceTable | None:
    if not path.exists():
        return None
    try:
        return PriceTable.model_validate(parse_yaml(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValueError) as error:
        raise UsageError(f"price table {path} cannot be read: {error}", "mend the file, or block the pack that brings it") from error


def frameworks(controls: Sequence[Control]) -> list[str]:
    """Every framework that some control belongs to."""
    return sorted({name for control in controls for name in control.card.frameworks})


def select(controls: Sequence[Control], order: InspectionOrder) -> list[Control]:
    """The controls that meet every wish, worst first. Raises :class:`UsageError` for a name nobody has."""
    _known(order.frameworks, frameworks(controls), "framework")
    _known(order.checks, [one.name for one in controls], "check")
    _known(order.services, sorted({one.card.service for one in controls}), "service")
    worst = SEVERITIES[: SEVERITIES.index(order.severity) + 1] if order.severity else SEVERITIES
    chosen = [
        one
        for one in controls
        if (not order.frameworks or set(order.frameworks) & set(one.card.frameworks))
        and (not order.checks or one.name in order.checks)
        and (not order.services or one.card.service in order.services)
        and one.card.severity in worst
    ]
    if not chosen:
        raise UsageError("no check meets all of these wishes", "see what there is: nephoscope inspect --list")
    return sorted(chosen, key=lambda one: (SEVERITIES.index(one.card.severity), one.name))


def _known(wanted: Sequence[str], known: Sequence[str], what: str) -> None:
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise UsageError(f"there is no {what} {name!r}", f"did you mean {near[0]}?" if near else "see what there is: nephoscope inspect --list")


def told(template: str, finding: Finding) -> str:
    """A card's text about a finding."""
    return str(tell(template, values_for(finding)))


def command(template: str, finding: Finding) -> str:
    """A card's command about a finding, each value quoted as one word."""
    values = {name: _word(value) for name, value in values_for(finding).items()}
    return str(tell(f"{template} ", values)).rstrip()


_READ_OTHERWISE = re.compile(r"-|fileb?://")


def _word(value: JsonValue) -> str:
    """One word of a shell. What a command would take for an option or a file, or what hides itself, is not written out."""
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    if _READ_OTHERWISE.match(text):
        return "'(a value that reads as an option)'"
    return shlex.quote("".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text))
