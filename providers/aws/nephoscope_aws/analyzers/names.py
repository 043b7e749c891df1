"""Names on the network: which zone answers for a host of the words, whom it answers, and whether what it answers is still there."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nephoscope.interfaces import FactView
from nephoscope.models import FactQuery, Finding, JsonValue, ResourceRef, Supposition
from nephoscope_aws.analyzers.setting.platforms import hosts
from nephoscope_aws.analyzers.setting.rules import BROKEN
from nephoscope_aws.looking.look import UNKNOWN, Look, mend
from nephoscope_aws.looking.nearness import meant
from nephoscope_aws.looking.referring import refer

_BALANCER = re.compile(
    r"(?:dualstack\.)?(?P<name>[\w-]+)\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.elb\.amazonaws\.com|(?:dualstack\.)?(?P<network>[\w-]+)\.elb\.(?P<where>[a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com"
)
_WEBSITE = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]+)\.s3-website[.-](?P<region>[a-z0-9-]+)\.amazonaws\.com")
_SITE = re.compile(r"s3-website[.-](?P<region>[a-z0-9-]+)\.amazonaws\.com")
_ANSWERS = frozenset({"A", "AAAA", "CNAME"})
_BALANCERS = ("elbv2:load-balancer", "elb:load-balancer")
_FAR = ("ec2:vpc", "ec2:instance", "lambda:function")
MOST_HOSTS = 3
_ANEW = re.compile(r"old|new|v?\d+|blue|green", re.IGNORECASE)
"""Words by which one generation is told from the next."""
_SOMEWHERE = "192.0.2.1"
"""An address of nobody's: with it the record would lead to something again."""
ALIKE = 0.8
_CERTIFICATE = re.compile(
    r"\bcert(?:ificate)?s?(?: (?:for|of|named|called|request for|on))?(?: (?:the )?(?:domain|name|host))?[\s\"'`“‘(]*(?:\*\.)?$", re.IGNORECASE
)


class NamesAnalyzer:
    """Implements :class:`nephoscope.interfaces.Analyzer`. It tells causes only: that a name is answered says nothing of who stands behind it."""

    name = "names"
    version = "1"

    def analyze(self, view: FactView) -> Sequence[Finding]:
        """Causes in the account's own zones, for the hosts that the words name."""
        if not {view.problem.symptom, *view.problem.symptoms} & BROKEN:
            return []
        found: dict[str, Finding] = {}
        for host in [one for one in dict.fromkeys(hosts(view.problem.text)) if not _certified(view.problem.text, one)][:MOST_HOSTS]:
            for one in _of_host(view, host):
                found.setdefault(one.key, one)
        return list(found.values())


