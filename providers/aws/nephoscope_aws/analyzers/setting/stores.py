"""Stores: what they forget by themselves, and what their parts lack."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from nephoscope.knowledge.fragments import stem, tokens
from nephoscope.models import JsonValue
from nephoscope_aws.analyzers.delivering.mending import sendable
from nephoscope_aws.analyzers.setting.conditions import Judge, Judging, named_judge
from nephoscope_aws.iam.truth import Truth, any_of
from nephoscope_aws.looking.look import UNKNOWN, mend, rows

_INDEX = (
    re.compile(r"\b(?:index|gsi)\s+[\"'`“‘]?([A-Za-z0-9_.-]{3,255})", re.IGNORECASE),
    re.compile(r"[\"'`“‘]?\b([A-Za-z0-9_.-]{3,255})[\"'`”’]?\s+(?:index|gsi)\b", re.IGNORECASE),
)
_INDEX_LIKE = re.compile(r"[-_.]|[a-z][A-Z]|\d")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?")
_PERIOD = re.compile(r"\b(\d+|(?<=than )an?|one)\s*(day|week|month|year)s?\b", re.IGNORECASE)
_LAST = re.compile(r"\blast (week|month|quarter|year)\b", re.IGNORECASE)
_DAYS = {"day": 1, "week": 7, "month": 30, "quarter": 90, "year": 365}
_SHORT = 14
"""Days: lines of a log group that are kept no longer than this are gone before most people look for them."""


def table_throttled(judging: Judging) -> Truth:
    """Requests were throttled lately, and capacity is fixed."""
    mode = judging.look.value(judging.subject, "billing")
    if mode is UNKNOWN:
        return None
    if mode == "PAY_PER_REQUEST":
        return False
    counted = [judging.look.value(judging.subject, name) for name in ("metrics.write_throttles", "metrics.read_throttles")]
    if UNKNOWN in counted:
        return None
    total = sum(float(point.get("Sum") or 0) for points in counted for point in rows(points))
    capacity = {name: judging.look.number(judging.subject, f"capacity.{name}") for name in ("write", "read")}
    judging.details |= {"throttled": int(total), **{f"capacity_{name}": value for name, value in capacity.items()}}
    judging.suppose.append(mend(judging.subject, "billing", "PAY_PER_REQUEST"))
    return total > 0


def stream_throttled(judging: Judging) -> Truth:
    """Requests to the stream were refused lately for want of shards, and their number is fixed."""
    mode = judging.look.value(judging.subject, "mode")
    if mode is UNKNOWN:
        return None
    if mode == "ON_DEMAND":
        return False
    counted = [judging.look.value(judging.subject, f"metrics.{name}_throttles") for name in ("write", "read")]
    if UNKNOWN in counted:
        return None
    total = sum(float(point.get("Sum") or 0) for points in counted for point in rows(points))
    if not total:
        return False
    shards = judging.look.number(judging.subject, "shards")
    judging.details |= {"throttled": int(total), "shards": int(shards) if shards else "its"}
    judging.suppose += [mend(judging.subject, f"metrics.{name}_throttles", []) for name in ("write", "read")]
    return True


def table_index_underprovisioned(judging: Judging) -> Truth:
    """An index may write less than its table."""
    indexes, writes = judging.look.value(judging.subject, "indexes"), judging.look.number(judging.subject, "capacity.write")
    if indexes is UNKNOWN:
        return None
    for one in rows(indexes):
        own = (one.get("ProvisionedThroughput") or {}).get("WriteCapacityUnits")
        if writes and own and own < writes:
            judging.details |= {"index": str(one.get("IndexName")), "index_writes": own, "capacity_write": writes}
            judging.suppose.append(mend(judging.subject, "indexes", []))
            return True
    return False


def table_index_missing(judging: Judging) -> Truth:
    """The words name an index that the table does not have."""
    spoken = {name for pattern in _INDEX for name in pattern.findall(judging.view.problem.text) if _INDEX_LIKE.search(name)}
    spoken -= {judging.subject.label}
    if not spoken:
        return False
    found = [judging.look.value(judging.subject, name) for name in ("indexes", "indexes.local")]
    if UNKNOWN in found:
        return None
    known = {str(one.get("IndexName")) for listed in found for one in rows(listed)}
    missing = sorted(spoken - known)
    judging.details |= {"index": missing[0] if missing else "", "indexes": list[JsonValue](sorted(known))}
    if missing:
        judging.suppose.append(mend(judging.subject, "indexes", [{"IndexName": name} for name in sorted(spoken | known)]))
    return bool(missing)


def bucket_expires(judging: Judging) -> Truth:
    """An enabled rule expires objects; where the words name a place, one that covers it."""
    rules = judging.look.value(judging.subject, "lifecycle")
    if rules is UNKNOWN:
        return None
    open_: list[Truth] = []
    for rule in rows(rules):
        days, prefix = (rule.get("Expiration") or {}).get("Days"), _prefix(rule)
        if rule.get("Status") != "Enabled" or not days:
            continue
        covers = _covers(prefix, judging.view.problem.text)
        if covers and not _selects(rule):
            judging.details |= {"rule": str(rule.get("ID") or "without a name"), "days": int(days), "prefix": prefix}
            off = sendable([{**other, "Status": "Disabled"} if other is rule else dict(other) for other in rows(rules)])
            judging.details |= {"rules": off} if off else {}
            judging.suppose.append(mend(judging.subject, "lifecycle", [other for other in rows(rules) if other is not rule]))
            return True
        open_.append(None if covers is not False else False)
    return any_of(open_)


def _prefix(rule: Mapping[str, Any]) -> str:
    chosen = rule.get("Filter") or {}
    return str(rule.get("Prefix") or chosen.get("Prefix") or (chosen.get("And") or {}).get("Prefix") or "")


def _selects(rule: Mapping[str, Any]) -> bool:
    """Whether a rule takes only objects of a tag or size: which those are, the words do not say."""
    chosen = rule.get("Filter") or {}
    return bool({"Tag", "Tags", "ObjectSizeGreaterThan", "ObjectSizeLessThan"} & {*chosen, *(chosen.get("And") or {})})


def _covers(prefix: str, text: str) -> Truth:
    """Whether a prefix holds what the words speak of: by the folder they name, else by a word of its own; of neither nothing follows."""
    folders = re.findall(r"(?<![\w:/.])([\w.+=@-]+/)", text)
    if not prefix or any(folder.startswith(prefix) or prefix.startswith(folder) for folder in folders):
        return True
    said = {stem(word) for word in tokens(text)}
    return True if any(stem(word) in said for word in tokens(prefix)) else False if folders else None


def bucket_index_missing(judging: Judging) -> Truth:
    """The website's index document is no object of the bucket; told only where every key was seen."""
    index = judging.look.value(judging.subject, "website.index")
    if index is UNKNOWN:
        return None
    if not index:
        return False
    objects, more = judging.look.value(judging.subject, "objects"), judging.look.value(judging.subject, "objects.more")
    if objects is UNKNOWN or more is UNKNOWN:
        return None
    if any(one.get("Key") == index for one in rows(objects)):
        return False
    judging.details["index"] = str(index)
    pages = [key for one in rows(objects) if "/" not in (key := unquote(str(one.get("Key")))) and key.endswith((".html", ".htm"))]
    website = judging.view.fact(judging.subject, "website")
    if len(pages) == 1 and not more and website is not None and isinstance(website.value, dict):
        judging.details |= {"page": pages[0], "website": {**website.value, "IndexDocument": {"Suffix": pages[0]}}}
    judging.suppose.append(mend(judging.subject, "objects", [{"Key": index}]))
    return None if more else True


