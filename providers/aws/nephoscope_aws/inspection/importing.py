"""Findings of Prowler (OCSF, its own JSON of versions 2 and 3, ASFF) and of Cloud Custodian (``resources.json`` of a policy)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nephoscope.models import JsonValue
from nephoscope.models.inspection import ImportedFinding, InspectedThing, TakenFindings

Record = Mapping[str, Any]
_SEVERITIES = {
    "informational": "info",
    "info": "info",
    "low": "low",
    "medium": "medium",
    "moderate": "medium",
    "high": "high",
    "critical": "critical",
}
_STATUSES = {"fail": "failed", "failed": "failed", "pass": "passed", "passed": "passed"}


def _severity(value: object) -> str:
    return _SEVERITIES.get(str(value or "").lower(), "info")


def _status(value: object) -> str:
    return _STATUSES.get(str(value or "").lower(), "manual")


def _text(record: Record, *path: str) -> str:
    """A text somewhere in a record; empty where it is not there."""
    value: Any = record
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _thing(native_id: str, *, name: str = "", kind: str = "", account: str = "", region: str = "") -> dict[str, str]:
    if not native_id:
        raise ValueError("it names no resource")
    return InspectedThing(
        id=native_id, name=name or native_id.rsplit("/", 1)[-1].rsplit(":", 1)[-1], type=kind, account=account, region=region
    ).model_dump()


def _ocsf(record: Record) -> dict[str, Any]:
    first: Any = (record.get("resources") or [{}])[0]
    return {
        "check": _text(record, "metadata", "event_code"),
        "title": _text(record, "finding_info", "title"),
        "severity": _severity(record.get("severity")),
        "status": _status(record.get("status_code") or _text(record, "compliance", "status")),
        "resource": _thing(
            _text(first, "uid"),
            name=_text(first, "name"),
            kind=_text(first, "type"),
            account=_text(record, "cloud", "account", "uid"),
            region=_text(first, "region") or _text(record, "cloud", "region"),
        ),
        "what": _text(record, "status_detail") or _text(record, "message"),
        "remediation": _text(record, "remediation", "desc"),
        "observed_at": _text(record, "time_dt"),
    }


def _asff(record: Record) -> dict[str, Any]:
    first: Any = (record.get("Resources") or [{}])[0]
    return {
        "check": _text(record, "GeneratorId").removeprefix("prowler-"),
        "title": _text(record, "Title"),
        "severity": _severity(_text(record, "Severity", "Label")),
        "status": _status(_text(record, "Compliance", "Status")),
        "resource": _thing(_text(first, "Id"), kind=_text(first, "Type"), account=_text(record, "AwsAccountId"), region=_text(first, "Region")),
        "what": _text(record, "Description"),
        "remediation": _text(record, "Remediation", "Recommendation", "Text"),
        "observed_at": _text(record, "UpdatedAt"),
    }


def _third(record: Record) -> dict[str, Any]:
    return {
        "check": _text(record, "CheckID"),
        "title": _text(record, "CheckTitle"),
        "severity": _severity(record.get("Severity")),
        "status": _status(record.get("Status")),
        "resource": _thing(
            _text(record, "ResourceArn") or _text(record, "ResourceId"),
            name=_text(record, "ResourceId"),
            kind=_text(record, "ResourceType"),
            account=_text(record, "AccountId"),
            region=_text(record, "Region"),
        ),
        "what": _text(record, "StatusExtended"),
        "remediation": _text(record, "Remediation", "Recommendation", "Text"),
        "observed_at": _text(record, "AssessmentStartTime"),
    }


def _second(record: Record) -> dict[str, Any]:
    return {
        "check": _text(record, "Control ID"),
        "title": _text(record, "Control"),
        "severity": _severity(record.get("Severity")),
        "status": _status(record.get("Status")),
        "resource": _thing(
            _text(record, "Resource ID") or _text(record, "Account Number"), account=_text(record, "Account Number"), region=_text(record, "Region")
        ),
        "what": _text(record, "Message"),
        "remediation": _text(record, "Remediation"),
        "observed_at": _text(record, "Timestamp"),
    }


_SHAPES: Sequence[tuple[Callable[[Record], bool], Callable[[Record], dict[str, Any]]]] = (
    (lambda one: "finding_info" in one and "metadata" in one, _ocsf),
    (lambda one: "SchemaVersion" in one and "GeneratorId" in one, _asff),
    (lambda one: "CheckID" in one and "StatusExtended" in one, _third),
    (lambda one: "Control ID" in one and "Account Number" in one, _second),
)


class Prowler:
    """Implements :class:`nephoscope.interfaces.Importer`. The shape is told by the first record that has one."""

    name = "prowler"

    def read(self, path: Path, records: Sequence[JsonValue]) -> TakenFindings | None:
        make = next((make for one in records if isinstance(one, dict) for fits, make in _SHAPES if fits(one)), None)
        return None if make is None else _taken(self.name, path, records, make)


class Custodian:
    """Implements :class:`nephoscope.interfaces.Importer`. A policy's folder holds what it matched, and beside it what the policy is."""

    name = "cloud-custodian"

    def read(self, path: Path, records: Sequence[JsonValue]) -> TakenFindings | None:
        if path.name != "resources.json":
            return None
        about, trouble = _metadata(path.with_name("metadata.json"))
        written = about.get("policy")
        policy: Record = written if isinstance(written, dict) else {}
        named = _text(policy, "name") or path.absolute().parent.name

        def make(record: Record) -> dict[str, Any]:
            return {
                "check": named,
                "title": _text(policy, "description") or named,
                "severity": _severity(_text(policy, "metadata", "severity")),
                "status": "failed",
                "resource": _thing(
                    _identifier(record),
                    kind=_text(policy, "resource"),
                    account=_text(about, "config", "account_id"),
                    region=_text(about, "config", "region"),
                ),
                "what": f"matched by the policy {named}",
            }

        taken = _taken(self.name, path, records, make)
        return taken.model_copy(update={"troubles": (*taken.troubles, *([trouble] if trouble else []))})


