"""A bucket's notifications: there at all, for the right events, for the right keys."""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Mapping, Sequence

from nephoscope.models import Finding, JsonValue, Supposition
from nephoscope_aws.analyzers.delivering import mending, refs
from nephoscope_aws.analyzers.delivering.context import Context, arrivals
from nephoscope_aws.analyzers.delivering.search import Hop
from nephoscope_aws.analyzers.delivering.topics import total
from nephoscope_aws.analyzers.delivering.words import arrivals as told_of_arrivals
from nephoscope_aws.delivery import s3_events
from nephoscope_aws.delivery.s3_events import KeyFilter
from nephoscope_aws.looking.look import Look, hidden

_ANY_UPLOAD = (s3_events.CREATED_BY_UPLOAD, s3_events.CREATED_BY_MULTIPART, s3_events.CREATED_BY_COPY)
Entry = Mapping[str, JsonValue]


def findings(context: Context, hop: Hop) -> Iterator[Finding]:
    """Everything that can be wrong on the bucket's side of a hop."""
    if hop.target is not None and hop.target.native_type == refs.BUS:
        yield _not_on_bus(context, hop)
        return
    yield _missing(context, hop)
    yield _event_types(context, hop)
    yield _keys(context, hop)


def _told(hop: Hop) -> dict[str, JsonValue]:
    target = hop.target
    return {
        "bucket": hop.source.name,
        "target": target.label if target else "a consumer",
        "target_arn": target.native_id if target else "",
        "entries": len(hop.links),
    }


def _not_on_bus(context: Context, hop: Hop) -> Finding:
    look = context.look(hop)
    suppose, details = mending.notifying(context.view, hop.source, "notification.eventbridge", {})
    note = "" if hop.links else f"bucket {hop.source.name} does not send its events to EventBridge"
    untold = context.emulated and not hop.links
    return look.finding(
        "aws.s3.eventbridge-not-enabled",
        hop.source,
        None if untold or not hop.known else not hop.links,
        note=f"what stands in for the cloud here may not tell whether {hop.source.name} sends its events to EventBridge" if untold else note,
        details={**_told(hop), **details},
        suppose=suppose,
    )


def _missing(context: Context, hop: Hop) -> Finding:
    attribute, name = mending.ATTRIBUTES.get(hop.target.native_type if hop.target else refs.FUNCTION, mending.ATTRIBUTES[refs.FUNCTION])
    entry: dict[str, JsonValue] = {"Events": ["s3:ObjectCreated:*"] if context.words.events[0] in _ANY_UPLOAD else list(context.words.events)}
    if hop.target is not None:
        entry[name] = hop.target.native_id
    suppose, details = mending.notifying(context.view, hop.source, attribute, [*mending.entries(context.view, hop.source, attribute), entry])
    return context.look(hop).finding(
        "aws.s3.notification-missing",
        hop.source,
        None if not hop.known else not hop.links,
        note="" if hop.links else f"no notification of bucket {hop.source.name} leads to {_told(hop)['target']}",
        details={**_told(hop), **(details if hop.target else {})},
        suppose=suppose,
    )


def _event_types(context: Context, hop: Hop) -> Finding:
    cause = "aws.s3.notification-event-type-mismatch"
    look = context.look(hop)
    if not hop.links:
        return look.finding(cause, hop.source, None if not hop.known else False, details=_told(hop))
    configured = [event for link in hop.links for event in _events(link.settings)]
    wanted = _wanted(context)
    if not wanted and not any(s3_events.covers(one, upload) for one in configured for upload in _ANY_UPLOAD):
        note = f"the notification covers {', '.join(configured)} alone: whether other events were meant is not said"
        return look.finding(cause, hop.source, None, note=note, details={**_told(hop), "configured": list(configured)})
    lost = s3_events.uncovered(configured, wanted)
    mended = ["s3:ObjectCreated:*"] if any(one in _ANY_UPLOAD for one in lost) else list(lost)
    first = hop.links[0].settings
    changed: list[Entry] = [{**first, "Events": list(dict.fromkeys([*_without(_events(first), mended), *mended]))}]
    suppose, details = _changed(context, hop, [*changed, *(link.settings for link in hop.links[1:])])
    return look.finding(
        cause,
        hop.source,
        bool(lost),
        note=f"the notification covers {', '.join(configured)}, not {', '.join(lost)}" if lost else "",
        details={**_told(hop), "configured": list(configured), "lost": list(lost), **details},
        suppose=suppose,
    )


def _without(events: Sequence[str], families: Sequence[str]) -> list[str]:
    """Event types that the families do not already take in: the service refuses overlapping ones."""
    return [event for event in events if not any(s3_events.covers(family, event) for family in families)]


def _wanted(context: Context) -> tuple[str, ...]:
    words = context.words
    if words.partial and not words.explicit:
        return _ANY_UPLOAD
    if not words.explicit and not told_of_arrivals(context.view.problem.text):
        return ()
    return words.events


def _events(entry: Entry) -> list[str]:
    events = entry.get("Events")
    return [str(one) for one in events] if isinstance(events, list) else []


