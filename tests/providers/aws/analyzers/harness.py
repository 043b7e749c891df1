"""An emulated account, asked the way the loop asks: needs → checks → reads → replies → facts → findings, without broker and scripts."""

from __future__ import annotations

import base64
import logging
import re
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import pytest
import yaml
from botocore import xform_name
from moto.core.config import default_user_config
from moto.server import ThreadedMotoServer

import nephoscope_suite_aws
from nephoscope.comparison.scenario import split_of
from nephoscope.engine.interpreting import followed
from nephoscope.knowledge import reading, wanting
from nephoscope.knowledge.harvest import harvest
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Call, Entity, Fact, Finding, Identity, Problem, Read, Reply, ResourceRef
from nephoscope_aws.emulator import seed
from nephoscope_aws.emulator.amends import amend
from nephoscope_aws.emulator.managed import keep_managed_policies, policies_named
from nephoscope_aws.estate import AwsEstate

ACCOUNT, REGION, NOW = "123456789012", "eu-west-1", "2026-11-24T10:00Z"
IDENTITY = Identity(cloud="aws", account=ACCOUNT, principal=f"arn:aws:iam::{ACCOUNT}:role/Reader", regions=(REGION,))
SCENARIOS = Path(nephoscope_suite_aws.__file__).parent / "scenarios"
_LATE = re.compile(r"\{(now(?:-\d+[hmd])?(?:@ms)?|fact:[^}]+)\}")


