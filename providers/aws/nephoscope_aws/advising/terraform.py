"""Changes as Terraform, by a table: which resource an operation's parameters are arguments of. What has no row has no snippet."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jmespath
import jmespath.functions
from pydantic import BaseModel, ConfigDict, Field

from nephoscope.models import Change, JsonValue, Snippet
from nephoscope.models.yaml_text import parse_yaml
from nephoscope_aws.advising.hcl import Blocks, Document, Value, block

_PART = "the other arguments of this resource stay as they are"
_WHOLE = "this is the whole document: what it held before stands in it"


class Row(BaseModel):
    """One resource that a change is. Everything but names is JMESPath over the operation's parameters, or over a member of ``each``."""

    model_config = ConfigDict(extra="forbid")

    resource: str
    label: str
    each: str = ""
    when: str = ""
    arguments: Mapping[str, str] = Field(default_factory=dict)
    documents: Mapping[str, str] = Field(default_factory=dict)
    """Arguments that are JSON documents."""
    blocks: Mapping[str, Inner] = Field(default_factory=dict)
    part: bool = False
    """Arguments of a resource that has others, which are not told here."""
    how: frozenset[str] = frozenset()
    """Values that only say how it is put."""
    told_by: tuple[str, ...] = ()
    """Parameters whose values need not stand in the arguments: they only say which thing is meant, or how it is put."""


class Inner(BaseModel):
    """Blocks within a resource, one for each member of ``each``."""

    model_config = ConfigDict(extra="forbid")

    each: str
    arguments: Mapping[str, str] = Field(default_factory=dict)
    blocks: Mapping[str, Inner] = Field(default_factory=dict)


@cache
def rows() -> Mapping[str, tuple[Row, ...]]:
    """Rows by ``service:Operation``."""
    raw: Any = parse_yaml(Path(__file__).with_name("terraform.yaml").read_text("utf-8"))
    return {name: tuple(Row.model_validate(one) for one in some) for name, some in raw.items()}


def terraform(changes: Sequence[Change]) -> list[Snippet]:
    """One snippet for all changes that have a form in Terraform; its note names those that have none."""
    made: dict[tuple[str, str], tuple[dict[str, Value], str]] = {}
    left = []
    for change in changes:
        found = list(_resources(change))
        if not found:
            left.append(f"{change.service} {change.operation}")
        for kind, label, body, remark in found:
            former, _ = made.get((kind, label), ({}, ""))
            made[kind, label] = ({**former, **body}, remark)
    if not made:
        return []
    text = "\n\n".join(block(kind, label, body, remark) for (kind, label), (body, remark) in made.items())
    return [Snippet(language="terraform", text=text, note=f"without {', '.join(left)}, which has no form here" if left else "")]


def _resources(change: Change) -> Iterator[tuple[str, str, dict[str, Value], str]]:
    """The change as resources; none where a row would leave something of it out."""
    params = {name: _read(value) for name, value in change.params.items()}
    if change.takes or change.gives:
        return
    for row in rows().get(f"{change.service}:{change.operation}", ()):
        if row.when and not _search(row.when, params):
            continue
        members = _search(row.each, params) if row.each else [params]
        bodies = [(member, _body(row, member)) for member in members or ()]
        said = {text for _, body in bodies for text in _leaves(body)}
        wanted = {text for name, value in params.items() if name not in row.told_by for text in _leaves(value)} - row.how
        if bodies and wanted <= said:
            remark = _PART if row.part else _WHOLE if row.resource.endswith("_policy") and row.documents else ""
            yield from ((row.resource, _label(_search(row.label, member)), body, remark) for member, body in bodies)
            return


