"""What public action data may propose about operations nobody has reviewed: reads of configuration, and that something gives out a secret.

Used when the packaged data are made (:mod:`.generate`), never at run time. The rule is deliberately narrow: what it does not propose stays
unknown, and the unknown is refused. All of it must hold for a read:

1. The action data list an action of the operation's own name, of access level List or Read and nothing else.
2. It is named ``List…`` or ``Describe…``, or ``Get…``/``BatchGet…`` of a setting or of something the service lists.
3. The name speaks of no content (messages, records, users, results, money, …), and the service is not about content or paid by the request.
4. The request is signed, is no ``PUT``, ``PATCH`` or ``DELETE``, carries no idempotency token, no secret, no binary, and names no address
   or bucket that the service would reach out to.
5. The reply is no stream and has no binary, no sensitive member, no member named like a credential or a signed address, no environment of a program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

READ_LEVELS = frozenset(("List", "Read"))
_LISTS = re.compile(r"(?:List|Describe)[A-Z]")
_GETS = re.compile(r"(?:Batch)?Get(?P<noun>[A-Z]\w*)")
_SETTING = re.compile(
    r"(?:Configurations?|Config|Settings?|Polic(?:y|ies)|Status|State|Attributes?|Limits?|Quotas?|Tags|Permissions?|Summary|Versions?)$"
)
_CREDENTIAL = re.compile(
    r"secret|passw|credential|private_?key|access_?key|api_?key|auth_?token|session_?token|bearer|pre_?signed|signed_?ur|shared_?key|licen[sc]e_?key"
    r"|authorization|plaintext|oauth|signature|connection_?string|auth_?key|webhook|(?<!next)(?<!page)(?<!pagination)(?<!continuation)token$|userdata|passcode"
    r"|nonce|join_?key|activation_?key|stream_?key|certificate_?chain|otp$|mfa|pin$|cookie|saml",
    re.IGNORECASE,
)
_PROGRAM = re.compile(
    r"environment(?:_?variables?)?$|^variables$|optionsettings|headers?$|(?<!de)script|sourcecode|commands?$|hyperparameters", re.IGNORECASE
)
_ADDRESS = re.compile(
    r"(?:ur[il]|bucket|bucketname|endpoint|host|hostname|domain_?name|s3location|s3path|webhook|address|email|phone\w*)s?$", re.IGNORECASE
)
_MINTS = re.compile(
    r"(?:Get|Create|Generate|Issue|Batch\w*|Export|Describe|List|Retrieve|Download|Exchange|Assume|Vend)\w*"
    r"(?:Credentials?|Tokens?|Passwords?|Secrets?|SecretValues?|PresignedUrl\w*|SignedUrl\w*|ApiKeys?|AccessKeys?|PrivateKeys?|KeyPair|LoginUrl|EmbedUrl\w*|SigninUrl)$"
)
_REFERS_ONLY = re.compile(r"(?:arn|name|id|status|type|version|arns|ids|count|length|expir\w*|created\w*|updated\w*|last\w*)$", re.IGNORECASE)
_PAGE = re.compile(r"(?:next|page|pagination|continuation)_?(?:page)?_?token|marker", re.IGNORECASE)


@dataclass(frozen=True)
class Proposal:
    """``kind``: ``read`` or ``secret``; ``None`` with the reason why nothing is proposed."""

    kind: str | None
    why: str = ""


def propose(service: Any, operation: Any, levels: Mapping[str, frozenset[str]]) -> Proposal:
    """Judge one operation of a botocore service model. ``levels``: access levels of the service's actions by lower-case name."""
    name = operation.name
    if _mints(operation):
        return Proposal("secret")
    for check in (_named, _known, _plain_request, _plain_reply):
        why = check(service, operation, levels)
        if why:
            return Proposal(None, why)
    return Proposal("read", name)


def _mints(operation: Any) -> bool:
    """Named like something that gives out a credential, or its reply has one marked as sensitive or named beyond doubt."""
    credentials = [member for member, shape in members(operation.output_shape) if shape.metadata.get("sensitive") and _credential(member)]
    return bool(_MINTS.fullmatch(operation.name) and operation.output_shape is not None) or bool(credentials)


