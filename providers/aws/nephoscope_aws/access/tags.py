"""Tags of who asks and of what is asked for, where a policy makes them a condition."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from nephoscope.models import JsonValue, ResourceRef
from nephoscope_aws.access.identity import Actor
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.iam import Policies

_ASKED = re.compile(r'(?<![\w:-])([a-z0-9-]+):(Principal|Resource)Tag/([^"}\\?*]+)', re.IGNORECASE)
TAGGED = frozenset({
    "dynamodb:table", "ec2:instance", "iam:role", "kms:key", "lambda:function", "s3:bucket", "secretsmanager:secret", "sns:topic", "sqs:queue",
    "ssm:parameter",
})  # fmt: skip
"""Types whose tags are read."""


def tagged(lens: Lens, actor: Actor, target: ResourceRef | None, policies: Iterable[Policies | None]) -> tuple[dict[str, tuple[str, ...]], set[str]]:
    """Values of the keys that these policies ask about, and the keys that are known to be absent: a tag that is not there sends none."""
    values: dict[str, tuple[str, ...]] = {}
    absent: set[str] = set()
    documents = [json.dumps(one.document, default=str) for some in policies for one in some or ()]
    for prefix, whose, tag in sorted({found for text in documents for found in _ASKED.findall(text)}):
        holder = actor.role if whose.lower() == "principal" else target
        if holder is None or (holder is target and target.native_type not in TAGGED):
            continue
        known, found = lens.look(holder, "tags")
        key = f"{prefix}:{whose}tag/{tag}".lower()
        value = _by_key(found).get(tag.lower())
        if known and value is None:
            absent.add(key)
        elif known and value is not None:
            values[key] = (value,)
    return values, absent


def _by_key(written: JsonValue) -> Mapping[str, str]:
    """Tags by their name in lower case, as services write them: one object, or entries."""
    if isinstance(written, dict):
        return {name.lower(): str(value) for name, value in written.items()}
    entries = [one for one in written if isinstance(one, dict)] if isinstance(written, list) else []
    return {str(one.get("Key", one.get("TagKey"))).lower(): str(one.get("Value", one.get("TagValue", ""))) for one in entries}
