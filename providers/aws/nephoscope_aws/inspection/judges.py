"""What controls ask that conditions cannot say. Each is a pure function over facts, three-valued."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nephoscope.models import FactQuery, ResourceRef
from nephoscope_aws.analyzers.setting.conditions import Judge, Judging, named_judge
from nephoscope_aws.analyzers.setting.rules import Place
from nephoscope_aws.iam.documents import Statement, parse
from nephoscope_aws.iam.request import Policy
from nephoscope_aws.iam.truth import Truth, any_of
from nephoscope_aws.inspection.measures import JUDGES as MEASURED
from nephoscope_aws.inspection.measures import days, rows
from nephoscope_aws.inspection.openings import ADMIN, DATA, acl_opening, openings
from nephoscope_aws.looking.look import UNKNOWN, hidden
from nephoscope_aws.looking.referring import refer

KEY_DAYS = 90
_NARROWING = frozenset(
    "aws:sourceaccount aws:sourcearn aws:sourceorgid aws:sourceorgpaths aws:principalaccount aws:principalarn aws:principalorgid "
    "aws:principalorgpaths aws:sourcevpc aws:sourcevpce aws:vpcsourceip aws:sourceip aws:userid aws:username aws:principalserviceName "
    "kms:calleraccount kms:viaservice sns:endpoint aws:sourceowner lambda:functionurlauthtype sts:externalid".lower().split()
)
"""Keys by which a statement for everybody is narrowed to somebody. What merely requires TLS is not among them."""


# -- policies ----------------------------------------------------------------------------------------------------------


def policy_lets_everybody_in(judging: Judging) -> Truth:
    """A statement of its policy allows everybody something, and no condition narrows who that is."""
    document = judging.look.value(judging.subject, "policy")
    if document is UNKNOWN:
        return None
    return _anybody(document) if document is not None else False


def role_trusts_anybody(judging: Judging) -> Truth:
    """Its trust policy lets everybody assume it."""
    document = judging.look.value(judging.subject, "trust")
    return None if document is UNKNOWN else _anybody(document)


def _anybody(document: object) -> Truth:
    statements, troubles = parse(Policy(name="policy", document=document))
    if any(_open(one) for one in statements):
        return True
    return None if troubles or hidden(document) else False


def _open(statement: Statement) -> bool:
    """Whether a statement allows everybody. ``NotPrincipal`` with Allow lets in whoever is not named."""
    if not statement.allow or statement.principals is None:
        return False
    everybody = statement.not_principals or any(kind in ("AWS", "*") and value == "*" for kind, value in statement.principals)
    return everybody and not any(_narrows(one.operator, one.key, one.values) for one in statement.conditions)


def _narrows(operator: str, key: str, values: Sequence[str]) -> bool:
    """Whether a condition leaves out most of the world; one that a missing key satisfies, or that excludes somebody, does not."""
    name = operator.lower().rpartition(":")[2]
    if "not" in name or name.endswith("ifexists") or name == "null" or key.lower() not in _NARROWING:
        return False
    return not any(value in ("*", "0.0.0.0/0", "::/0", "arn:aws:*", "arn:*") for value in values)


def bucket_tls_not_required(judging: Judging) -> Truth:
    """No statement denies everybody what comes without TLS."""
    document = judging.look.value(judging.subject, "policy")
    if document is UNKNOWN:
        return None
    if document is None:
        return True
    statements, troubles = parse(Policy(name="policy", document=document))
    if any(_requires_tls(one) for one in statements):
        return False
    return None if troubles else True


def _requires_tls(one: Statement) -> bool:
    if one.allow or not one.principals or one.not_principals or not any(value == "*" for _, value in one.principals):
        return False
    if one.not_actions or not any(action.lower() in ("*", "s3:*") for action in one.actions):
        return False
    return any(each.operator == "Bool" and each.key.lower() == "aws:securetransport" and "false" in each.values for each in one.conditions)


def policy_allows_everything(judging: Judging) -> Truth:
    """Its default version allows every action on every resource."""
    version = judging.look.value(judging.subject, "default_version")
    if version is UNKNOWN:
        return None
    subject = judging.subject
    held = ResourceRef(
        cloud=subject.cloud,
        kind="identity.document",
        native_type="iam:policy-version",
        native_id=f"{subject.native_id}#{version}",
        account=subject.account,
    )
    document = judging.look.value(held, "document")
    if document is UNKNOWN:
        return None
    statements, troubles = parse(Policy(name="policy", document=document))
    if any(one.allow and not one.not_actions and not one.conditions and _all(one.actions) and _all(one.resources or ()) for one in statements):
        return True
    return None if troubles else False


def _all(patterns: Sequence[str]) -> bool:
    return any(one in ("*", "*:*") for one in patterns)


# -- users -------------------------------------------------------------------------------------------------------------


def _own(judging: Judging) -> ResourceRef:
    """The pseudo-thing that a user's lists belong to; its id is made of the name alone."""
    subject = judging.subject
    name = (subject.name or subject.native_id).rsplit("/", 1)[-1]
    return subject.model_copy(
        update={"kind": "identity.grants", "native_type": "iam:user-policies", "native_id": f"{subject.account}:user/{name}", "name": name}
    )


def user_without_mfa(judging: Judging) -> Truth:
    """It has a password and no second factor."""
    own = _own(judging)
    password = judging.look.value(own, "password_since")
    if password is UNKNOWN:
        return None
    if password is None:
        return False
    devices = judging.look.strings(own, "mfa_devices")
    return None if devices is None else not devices


