"""Seeds: the steps that build an account, and references from one step to what an earlier one returned."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from nephoscope.interfaces.errors import UsageError
from nephoscope.testing.front import Rules
from nephoscope_aws.emulator.sdk import sdk
from nephoscope_aws.wire.models import Shape, operation_model

_REFERENCE = re.compile(r"\$\{([^}]+)\}")
_NOW = re.compile(r"now(?:([+-])(\d+)([smhd]))?")
DEFAULT_ACCOUNT = "123456789012"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


PATIENCE_SECONDS = 600
"""The first call of a service loads its whole emulation, which takes minutes on a machine that is busy with other things."""


class Step(BaseModel):
    """One operation of a scenario. ``as`` names its reply for later references; ``account`` runs it in another account."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    do: str
    params: dict[str, Any] = Field(default_factory=dict)
    name: str = Field(default="", alias="as")
    region: str = ""
    account: str = ""
    ignore_errors: bool = False


class Seed(BaseModel):
    """What an emulator starts with. ``vars`` are values that steps and rules may refer to by ``${name}``.

    ``random``: with the same number the same identifiers are made up.
    """

    model_config = ConfigDict(extra="forbid")

    steps: list[Step] = Field(default_factory=list)
    front: dict[str, JsonValue] = Field(default_factory=dict)
    region: str = "eu-west-1"
    account: str = DEFAULT_ACCOUNT
    vars: dict[str, JsonValue] = Field(default_factory=dict)
    random: int | None = None

    def rules(self, known: Mapping[str, Any]) -> Rules:
        """The front's rules with references resolved."""
        return Rules.model_validate(resolve(self.front, known))


def plant(seed: Seed, endpoint: str) -> dict[str, Any]:
    """Run the steps against an endpoint. Returns every name that references may use, with its value."""
    known: dict[str, Any] = {**seed.vars, "account": seed.account, "region": seed.region}
    planter = _Planter(seed, endpoint)
    for number, step in enumerate(seed.steps, 1):
        try:
            reply = planter.run(step, known)
        except Exception as error:
            if step.ignore_errors:
                continue
            raise UsageError(f"step {number} ({step.do}) of the seed failed: {error}") from error
        if step.name:
            known[step.name] = reply
    return known


def named(known: Mapping[str, Any]) -> dict[str, list[str]]:
    """Strings of replies that may tell which thing they are about: all of a step's by its name, and each by the path that refers to it."""
    found: dict[str, list[str]] = {}
    for name, reply in known.items():
        leaves = {path: value for path, value in _leaves(reply, name) if re.fullmatch(r"[\w:/.@+-]{1,300}", value)}
        found |= {name: [value for value in leaves.values() if len(value) > 5 and re.search("[-:/]", value)]}
        found |= {path: [value] for path, value in leaves.items()}
    return found


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from _leaves(member, f"{path}.{key}")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _leaves(member, f"{path}.{index}")
    elif isinstance(value, str):
        yield path, value


def resolve(value: Any, known: Mapping[str, Any]) -> Any:
    """A structure with its references replaced. A string that is one reference takes the value's own type."""
    if isinstance(value, Mapping):
        return {resolve(key, known): resolve(item, known) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [resolve(item, known) for item in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _look_up(whole[1], known)
    return _REFERENCE.sub(lambda match: str(_look_up(match[1], known)), value)


class _Planter:
    def __init__(self, seed: Seed, endpoint: str) -> None:
        self._region, self._endpoint = seed.region, endpoint
        self._clients: dict[tuple[str, str, str], Any] = {}

    def run(self, step: Step, known: Mapping[str, Any]) -> Any:
        """One operation; its reply as the SDK parses it."""
        from botocore import xform_name

        service, _, operation = step.do.partition(":")
        model = operation_model(service, operation)
        if model is None:
            raise UsageError(f"the SDK does not know {step.do!r}", "write it as service:Operation, such as s3:CreateBucket")
        client = self._client(service, resolve(step.region, known) or self._region, resolve(step.account, known))
        reply = getattr(client, xform_name(operation))(**_fitting(model.input_shape, resolve(step.params, known)))
        reply.pop("ResponseMetadata", None)
        return reply

    def _client(self, service: str, region: str, account: str) -> Any:
        key = (service, region, account)
        if key not in self._clients:
            self._clients[key] = self._made(service, region, account)
        return self._clients[key]

    def _made(self, service: str, region: str, account: str) -> Any:
        from botocore.config import Config

        config = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False, read_timeout=PATIENCE_SECONDS)
        client = sdk().create_client(service, region_name=region, endpoint_url=self._endpoint, config=config)
        if account:
            client.meta.events.register("before-sign", lambda request, **_: request.headers.add_header("x-moto-account-id", account))
        return client


def fitting(operation: str, params: Mapping[str, Any]) -> Any:
    """Parameters of ``service:Operation`` as the API takes them."""
    model = operation_model(*operation.split(":", 1))
    return _fitting(model.input_shape if model else None, params)


def _fitting(shape: Shape, value: Any) -> Any:
    """Documents given as structure where the API takes text (policies, patterns) become that text; a moment where it counts milliseconds, these."""
    kind = shape.type_name if shape is not None else ""
    if kind == "structure" and isinstance(value, Mapping):
        return {key: _fitting(shape.members.get(key), item) for key, item in value.items()}
    if kind == "list" and isinstance(value, list):
        return [_fitting(shape.member, item) for item in value]
    if kind == "map" and isinstance(value, Mapping):
        return {key: _fitting(shape.value, item) for key, item in value.items()}
    if kind == "string" and isinstance(value, Mapping | list):
        return json.dumps(value)
    return _milliseconds(value) if kind == "long" and isinstance(value, str | datetime) else value


def _milliseconds(moment: str | datetime) -> int:
    return int((datetime.fromisoformat(moment) if isinstance(moment, str) else moment).timestamp() * 1000)


def _look_up(path: str, known: Mapping[str, Any]) -> Any:
    name, *rest = path.split(".")
    moment = _NOW.fullmatch(name)
    if name not in known and moment and not rest:
        return _moment(moment)
    if name not in known and name == "zip":
        return _archive()
    value: Any = known
    for piece in (name, *rest):
        try:
            value = value[int(piece)] if isinstance(value, list) else value[piece]
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise UsageError(f"${{{path}}} refers to nothing: there is no {piece!r}") from error
    return value


def _moment(match: re.Match[str]) -> str:
    now = datetime.now(UTC).replace(microsecond=0)
    if match[1]:
        distance = timedelta(**{_UNITS[match[3]]: int(match[2])})
        now = now - distance if match[1] == "-" else now + distance
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def _archive() -> bytes:
    """A small deployment package, for functions whose code does not matter."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("lambda_function.py", "def lambda_handler(event, context):\n    return event\n")
    return packed.getvalue()
