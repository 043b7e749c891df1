"""The identity side: policies, boundary and organisation limits of a role or user, and the trust of a role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nephoscope.models import ResourceRef
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.access.sources import Gathered, Source, Write, gathered
from nephoscope_aws.access.things import by_arn, ref
from nephoscope_aws.iam import Principal


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. ``role`` is the IAM identity (role or user) whose policies count, ``None`` where there is none to see.

    ``workload`` is what runs under that role, with the service that must be trusted to assume it.
    """

    principal: Principal
    role: ResourceRef | None = None
    workload: ResourceRef | None = None
    service: str = ""

    @property
    def kind(self) -> str:
        """``role`` or ``user``."""
        return "user" if self.role and self.role.native_type == "iam:user" else "role"


def grants_ref(kind: str, name: str, account: str) -> ResourceRef:
    """The subject under which the tables keep what is granted to a role, user or group by name."""
    return ref(f"iam:{kind}-policies", f"{account}:{kind}/{name}", name, account)


def identity_policies(lens: Lens, role: ResourceRef, kind: str) -> Gathered:
    """Inline and attached policies of a role or user, those of a user's groups included."""
    account = role.account
    own = grants_ref(kind, role.name, account)
    known, sources = _granted(lens, own, kind, role.name)
    if kind == "user":
        listed, groups = lens.texts(own, "groups")
        known = known and listed
        for arn in groups:
            group = by_arn("iam:group", arn)
            seen, more = _granted(lens, grants_ref("group", group.name, account), "group", group.name)
            known, sources = known and seen, sources + more
    return gathered(lens, sources, known=known)


def _granted(lens: Lens, grants: ResourceRef, kind: str, name: str) -> tuple[bool, list[Source]]:
    inline_known, inline = lens.texts(grants, "inline")
    attached_known, attached = lens.texts(grants, "attached")
    noun = kind.capitalize()
    sources = [_inline(lens, policy_id, kind, name, grants.account) for policy_id in inline]
    sources += [managed(lens, arn, Write("iam", f"Detach{noun}Policy", {f"{noun}Name": name, "PolicyArn": arn})) for arn in attached]
    return inline_known and attached_known, sources


def _inline(lens: Lens, policy_id: str, kind: str, owner: str, account: str) -> Source:
    name, noun = policy_id.split("#", 1)[-1], kind.capitalize()
    subject = ref(f"iam:{kind}-policy", policy_id, name, account)
    remove = Write("iam", f"Delete{noun}Policy", {f"{noun}Name": owner, "PolicyName": name})
    document = lens.look(subject, "document")[1]
    return Source(f"inline policy {name} of {kind} {owner}", subject, "document", document, put_inline(kind, owner, name), remove)


def put_inline(kind: str, owner: str, policy: str) -> Callable[[str], Write]:
    """How an inline policy is written."""
    noun = kind.capitalize()
    return lambda text: Write("iam", f"Put{noun}Policy", {f"{noun}Name": owner, "PolicyName": policy, "PolicyDocument": text})


def managed(lens: Lens, arn: str, remove: Write) -> Source:
    """The default version of a managed policy; ``remove`` takes it off whoever it limits or serves."""
    policy = by_arn("iam:policy", arn)
    known, version = lens.text(policy, "default_version")
    subject = ref("iam:policy-version", f"{arn}#{version or 'default'}", policy.name)
    document = lens.look(subject, "document")[1] if known and version else None

    def write(text: str) -> Write:
        return Write("iam", "CreatePolicyVersion", {"PolicyArn": arn, "PolicyDocument": text, "SetAsDefault": True})

    return Source(f"policy {policy.name}", subject, "document", document, write, remove)


def boundary(lens: Lens, role: ResourceRef) -> Gathered:
    """The permissions boundary; no policies when there is none."""
    known, arn = lens.text(role, "boundary")
    noun = "User" if role.native_type == "iam:user" else "Role"
    remove = Write("iam", f"Delete{noun}PermissionsBoundary", {f"{noun}Name": role.name})
    return gathered(lens, [managed(lens, arn, remove)] if arn else [], known=known)


def trust(lens: Lens, role: ResourceRef) -> Gathered:
    """The trust policy of a role."""
    known, document = lens.look(role, "trust")

    def write(text: str) -> Write:
        return Write("iam", "UpdateAssumeRolePolicy", {"RoleName": role.name, "PolicyDocument": text})

    return gathered(lens, [Source(f"trust policy of role {role.name}", role, "trust", document, write)] if known else [], known=known)


def organisation(lens: Lens, account: str) -> tuple[tuple[Gathered, ...], bool]:
    """Organisation policies level by level, and whether all of them were seen. None apply outside organisations and to their manager."""
    node = ref("organizations:node", account, account, account)
    known, organisation_id = lens.text(node, "organization")
    if not known:
        return (), False
    if not organisation_id or lens.text(node, "manager")[1] == account:
        return (), True
    levels: list[Gathered] = []
    here, complete = node, True
    for _depth in range(8):
        mine = Lens(lens.view)
        listed, ids = mine.texts(here, "scps")
        levels.append(gathered(mine, [_scp(mine, policy_id, account) for policy_id in ids], known=listed))
        complete = complete and listed and not mine.needs
        lens.absorb(mine)
        if here.native_id.startswith("r-"):
            break
        above, parents = lens.texts(here, "parents")
        complete = complete and above
        if not parents:
            break
        here = ref("organizations:node", parents[0], parents[0], account)
    return tuple(levels), complete


def _scp(lens: Lens, policy_id: str, account: str) -> Source:
    subject = ref("organizations:policy", policy_id, policy_id, account)

    def write(text: str) -> Write:
        return Write("organizations", "UpdatePolicy", {"PolicyId": policy_id, "Content": text})

    return Source(f"organisation policy {policy_id}", subject, "document", lens.look(subject, "document")[1], write)