@contextmanager
def moto_server() -> Iterator[str]:
    """Endpoint of a fresh emulated account."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    amend()
    default_user_config["iam"] = {"load_aws_managed_policies": True}
    keep_managed_policies(policies_named("\n".join(path.read_text("utf-8") for path in SCENARIOS.rglob("*.yaml"))))
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    try:
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST"), timeout=120).close()
        yield endpoint
    finally:
        for key in [key for key in _clients if key[0] == endpoint]:
            _clients.pop(key).close()
        server.stop()


_clients: dict[tuple[str, str, str], Any] = {}
"""Clients by endpoint, service and region: made once, closed with the server, else their sockets are found open by some later test."""


def but_for(cases: Sequence[tuple[dict[str, Any], str]], known: Mapping[tuple[str, str], str]) -> list[Any]:
    """Cases as parameters; ``known`` says of which scenario and variant it is known why they do not come out right here. One that does fails."""
    marks = {key: (pytest.mark.xfail(reason=why, strict=True),) for key, why in known.items()}
    return [
        pytest.param(scenario, variant, id=f"{scenario['id']}-{variant}", marks=marks.get((scenario["id"], variant), ()))
        for scenario, variant in cases
    ]  # fmt: skip


def known_facts(facts: Mapping[tuple[ResourceRef, str], Any]) -> list[Fact]:
    """Facts by hand, as they would have been read; ``None``: known to be absent."""
    return [
        Fact(
            id=f"{one.key}#{attribute}", subject=one, attribute=attribute, value=value, grounding="absent" if value is None else "exact",
            calls=("s1.c1",), pointer="", identity=IDENTITY, observed_at=NOW,
        )
        for (one, attribute), value in facts.items()
    ]  # fmt: skip


def canonical(value: Any) -> Any:
    """A parsed reply as plain JSON: ISO times, base64 bytes, sorted keys."""
    if isinstance(value, Mapping):
        return {str(key): canonical(value[key]) for key in sorted(value) if key != "ResponseMetadata"}
    if isinstance(value, list | tuple):
        return [canonical(member) for member in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return "stream"


@dataclass
class Account:
    """One emulated account under investigation. ``deny``: operations answered with 403, as a front before the emulator would."""

    endpoint: str
    deny: frozenset[str] = frozenset()
    answers: Sequence[Mapping[str, Any]] = ()
    """Replies that the front would give in the emulator's place."""
    estate: AwsEstate = field(default_factory=AwsEstate)
    identity: Identity = IDENTITY
    replies: list[Reply] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    unanswerable: set[str] = field(default_factory=set)
    names: dict[str, Any] = field(default_factory=dict)
    """What the steps of the seed returned."""

    def client(self, service: str, region: str = REGION) -> Any:
        key = (self.endpoint, service, region or REGION)
        if key not in _clients:
            settings = botocore.config.Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, parameter_validation=False)
            keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
            _clients[key] = boto3.client(service, region_name=key[2], endpoint_url=self.endpoint, config=settings, **keys)
        return _clients[key]

    def reset(self) -> Account:
        """Empty the emulated account."""
        urllib.request.urlopen(urllib.request.Request(f"{self.endpoint}/moto-api/reset", method="POST"), timeout=120).close()
        return self

    def seed(self, steps: Sequence[Mapping[str, Any]]) -> None:
        """Run the steps of a scenario in order."""
        names: dict[str, Any] = {"account": ACCOUNT, "region": REGION, **self.names, **moments(steps)}
        for step in steps:
            service, operation = step["do"].split(":")
            params = seed.fitting(f"{service}:{operation}", substitute(step.get("params", {}), names))
            reply = getattr(self.client(service, step.get("region", REGION)), xform_name(operation))(**params)
            if "as" in step:
                names[step["as"]] = reply
        self.names = names

    # -- asking ------------------------------------------------------------------------------------------------------

    def read(self, read: Read, about: Any = None) -> None:
        """Ask one question with all its pages; the answers become replies."""
        params = self._late(dict(read.params), about)
        key = f"{read.name}@{read.region}{sorted(str(params))}{params}"
        if key in self.asked:
            return
        self.asked[key] = len(self.asked)
        call = Call(
            id=f"s1.c{len(self.replies)}",
            identity=self.identity,
            region=read.region or REGION,
            service=read.service,
            operation=read.operation,
            params=params,
        )
        if read.name in self.deny:
            self.replies.append(Reply(call=call, status=403, error="AccessDenied", document={}))
            return
        answer = next(
            (one for one in self.answers if one["operation"] == read.name and dict(one.get("params", params)).items() <= params.items()), None
        )
        if answer:
            told = {name: moment.isoformat() for name, moment in moments([answer]).items()}
            names = {"account": ACCOUNT, "region": REGION, **self.names, **told}
            error, document = answer.get("error"), substitute(answer.get("document", {}), names)
            self.replies.append(Reply(call=call, status=400 if error else 200, error=error and error["Code"], document=document, observed_at=NOW))
            return
        try:
            for page in self._pages(read, params):
                self.replies.append(
                    Reply(call=call.model_copy(update={"id": f"s1.c{len(self.replies)}"}), status=200, document=canonical(page), observed_at=NOW)
                )
        except botocore.exceptions.ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            self.replies.append(Reply(call=call, status=status, error=error.response["Error"]["Code"], document={}, observed_at=NOW))
        except NotImplementedError:  # as a server around the emulation answers for what that lacks
            self.replies.append(Reply(call=call, status=500, error="NotImplemented", document={}, observed_at=NOW))

    def _pages(self, read: Read, params: dict[str, Any]) -> Iterator[Any]:
        client, method = self.client(read.service, read.region), xform_name(read.operation)
        if client.can_paginate(method):
            yield from client.get_paginator(method).paginate(**params)
        else:
            yield getattr(client, method)(**params)

    def _late(self, value: Any, about: Any) -> Any:
        """Fill the time and known facts of the subject asked about, as the engine does."""
        if isinstance(value, dict):
            return {key: self._late(member, about) for key, member in value.items()}
        if isinstance(value, list):
            return [self._late(member, about) for member in value]
        if not isinstance(value, str):
            return value
        whole = _LATE.fullmatch(value)
        return self._late_value(whole[1], about) if whole else _LATE.sub(lambda match: str(self._late_value(match[1], about)), value)

    def _late_value(self, name: str, about: Any) -> Any:
        if name.startswith("fact:"):
            fact = self.evidence(problem("")).fact(about, name[5:]) if about else None
            return fact.value if fact else ""
        moment = datetime.fromisoformat(NOW.replace("Z", "+00:00"))
        name, _, in_ms = name.partition("@")
        if "-" in name:
            units = {"h": "hours", "m": "minutes", "d": "days"}
            moment -= timedelta(**{units[name[-1]]: int(name[4:-1])})
        return int(moment.timestamp() * 1000) if in_ms else moment.isoformat()

    # -- investigating -----------------------------------------------------------------------------------------------

    def evidence(self, problem_: Problem) -> Evidence:
        """All facts of all replies so far."""
        crop = harvest(self.replies, (), {"aws": self.estate})
        return Evidence(problem=problem_, facts=crop.facts.values(), gaps=crop.gaps, identities=[self.identity])

    def understand(self, text: str, symptom: str = "") -> Problem:
        """Read the problem as the loop does, looking up what the words call for. ``symptom`` overrules the words."""
        first = reading.first_reading(text, NOW)
        mentions = list(self.estate.mentions(text))
        wanted = wanting.types_to_list(mentions) or ()
        for read in self.estate.listings(wanted, self.identity, REGION):
            self.read(read)
        holders = {fact.subject.key: fact.subject for fact in self.evidence(first).all_facts()}
        for read in self.estate.contents(wanted, list(holders.values()), [self.identity]):
            self.read(read)
        problem_ = reading.read(first, self.evidence(first), [self.estate], [self.identity])
        if wanting.undecided(problem_):
            for read in self.estate.listings((), self.identity, REGION):
                self.read(read)
            problem_ = reading.read(first, self.evidence(first), [self.estate], [self.identity])
        if wanting.sought(problem_, mentions) or wanting.lost(problem_, mentions):
            for read in self.estate.listings(("*",), self.identity, REGION):
                self.read(read)
            holders = {fact.subject.key: fact.subject for fact in self.evidence(first).all_facts()}
            for read in self.estate.contents(("*",), list(holders.values()), [self.identity]):
                self.read(read)
            problem_ = reading.read(first, self.evidence(first), [self.estate], [self.identity])
        problem_ = followed(wanting.resigned(problem_), [self.estate], self.evidence, lambda reads: [self.read(read) for read in reads])
        return problem_.model_copy(update={"symptom": symptom}) if symptom else problem_

    def investigate(self, analyzers: Sequence[Any], problem_: Problem, rounds: int = 15) -> tuple[Evidence, list[Finding]]:
        """Answer the needs of open findings until nothing new is asked."""
        for _ in range(rounds):
            view = self.evidence(problem_)
            findings = [finding for analyzer in analyzers for finding in analyzer.analyze(view)]
            before = len(self.replies)
            for query in {need.key: need for finding in findings if finding.holds == "unknown" for need in finding.needs}.values():
                self._answer(query)
            if len(self.replies) == before:
                return view, findings
        raise AssertionError(f"no fixpoint after {rounds} rounds")

    def _answer(self, query: Any) -> None:
        checks = self.estate.checks(query, [self.identity])
        if not checks:
            self.unanswerable.add(query.key)
        for check in checks[:1] if query.subject else checks:
            for read in check.reads:
                self.read(read, query.subject)


