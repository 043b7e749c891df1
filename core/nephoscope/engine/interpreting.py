"""Things that only speak of others: whoever complains of an alarm that rings means what it watches."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nephoscope.engine.context import Context
from nephoscope.engine.dossier import gather
from nephoscope.interfaces import Estate, Interpreter
from nephoscope.knowledge import symptoms
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Entity, Identity, Meaning, Problem, Read

MOST = 4
"""So many things may speak of one another."""
_OF_THE_WORK = frozenset({"duplicate", "wrong_content"})
"""Classes that are said of the work itself: nothing that only reports means them, so they stay said."""
_LISTINGS = 2
"""So often something is listed before a thing is understood."""


def interpreted(context: Context, problem: Problem, looked: Sequence[Identity]) -> Problem:
    """The problem as it is meant: about what the named things report on, followed from one to the next.

    ``looked``: who looked for what is named, and in which regions.
    """
    meant = followed(
        problem,
        list(context.estates.values()),
        lambda read: Evidence(read, gather(context).harvest.facts.values(), identities=context.identities),
        lambda reads: context.boundary.inventory(list(reads)),
    )
    meant = meant.model_copy(update={"elsewhere": elsewhere(problem.text, list(context.estates.values()), looked)})
    if meant.witnessed != problem.witnessed:
        context.emit("notice", text=f"{meant.witnessed}; this is looked into: {meant.text}")
    return meant


def elsewhere(text: str, estates: Sequence[Estate], identities: Sequence[Identity]) -> tuple[str, ...]:
    """Regions that the words name and nobody looks at."""
    named = {(estate.cloud, place): None for estate in estates if isinstance(estate, Interpreter) for place in estate.places(text)}
    seen = {(one.cloud, region) for one in identities for region in one.regions}
    return tuple(place for cloud, place in named if (cloud, place) not in seen)


def followed(problem: Problem, estates: Sequence[Estate], known: Callable[[Problem], Evidence], ask: Callable[[Sequence[Read]], object]) -> Problem:
    """The same over any record. ``known``: what it shows; ``ask``: reads what is listed."""
    heard: set[str] = set()
    for _ in range(MOST):
        said = next((one for estate in estates if isinstance(estate, Interpreter) and (one := _said(estate, problem, known, ask))), None)
        if said is None or said.of.key in heard:
            break
        heard.add(said.of.key)
        problem = carried_on(problem, said)
    return problem


def _said(estate: Interpreter, problem: Problem, known: Callable[[Problem], Evidence], ask: Callable[[Sequence[Read]], object]) -> Meaning | None:
    for _ in range(_LISTINGS):
        said = estate.meaning(problem, known(problem))
        if said is None or not said.reads:
            return said
        ask(said.reads)
    said = estate.meaning(problem, known(problem))
    return said if said is not None and said.about else None


def carried_on(problem: Problem, said: Meaning) -> Problem:
    """The problem about what was spoken of, in the place of what spoke, or ``beside`` it."""
    others = tuple(one for one in problem.entities if said.beside or said.of.key not in {ref.key for ref in one.matches})
    known = {ref.key for one in others for ref in one.matches}
    meant = tuple(Entity(text=ref.label, role="sick", native_types=(ref.native_type,), matches=(ref,)) for ref in said.about if ref.key not in known)
    text = said.words.replace("{it}", ", ".join(ref.label for ref in said.about))
    ranked = symptoms.classify(said.words.replace("{it}", "it"))
    kept = (one for one in (problem.symptom, *problem.symptoms) if one in _OF_THE_WORK)
    ranked = tuple(dict.fromkeys((*ranked, *kept)))
    if said.beside:
        text = f"{problem.text}; {text}"
        ranked = tuple(dict.fromkeys((*ranked, problem.symptom, *problem.symptoms)))
    return problem.model_copy(
        update={
            "text": text,
            "symptom": ranked[0],
            "symptoms": ranked[1:],
            "entities": (*meant, *others),
            "witnessed": "; ".join(filter(None, (problem.witnessed, said.witnessed))),
        }
    )
