"""Who a statement's principals cover."""

from __future__ import annotations

import re
from typing import Literal

from nephoscope_aws.iam.documents import Statement
from nephoscope_aws.iam.request import Principal
from nephoscope_aws.iam.truth import Truth, any_of, negated

Reach = Literal["direct", "account"]
"""``direct``: the statement means the principal itself (or everyone); ``account``: it hands the decision to the principal's account."""

_ROOT = re.compile(r"^arn:[\w-]+:iam::(\d{12}):root$")
_UNIQUE_ID = re.compile(r"^(AROA|AIDA)[A-Z0-9]{8,}$")
_SESSION = re.compile(r"^arn:[\w-]+:sts::(\d{12}):assumed-role/([^/]+)/.+$")


def reaches(statement: Statement, who: Principal) -> dict[Reach, Truth]:
    """Whether the statement covers the principal, and in which way. A statement without principals covers whoever it is attached to."""
    if statement.principals is None:
        return {"direct": True, "account": False}
    if statement.not_principals:
        return {"direct": _not_excepted(statement.principals, who), "account": False}
    direct = any_of(_direct(kind, name, who) for kind, name in statement.principals)
    account = any_of(_account(kind, name, who) for kind, name in statement.principals)
    return {"direct": direct, "account": account}


def is_deleted_identity(value: str) -> bool:
    """Whether a principal is the bare unique id that remains of a deleted role or user."""
    return bool(_UNIQUE_ID.match(value))


def account_of(value: str) -> str:
    """Account that a principal value stands for as a whole; empty for any other."""
    root = _ROOT.match(value)
    return root[1] if root else value if re.fullmatch(r"\d{12}", value) else ""


def _direct(kind: str, name: str, who: Principal) -> Truth:
    if "‹redacted:" in name or (kind == "CanonicalUser" and who.arn):  # whose canonical id that is, nothing tells
        return None
    if kind == "Service":
        return _is_service(name, who)
    if name == "*" or kind != "AWS" or who.service:
        return name == "*" and kind == "AWS"
    if not who.arn:
        return None
    if is_deleted_identity(name):
        return name == who.unique_id  # read back as a bare id, it is nobody who still exists under another
    return name == who.arn or _session_of(name, who)


def _is_service(name: str, who: Principal) -> Truth:
    """Where nobody told who asks, it may be the service."""
    if not who.service:
        return False if who.arn else None
    return name.lower() in (who.service.lower(), "*")


def _session_of(name: str, who: Principal) -> Truth:
    """A session of the role is some, not every, use of it."""
    session = _SESSION.match(name)
    if session is None or ":role/" not in who.arn:
        return False
    return None if session[1] == who.account and session[2] == who.label else False


def _account(kind: str, name: str, who: Principal) -> Truth:
    return kind == "AWS" and not who.service and bool(who.account) and account_of(name) == who.account


def _not_excepted(principals: tuple[tuple[str, str], ...], who: Principal) -> Truth:
    """An exception for a role alone is not sure to except its sessions."""
    named = any_of(_direct(kind, name, who) for kind, name in principals)
    if named is True and who.is_role and all(name != "*" for _kind, name in principals):
        return None
    return negated(named)
