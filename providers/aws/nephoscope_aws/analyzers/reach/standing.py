"""Probes of the ends themselves: running, served on the port, of the right scheme, with the address that the caller needs."""

from __future__ import annotations

from nephoscope.models import JsonValue, Supposition
from nephoscope_aws.analyzers.reach.ends import Balancer, Database, End, Endpoint, Function, Instance
from nephoscope_aws.analyzers.reach.mending import wired
from nephoscope_aws.analyzers.reach.probe import Outcome, Probe, skipped
from nephoscope_aws.analyzers.reach.sight import Sight
from nephoscope_aws.network.intervals import Intervals
from nephoscope_aws.network.traffic import Traffic

INSTANCE_STOPPED = "aws.ec2.instance-stopped"
INSTANCE_GONE = "aws.ec2.instance-terminated"
CHECKS_FAIL = "aws.ec2.status-check-failed"
NO_PUBLIC_IP = "aws.ec2.instance-without-public-ip"
DB_STOPPED = "aws.rds.stopped"
DB_GONE = "aws.rds.instance-missing"
DB_NOT_AVAILABLE = "aws.rds.not-available"
DB_PRIVATE = "aws.rds.not-publicly-accessible"
DB_PORT = "aws.rds.port-mismatch"
BALANCER_GONE = "aws.elbv2.load-balancer-missing"
BALANCER_DOWN = "aws.elbv2.load-balancer-not-active"
BALANCER_INTERNAL = "aws.elbv2.load-balancer-internal-scheme"
ENDPOINT_DOWN = "aws.ec2.vpc-endpoint-not-available"
MOUNT_ELSEWHERE = "aws.efs.mount-target-missing"
FUNCTION_OUTSIDE = "aws.lambda.not-in-vpc"

_EXAMPLE_ADDRESS = "192.0.2.1"
_ALIVE = {
    Instance: ("state", {"running", "pending"}, {"stopped": INSTANCE_STOPPED, "stopping": INSTANCE_STOPPED}, INSTANCE_GONE, INSTANCE_GONE),
    Database: ("status", {"available", "backing-up", "modifying", "storage-optimization", "upgrading", "maintenance", "configuring-log-exports"},
               {"stopped": DB_STOPPED, "stopping": DB_STOPPED}, DB_NOT_AVAILABLE, DB_GONE),
    Balancer: ("state", {"active", "active_impaired"}, {}, BALANCER_DOWN, BALANCER_GONE),
    Endpoint: ("state", {"available", "Available"}, {}, ENDPOINT_DOWN, ENDPOINT_DOWN),
}  # fmt: skip
_NAMES = {
    Instance: "aws.ec2.seen-instance-running",
    Database: "aws.rds.seen-available",
    Balancer: "aws.elbv2.seen-active",
    Endpoint: "aws.ec2.seen-endpoint-available",
}


def alive(end: End) -> list[Probe]:
    """The end exists and is up; nothing to look at for ends that have no such state."""
    if type(end) not in _ALIVE:
        return []
    attribute, good, faults, otherwise, gone = _ALIVE[type(end)]

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        existence = sight.view.fact(end.ref, "exists")
        if existence is not None and existence.known_absent:
            sight.value(end.ref, "exists")
            mended = Supposition(subject=end.ref, attribute="exists", value=True)
            return Outcome("blocked", f"{end.ref.label} does not exist", fault=gone, suppose=(mended,), details={"end": end.ref.label})
        state = str(sight.value(end.ref, attribute) or "unknown")
        if state in good:
            return Outcome("open", f"{end.ref.label} is {state}")
        best = sorted(good)[0] if "running" not in good else "running"
        suppose = [Supposition(subject=end.ref, attribute=attribute, value=best)]
        if isinstance(end, Instance) and not sight.glance(end.ref, "public_ip"):
            suppose.append(Supposition(subject=end.ref, attribute="public_ip", value=_EXAMPLE_ADDRESS))
        why = sight.glance(end.ref, "state_reason") or ""
        details = {"end": end.ref.label, "state": state, "why": str(why)}
        return Outcome("blocked", f"{end.ref.label} is {state}", fault=faults.get(state, otherwise), suppose=tuple(suppose), details=details)

    causes = tuple(dict.fromkeys((*faults.values(), otherwise, gone)))
    up = [Probe(_NAMES[type(end)], end.ref, causes, judge)]
    return [*up, checked(end)] if isinstance(end, Instance) else up