def moments(steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Times that steps speak of, such as ``now-1h``: here told from the time at which every test takes place."""
    spoken = set(re.findall(r"\$\{(now(?:[+-]\d+[smhd])?)\}", str(steps)))
    base = datetime.fromisoformat(NOW.replace("Z", "+00:00"))
    units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    return {name: base + (timedelta(**{units[name[-1]]: int(name[3:-1])}) if name != "now" else timedelta()) for name in spoken}


def problem(text: str, symptom: str = "missing", entities: Sequence[Entity] = ()) -> Problem:
    """A problem at a fixed time."""
    return Problem(text=text, symptom=symptom, entities=tuple(entities), now=NOW)


def substitute(value: Any, names: Mapping[str, Any]) -> Any:
    """``${name.Path.0.To}`` in a step by earlier replies; a whole-string placeholder keeps its type."""
    if isinstance(value, dict):
        return {key: substitute(member, names) for key, member in value.items()}
    if isinstance(value, list):
        return [substitute(member, names) for member in value]
    if not isinstance(value, str):
        return value
    whole = re.fullmatch(r"\$\{([\w.+-]+)\}", value)
    if whole and _reach(whole[1], names) is not None:
        return _reach(whole[1], names)
    return re.sub(r"\$\{([\w.+-]+)\}", lambda match: match[0] if (found := _reach(match[1], names)) is None else str(found), value)


def _reach(path: str, names: Mapping[str, Any]) -> Any:
    """A value by its path; ``None`` for what is not a name of ours (policy variables look the same)."""
    here: Any = names
    for step in path.split("."):
        if isinstance(here, Mapping) and step in here:
            here = here[step]
        elif isinstance(here, list) and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
        else:
            return None
    return here


def scenarios(folder: Path) -> list[tuple[dict[str, Any], str]]:
    """Every (scenario, variant) of a family's folder."""
    loaded = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yaml"))]
    return [(scenario, variant) for scenario in loaded for variant in scenario["variants"]]


def open_wordings(scenario: Mapping[str, Any]) -> list[str]:
    """Other wordings without those that are held: nobody is to see how one of these comes out."""
    return [one for one in scenario.get("wordings", ()) if split_of(one) == "open"]


def truth_of(scenario: Mapping[str, Any], variant: str) -> dict[str, Any]:
    """The expected outcome with account and region filled in."""
    result: dict[str, Any] = substitute(scenario["variants"][variant]["truth"], {"account": ACCOUNT, "region": REGION})
    return result


def suffices(analyzers: Sequence[Any], view: Evidence, finding: Finding) -> bool:
    """The counterfactual peel: with the finding's fault mended, every mandatory observation on the path holds."""
    mended = view.suppose(finding.suppose)
    after = [other for analyzer in analyzers for other in analyzer.analyze(mended) if other.on_path]
    observations = [other for other in after if other.role == "observation"]
    return bool(finding.suppose and observations) and all(other.holds == "yes" for other in observations)
