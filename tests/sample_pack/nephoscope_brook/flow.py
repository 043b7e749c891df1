"""Does water leave the ponds that the problem names?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nephoscope.interfaces import FactView
from nephoscope.models import Fact, FactQuery, Finding, Holds, ResourceRef, Supposition
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
        yield _seen(pond, "unknown", (), needs)
        return
    named = [ref.native_id for ref in view.problem.matched("gates:gate")]
    if outlet.known_absent or not isinstance(outlet.value, str):
        mended = (Supposition(subject=pond, attribute="outlet", value=named[0]),) if named else ()
        yield _cause("brook.ponds.outlet-missing", pond, outlet, "yes", "the pond has no outlet", *mended)
        yield _seen(pond, "no", (outlet,))
        return
    yield _cause("brook.ponds.outlet-missing", pond, outlet, "no", f"its outlet is {outlet.value}")
    yield from _gate(pond, gate(outlet.value, pond), outlet, view)


def _gate(pond: ResourceRef, way: ResourceRef, outlet: Fact, view: FactView) -> Iterator[Finding]:
    is_open, exists = view.fact(way, "open"), view.fact(way, "exists")
    there, opened = (Supposition(subject=way, attribute=name, value=True) for name in ("exists", "open"))
    needs = (FactQuery(subject=way, attribute="open"), FactQuery(subject=way, attribute="exists"))
    if exists and exists.known_absent:
        yield _cause("brook.gates.missing", way, exists, "yes", f"the gate {way.name} is gone", there, opened)
        yield _seen(pond, "no", (outlet, exists))
    elif is_open is None:
        yield Finding(cause="brook.gates.closed", subject=way, holds="unknown", needs=needs)
        yield _seen(pond, "unknown", (), needs)
    else:
        through = is_open.value is True
        note = f"the gate {way.name} is {'open' if through else 'closed'}"
        yield _cause("brook.gates.closed", way, is_open, "no" if through else "yes", note, opened)
        yield _seen(pond, "yes" if through else "no", (outlet, is_open))


def _seen(pond: ResourceRef, holds: Holds, facts: Sequence[Fact], needs: tuple[FactQuery, ...] = ()) -> Finding:
    because = tuple(fact.id for fact in facts)
    return Finding(cause="brook.gates.seen-open", subject=pond, holds=holds, because=because, needs=needs, role="observation")


def _cause(cause: str, subject: ResourceRef, fact: Fact, holds: Holds, note: str, *mended: Supposition) -> Finding:
    suppose = mended if holds == "yes" else ()
    return Finding(cause=cause, subject=subject, holds=holds, because=(fact.id,), suppose=suppose, note=note, details={"name": subject.label})
