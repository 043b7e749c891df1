"""Which object events a bucket notification covers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus

CREATED_BY_UPLOAD = "s3:ObjectCreated:Put"
CREATED_BY_MULTIPART = "s3:ObjectCreated:CompleteMultipartUpload"
CREATED_BY_COPY = "s3:ObjectCreated:Copy"
CREATED_BY_FORM = "s3:ObjectCreated:Post"
DELETED = "s3:ObjectRemoved:Delete"
DELETED_UNDER_VERSIONS = "s3:ObjectRemoved:DeleteMarkerCreated"
RESTORED = "s3:ObjectRestore:Completed"
TAGGED = "s3:ObjectTagging:Put"


def covers(configured: str, event: str) -> bool:
    """Whether a configured event type (``s3:ObjectCreated:*``) takes in a concrete one. A missing ``s3:`` is forgiven, as the service does."""
    pattern, name = _bare(configured), _bare(event)
    if pattern.endswith(":*"):
        return name.startswith(pattern[:-1])
    return pattern == name


def _bare(event: str) -> str:
    return event.removeprefix("s3:")


def uncovered(configured: Iterable[str], events: Iterable[str]) -> tuple[str, ...]:
    """The concrete events that none of the configured types takes in."""
    types = tuple(configured)
    return tuple(event for event in events if not any(covers(one, event) for one in types))


@dataclass(frozen=True, slots=True)
class KeyFilter:
    """Prefix and suffix of a notification, as configured. Both are literal: the service knows no wildcards."""

    prefix: str = ""
    suffix: str = ""

    @classmethod
    def of(cls, notification: Mapping[str, object]) -> KeyFilter:
        """Read from one entry of a notification configuration."""
        rules: object = notification.get("Filter")
        for step in ("Key", "FilterRules"):
            rules = rules.get(step) if isinstance(rules, Mapping) else None
        found = {
            str(rule.get("Name", "")).lower(): str(rule.get("Value", ""))
            for rule in (rules if isinstance(rules, Sequence) and not isinstance(rules, str) else ())
            if isinstance(rule, Mapping)
        }
        return cls(found.get("prefix", ""), found.get("suffix", ""))

    @property
    def empty(self) -> bool:
        """Whether it lets every key through."""
        return not (self.prefix or self.suffix)

    @property
    def literal_wildcard(self) -> bool:
        """Whether somebody wrote ``*`` or ``?`` in the belief that it stands for something."""
        return any(char in self.prefix + self.suffix for char in "*?")

    def matches(self, key: str) -> bool:
        """Whether an object key passes. Filters may be written URL-encoded, as event messages carry keys."""
        return any(key.startswith(one) for one in _spellings(self.prefix)) and any(key.endswith(one) for one in _spellings(self.suffix))

    def compatible(self, prefix: str, suffix: str) -> bool | None:
        """Whether keys with this prefix and suffix pass: all (true), none (false), or it depends on the rest of the key (``None``)."""
        parts = (_fits(self.prefix, prefix, str.startswith), _fits(self.suffix, suffix, str.endswith))
        if False in parts:
            return False
        return None if None in parts else True

    def miss(self, key: str) -> str:
        """How a key that does not pass differs, in words."""
        if not any(key.startswith(one) for one in _spellings(self.prefix)):
            if key.lower().startswith(self.prefix.lower()):
                return f"differs from the prefix “{self.prefix}” in case only"
            return f"does not start with “{self.prefix}”"
        if key.lower().endswith(self.suffix.lower()):
            return f"differs from the suffix “{self.suffix}” in case only"
        return f"does not end in “{self.suffix}”"

    def __str__(self) -> str:
        parts = [f"{name} “{value}”" for name, value in (("prefix", self.prefix), ("suffix", self.suffix)) if value]
        return " and ".join(parts) or "every key"


def _spellings(value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((value, unquote_plus(value))))


def _fits(filtered: str, spoken: str, test: object) -> bool | None:
    """The filter's part against what is known of the same part of the keys."""
    if not filtered:
        return True
    compare = str.startswith if test is str.startswith else str.endswith
    spellings = _spellings(filtered)
    if any(compare(spoken, one) for one in spellings):
        return True
    return None if any(compare(one, spoken) for one in spellings) else False