_CHECKS = {
    "checks.system": ("the machine below it", "Stop it and start it again: it comes up on other hardware."),
    "checks.instance": ("its own operating system", "Look at its console output, then reboot it or mend its disk from another machine."),
    "checks.volumes": ("its volumes", "Look at the volumes that fail: what reads or writes on them waits."),
}


def checked(end: Instance) -> Probe:
    """The service's own checks of a machine that runs: one that fails them is up and answers nobody."""

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        if sight.value(end.ref, "state") != "running":
            return skipped("a machine that does not run is not checked")
        told = dict(zip(_CHECKS, sight.values(end.ref, *_CHECKS), strict=True))
        failing = [name for name, check in told.items() if isinstance(check, dict) and check.get("Status") == "impaired"]
        if not failing:
            return Outcome("open", f"{end.ref.label} does not fail its status checks")
        what, fix = _CHECKS[failing[0]]
        seen = [detail for detail in told[failing[0]].get("Details") or () if detail.get("ImpairedSince")]
        since = f" since {seen[0]['ImpairedSince']}" if seen else ""
        mended = tuple(Supposition(subject=end.ref, attribute=name, value={"Status": "ok"}) for name in failing)
        details: dict[str, JsonValue] = {"end": end.ref.label, "what": what, "since": since, "way": fix}
        return Outcome("blocked", f"{end.ref.label} fails the status check of {what}{since}", fault=CHECKS_FAIL, suppose=mended, details=details)

    return Probe("aws.ec2.seen-status-checks", end.ref, (CHECKS_FAIL,), judge)


def mounted_near(source: End, target: End) -> list[Probe]:
    """A file system's name resolves only where it has a mount target in the caller's zone; one that lives in a single zone answers from there."""
    if target.ref.native_type != "efs:file-system":
        return []

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        mounts, settings = sight.values(target.ref, "mounts", "configuration")
        if isinstance(settings, dict) and settings.get("AvailabilityZoneName"):
            return Outcome("open", f"{target.ref.label} lives in one zone, and is mounted from others by that zone's name")
        subnets = source.subnets(sight)
        zones = [str(zone) for zone in sight.all_of([(subnet, "availability_zone") for subnet in subnets]) if zone]
        targets: list[JsonValue] = [one for one in mounts or () if isinstance(one, dict)]
        served = {str(one.get("AvailabilityZoneName")) for one in targets if isinstance(one, dict)}
        if not zones or not targets or "None" in served or served & set(zones):
            return Outcome("open", f"{target.ref.label} has mount targets in {', '.join(sorted(served))}")
        subnet, zone = subnets[0].native_id, zones[0]
        first = targets[0] if isinstance(targets[0], dict) else {}
        there: JsonValue = [*targets, {**first, "SubnetId": subnet, "AvailabilityZoneName": zone, "MountTargetId": "fsmt-mended"}]
        reason = f"{source.ref.label} is in {zone}, and {target.ref.label} has mount targets in {', '.join(sorted(served))} only"
        details: dict[str, JsonValue] = {
            "end": target.ref.label,
            "file_system": target.ref.native_id,
            "source": source.ref.label,
            "subnet": subnet,
            "zone": zone,
        }
        mended = Supposition(subject=target.ref, attribute="mounts", value=there)
        return Outcome("blocked", reason, fault=MOUNT_ELSEWHERE, suppose=(mended,), details=details)

    return [Probe("aws.efs.seen-mount-target", target.ref, (MOUNT_ELSEWHERE,), judge)]


def public_address(end: End) -> list[Probe]:
    """Callers on the internet find an address of the end there."""
    judge_of = {Instance: _instance_address, Database: _database_address, Balancer: _balancer_scheme}
    causes = {Instance: NO_PUBLIC_IP, Database: DB_PRIVATE, Balancer: BALANCER_INTERNAL}
    names = {
        Instance: "aws.ec2.seen-public-address",
        Database: "aws.rds.seen-publicly-accessible",
        Balancer: "aws.elbv2.seen-internet-facing",
    }
    if not isinstance(end, Instance | Database | Balancer):
        return []
    judge = judge_of[type(end)]
    return [Probe(names[type(end)], end.ref, (causes[type(end)],), lambda sight, traffic: judge(sight, end))]