def _known(_: Any, operation: Any, levels: Mapping[str, frozenset[str]]) -> str:
    found = levels.get(operation.name.lower())
    if not found:
        return "the action data have no action of this name"
    return "" if found <= READ_LEVELS else f"the action data call it {', '.join(sorted(found))}"


def _named(service: Any, operation: Any, _: Mapping[str, frozenset[str]]) -> str:
    excluded = exclusions()
    name = operation.name
    if service.service_name in excluded["services"]:
        return str(excluded["services"][service.service_name])
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*", name)
    content = sorted({word for word in words[1:] if _singular(word) in excluded["words"]})
    if content:
        return f"it is about {', '.join(content)}"
    if _LISTS.match(name):
        return ""
    match = _GETS.fullmatch(name)
    if match is None:
        return "its name does not say that it reads"
    if _SETTING.search(name) or any(f"List{listed}" in service.operation_names for listed in _plurals(match["noun"])):
        return ""
    return "it gets something that is neither a setting nor listed by the service"


def _plain_request(_: Any, operation: Any, __: Mapping[str, frozenset[str]]) -> str:
    troubles = {
        "it is not signed": operation.auth_type == "none" or set(operation.auth or ()) == {"smithy.api#noAuth"},
        f"it is a {operation.http.get('method')}": operation.http.get("method") not in ("GET", "HEAD", "POST"),
        "it carries an idempotency token, which no read needs": bool(operation.idempotent_members),
        "it sends a stream": operation.has_event_stream_input or operation.has_streaming_input,
    }
    sent = (_sent(member, shape) for member, shape in members(operation.input_shape))
    return next((why for why, holds in troubles.items() if holds), "") or next((why for why in sent if why), "")


def _sent(member: str, shape: Any) -> str:
    if shape.metadata.get("sensitive") or shape.type_name == "blob" or _credential(member):
        return f"it sends {member}"
    if _ADDRESS.search(member) and shape.type_name == "string" and not member.lower().endswith("arn"):
        return f"it names a place to reach: {member}"
    return ""


def _plain_reply(_: Any, operation: Any, __: Mapping[str, frozenset[str]]) -> str:
    if operation.has_event_stream_output or operation.has_streaming_output:
        return "it replies with a stream"
    for member, shape in members(operation.output_shape):
        if shape.type_name == "blob" or shape.metadata.get("sensitive"):
            return f"its reply holds {member}, which is {'binary' if shape.type_name == 'blob' else 'marked as sensitive'}"
        if _credential(member) and shape.type_name in ("string", "list", "map"):
            return f"its reply holds {member}"
        if _PROGRAM.search(member) and shape.type_name in ("string", "map", "list"):
            return f"its reply holds {member}"
    return ""


def members(shape: Any, seen: frozenset[str] = frozenset()) -> Iterator[tuple[str, Any]]:
    """Every named member below a shape, each shape once on a path."""
    if shape is None or shape.name in seen:
        return
    seen |= {shape.name}
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield name, member
            yield from members(member, seen)
    elif shape.type_name == "list":
        yield from members(shape.member, seen)
    elif shape.type_name == "map":
        yield from members(shape.value, seen)


def _credential(member: str) -> bool:
    return bool(_CREDENTIAL.search(member)) and not _REFERS_ONLY.search(member) and not _PAGE.fullmatch(member)


def _plurals(noun: str) -> tuple[str, ...]:
    return noun, noun + "s", noun + "es", re.sub(r"y$", "ies", noun)


def _singular(word: str) -> str:
    return re.sub(r"ies$", "y", word).removesuffix("s").lower()


@cache
def exclusions() -> Mapping[str, Any]:
    """Services and words that nothing is proposed for."""
    document = yaml.safe_load(resources.files(__package__).joinpath("exclusions.yaml").read_text("utf-8"))
    return {"services": document["services"], "words": frozenset(_singular(word.title()) for word in document["words"].split())}
