"""What a configuration refers to: ARNs, ids, addresses of things, and plain names under keys that tell their kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from nephoscope.models import Identity, JsonValue, ResourceRef
from nephoscope_aws.analyzers.walking.tables import estate, plain, words

_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d{12}?:(?:(?!arn:aws)[^\s\"'`,<>(){}\[\]])+|arn:aws[a-z-]*:s3:::[a-z0-9.-]+")
_URI = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])|https?://sqs[.][a-z0-9.-]+/(?P<account>\d{12})/(?P<queue>[\w-]+(?:\.fifo)?)")
_NAME = re.compile(r"[\w./+=@-]{2,128}")
_OPEN = re.compile(r"[*?$]")
"""Patterns and variables: no reference to one thing."""
DEEPEST = 12


@dataclass(frozen=True)
class Reference:
    """``path``: where in the configuration; ``text``: as written there."""

    path: str
    text: str
    ref: ResourceRef


def references(value: JsonValue, attribute: str, holder: ResourceRef, identity: Identity) -> Iterator[Reference]:
    """Everything that an attribute's value refers to, the holder itself left out; each thing once."""
    seen = {holder.key}
    for path, key, text in _strings(value, attribute, attribute.rpartition(".")[2]):
        for ref in _targets(key, text, holder, identity):
            own = ref.native_id.startswith(holder.native_id) or holder.native_id.startswith(f"{ref.native_id}:")
            if ref.key not in seen and not own:
                seen.add(ref.key)
                yield Reference(path, text if len(text) <= 200 else ref.native_id, ref)


def _strings(value: JsonValue, path: str, key: str, depth: int = 0) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, str):
        yield path, key, value
    elif isinstance(value, Mapping) and depth < DEEPEST:
        for name, member in value.items():
            yield from _strings(member, f"{path}.{name}", name, depth + 1)
    elif isinstance(value, list) and depth < DEEPEST:
        for index, member in enumerate(value[:200]):
            yield from _strings(member, f"{path}.{index}", key, depth + 1)


def _targets(key: str, text: str, holder: ResourceRef, identity: Identity) -> Iterator[ResourceRef]:
    region = holder.region or (identity.regions or ("",))[0]
    found = False
    for arn in _ARN.findall(text):
        found = True
        ref = None if _OPEN.search(arn) else estate().recognise(arn.removesuffix("/invocations").rstrip(".:;"), identity)
        if ref:
            yield ref
    for match in _URI.finditer(text):
        found = True
        ref = estate().named("s3:bucket" if match["bucket"] else "sqs:queue", match["bucket"] or match[0], identity, region)
        if ref and not _OPEN.search(match[0]):
            yield ref
    whole = _ids().fullmatch(text)
    if whole:
        ref = estate().named(words()["ids"][whole[1]], text, identity, region)
        if ref:
            yield ref
    elif not found and _NAME.fullmatch(text) and not _OPEN.search(text):
        yield from _named(key, text, holder, identity, region)


@cache
def _ids() -> re.Pattern[str]:
    return re.compile(rf"({'|'.join(words()['ids'])})-[0-9a-f]{{8}}(?:[0-9a-f]{{9}})?")


def _named(key: str, text: str, holder: ResourceRef, identity: Identity, region: str) -> Iterator[ResourceRef]:
    """A plain name under a key that tells its kind: the key as a whole, or the end of an upper-case variable's name."""
    said = plain(key)
    ends = key.isupper()
    service = holder.native_type.partition(":")[0]
    for row in words()["names"]:
        fits = re.fullmatch(row["key"], said) or (ends and re.search(rf"{row['key']}(name|arn|url)?\Z", said))
        if fits and re.fullmatch(row.get("value", ".+"), text) and row.get("holders", service) == service:
            ref = estate().named(row["type"], text, identity, region)
            if ref:
                yield ref
            return