def _metadata(path: Path) -> tuple[Record, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}, ""
    except (OSError, ValueError, RecursionError) as error:
        return {}, f"{path}: what the policy is could not be read: {error}"
    return (found, "") if isinstance(found, dict) else ({}, f"{path}: what the policy is could not be read: it is no object")


_IDENTIFIERS = ("Arn", "ARN", "InstanceId", "VolumeId", "GroupId", "AllocationId", "Name", "Id", "id", "name")


def _identifier(record: Record) -> str:
    """What a resource is called by its service: an ARN first, then an id, then a name."""
    arns = [value for key, value in record.items() if key.lower().endswith("arn") and isinstance(value, str) and value.startswith("arn:")]
    plain = [value for key in _IDENTIFIERS if isinstance(value := record.get(key), str) and value]
    others = [value for key, value in record.items() if key.endswith(("Id", "Name", "Identifier")) and isinstance(value, str) and value]
    return next(iter([*arns[:1], *plain, *others]), "")


def _taken(origin: str, path: Path, records: Sequence[JsonValue], make: Callable[[Record], dict[str, Any]]) -> TakenFindings:
    findings, troubles = [], []
    for number, record in enumerate(records, 1):
        try:
            if not isinstance(record, dict):
                raise ValueError("it is no object")
            findings.append(ImportedFinding.model_validate({"origin": origin, "place": f"{path.name}#{number}", **make(record)}))
        except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
            troubles.append(f"{path}: record {number} was not taken: {str(error).splitlines()[0]}")
    return TakenFindings(findings=tuple(findings), troubles=tuple(troubles))


IMPORTERS = (Prowler, Custodian)
