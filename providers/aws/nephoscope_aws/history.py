"""What the audit trail tells of changes: it keeps ninety days of every account's management events, asked for by a thing's name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from nephoscope.models import Happening, Identity, Read, Reply, ResourceRef

WINDOW = timedelta(days=7)
PAGES = 4
"""Of fifty events each, the newest first: a role that is assumed all day fills thousands."""
_GLOBAL = frozenset({"iam", "route53", "cloudfront", "organizations"})
_LOOKUP = "LookupEvents"
_VERSION = re.compile(r"\d{8}(v\d+)?$")
"""Some services write the version of their interface behind the name of an operation."""


def reads(subject: ResourceRef, identity: Identity, now: str) -> Sequence[Read]:
    """Events that name the thing, as services write it: by its name, or by its ARN."""
    region = "us-east-1" if subject.native_type.split(":")[0] in _GLOBAL else subject.region or next(iter(identity.regions), "us-east-1")
    until = datetime.fromisoformat(now.replace("Z", "+00:00"))
    names = dict.fromkeys(text for text in (subject.name, subject.native_id.rsplit(":", 1)[-1].rsplit("/", 1)[-1], subject.native_id) if text)
    return [
        Read(
            cloud="aws",
            service="cloudtrail",
            operation=_LOOKUP,
            region=region,
            pages=PAGES,
            params={
                "LookupAttributes": [{"AttributeKey": "ResourceName", "AttributeValue": name}],
                "StartTime": (until - WINDOW).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "EndTime": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
        )
        for name in names
        if name != "*"
    ]


def happenings(reply: Reply) -> Sequence[Happening]:
    """Management events that change something. Who did it is as the trail writes it."""
    document = reply.document if isinstance(reply.document, dict) else {}
    listed = document.get("Events")
    events = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return sorted(_changes(events), key=lambda one: one.at)


def _changes(events: Sequence[Mapping[str, Any]]) -> Iterator[Happening]:
    for event in events:
        at, name = str(event.get("EventTime") or ""), _VERSION.sub("", str(event.get("EventName") or ""))
        if not at or not name or str(event.get("ReadOnly")).lower() == "true":
            continue
        things = [str(one.get("ResourceName")) for one in event.get("Resources") or () if isinstance(one, dict) and one.get("ResourceName")]
        on = f" on {', '.join(dict.fromkeys(one.rsplit(':', 1)[-1] for one in things[:2]))}" if things else ""
        by = f" by {event['Username']}" if event.get("Username") else ""
        refused = _refused(event.get("CloudTrailEvent"))
        yield Happening(at=at, what=f"{name}{on}{by}{f', refused ({refused})' if refused else ''}")


def _refused(raw: object) -> str:
    try:
        told = json.loads(raw) if isinstance(raw, str) else raw
    except ValueError:
        return ""
    return str(told.get("errorCode") or "") if isinstance(told, dict) else ""
