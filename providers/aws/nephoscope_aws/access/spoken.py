"""Things that the words name without saying what they are: looked for in complete listings of the types that matter here."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nephoscope.interfaces import FactView
from nephoscope.models import ResourceRef
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.access.things import by_arn
from nephoscope_aws.iam.request import Policies, Policy

_SHORTEST = 3


def spoken(view: FactView, lens: Lens, native_types: tuple[str, ...]) -> tuple[ResourceRef, ...]:
    """Listed things whose whole name stands in the words, beside those already understood. Notes the listings that are missing."""
    for native_type in native_types:
        if view.complete(native_type) is None and not refused(view, native_type):
            lens.want(native_type, "complete")
    text = view.problem.text
    for entity in view.problem.entities:
        text = text.replace(entity.text, " ")
    listed = (one for native_type in native_types for one in view.subjects(native_type))
    return tuple(one for one in listed if len(one.name) >= _SHORTEST and _stands_in(one.name, text))


def granted(view: FactView, policies: Policies | None) -> tuple[ResourceRef, ...]:
    """The one thing on which the identity's own policies allow what the words name: it was given to be used so. None where there are several."""
    named = {one.rpartition(":")[2].lower() for one in view.problem.actions}
    found: dict[str, ResourceRef] = {}
    for policy in policies or ():
        for statement in _statements(policy):
            done = {str(one).rpartition(":")[2].lower() for one in _listed(statement.get("Action"))}
            if statement.get("Effect") == "Allow" and named & done:
                for arn in _listed(statement.get("Resource")):
                    one = _of_arn(view, str(arn))
                    if one is None:
                        return ()
                    found[one.key] = one
    return tuple(found.values()) if len(found) == 1 else ()


def _statements(policy: Policy) -> list[Mapping[str, object]]:
    document = policy.document
    return [one for one in _listed(document.get("Statement")) if isinstance(one, Mapping)] if isinstance(document, Mapping) else []


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _of_arn(view: FactView, arn: str) -> ResourceRef | None:
    parts = arn.split(":", 5)
    service = parts[2] if len(parts) == 6 else ""
    whole = arn.partition("/")[0] if service == "s3" else arn
    native_type = {"s3": "s3:bucket", "dynamodb": "dynamodb:table", "sqs": "sqs:queue", "sns": "sns:topic", "kms": "kms:key"}.get(service, "")
    if not native_type or re.search(r"[*?$]", whole):
        return None
    return next((one for one in view.subjects(native_type) if one.native_id == whole), None) or by_arn(native_type, whole)


def refused(view: FactView, native_type: str) -> bool:
    """Whether the listing of a type was asked for in vain."""
    return any(gap.attribute == "complete" and gap.subject is not None and gap.subject.name == native_type for gap in view.gaps)


def _stands_in(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w-]|[./]\w)", text, re.IGNORECASE) is not None