def _changed(context: Context, hop: Hop, replacing: Sequence[Entry]) -> tuple[list[Supposition], dict[str, JsonValue]]:
    """The hop's notifications replaced by others."""
    attribute, _ = mending.ATTRIBUTES.get(hop.target.native_type if hop.target else refs.FUNCTION, mending.ATTRIBUTES[refs.FUNCTION])
    own = [dict(link.settings) for link in hop.links]
    others = [one for one in mending.entries(context.view, hop.source, attribute) if one not in own]
    value: list[JsonValue] = [*others, *(dict(one) for one in replacing)]
    suppose, details = mending.notifying(context.view, hop.source, attribute, value)
    return suppose, details


def _keys(context: Context, hop: Hop) -> Finding:
    cause = "aws.s3.notification-filter-mismatch"
    look = context.look(hop)
    if not hop.links:
        return look.finding(cause, hop.source, None if not hop.known else False, details=_told(hop))
    filters = [KeyFilter.of(link.settings) for link in hop.links]
    if any(one.empty for one in filters):
        return look.finding(cause, hop.source, False, note="no filter on keys", details=_told(hop))
    truth, note, missed = _judge(context, look, filters)
    suppose, details = _changed(context, hop, _refiltered(hop, _fitting(filters[0], missed), keep=context.words.partial))
    told = " or ".join(str(one) for one in filters)
    return look.finding(
        cause, hop.source, truth, note=note, suppose=suppose, details={**_told(hop), "filter": told, "missed": list(missed[:5]), **details}
    )  # fmt: skip


def _judge(context: Context, look: Look, filters: Sequence[KeyFilter]) -> tuple[bool | None, str, Sequence[str]]:
    """Whether keys that matter do not pass; against the keys that are named, else against those that came."""
    if hidden([str(one) for one in filters]):
        return None, "the filter's value is hidden", ()
    for sample in context.words.keys:
        if all(one.compatible(sample.prefix, sample.suffix) is False for one in filters):
            example = f"{sample.prefix}…{sample.suffix}"
            return True, f"keys like “{example}” do not pass a filter for {filters[0]}", [f"{sample.prefix}example{sample.suffix}"]
    came = arrivals(look, context)
    if came is None:
        return None, "", ()
    missed = [key for key in came.sample if not any(one.matches(key) for one in filters)]
    if missed and (len(missed) == len(came.sample) or context.words.partial):
        share = f"{len(missed)} of the {len(came.sample)} newest objects"
        return True, f"{share} do not pass the filter for {filters[0]}: “{missed[0]}” {filters[0].miss(missed[0])}", missed
    if came.sample:
        return False, "the newest objects pass the filter", ()
    return *_untried(context, look, filters), ()


def _untried(context: Context, look: Look, filters: Sequence[KeyFilter]) -> tuple[bool | None, str]:
    """With no object to hold against the filter: what the words say, or what is seen to come out at the end, must vouch for it."""
    if all(one.literal_wildcard for one in filters):
        return True, f"the filter for {filters[0]} holds a wildcard, which the service takes literally"
    if context.words.keys:
        return False, "keys as they are told of pass the filter"
    end = context.route.end
    attribute = mending.TRAFFIC.get(end.native_type)
    if attribute is not None and total(look.value(end, attribute)):
        return False, f"{end.label} does get events"
    return None, f"there is no object to hold against the filter for {filters[0]}"


def _fitting(former: KeyFilter, missed: Sequence[str]) -> KeyFilter:
    """A filter that lets the missed keys through and keeps what did not stop them; empty when they have nothing in common."""
    if not missed:
        return KeyFilter()
    prefix = former.prefix if all(KeyFilter(former.prefix).matches(key) for key in missed) else _common_folder(missed)
    suffix = former.suffix if all(KeyFilter("", former.suffix).matches(key) for key in missed) else _common_extension(missed)
    found = KeyFilter(prefix, suffix)
    return found if all(found.matches(key) for key in missed) else KeyFilter()


def _common_folder(keys: Sequence[str]) -> str:
    folders = [key.split("/")[:-1] for key in keys]
    shared = [parts[0] for parts in zip(*folders, strict=False) if len(set(parts)) == 1] if folders else []
    return "/".join(shared) + "/" if shared else ""


def _common_extension(keys: Sequence[str]) -> str:
    extensions = {os.path.splitext(key)[1] for key in keys}  # noqa: PTH122 - keys are no paths of this machine
    return extensions.pop() if len(extensions) == 1 else ""


def _refiltered(hop: Hop, fitting: KeyFilter, *, keep: bool) -> list[Entry]:
    """The hop's notifications with the filter put right; with ``keep`` a further one stands beside those that some keys do pass."""
    settings = [link.settings for link in hop.links]
    if fitting.empty:
        return [_without_filter(settings[0])]
    changed: Entry = {**settings[0], "Filter": _as_setting(fitting)}
    if keep:
        return [*settings, {key: value for key, value in changed.items() if key != "Id"}]
    return [changed, *settings[1:]]


def _as_setting(one: KeyFilter) -> JsonValue:
    rules: list[JsonValue] = [{"Name": name, "Value": value} for name, value in (("prefix", one.prefix), ("suffix", one.suffix)) if value]
    return {"Key": {"FilterRules": rules}}


def _without_filter(entry: Entry) -> dict[str, JsonValue]:
    return {key: value for key, value in entry.items() if key != "Filter"}
