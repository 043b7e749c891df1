"""Does water leave the ponds that the problem names?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nephoscope.interfaces import FactView
from nephoscope.models import Fact, FactQuery, Finding, ResourceRef, Supposition
from nephoscope_brook.estate import gate


class Flow:
    """Analyzer: pond → outlet → gate."""

    name = "flow"
    version = "1"

    def analyze(self, view: FactView) -> Sequence[Finding]:
        """Causes and the one observation for every pond named, or whose gate is."""
        return [finding for pond in view.problem.matched("ponds:pond") for finding in _pond(pond, view)]


def _pond(pond: ResourceRef, view: FactView) -> Iterator[Finding]:
    outlet = view.fact(pond, "outlet")
    if outlet is None:
        needs = (FactQuery(subject=pond, attribute="outlet"),)
        yield Finding(cause="brook.ponds.outlet-missing", subject=pond, holds="unknown", needs=needs)
        yield Finding(cause="brook.gates.seen-open", subject=pond, holds="unknown", needs=needs, role="observation")
        return
    named = [ref.native_id for ref in view.problem.matched("gates:gate")]
    if outlet.known_absent or not isinstance(outlet.value, str):
        mended = (Supposition(subject=pond, attribute="outlet", value=named[0]),) if named else ()
        yield _cause("brook.ponds.outlet-missing", pond, outlet, "yes", "the pond has no outlet", *mended)
        yield Finding(cause="brook.gates.seen-open", subject=pond, holds="no", because=(outlet.id,), role="observation", note="no gate")
        return
    yield _cause("brook.ponds.outlet-missing", pond, outlet, "no", f"its outlet is {outlet.value}")
    yield from _gate(pond, gate(outlet.value, pond), outlet, view)


def _gate(pond: ResourceRef, way: ResourceRef, outlet: Fact, view: FactView) -> Iterator[Finding]:
    is_open, exists = view.fact(way, "open"), view.fact(way, "exists")
    if exists and exists.known_absent:
        mended = (Supposition(subject=way, attribute="exists", value=True), Supposition(subject=way, attribute="open", value=True))
        yield _cause("brook.gates.missing", way, exists, "yes", f"the gate {way.name} is gone", *mended)
    elif is_open is None:
        needs = (FactQuery(subject=way, attribute="open"), FactQuery(subject=way, attribute="exists"))
        yield Finding(cause="brook.gates.closed", subject=way, holds="unknown", needs=needs)
    else:
        mended = (Supposition(subject=way, attribute="open", value=True),)
        holds = "no" if is_open.value is True else "yes"
        yield _cause("brook.gates.closed", way, is_open, holds, f"the gate is {'open' if is_open.value else 'closed'}", *mended)
    seen = "unknown" if is_open is None and not (exists and exists.known_absent) else "yes" if is_open and is_open.value is True else "no"
    because = tuple(fact.id for fact in (outlet, is_open) if fact)
    wanted = (FactQuery(subject=way, attribute="open"),) if seen == "unknown" else ()
    yield Finding(cause="brook.gates.seen-open", subject=pond, holds=seen, because=because, needs=wanted, role="observation")


def _cause(cause: str, subject: ResourceRef, fact: Fact, holds: str, note: str, *mended: Supposition) -> Finding:
    suppose = mended if holds == "yes" else ()
    details = {"name": subject.label}
    return Finding.model_validate(
        {"cause": cause, "subject": subject, "holds": holds, "because": (fact.id,), "suppose": suppose, "note": note, "details": details}
    )
