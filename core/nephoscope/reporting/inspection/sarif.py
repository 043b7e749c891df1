"""SARIF 2.1.0: rules are checks, results are findings. Things of a cloud have no file: they are logical locations."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from nephoscope import __version__
from nephoscope.models.inspection import ControlResult, ImportedFinding, InspectedThing, Inspection, InspectionFinding
from nephoscope.reporting.text import clean

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
_SCORES: Final = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0", "info": "0.0"}
"""What readers of SARIF sort by, in the scale of CVSS; one value per severity, none of it measured."""


def to_sarif(inspection: Inspection) -> str:
    """The inspection as one run, with a line end; findings of other tools as runs of their own."""
    runs = [_run(inspection), *_imported(inspection.imported)]
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": runs}, indent=2, ensure_ascii=True) + "\n"


def _run(inspection: Inspection) -> dict[str, Any]:
    texts = {one.check: one for one in inspection.findings}
    rules = [_rule(one, texts.get(one.id)) for one in inspection.checks]
    places = {rule["id"]: index for index, rule in enumerate(rules)}
    results = [_result(one, places[one.check]) for one in inspection.findings]
    results += [_open(row.check, places[row.check], row.resource, row.why, row.needs) for row in inspection.not_evaluated]
    return {
        "tool": {"driver": {"name": "nephoscope", "version": __version__, "semanticVersion": __version__, "rules": rules}},
        "automationDetails": {"id": f"nephoscope/inspect/{inspection.id}"},
        "invocations": [
            {"executionSuccessful": inspection.status == "concluded", "startTimeUtc": inspection.started_at, "endTimeUtc": inspection.ended_at}
        ],
        "results": results,
        "properties": {"scopes": [scope.model_dump(mode="json") for scope in inspection.scopes]},
    }


def _rule(control: ControlResult, finding: InspectionFinding | None) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": control.id,
        "shortDescription": {"text": clean(control.title)},
        "defaultConfiguration": {"level": _LEVELS[control.severity]},
        "properties": {
            "tags": sorted({control.category, control.service, *control.frameworks}),
            "security-severity": _SCORES[control.severity],
            "frameworks": {name: list(sections) for name, sections in control.frameworks.items()},
        },
    }
    if finding is not None:
        rule["help"] = {"text": clean(finding.remediation)}
        if finding.references:
            rule["helpUri"] = finding.references[0]
    return rule


def _result(one: InspectionFinding, place: int) -> dict[str, Any]:
    cost = {"monthly_usd": one.cost.usd, "basis": one.cost.basis} if one.cost else None
    return {
        "ruleId": one.check,
        "ruleIndex": place,
        "kind": "fail",
        "level": _LEVELS[one.severity],
        "message": {"text": clean(one.what)},
        "locations": [_location(one.resource)],
        "partialFingerprints": {"resource/v1": f"{one.check}@{clean(one.resource.id)}"},
        "properties": {"severity": one.severity, "facts": list(one.evidence), **({"cost": cost} if cost else {})},
    }


def _open(check: str, place: int, thing: InspectedThing | None, why: str, needs: str) -> dict[str, Any]:
    row: dict[str, Any] = {"ruleId": check, "ruleIndex": place, "kind": "open", "level": "none", "message": {"text": clean(why)}}
    if thing is not None:
        row["locations"] = [_location(thing)]
    if needs:
        row["properties"] = {"needs": clean(needs)}
    return row


def _location(thing: InspectedThing) -> dict[str, Any]:
    name = clean(thing.name or thing.id)
    return {"logicalLocations": [{"name": name, "fullyQualifiedName": clean(f"{thing.account}/{thing.region}/{thing.id}"), "kind": "resource"}]}


def _imported(findings: Iterable[ImportedFinding]) -> list[dict[str, Any]]:
    by_origin: dict[str, list[ImportedFinding]] = {}
    for one in findings:
        by_origin.setdefault(one.origin, []).append(one)
    return [
        {"tool": {"driver": {"name": clean(origin)}}, "results": [_hint(one) for one in some if one.status == "failed"]}
        for origin, some in by_origin.items()
    ]


def _hint(one: ImportedFinding) -> dict[str, Any]:
    return {
        "ruleId": clean(one.check),
        "kind": "fail",
        "level": _LEVELS[one.severity],
        "message": {"text": clean(one.what or one.title or one.check)},
        "locations": [_location(one.resource)],
        "properties": {"severity": one.severity, "place": clean(one.place)},
    }
