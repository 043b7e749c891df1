"""OCSF 1.3: one Compliance Finding (class 2003) for each thing that failed, passed or could not be judged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from nephoscope import __version__
from nephoscope.models.inspection import ControlResult, InspectedThing, Inspection, InspectionFinding, NotEvaluated

_SEVERITIES: Final = {"info": (1, "Informational"), "low": (2, "Low"), "medium": (3, "Medium"), "high": (4, "High"), "critical": (5, "Critical")}
_STATES: Final = {"pass": (1, "Pass"), "open": (2, "Warning"), "fail": (3, "Fail")}
_CLASS, _CREATE = 2003, 1


def to_ocsf(inspection: Inspection) -> str:
    """A JSON array of events, with a line end."""
    return json.dumps(list(_events(inspection)), indent=2, ensure_ascii=True) + "\n"


def _events(inspection: Inspection) -> Iterator[dict[str, Any]]:
    base = _base(inspection)
    controls = {one.id: one for one in inspection.checks}
    for finding in inspection.findings:
        yield _failed(finding, controls[finding.check], base)
    for row in inspection.not_evaluated:
        yield _open(row, controls[row.check], base)
    for control in inspection.checks:
        for native_id in control.passed:
            thing = InspectedThing(id=native_id, type="")
            yield _event(control, thing, base, "pass", f"{native_id}: {control.title}")
    for one in inspection.imported:
        stands_for = ControlResult(
            id=one.check, title=one.title or one.check, severity=one.severity, category="security", service="", status="failed", frameworks={}
        )
        event = _event(stands_for, one.resource, base, "fail" if one.status == "failed" else "pass", one.what or one.title)
        yield {**event, "unmapped": {"origin": one.origin, "place": one.place, "proof": "none: reported by another tool"}}


def _base(inspection: Inspection) -> dict[str, Any]:
    scope = inspection.scopes[0] if inspection.scopes else None
    return {
        "time": _milliseconds(inspection.ended_at),
        "run": inspection.id,
        "cloud": {"provider": scope.cloud.upper() if scope else "Unknown", "account": {"uid": scope.account if scope else ""}},
    }


def _failed(finding: InspectionFinding, control: ControlResult, base: Mapping[str, Any]) -> dict[str, Any]:
    event = _event(control, finding.resource, base, "fail", finding.what)
    event["remediation"] = {"desc": finding.remediation, "references": list(finding.references)}
    event["unmapped"] = {"facts": list(finding.evidence), **({"cost": finding.cost.model_dump(mode="json")} if finding.cost else {})}
    return event


def _open(row: NotEvaluated, control: ControlResult, base: Mapping[str, Any]) -> dict[str, Any]:
    event = _event(control, row.resource, base, "open", f"not evaluated: {row.why}")
    return {**event, "unmapped": {"reason": row.reason, "needs": row.needs, "calls": list(row.calls)}}


def _event(control: ControlResult, thing: InspectedThing | None, base: Mapping[str, Any], state: str, message: str) -> dict[str, Any]:
    severity_id, severity = _SEVERITIES[control.severity] if state != "pass" else _SEVERITIES["info"]
    state_id, word = _STATES[state]
    resource = thing.id if thing else ""
    return {
        "activity_id": _CREATE,
        "activity_name": "Create",
        "category_name": "Findings",
        "category_uid": 2,
        "class_name": "Compliance Finding",
        "class_uid": _CLASS,
        "type_uid": _CLASS * 100 + _CREATE,
        "type_name": "Compliance Finding: Create",
        "cloud": _place(base, thing),
        "compliance": {
            "control": control.id,
            "requirements": _requirements(control.frameworks),
            "standards": sorted(control.frameworks),
            "status": word,
            "status_id": state_id,
        },
        "finding_info": {
            "uid": f"{base['run']}:{control.id}:{resource}",
            "title": control.title,
            "desc": message,
            "created_time": base["time"],
            "types": [control.category],
        },
        "message": message,
        "metadata": {
            "version": "1.3.0",
            "product": {"name": "Nephoscope", "vendor_name": "Nephoscope", "version": __version__},
            "event_code": control.id,
            "profiles": ["cloud"],
        },
        "resources": _resources(thing),
        "severity_id": severity_id,
        "severity": severity,
        "status_id": 1,
        "status": "New",
        "time": base["time"],
    }


def _place(base: Mapping[str, Any], thing: InspectedThing | None) -> dict[str, Any]:
    cloud = dict(base["cloud"])
    if thing is not None and thing.account:
        cloud["account"] = {"uid": thing.account}
    return {**cloud, "region": thing.region} if thing is not None and thing.region else cloud


def _resources(thing: InspectedThing | None) -> list[dict[str, Any]]:
    if thing is None:
        return []
    named = {"uid": thing.id, "name": thing.name or thing.id, "type": thing.type, "region": thing.region}
    return [{key: value for key, value in named.items() if value}]


def _requirements(frameworks: Mapping[str, Sequence[str]]) -> list[str]:
    return [f"{name} {section}".strip() for name, sections in sorted(frameworks.items()) for section in (sections or ("",))]


def _milliseconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)
