"""Condition keys whose values the words or the facts tell. What neither tells stays unknown."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from nephoscope.models import Problem, ResourceRef
from nephoscope_aws.access.identity import Actor, grants_ref
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.access.passage import Passage
from nephoscope_aws.access.tags import tagged
from nephoscope_aws.access.things import ref, service_of
from nephoscope_aws.iam import Context, Policies

_REGION = re.compile(r"\b(?:us|eu|ap|sa|ca|me|af|il|mx|cn)(?:-gov)?-(?:north|south|east|west|central|northeast|southeast|northwest|southwest)-\d\b")
_ENDPOINT = re.compile(r"\bvpce-[0-9a-f]{8,}\b")
_OUTSIDE = re.compile(r"\b(office|laptop|home|outside|internet|desktop|workstation|on-?prem\w*|vpn|my machine|own computer)\b", re.IGNORECASE)
_KEYS_ALONE = re.compile(r"\b(cli|command line|terminal|access keys?|scripts?|sdk|terraform|boto3?|without mfa|no mfa)\b", re.IGNORECASE)
_NO_HEADER = re.compile(
    r"\b(without|no|missing|lacks?)\b.{0,30}\b(header|encryption|encrypted|sse)\b|\b(one|old|legacy|that|this|our) tool\b", re.IGNORECASE
)
_NO_EXTERNAL_ID = re.compile(r"\b(without|no|missing)\b.{0,20}\bexternal ?id\b", re.IGNORECASE)
_EXTERNAL_ID = re.compile(
    r"\bexternal ?-?ids?\b(?: (?:is|of|was|we (?:send|pass|use)))?\s*[:=]?\s*[\"'`“‘]?([\w+=,.@:/-]*[\w])[\"'`”’]?", re.IGNORECASE
)
_HEADERS = frozenset({"s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"})
_NETWORK = frozenset({"aws:sourcevpce", "aws:sourcevpc", "aws:vpcsourceip"})
_MFA = frozenset({"aws:multifactorauthpresent", "aws:multifactorauthage"})


def circumstances(
    problem: Problem,
    actor: Actor,
    target: ResourceRef | None,
    lens: Lens,
    asked: Iterable[Policies | None] = (),
    *,
    via: str = "",
    way: Passage | None = None,
) -> Context:
    """The context of a request. ``asked``: the policies that will ask for it; ``via``: the service that makes it on the actor's behalf;
    ``way``: how it gets there.
    """
    values: dict[str, tuple[str, ...]] = {"aws:currenttime": (problem.now,), "aws:viaawsservice": ("true" if via else "false",)}
    absent: set[str] = set() if via else {"kms:viaservice", "aws:calledvia"}
    region = _region(problem, target, lens)
    if region:
        values["aws:requestedregion"] = (region,)
    if via:
        values["kms:viaservice"] = (f"{via}.{region}.amazonaws.com",)
    _organisation(actor, target, lens, values, absent)
    _network(problem, actor, lens, way or Passage(), values, absent)
    told_tags, no_tags = tagged(lens, actor, target, asked)
    values |= told_tags
    absent |= no_tags
    if _without_mfa(problem, actor, lens):
        absent |= _MFA
    if _NO_HEADER.search(problem.text):
        absent |= _HEADERS
    told = _EXTERNAL_ID.search(problem.text)
    if actor.service or _NO_EXTERNAL_ID.search(problem.text):
        absent.add("sts:externalid")
    elif told and re.search(r"[\d_-]", told[1]):  # a word like any other is no id
        values["sts:externalid"] = (told[1],)
    return Context(values, frozenset(absent - values.keys()))


def _region(problem: Problem, target: ResourceRef | None, lens: Lens) -> str:
    spoken = _REGION.search(problem.text)
    if spoken:
        return spoken[0]
    own = next((region for identity in lens.view.identities for region in identity.regions), "")
    if target and service_of(target.native_type) == "iam":
        return "us-east-1"
    return (target.region if target else "") or own


def _organisation(actor: Actor, target: ResourceRef | None, lens: Lens, values: dict[str, tuple[str, ...]], absent: set[str]) -> None:
    """Which organisation the caller's account and the resource's are of; an account outside of any sends no such key."""
    own = {identity.account for identity in lens.view.identities}
    for account, key in ((actor.principal.account, "aws:principalorgid"), (target.account if target else "", "aws:resourceorgid")):
        fact = lens.view.fact(ref("organizations:node", account, account, account), "organization") if account in own else None
        if fact is not None and isinstance(fact.value, str):
            values[key] = (fact.value,)
        elif fact is not None and fact.known_absent:
            absent |= {key, "aws:principalorgpaths"} if key == "aws:principalorgid" else {key}


def _network(  # noqa: PLR0917 - where the request comes from
    problem: Problem, actor: Actor, lens: Lens, way: Passage, values: dict[str, tuple[str, ...]], absent: set[str]
) -> None:
    endpoint = _ENDPOINT.search(problem.text)
    if endpoint:
        values["aws:sourcevpce"] = (endpoint[0],)
    elif way.endpoint:
        values |= {"aws:sourcevpce": (way.endpoint,), "aws:sourcevpc": (way.vpc,)}
    elif way.known or _OUTSIDE.search(problem.text) or _outside_networks(actor, lens):
        absent |= _NETWORK
    address = next((number for number in problem.numbers if _is_address(number)), None)
    if address:
        values["aws:sourceip"] = (address,)


def _outside_networks(actor: Actor, lens: Lens) -> bool:
    """A function without a network of its own calls from the provider's, through nobody's endpoint."""
    if actor.workload is None or actor.workload.native_type != "lambda:function":
        return False
    known, subnets = lens.look(actor.workload, "vpc.subnets")
    return known and not subnets


def _without_mfa(problem: Problem, actor: Actor, lens: Lens) -> bool:
    """Workloads never carry a second factor, nor do plain access keys, nor users who have no device."""
    if actor.workload is not None or actor.service or _KEYS_ALONE.search(problem.text):
        return True
    if actor.role is None or actor.kind != "user":
        return False
    known, devices = lens.texts(grants_ref("user", actor.role.name, actor.role.account), "mfa_devices")
    return known and not devices


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
