"""Matches the names in the words against inventories; where nobody chose a region, finds out which one the problem is about."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.engine.context import Context
from nephoscope.engine.dossier import gather
from nephoscope.engine.remembering import recall
from nephoscope.interfaces import Estate
from nephoscope.knowledge.reading import read
from nephoscope.knowledge.view import Evidence
from nephoscope.knowledge.wanting import lost, nameless, namesakes, resigned, settled, sought, types_to_list, undecided
from nephoscope.models import Identity, JsonValue, Problem, Read

SHARE = 0.4
"""So much of the budget of calls may go into looking for the region."""
AT_ONCE = 8
"""So many types are listed together when a name was found nowhere so far."""


def locate(context: Context, problem: Problem) -> Problem:
    """The problem with its entities; ``context.identities`` afterwards hold the regions it is about."""
    remembered = recall(context, problem)
    if remembered is not None:
        return remembered
    for estate in context.estates.values():
        wanted = types_to_list(estate.mentions(problem.text))
        if wanted is not None and not _told_by_their_types(context, problem, estate, wanted):
            _list(context, problem, estate, wanted)
    found = _read(context, problem)
    if undecided(found):
        for estate in context.estates.values():
            _list(context, problem, estate, ())
        found = _read(context, problem)
    for estate in context.estates.values():
        if _open(found, estate):
            found = _look_everywhere(context, problem, estate)
        elif namesakes(found, estate.mentions(problem.text)):
            found = _look_everywhere(context, problem, estate, rounds=1)
    found = resigned(found)
    for identity in context.identities:
        if identity.roaming:
            regions = _regions(found, identity)
            context.emit("notice", text=_told(found, regions, identity))
            narrow(context, {identity.alias: regions})
    return found


def _told_by_their_types(context: Context, problem: Problem, estate: Estate, wanted: Sequence[str]) -> bool:
    """Names beside a noun, and names alone: whether things of the spoken types have them all, so that no other type need be listed."""
    typed = tuple(filter(None, wanted))
    if not typed or len(typed) == len(wanted):
        return False
    _list(context, problem, estate, typed)
    found = _read(context, problem)
    return settled(found) and not nameless(found, estate.mentions(problem.text))


def narrow(context: Context, regions: dict[str, tuple[str, ...]]) -> None:
    """Go on in these regions, and remember them for a resumed run. ``regions``: by the identity's alias."""
    known = context.store.get("regions", {})
    kept: dict[str, JsonValue] = {**(known if isinstance(known, dict) else {}), **{alias: list(names) for alias, names in regions.items()}}
    context.store.put("regions", kept)
    context.identities = narrowed(context.identities, kept)


def narrowed(identities: Sequence[Identity], regions: object) -> tuple[Identity, ...]:
    """The identities with the regions that were found for them."""
    known = regions if isinstance(regions, dict) else {}
    return tuple(
        one.model_copy(update={"regions": tuple(known[one.alias]), "roaming": False}) if one.roaming and one.alias in known else one
        for one in identities
    )


def _list(context: Context, problem: Problem, estate: Estate, wanted: Sequence[str]) -> None:
    """Chosen regions are listed at once, others one after the other until everything named is found."""
    own = [one for one in context.identities if one.cloud == estate.cloud]
    _inventory(context, [read for one in own if not one.roaming for region in one.regions for read in estate.listings(wanted, one, region)])
    _inventory(context, _contents(context, estate, wanted))
    for identity in (one for one in own if one.roaming):
        for region in sorted(identity.regions, key=lambda name: name not in problem.text):
            _inventory(context, estate.listings(wanted, identity, region))
            _inventory(context, [read for read in _contents(context, estate, wanted) if read.region == region])
            if _all_found(_read(context, problem)) or context.boundary.spent().upstream > SHARE * context.budget.calls:
                break


def _open(found: Problem, estate: Estate) -> bool:
    """Whether a name is nobody's so far, or nothing at all was found for what hurts."""
    spoken = estate.mentions(found.text)
    return bool(sought(found, spoken)) or lost(found, spoken)


def _look_everywhere(context: Context, problem: Problem, estate: Estate, rounds: int = 0) -> Problem:
    """Types that few accounts' troubles are about, a handful at a time until the name is somebody's. ``rounds``: no more than so many."""
    own = [one for one in context.identities if one.cloud == estate.cloud]
    if any(one.roaming for one in own):
        _list(context, problem, estate, ("*",))
        return _read(context, problem)
    reads = [read for one in own for region in one.regions for read in estate.listings(("*",), one, region)]
    found, asked = _read(context, problem), list[Read]()
    for first in range(0, rounds * AT_ONCE or len(reads), AT_ONCE):
        _inventory(context, reads[first : first + AT_ONCE])
        held = [read for read in _contents(context, estate, ("*",)) if read not in asked]
        _inventory(context, held)
        asked += held
        found = _read(context, problem)
        if not rounds and not _open(found, estate):
            break
    return found


def _contents(context: Context, estate: Estate, wanted: Sequence[str]) -> Sequence[Read]:
    """Of types that only their holders list: what each known holder contains."""
    holders = {fact.subject.key: fact.subject for fact in gather(context).harvest.facts.values() if fact.subject.cloud == estate.cloud}
    return estate.contents(wanted, list(holders.values()), context.identities)


def _inventory(context: Context, reads: Sequence[Read]) -> None:
    unique = {read.model_dump_json(): read for read in reads}
    if unique:
        context.boundary.inventory(list(unique.values()))


def _read(context: Context, problem: Problem) -> Problem:
    evidence = Evidence(problem, gather(context).harvest.facts.values(), identities=context.identities)
    return read(problem, evidence, context.estates.values(), context.identities)


def _all_found(problem: Problem) -> bool:
    return bool(problem.entities) and all(entity.matches and not entity.near for entity in problem.entities) and bool(_seen(problem))


def _seen(problem: Problem) -> list[str]:
    return [ref.region for ref in problem.matched() if ref.region]


def _regions(problem: Problem, identity: Identity) -> tuple[str, ...]:
    found = [name for name in identity.regions if name in _seen(problem)]
    return tuple(found) or identity.regions[:1]


def _told(problem: Problem, regions: Sequence[str], identity: Identity) -> str:
    here = ", ".join(dict.fromkeys(ref.label for ref in problem.matched() if ref.region in regions))
    if here:
        return f"no region was set: {', '.join(regions)} is taken, {here} is there"
    anywhere = ", ".join(dict.fromkeys(ref.label for ref in problem.matched()))
    why = f"{anywhere} belongs to none" if anywhere else f"nothing named was found in {len(identity.regions)} regions"
    return f"no region was set: {', '.join(regions)} is taken, {why}"