def _instance_address(sight: Sight, end: End) -> Outcome:
    state, address = sight.values(end.ref, "state", "public_ip")
    if address:
        return Outcome("open", f"{end.ref.label} has the public address {address}")
    if state not in ("running", "pending"):
        return skipped("a machine that is not running shows no public address")
    mended = Supposition(subject=end.ref, attribute="public_ip", value=_EXAMPLE_ADDRESS)
    return Outcome("blocked", f"{end.ref.label} has no public address", fault=NO_PUBLIC_IP, suppose=(mended,), details={"end": end.ref.label})


def _database_address(sight: Sight, end: End) -> Outcome:
    if end.public(sight):
        return Outcome("open", f"{end.ref.label} is publicly accessible")
    mended = Supposition(subject=end.ref, attribute="public", value=True)
    reason = f"{end.ref.label} is not publicly accessible: its name resolves to a private address"
    return Outcome("blocked", reason, fault=DB_PRIVATE, suppose=(mended, *wired(sight, end)), details={"end": end.ref.label})


def _balancer_scheme(sight: Sight, end: End) -> Outcome:
    if end.public(sight):
        return Outcome("open", f"{end.ref.label} is internet-facing")
    mended = Supposition(subject=end.ref, attribute="scheme", value="internet-facing")
    details: dict[str, JsonValue] = {"end": end.ref.label, "subnets": [subnet.native_id for subnet in end.subnets(sight)]}
    suppose = (mended, *wired(sight, end))
    return Outcome("blocked", f"{end.ref.label} has the scheme internal", fault=BALANCER_INTERNAL, suppose=suppose, details=details)


def database_port(end: Database, asked: Intervals | None) -> Probe:
    """The database listens on the port that is asked for; without a number in the words, on whatever port it has."""

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        port = int(sight.value(end.ref, "endpoint.port") or 0)
        if not port:
            return skipped(f"{end.ref.label} has no endpoint while it is not available")
        passing = Traffic(Intervals.of((port, port)), each=True)
        if asked is None or port in asked:
            return Outcome("open", f"{end.ref.label} listens on port {port}", passing=passing)
        mended = Supposition(subject=end.ref, attribute="endpoint.port", value=asked.spans[0][0])
        details: dict[str, JsonValue] = {"end": end.ref.label, "port": port, "asked": str(asked)}
        return Outcome("blocked", f"{end.ref.label} listens on port {port}, not on {asked}", fault=DB_PORT, suppose=(mended,), details=details)

    return Probe("aws.rds.seen-port", end.ref, (DB_PORT,), judge)


def inside(end: Function, target: End) -> Probe:
    """The function runs inside a network, so that it can reach private addresses."""

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        if end.attached(sight):
            return Outcome("open", f"{end.ref.label} runs inside a network")
        subnets: list[JsonValue] = [subnet.native_id for subnet in target.subnets(sight)]
        groups: list[JsonValue] = [group.native_id for group in target.groups(sight)[:1]]
        suppose = (
            Supposition(subject=end.ref, attribute="vpc.subnets", value=subnets),
            Supposition(subject=end.ref, attribute="vpc.groups", value=groups),
        )
        details: dict[str, JsonValue] = {"end": end.ref.label, "target": target.ref.label, "subnets": subnets, "groups": groups}
        reason = f"{end.ref.label} runs outside any network, where private addresses cannot be reached"
        return Outcome("blocked", reason, fault=FUNCTION_OUTSIDE, suppose=suppose, details=details)

    return Probe("aws.lambda.seen-in-vpc", end.ref, (FUNCTION_OUTSIDE,), judge)


def listening(end: End) -> Probe:
    """Whether a program listens: only the machine itself could show it."""

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        reason = f"a refusal comes from {end.ref.label} itself: whether a program listens on {traffic.told} can only be seen on the machine"
        return Outcome("unknown", reason)

    return Probe("aws.ec2.seen-service-listening", end.ref, ("aws.ec2.service-not-listening",), judge)