def _certified(text: str, host: str) -> bool:
    """Whether the words name a certificate by the host, wherever they name it: whom the name is answered to is not the matter then."""
    before = [text[: one.start()] for one in re.finditer(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", text, re.IGNORECASE)]
    return bool(before) and all(_CERTIFICATE.search(one) for one in before)


def _of_host(view: FactView, host: str) -> Iterator[Finding]:
    listed = view.complete("route53:hosted-zone")
    if listed is None:
        zone = ResourceRef(cloud="aws", kind="network.dns_zone", native_type="route53:hosted-zone", native_id=host, name=host)
        needs = (FactQuery(kind="route53:hosted-zone", attribute="complete"),)
        yield Finding(cause="aws.route53.record-missing", subject=zone, holds="unknown", needs=needs, note=f"which zone answers for {host}")
        return
    zones = [one for one in view.subjects("route53:hosted-zone") if _within(host, one.label)]
    longest = max((len(one.label) for one in zones), default=0)
    for zone in [one for one in zones if len(one.label) == longest]:
        yield from _Zone(view, zone, host, alone=len(zones) == 1).findings()


def _within(host: str, domain: str) -> bool:
    plain = domain.rstrip(".").lower()
    return bool(plain) and (host == plain or host.endswith(f".{plain}"))


@dataclass(frozen=True)
class _Zone:
    """One zone that answers for the host. ``alone``: no other zone of the account does."""

    view: FactView
    zone: ResourceRef
    host: str
    alone: bool

    def findings(self) -> Iterator[Finding]:
        look = Look(self.view)
        ids = look.strings(self.zone, "records")
        if ids is None:
            yield self._told(look, "record-missing", self.zone, None)
            return
        records = [ref for ref in (refer(self.view, self.zone, "route53:record", one) for one in ids) if ref]
        mine = [one for one in records if self._answers(look, one)]
        yield from self._missing(look, records, mine)
        for record in mine:
            yield from self._leads(record)
        yield from self._heard()

    def _answers(self, look: Look, record: ResourceRef) -> bool:
        domain, kind = str(look.value(record, "domain")).rstrip(".").lower().replace("\\052", "*"), look.value(record, "type")
        fits = domain == self.host or (domain.startswith("*.") and self.host.endswith(domain[1:]))
        return fits and kind in _ANSWERS

    def _missing(self, look: Look, records: Sequence[ResourceRef], mine: Sequence[ResourceRef]) -> Iterator[Finding]:
        names = {str(look.value(one, "domain")).rstrip(".").lower() for one in records if look.value(one, "type") in _ANSWERS}
        near = difflib.get_close_matches(self.host, sorted(names), 1, ALIKE)
        note = f"zone {self.zone.label} has no record for {self.host}" + (f"; there is {near[0]}" if near and not mine else "")
        delegated = any(look.value(one, "type") == "NS" and self._below(look, one) for one in records)
        if delegated or not self.alone:
            return
        told = note if not mine else f"zone {self.zone.label} has a record for {self.host}"
        made = mend(self.zone, "records", [*(one.native_id for one in records), f"{self.zone.native_id}#{self.host}.#A"])
        known = [mend(_made(self.zone, self.host), name, value) for name, value in (("domain", f"{self.host}."), ("type", "A"))]
        details = self._details(near=near[0] if near else "", **(self._misspelt(look, records) if not mine else {}))
        yield look.finding("aws.route53.record-missing", self.zone, not mine, note=told, details=details, suppose=[made, *known])

    def _misspelt(self, look: Look, records: Sequence[ResourceRef]) -> dict[str, JsonValue]:
        """The record whose name differs from the host's by a slip, under the right name."""
        named = {str(look.value(one, "domain")).rstrip(".").lower(): one for one in records if look.value(one, "type") in _ANSWERS}
        other = meant(self.host, named)
        fact = self.view.fact(named[other], "settings") if other else None
        if fact is None or not isinstance(fact.value, dict):
            return {}
        return {"misspelt": other, "record_set": {**fact.value, "Name": f"{self.host}."}}

    def _below(self, look: Look, record: ResourceRef) -> bool:
        """A part of the zone that another zone answers for."""
        domain = str(look.value(record, "domain")).rstrip(".").lower()
        return domain != self.zone.label.rstrip(".").lower() and _within(self.host, domain)

    def _leads(self, record: ResourceRef) -> Iterator[Finding]:
        """Whether what the record names is there, and is what the words speak of."""
        look = Look(self.view)
        for text in _targets(look, record):
            balancer, website = _BALANCER.fullmatch(text), _WEBSITE.fullmatch(text) or _SITE.fullmatch(text)
            if balancer and (balancer["region"] or balancer["where"]) in self._regions():
                yield self._balancer(look, record, text)
            elif website:
                bucket = refer(self.view, record, "s3:bucket", website.groupdict().get("bucket") or self.host)
                there = look.exists(bucket) if bucket else True
                suppose = [mend(bucket, "exists", True)] if bucket else []
                state = "a bucket that does not exist" if there is False else "whose bucket exists"
                note = f"{self.host} leads to website {bucket.label if bucket else text}, {state}"
                yield self._told(look, "target-missing", record, None if there is None else not there, note=note, suppose=suppose, target=text)
        yield from self._elsewhere(record)

    def _regions(self) -> set[str]:
        return {region for one in self.view.identities for region in one.regions}

    def _balancer(self, look: Look, record: ResourceRef, text: str) -> Finding:
        wanted = [kind for kind in _BALANCERS if self.view.complete(kind) is None]
        for kind in wanted:
            look.want(FactQuery(kind=kind, attribute="complete"))
        known = {
            str(look.value(one, "dns_name")).lower(): one
            for kind in _BALANCERS
            for one in self.view.subjects(kind)
            if self.view.fact(one, "dns_name")
        }
        there = text.removeprefix("dualstack.") in known
        truth = None if wanted and not there else not there
        near = sorted(name for name in known if _stem(name) == _stem(text))[:2] if not there else []
        led = near[0] if len(near) == 1 else ""
        note = f"{self.host} leads to {text}, " + (
            "a load balancer of this account" if there else "which is no load balancer of this account any more"
        )
        suppose = _led_to(record, led or _SOMEWHERE)
        more = self._record(record, led, known[led]) if led else {}
        return self._told(look, "target-missing", record, truth, note=note, suppose=suppose, target=text, near=led, **more)

    def _record(self, record: ResourceRef, host: str, balancer: ResourceRef) -> dict[str, JsonValue]:
        """The whole record, leading to the load balancer: an alias stays an alias."""
        known = {name: fact.value for name in ("settings", "alias") if (fact := self.view.fact(record, name)) and not fact.known_absent}
        zone, written = self.view.fact(balancer, "dns_zone"), known.get("settings")
        if not isinstance(written, dict):
            return {}
        aliased = written.get("AliasTarget")
        if not isinstance(aliased, dict):
            return {"record_set": {**written, "ResourceRecords": [{"Value": host}]}} if written.get("Type") == "CNAME" else {}
        known_zone = zone is not None and not zone.known_absent
        return {"record_set": {**written, "AliasTarget": {**aliased, "DNSName": host, "HostedZoneId": zone.value}}} if zone and known_zone else {}

    def _elsewhere(self, record: ResourceRef) -> Iterator[Finding]:
        """The words name the host and the load balancer that should answer, and the record leads to another."""
        look = Look(self.view)
        meant = list(self.view.problem.matched(*_BALANCERS))
        targets = [text.removeprefix("dualstack.") for text in _targets(look, record) if not _address(text)]
        own = look.value(meant[0], "dns_name") if len(meant) == 1 and targets else None
        if isinstance(own, str):
            note = f"{self.host} leads to {', '.join(targets)}; {meant[0].label} is {own}"
            suppose = _led_to(record, own)
            off = own.lower() not in targets
            more = self._record(record, own.lower(), meant[0]) if off else {}
            yield self._told(look, "record-points-elsewhere", record, off, note=note, suppose=suppose, target=targets[0], near=own, **more)

    def _heard(self) -> Iterator[Finding]:
        """A private zone answers only networks that are associated with it."""
        look = Look(self.view)
        if look.value(self.zone, "private") is not True:
            return
        networks = look.value(self.zone, "networks")
        here = self._network(look)
        if not here:
            return
        known = {str(one.get("VPCId")) for one in networks if isinstance(one, dict)} if isinstance(networks, list) else set()
        truth = None if networks is UNKNOWN else here not in known
        note = f"private zone {self.zone.label} answers {', '.join(sorted(known)) or 'nobody'}, {'not' if truth else 'and so'} {here}"
        suppose = [mend(self.zone, "networks", [{"VPCId": one} for one in sorted({*known, here})])]
        yield self._told(
            look, "zone-not-associated", self.zone, truth, note=note, suppose=suppose, network=here, region=min(self._regions(), default="")
        )

    def _network(self, look: Look) -> str:
        for thing in self.view.problem.matched(*_FAR):
            if thing.native_type == "ec2:vpc":
                return thing.native_id
            held = thing
            if thing.native_type == "lambda:function":
                subnets = look.strings(thing, "vpc.subnets")
                held = (refer(self.view, thing, "ec2:subnet", subnets[0]) if subnets else None) or thing
            value = look.value(held, "vpc") if held.native_type != "lambda:function" else None
            if isinstance(value, str) and value:
                return value
        return ""

    def _details(self, **more: JsonValue) -> dict[str, JsonValue]:
        return {"host": self.host, "zone": self.zone.label.rstrip("."), "zone_id": self.zone.native_id, "near": "", "meant": "", **more}

    def _told(
        self,
        look: Look,
        name: str,
        subject: ResourceRef,
        truth: bool | None,
        *,
        note: str = "",
        suppose: Sequence[Supposition] = (),
        **more: JsonValue,
    ) -> Finding:
        return look.finding(f"aws.route53.{name}", subject, truth, note=note, details=self._details(**more), suppose=suppose)


def _stem(host: str) -> str:
    """A load balancer's name without what changes when it is made anew."""
    words = host.partition(".")[0].removeprefix("internal-").split("-")
    return "-".join(word for word in words if not _ANEW.fullmatch(word))


def _targets(look: Look, record: ResourceRef) -> list[str]:
    alias, values = look.value(record, "alias"), look.value(record, "values")
    texts = [alias] if isinstance(alias, str) else [one.get("Value") for one in values if isinstance(one, dict)] if isinstance(values, list) else []
    return [str(text).rstrip(".").lower() for text in texts if text]


def _led_to(record: ResourceRef, target: str) -> list[Supposition]:
    return [mend(record, "alias", None), mend(record, "values", [{"Value": target}])]


def _made(zone: ResourceRef, host: str) -> ResourceRef:
    return ResourceRef(
        cloud="aws", kind="network.dns_record", native_type="route53:record", native_id=f"{zone.native_id}#{host}.#A", account=zone.account, name=host
    )


def _address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