def _keys(judging: Judging) -> list[ResourceRef] | None:
    """Its active access keys; ``None`` while they are not known."""
    own = _own(judging)
    listed = judging.look.strings(own, "access_keys")
    if listed is None:
        return None
    refs = [own.model_copy(update={"kind": "identity.key", "native_type": "iam:access-key", "native_id": one, "name": ""}) for one in listed]
    states = [(ref, judging.look.value(ref, "status")) for ref in refs]
    return None if any(state is UNKNOWN for _, state in states) else [ref for ref, state in states if state == "Active"]


def user_key_old(judging: Judging) -> Truth:
    """One of its active keys was made too long ago."""
    keys = _keys(judging)
    if keys is None:
        return None
    ages = [days(judging, judging.look.value(key, "created")) for key in keys]
    judging.details["days"] = max((age for age in ages if age is not None), default=0)
    return any_of([None if age is None else age > KEY_DAYS for age in ages]) if ages else False


def user_two_keys(judging: Judging) -> Truth:
    """It has more than one active key."""
    keys = _keys(judging)
    judging.details["keys"] = len(keys or ())
    return None if keys is None else len(keys) > 1


def user_own_policies(judging: Judging) -> Truth:
    """It has rights that come from no group."""
    own = _own(judging)
    lists = [judging.look.strings(own, name) for name in ("inline", "attached")]
    names = sorted(one.rsplit("#", 1)[-1].rsplit("/", 1)[-1] for some in lists for one in some or ())
    judging.details["policies"] = ", ".join(names)
    if names:
        return True
    return None if None in lists else False


# -- networks ----------------------------------------------------------------------------------------------------------


def group_open_admin(judging: Judging) -> Truth:
    """It lets everybody in to a port that machines are administered by."""
    return _opened(judging, ADMIN)


def group_open_data(judging: Judging) -> Truth:
    """It lets everybody in to a port of a database, a cache or a search engine."""
    return _opened(judging, DATA)


def _opened(judging: Judging, ports: Sequence[int]) -> Truth:
    rules = judging.look.value(judging.subject, "ingress")
    if rules is UNKNOWN:
        return None
    for source, first, last in openings(rules):
        if last - first < 65_000:  # a rule for everything is a fault of its own
            for port in ports:
                if first <= port <= last:
                    judging.details |= {"source": source, "port": port}
                    return True
    return False


def group_open_everything(judging: Judging) -> Truth:
    """It lets everybody in to everything."""
    rules = judging.look.value(judging.subject, "ingress")
    if rules is UNKNOWN:
        return None
    wide = next((source for source, first, last in openings(rules) if last - first >= 65_000), "")
    judging.details["source"] = wide
    return bool(wide)


def acl_open_admin(judging: Judging) -> Truth:
    """The first of its rules that matches lets everybody in to a port that machines are administered by."""
    entries = judging.look.value(judging.subject, "entries")
    if entries is UNKNOWN:
        return None
    for port in ADMIN:
        source = acl_opening(entries, port)
        if source:
            judging.details |= {"source": source, "port": port}
            return True
    return False


def vpc_without_flow_log(judging: Judging) -> Truth:
    """No flow log is about it."""
    return _none_of(judging, "ec2:flow-log", lambda ref: judging.look.value(ref, "resource") == judging.subject.native_id)


def _none_of(judging: Judging, native_type: str, fits: Any) -> Truth:
    """Whether nothing of a type fits; open while not everything of it is known."""
    subject = judging.subject
    where = [] if not subject.region else [subject.region]
    everything = judging.view.complete(native_type, *where)
    if everything is None:
        judging.look.want(FactQuery(kind=native_type, attribute="complete"))
        return None
    judging.look.use(everything)
    here = [ref for ref in judging.view.subjects(native_type) if not where or ref.region in (subject.region, "")]
    return not any(fits(ref) for ref in here)


def account_without_trail(judging: Judging) -> Truth:
    """No trail records every region."""
    return _none_of(judging, "cloudtrail:trail", lambda ref: judging.look.value(ref, "every_region") is True)


def region_without_recorder(judging: Judging) -> Truth:
    """The region has no recorder."""
    return _none_of(judging, "config:recorder", lambda ref: True)


def balancer_idle(judging: Judging) -> Truth:
    """No target group of it has a target, and its listeners lead to nothing else."""
    groups = judging.look.strings(judging.subject, "target_groups")
    judging.value(judging.subject, Place(attribute="flavour"))
    if groups is None:
        return None
    found: list[Truth] = []
    for name in groups:
        ref = refer(judging.view, judging.subject, "elbv2:target-group", name)
        targets = judging.look.value(ref, "targets") if ref else UNKNOWN
        found.append(None if targets is UNKNOWN else bool(targets))
        if found[-1]:
            return False
    if None in found:
        return None
    listeners = judging.look.strings(judging.subject, "listeners")
    if listeners is None:
        return None
    return _leads_nowhere(judging, listeners)


def _leads_nowhere(judging: Judging, listeners: Sequence[str]) -> Truth:
    for name in listeners:
        ref = refer(judging.view, judging.subject, "elbv2:listener", name)
        actions = judging.look.value(ref, "actions") if ref else UNKNOWN
        if actions is UNKNOWN:
            return None
        if any(one.get("Type") in ("redirect", "fixed-response") for one in rows(actions)):
            return False
    return True


JUDGES: Mapping[str, Judge] = MEASURED | named_judge(
    policy_lets_everybody_in, role_trusts_anybody, bucket_tls_not_required, policy_allows_everything,
    user_without_mfa, user_key_old, user_two_keys, user_own_policies,
    group_open_admin, group_open_data, group_open_everything, acl_open_admin,
    vpc_without_flow_log, account_without_trail, region_without_recorder, balancer_idle,
)  # fmt: skip
