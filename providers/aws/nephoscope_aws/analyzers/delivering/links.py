"""Configured links between senders and consumers, read from what is known of either end."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from nephoscope.interfaces import FactView
from nephoscope.models import FactQuery, JsonValue, ResourceRef
from nephoscope_aws.analyzers.delivering import refs
from nephoscope_aws.looking.look import UNKNOWN, Look

LEADS_TO: Mapping[str, tuple[str, ...]] = {
    refs.BUCKET: (refs.FUNCTION, refs.QUEUE, refs.TOPIC, refs.BUS),
    refs.BUS: (refs.RULE,),
    refs.RULE: (refs.FUNCTION, refs.QUEUE, refs.TOPIC),
    refs.TOPIC: (refs.QUEUE, refs.FUNCTION),
    refs.QUEUE: (refs.FUNCTION,),
    refs.LOG_GROUP: (refs.FUNCTION,),
    refs.ALARM: (refs.TOPIC, refs.FUNCTION),
}
_STEM = 4
"""So many letters in common make two words akin."""
_FEW = 12
NOTIFICATIONS = (("notification.function", "LambdaFunctionArn"), ("notification.queue", "QueueArn"), ("notification.topic", "TopicArn"))


@dataclass(frozen=True)
class Link:
    """One configured step. ``holder`` is where its settings stand, ``address`` the destination as written there."""

    source: ResourceRef
    target: ResourceRef | None
    holder: ResourceRef
    address: str = ""
    settings: Mapping[str, JsonValue] = field(default_factory=dict)
    told_by: tuple[tuple[ResourceRef, str], ...] = ()
    """Things and attributes that show the link."""


@dataclass(frozen=True)
class Links:
    """All links out of, or into, a thing; ``complete`` when nothing could be hidden."""

    links: tuple[Link, ...]
    look: Look

    @property
    def complete(self) -> bool:
        return not self.look.needs


def outgoing(view: FactView, node: ResourceRef) -> Links:
    """Where a thing sends its events."""
    look = Look(view)
    read = _READERS.get(node.native_type)
    return Links(tuple(read(look, node)) if read else (), look)


def _from_bucket(look: Look, bucket: ResourceRef) -> list[Link]:
    found = []
    for attribute, name in NOTIFICATIONS:
        entries = look.value(bucket, attribute)
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict):
                address = str(entry.get(name, ""))
                found.append(Link(bucket, refs.of_arn(address), bucket, address, entry, ((bucket, attribute),)))
    bus = look.value(bucket, "notification.eventbridge")
    if bus is not None and bus is not UNKNOWN:
        told_by = ((bucket, "notification.eventbridge"),)
        found.append(Link(bucket, default_bus(look.view, bucket), bucket, "EventBridge", told_by=told_by))
    return found


def default_bus(view: FactView, bucket: ResourceRef) -> ResourceRef:
    """The bus that a bucket's events go to. It always exists."""
    identity = next(iter(view.identities), None)
    account = bucket.account or (identity.account if identity else "")
    region = identity.regions[0] if identity and identity.regions else ""
    return refs.reference(refs.BUS, f"arn:aws:events:{region}:{account}:event-bus/default", account, region, "default")


def _from_bus(look: Look, bus: ResourceRef) -> list[Link]:
    """The rules of the default bus are those that a listing shows; any other bus is asked for its own."""
    if bus.name != "default":
        own = [ref for one in look.strings(bus, "contains") or () if (ref := refs.of_arn(one))]
        return [Link(bus, rule, rule, rule.native_id, told_by=((bus, "contains"),)) for rule in own if isinstance(look.value(rule, "pattern"), dict)]
    inventory = look.view.complete(refs.RULE, bus.region)
    if inventory is None:
        look.want(FactQuery(kind=refs.RULE, attribute="complete"))
        return []
    look.use(inventory)
    rules = [rule for rule in look.view.subjects(refs.RULE) if look.view.fact(rule, "pattern") is not None]
    return [Link(bus, rule, rule, rule.native_id, told_by=((rule, "pattern"),)) for rule in rules if isinstance(look.value(rule, "pattern"), dict)]


