"""A topic's subscriptions: there at all, confirmed, and not filtered away."""

from __future__ import annotations

from collections.abc import Iterator

from nephoscope.models import Finding, JsonValue, ResourceRef
from nephoscope_aws.analyzers.delivering import mending, refs
from nephoscope_aws.analyzers.delivering.context import Context
from nephoscope_aws.analyzers.delivering.search import Hop
from nephoscope_aws.delivery import content, messages
from nephoscope_aws.iam.truth import Truth
from nephoscope_aws.looking.look import UNKNOWN, Look, hidden, mend


def findings(context: Context, hop: Hop) -> Iterator[Finding]:
    """Everything that can be wrong with the subscriptions of a hop."""
    yield _missing(context, hop)
    yield _pending(context, hop)
    yield _filter(context, hop)


def _told(hop: Hop) -> dict[str, JsonValue]:
    target = hop.target
    subscribed = next((link.holder.native_id for link in hop.links if link.holder.native_type == refs.SUBSCRIPTION), "")
    return {
        "topic": hop.source.name,
        "topic_arn": hop.source.native_id,
        "target": target.label if target else "a subscriber",
        **({"target_arn": target.native_id} if target else {}),
        "protocol": "lambda" if target and target.native_type == refs.FUNCTION else "sqs",
        **({"subscription": subscribed} if subscribed else {}),
    }


def _missing(context: Context, hop: Hop) -> Finding:
    target = hop.target or refs.reference(refs.QUEUE, f"{hop.source.native_id}-subscriber", hop.source.account, hop.source.region, "a subscriber")
    known = [] if hop.target else [*mending.existing(target), mend(target, "policy", _open(hop, target.native_id))]
    return context.look(hop).finding(
        "aws.sns.subscription-missing",
        hop.source,
        None if not hop.known else not hop.links,
        note="" if hop.links else f"topic {hop.source.name} has no subscription for {_told(hop)['target']}",
        details=_told(hop),
        suppose=[*mending.subscription(context.view, hop.source, target), *known, *mending.traffic(target)],
    )


def _open(hop: Hop, resource: str) -> dict[str, JsonValue]:
    return mending.with_statement(None, mending.allowing(hop.source, hop.source, resource, ["sqs:SendMessage"]))


def _pending(context: Context, hop: Hop) -> Finding:
    look = context.look(hop)
    pending = bool(hop.links) and all(link.settings.get("pending") is True for link in hop.links)
    suppose = mending.subscription(context.view, hop.source, hop.target) if hop.target else []
    waiting = {key: value for key, value in hop.links[0].settings.items() if key != "pending"} if pending else {}
    protocol, arn = waiting.get("Protocol"), f"{hop.source.native_id}:supposed"
    confirmed: list[JsonValue] = [{**waiting, "SubscriptionArn": arn}]
    return look.finding(
        "aws.sns.subscription-pending",
        hop.source,
        None if not hop.known else pending,
        note=f"the subscription of {hop.links[0].address} was never confirmed" if pending else "",
        details={**_told(hop), "endpoint": hop.links[0].address if hop.links else "", **({"protocol": protocol} if protocol else {})},
        suppose=[*suppose, *([] if suppose else [mend(hop.source, "subscriptions.listed", confirmed), mend(hop.source, "subscriptions", [arn])])],
    )


def _filter(context: Context, hop: Hop) -> Finding:
    cause = "aws.sns.subscription-filter-mismatch"
    look = context.look(hop)
    confirmed = [link for link in hop.links if link.holder.native_type == refs.SUBSCRIPTION]
    if not confirmed:
        return look.finding(cause, hop.source, None if not hop.known else False, details=_told(hop))
    holder = confirmed[0].holder
    passes, note = _passes(context, hop, look, holder)
    policy = mending.known(context.view, holder, "filter")
    return look.finding(
        cause,
        hop.source,
        None if passes is None else not passes,
        note=note,
        details={**_told(hop), "filter": policy},
        suppose=[mend(holder, "filter", None)],
    )


def _passes(context: Context, hop: Hop, look: Look, holder: ResourceRef) -> tuple[Truth, str]:
    policy = look.value(holder, "filter")
    if policy is UNKNOWN or hidden(policy):
        return None, ""
    if not policy:
        return True, "no filter on the subscription"
    scope = look.value(holder, "filter.scope")
    body = context.body_before(hop)
    from_service = context.route.start.native_type in (refs.BUCKET, refs.RULE) and hop is not context.route.hops[0]
    passes = messages.subscription_passes(policy, str(scope), attributes={} if from_service else UNKNOWN, body=body)
    if passes is not None:
        why = content.refusing(policy, body if scope == "MessageBody" else {})
        return passes, "" if passes else f"no message can pass the subscription's filter: {'; '.join(why)}"
    bare = _all_bare(hop, look) if scope != "MessageBody" else (None, "")
    return bare if bare[0] is False else _passed_lately(context, hop, look)


def _all_bare(hop: Hop, look: Look) -> tuple[Truth, str]:
    """Whether no message of the last day had any attribute, which is what the filter asks for."""
    bare, published = total(look.value(hop.source, "metrics.filtered_bare")), total(look.value(hop.source, "metrics.published"))
    if not bare or not published or bare < published:
        return None, ""
    return False, f"the filter asks for message attributes, and all {published:g} messages of the last 24 hours came without any"


def _passed_lately(context: Context, hop: Hop, look: Look) -> tuple[Truth, str]:
    """What the filter did to the messages of the last day."""
    filtered = total(look.value(hop.source, "metrics.filtered"))
    if filtered is None:
        return None, ""
    if not filtered and context.emulated:
        return None, "what stands in for the cloud here does not count what the filter does"
    delivered = total(look.value(hop.source, "metrics.delivered"))
    if not filtered and delivered == 0:
        return None, "no message came by in the last 24 hours that the filter could have let through"
    if not filtered:
        return None if delivered is None else True, "no message was filtered out in the last 24 hours"
    if delivered is None:
        return None, ""
    lost = not delivered or context.words.partial
    return not lost, f"{filtered:g} messages were filtered out in the last 24 hours, {delivered:g} delivered"


def total(points: object) -> float | None:
    """The sum over data points; ``None`` while they are not known."""
    if points is UNKNOWN:
        return None
    listed = points if isinstance(points, list) else []
    return float(sum(float(str(one.get("Sum", 0))) for one in listed if isinstance(one, dict)))