def bucket_origin_not_allowed(judging: Judging) -> Truth:
    """The page's origin is not among those that the rules let in."""
    rules = judging.look.value(judging.subject, "cors")
    spoken = [match[0] for match in _ORIGIN.finditer(judging.view.problem.text)]
    if rules is UNKNOWN:
        return None
    allowed = [str(origin) for one in rows(rules) for origin in one.get("AllowedOrigins") or ()]
    for origin in spoken:
        if allowed and not any(_fits(pattern, origin) for pattern in allowed):
            judging.details |= {"origin": origin, "origins": list[JsonValue](sorted(set(allowed)))}
            wider = sendable([{**one, "AllowedOrigins": [*allowed, origin]} for one in rows(rules)])
            judging.details |= {"rules": wider} if wider and len(rows(rules)) == 1 else {}
            judging.suppose.append(mend(judging.subject, "cors", [{"AllowedOrigins": [*allowed, origin]}]))
            return True
    return False


def _fits(pattern: str, origin: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), origin) is not None


def repository_expires(judging: Judging) -> Truth:
    """The lifecycle policy deletes images."""
    policy = judging.look.value(judging.subject, "lifecycle")
    if policy is UNKNOWN:
        return None
    rules = rows(policy.get("rules")) if isinstance(policy, dict) else []
    for rule in rules:
        if (rule.get("action") or {}).get("type") == "expire" and (rule.get("selection") or {}).get("tagStatus") != "untagged":
            judging.details["selection"] = ", ".join(f"{name} {value}" for name, value in (rule.get("selection") or {}).items())
            judging.suppose.append(mend(judging.subject, "lifecycle", None))
            return True
    return False


def logs_retention_short(judging: Judging) -> Truth:
    """Lines are deleted before the time that the words speak of, or within two weeks where they name none."""
    kept = judging.look.value(judging.subject, "retention_days")
    if kept is UNKNOWN:
        return None
    days = judging.look.number(judging.subject, "retention_days")
    judging.details["retention_days"] = int(days) if days else None
    if not days:
        return False
    wanted = max(_spoken_days(judging.view.problem.text), default=0)
    judging.suppose.append(mend(judging.subject, "retention_days", None))
    return days < wanted if wanted else days <= _SHORT


def _spoken_days(text: str) -> Iterator[int]:
    for match in _PERIOD.finditer(text):
        yield (int(match[1]) if match[1].isdigit() else 1) * _DAYS[match[2].lower()]
    for match in _LAST.finditer(text):
        yield _DAYS[match[1].lower()]


JUDGES: Mapping[str, Judge] = named_judge(
    table_throttled, stream_throttled, table_index_underprovisioned, table_index_missing, bucket_expires, bucket_index_missing,
    bucket_origin_not_allowed,    repository_expires, logs_retention_short,
)  # fmt: skip