def _from_rule(look: Look, rule: ResourceRef) -> list[Link]:
    found = []
    for identifier in look.strings(rule, "targets") or ():
        holder = refs.reference(refs.TARGET, identifier, rule.account, rule.region, identifier.rsplit("#", 1)[-1])
        address = look.value(holder, "target")
        found.append(Link(rule, refs.of_arn(address), holder, str(address), told_by=((rule, "targets"), (holder, "target"))))
    return found


def _from_topic(look: Look, topic: ResourceRef) -> list[Link]:
    found = []
    for identifier in look.strings(topic, "subscriptions") or ():
        holder = refs.reference(refs.SUBSCRIPTION, identifier, topic.account, topic.region, identifier.rsplit(":", 1)[-1])
        endpoint = look.value(holder, "endpoint")
        found.append(Link(topic, refs.of_arn(endpoint), holder, str(endpoint), told_by=((topic, "subscriptions"), (holder, "endpoint"))))
    listed = look.view.fact(topic, "subscriptions.listed")
    for entry in listed.value if listed and isinstance(listed.value, list) else []:
        if isinstance(entry, dict) and not str(entry.get("SubscriptionArn", "")).startswith("arn:"):
            address = str(entry.get("Endpoint", ""))
            told_by = ((topic, "subscriptions.listed"),)
            found.append(Link(topic, refs.of_arn(address), topic, address, {"pending": True, **entry}, told_by))
    return found


def _from_queue(look: Look, queue: ResourceRef) -> list[Link]:
    return [_mapping(look, identifier, queue=queue) for identifier in look.strings(queue, "consumers") or ()]


def _mapping(look: Look, identifier: str, queue: ResourceRef | None = None) -> Link:
    account, region = (queue.account, queue.region) if queue else ("", "")
    holder = refs.reference(refs.MAPPING, identifier, account, region, identifier)
    source = queue or refs.of_arn(look.value(holder, "source")) or holder
    address = look.value(holder, "function")
    read_at = (queue, "consumers") if queue else (holder, "source")
    return Link(source, refs.of_arn(address), holder, str(address), told_by=(read_at, (holder, "function")))


def _from_log_group(look: Look, group: ResourceRef) -> list[Link]:
    filters = look.value(group, "subscription_filters")
    told_by = ((group, "subscription_filters"),)
    addresses = [(str(one.get("destinationArn", "")), one) for one in (filters if isinstance(filters, list) else []) if isinstance(one, dict)]
    return [Link(group, refs.of_arn(address), group, address, one, told_by) for address, one in addresses]


def _from_alarm(look: Look, alarm: ResourceRef) -> list[Link]:
    """What it does when it goes off; recoveries are another matter."""
    told_by = ((alarm, "actions.alarm"),)
    return [Link(alarm, refs.of_arn(address), alarm, address, told_by=told_by) for address in look.strings(alarm, "actions.alarm") or ()]


_READERS: Mapping[str, Callable[[Look, ResourceRef], list[Link]]] = {
    refs.BUCKET: _from_bucket, refs.BUS: _from_bus, refs.RULE: _from_rule, refs.TOPIC: _from_topic, refs.QUEUE: _from_queue,
    refs.LOG_GROUP: _from_log_group, refs.ALARM: _from_alarm,
}  # fmt: skip


def incoming(view: FactView, node: ResourceRef) -> tuple[tuple[ResourceRef, ...], Look]:
    """Things that send to this one, or are meant to: configured links first, then whom its own policy lets in."""
    look = Look(view)
    if node.native_type not in (refs.FUNCTION, refs.QUEUE, refs.TOPIC):
        return (), look
    sources: dict[str, ResourceRef] = {}
    if node.native_type == refs.FUNCTION:
        for identifier in look.strings(node, "mappings") or ():
            link = _mapping(look, identifier)
            if link.source.native_type in _READERS:  # streams are no stops
                sources[link.source.key] = link.source
    for identifier in look.strings(node, "rules") or ():
        rule = refs.of_arn(identifier)
        if rule:
            sources[rule.key] = rule
    for ref in (*_subscribed_to(look, node), *welcomed(look, node)):
        sources.setdefault(ref.key, ref)
    for rule in () if sources else _on_other_buses(look, node):
        sources.setdefault(rule.key, rule)
    return tuple(sources.values()), look