def _read(value: JsonValue) -> JsonValue:
    """Documents inside strings as what they are."""
    if isinstance(value, dict):
        return {name: _read(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_read(member) for member in value]
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            read: JsonValue = json.loads(value)
        except ValueError:
            return value
        return read if isinstance(read, dict | list) else value
    return value


def _body(row: Row | Inner, member: Any) -> dict[str, Value]:
    body: dict[str, Value] = {name: value for name, path in row.arguments.items() if (value := _search(path, member)) is not None}
    for name, path in row.documents.items() if isinstance(row, Row) else ():
        value = _search(path, member)
        if value is not None:
            body[name] = Document(value)
    for name, inner in row.blocks.items():
        members = _search(inner.each, member)
        listed = [one for one in (members if isinstance(members, list) else [members]) if one is not None]
        if listed:
            body[name] = Blocks([_body(inner, one) for one in listed])
    return body


def _leaves(value: Any) -> set[str]:
    """Every scalar as text."""
    if isinstance(value, Document):
        return _leaves(value.value)
    if isinstance(value, Blocks):
        return {text for member in value.members for text in _leaves(member)}
    if isinstance(value, Mapping):
        return {text for member in value.values() for text in _leaves(member)}
    if isinstance(value, list):
        return {text for member in value for text in _leaves(member)}
    return set() if value is None or value == "" else {str(value).lower()}


def _label(value: Any) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", str(value or "").lower()).strip("_")[:60] or "this"
    return words if words[0].isalpha() else f"x_{words}"


class _Functions(jmespath.functions.Functions):  # type: ignore[misc]
    """What rows need besides JMESPath's own functions."""

    @jmespath.functions.signature({"types": ["string", "null"]}, {"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_last(self, text: str | None, mark: str) -> str | None:
        """The part after the last mark."""
        return text.rpartition(mark)[2] if text else None

    @jmespath.functions.signature({"types": ["string", "number", "null"]})  # type: ignore[untyped-decorator]
    def _func_number(self, text: str | float | None) -> Any:
        """A number that is written as text."""
        return int(text) if isinstance(text, str) and text.isdigit() else text

    @jmespath.functions.signature({"types": ["array", "null"]})  # type: ignore[untyped-decorator]
    def _func_members(self, pairs: list[dict[str, Any]] | None) -> dict[str, Any] | None:
        """A list of names and values as one object."""
        return {str(one["Name"]): one["Value"] for one in pairs} if pairs else None

    @jmespath.functions.signature({"types": ["object"]})  # type: ignore[untyped-decorator]
    def _func_rules(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        """Permissions of a security group, a rule for each end they name."""
        found = []
        listed_ones = params.get("IpPermissions")
        for one in (each for each in listed_ones if isinstance(each, dict)) if isinstance(listed_ones, list) else ():
            base = {
                "GroupId": params.get("GroupId"),
                "FromPort": one.get("FromPort"),
                "ToPort": one.get("ToPort"),
                "IpProtocol": one.get("IpProtocol"),
            }
            ends = (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6"), ("PrefixListIds", "PrefixListId"), ("UserIdGroupPairs", "GroupId"))
            for listed, name in ends:
                for end in one.get(listed) or ():
                    found.append({**base, "End": {listed: end.get(name)}, "Description": end.get("Description"), "To": end.get(name)})
        return found

    @jmespath.functions.signature({"types": ["object", "null"]}, {"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_filter_rule(self, entry: dict[str, Any] | None, name: str) -> str | None:
        """The prefix or suffix of a bucket's notification."""
        rules = (((entry or {}).get("Filter") or {}).get("Key") or {}).get("FilterRules") or ()
        return next((one.get("Value") for one in rules if str(one.get("Name", "")).lower() == name), None)


_OPTIONS = jmespath.Options(custom_functions=_Functions())


@cache
def _compiled(path: str) -> Any:
    return jmespath.compile(path)


def _search(path: str, value: Any) -> Any:
    """``None`` where the parameters are not of the kind that the table knows: then the row does not hold all of them."""
    try:
        return _compiled(path).search(value, options=_OPTIONS)
    except jmespath.exceptions.JMESPathTypeError:
        return None
