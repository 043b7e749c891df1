"""AWS as the engine sees it: reply tables, scripts for checks, commands for fixes. Imports no SDK."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib import metadata
from pathlib import Path

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel

from nephoscope.interfaces import FactView
from nephoscope.knowledge.tables import TableEstate
from nephoscope.knowledge.templates import PAGING
from nephoscope.models import (
    Change,
    Check,
    Documentation,
    Happening,
    IdentifierKind,
    Identity,
    JsonValue,
    Meaning,
    Operation,
    Problem,
    Read,
    Reply,
    ResourceRef,
    Script,
    ScriptEnvironment,
    Snippet,
    texts,
)
from nephoscope_aws import history, identifiers, operations, permissions, speaking
from nephoscope_aws.advising import documented, terraform
from nephoscope_aws.options import AwsOptions

_HERE = Path(__file__).parent
_REGION = re.compile(
    r"(?<![\w.-])((?:af|ap|ca|eu|il|me|mx|sa|us)(?:-gov)?-(?:north|south|east|west|central)(?:east|west)?-\d)(?![\w-])", re.IGNORECASE
)
_ARN = re.compile(r"arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:\d*:[^\s\"',]+")


class AwsEstate(TableEstate):
    """Implements :class:`nephoscope.interfaces.Estate` over the tables in ``replies/``, and in ``breadth/`` for what no analyzer knows."""

    cloud = "aws"

    def __init__(self) -> None:
        super().__init__(_HERE / "breadth", _HERE / "replies")

    @property
    def options(self) -> type[BaseModel]:
        return AwsOptions

    def placeholders(self, identity: Identity, region: str) -> dict[str, str]:
        parts = identity.principal.split(":")
        partition = parts[1] if len(parts) > 5 and parts[0] == "arn" else "aws"
        return {**super().placeholders(identity, region), "partition": partition}

    def recognise(self, text: str, identity: Identity | None = None) -> ResourceRef | None:
        """The thing a full identifier names; a session counts as its role, an object as its bucket."""
        return super().recognise(identifiers.thing_of(text), identity)

    def named(self, native_type: str, name: str, identity: Identity, region: str) -> ResourceRef | None:
        """A parameter's ARN leaves out the slash that its name begins with."""
        if native_type == "ssm:parameter":
            name = name.replace(":parameter//", ":parameter/", 1).removeprefix("/")
        return super().named(native_type, name, identity, region)

    def identifiers(self) -> Sequence[IdentifierKind]:
        return [IdentifierKind.model_validate(each) for each in yaml.safe_load((_HERE / "stand_ins.yaml").read_text("utf-8"))]

    def permission(self, operation: str) -> str:
        service, _, name = operation.partition(":")
        return permissions.permission(service, name)

    def references(self, ref: ResourceRef, view: FactView) -> Iterator[tuple[str, ResourceRef]]:
        """Every ARN in what is known of a thing, live or dangling."""
        seen = {ref.key}
        for name in self._attributes_of(ref):
            fact = view.fact(ref, name)
            for text in texts(fact.value if fact else None):
                for arn in _ARN.findall(text):
                    target = self.recognise(arn)
                    if target and target.key not in seen:
                        seen.add(target.key)
                        yield name, target

    def _attributes_of(self, ref: ResourceRef) -> Iterable[str]:
        specs = [spec for spec in self.operations.values() if spec.subject and spec.subject.type == ref.native_type]
        return dict.fromkeys(name for spec in specs for name in spec.attributes)

    def operation(self, name: str) -> Operation | None:
        """As the SDK's own data describes it, the tier by the reviewed tables."""
        return operations.operation(name)

    def operations_of(self, service: str) -> Sequence[str]:
        return operations.operations_of(service)

    def environment(self) -> ScriptEnvironment:
        return ScriptEnvironment(
            imports=("boto3", "botocore"),
            versions={name: metadata.version(name) for name in ("boto3", "botocore")},
            idioms=("client.get_paginator(name).paginate(...) reads every page", "catch botocore.exceptions.ClientError per call"),
        )

    @cached_property
    def _templates(self) -> Environment:
        environment = Environment(  # noqa: S701 - renders Python; every value passes through repr
            loader=FileSystemLoader(_HERE / "checks"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
        )
        environment.filters["py"] = repr
        return environment

    def script(self, check: Check, now: str) -> Script | None:
        """The reads of a check as one plain boto3 script."""
        if not check.reads or any(read.cloud != self.cloud for read in check.reads):
            return None
        reads = [
            {
                "service": read.service,
                "method": snake(read.operation),
                "region": read.region,
                "params": dict(read.params),
                "whole": not set(read.params) & PAGING,
                "alias": read.alias,
            }
            for read in check.reads
        ]
        source = self._templates.get_template("reads.py.j2").render(
            intent=_one_line(check.intent), now=now, reads=reads, several=any(read.alias for read in check.reads)
        )
        return Script(source=source, check=check, cloud=self.cloud, author="template:aws/reads")

    def render(self, change: Change) -> Sequence[str]:
        """The change as an AWS CLI command."""
        words = ["aws", *_command(change), *_cli_options(_renamed(change))]
        if change.region:
            words += ["--region", change.region]
        return _given(words, change) or [_written(words, change.takes)]

    def meaning(self, problem: Problem, view: FactView) -> Meaning | None:
        """What an alarm that rings, or a queue that holds failures, says of others."""
        return speaking.meaning(self, problem, view)

    def places(self, text: str) -> Sequence[str]:
        """Regions as they are written alone, or as a part of an ARN."""
        return list(dict.fromkeys(_REGION.findall(text)))

    def history(self, subject: ResourceRef, identity: Identity, now: str) -> Sequence[Read]:
        """What the audit trail is asked."""
        return history.reads(subject, identity, now)

    def happenings(self, reply: Reply) -> Sequence[Happening]:
        """What it answered."""
        return history.happenings(reply)

    def documented(self, cause: str, changes: Sequence[Change]) -> Sequence[Documentation]:
        return documented(cause, [_command(one) for one in changes])

    def snippets(self, changes: Sequence[Change]) -> Sequence[Snippet]:
        return terraform(changes)


def _command(change: Change) -> tuple[str, str]:
    """Service and command, as the command line spells them."""
    return _CLI_NAMES.get(change.service, change.service), snake(change.operation).replace("_", "-")


def _renamed(change: Change) -> Mapping[str, JsonValue]:
    """Parameters as the command line calls them."""
    names = _OPTIONS.get(f"{change.service}:{change.operation}", {})
    return {names.get(name, name): value for name, value in change.params.items()} if names else change.params


def _written(words: Sequence[str], takes: Sequence[str] = ()) -> str:
    """A command for a POSIX shell: every word quoted, but for the variables that earlier commands set."""
    variables = {f"${name}" for name in takes if _VARIABLE.fullmatch(name)}
    return " ".join(f'"{word}"' if word in variables else shlex.quote(_visible(word)) for word in words)


def _given(words: Sequence[str], change: Change) -> list[str]:
    """The command with what later ones need of its reply kept in a variable."""
    (name, where), *more = change.gives.items() or (("", ""),)
    if more or not _VARIABLE.fullmatch(name):
        return []
    return [f"{name}=$({_written([*words, '--query', where, '--output', 'text'], change.takes)})"]


_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_CLI_NAMES = {"s3": "s3api", "config": "configservice", "codedeploy": "deploy"}
"""Services that the command line calls otherwise than the SDK."""
_OPTIONS = {"sns:Subscribe": {"Endpoint": "NotificationEndpoint"}}
"""Options likewise: its own --endpoint-url keeps this one from being called so."""
_BIDI = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def _visible(word: str) -> str:
    """Control and bidirectional characters could make a command read otherwise than it runs: they are refused."""
    return _BIDI.sub("\N{REPLACEMENT CHARACTER}", word)


_READ_OTHERWISE = re.compile(r"-|fileb?://")
"""Values that the CLI would take for an option, or replace by a file of this machine."""


def _cli_options(params: Mapping[str, JsonValue]) -> list[str]:
    members = [member for value in params.values() for member in (value if isinstance(value, list) else [value])]
    if any(isinstance(member, str) and _READ_OTHERWISE.match(member) for member in members):
        return ["--cli-input-json", json.dumps(dict(params), sort_keys=True)]
    return [word for name, value in params.items() for word in _cli_option(name, value)]


def _cli_option(name: str, value: JsonValue) -> list[str]:
    option = f"--{snake(name).replace('_', '-')}"
    if isinstance(value, bool):
        return [option if value else f"--no-{option[2:]}"]
    if isinstance(value, list) and all(isinstance(member, str | int) for member in value):
        return [option, *(str(member) for member in value)]
    return [option, value if isinstance(value, str) else json.dumps(value, sort_keys=True)]


def snake(name: str) -> str:
    """``GetBucketPolicy`` → ``get_bucket_policy``, as boto3 spells its methods."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", _ABBREVIATIONS.sub(lambda match: match[0].capitalize(), name))
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


_ABBREVIATIONS = re.compile(r"ACLs|DBs|VPCs|URLs|MFA(?=Devices)|SAML(?=Pro)|OTel")


def _one_line(text: str) -> str:
    return re.sub(r"[^\w .,:;()/@*+-]", "?", text)[:300]