def _on_other_buses(look: Look, node: ResourceRef) -> list[ResourceRef]:
    """Rules are asked by their target on the default bus alone: those of other buses have to be looked through."""
    inventory = look.view.complete(refs.BUS, node.region)
    if inventory is None:
        look.want(FactQuery(kind=refs.BUS, attribute="complete"))
        return []
    look.use(inventory)
    found = []
    for bus in (one for one in look.view.subjects(refs.BUS) if one.name != "default" and one.region == node.region):
        rules = [ref for one in look.strings(bus, "contains") or () if (ref := refs.of_arn(one))]
        for rule in rules[:_FEW]:
            if any(link.target and link.target.key == node.key for link in _from_rule(look, rule)):
                found.append(rule)
    return found


def notifying(look: Look, node: ResourceRef, most: int) -> list[ResourceRef]:
    """Buckets that notify the thing; they have to be asked one by one: of more than so many, only those whose name has something in common with it."""  # noqa: E501
    if node.native_type not in LEADS_TO[refs.BUCKET]:
        return []
    inventory = look.view.complete(refs.BUCKET)
    if inventory is None or not isinstance(inventory.value, list):
        look.want(FactQuery(kind=refs.BUCKET, attribute="complete"))
        return []
    look.use(inventory)
    asked = list(look.view.subjects(refs.BUCKET))
    if len(asked) > most:
        look.want(FactQuery(kind=refs.BUCKET, attribute="notifying"))
        asked = _akin(node.name, asked)
    found = []
    for bucket in asked:
        ahead = outgoing(look.view, bucket)
        look.take(ahead.look)
        if any(link.target is not None and link.target.key == node.key for link in ahead.links):
            found.append(bucket)
    return found


def _akin(name: str, buckets: Sequence[ResourceRef]) -> list[ResourceRef]:
    """Buckets with a word that begins like one of the name's, the most alike first."""
    scored = [(max((_shared(one, other) for one in _words(name) for other in _words(ref.name)), default=0), ref) for ref in buckets]
    likely = sorted((pair for pair in scored if pair[0] >= _STEM), key=lambda pair: (-pair[0], pair[1].name))
    return [ref for _, ref in likely[:_FEW]]


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)]


def _shared(one: str, other: str) -> int:
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _subscribed_to(look: Look, node: ResourceRef) -> list[ResourceRef]:
    if node.native_type not in (refs.FUNCTION, refs.QUEUE):
        return []
    inventory = look.view.complete(refs.SUBSCRIPTION, node.region)
    if inventory is None:
        look.want(FactQuery(kind=refs.SUBSCRIPTION, attribute="complete"))
    endpoints = look.view.facts(FactQuery(kind=refs.SUBSCRIPTION, attribute="endpoint"))
    topics = [look.value(fact.subject, "topic") for fact in endpoints if fact.value == node.native_id]
    return [ref for topic in topics if (ref := refs.of_arn(topic))]


def welcomed(look: Look, node: ResourceRef) -> list[ResourceRef]:
    """Senders that the thing's own policy names as source."""
    there = look.view.fact(node, "exists")
    policy = None if there is not None and there.known_absent else look.value(node, "policy")
    found: dict[str, ResourceRef] = {}
    for arn in _source_arns(policy):
        ref = refs.of_arn(arn)
        if ref and node.native_type in LEADS_TO.get(ref.native_type, ()):
            account = next((one.account for one in look.view.identities), "")
            found[ref.key] = ref if ref.account else ref.model_copy(update={"account": account})
    return list(found.values())


def _source_arns(policy: object) -> list[str]:
    statements = policy.get("Statement") if isinstance(policy, Mapping) else None
    listed = [statements] if isinstance(statements, Mapping) else statements if isinstance(statements, list) else []
    conditions = [one.get("Condition") for one in listed if isinstance(one, Mapping) and one.get("Effect") == "Allow"]
    values: list[object] = []
    for condition in conditions:
        for block in condition.values() if isinstance(condition, Mapping) else []:
            for key, value in block.items() if isinstance(block, Mapping) else []:
                if str(key).lower() == "aws:sourcearn":
                    values += value if isinstance(value, list) else [value]
    return [value for value in values if isinstance(value, str)]


def speaks_of(value: object, *words: str) -> bool:
    """Whether a setting mentions any of the words."""
    text = json.dumps(value, default=str).lower()
    return any(word.lower() in text for word in words if word)
