"""Which kinds of things are to be listed for a person's words, and what in them is nobody's name so far."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from nephoscope.knowledge import symptoms
from nephoscope.knowledge.mentions import AGENTS, compound, everyday, is_host, is_operation, plain_compound
from nephoscope.models import Entity, Mention, Problem


def types_to_list(found: Sequence[Mention]) -> tuple[str, ...] | None:
    """Native types whose inventory the mentions call for; ``()`` or a type ``""`` means every cheap one, ``None`` nothing."""
    typed = tuple(dict.fromkeys(name for mention in found if not mention.hint for name in mention.native_types))
    hinted = tuple(dict.fromkeys(name for mention in found if mention.hint for name in mention.native_types if name not in typed))
    bare = any(_kindless(mention) for mention in found)
    return (*typed, *hinted, "") if (bare and typed) or (hinted and not typed) else (*typed, *hinted)


def _kindless(mention: Mention) -> bool:
    """Whether it may be a name, and nothing sure is said of what it names."""
    return mention.exact and mention.ref is None and (mention.hint or not mention.native_types)


def undecided(problem: Problem) -> bool:
    """Whether nothing was found, or types alone were named and do not tell which things are meant: then other kinds' names may be among the words."""
    if not any((entity.matches or entity.near) and not _supposed(entity) for entity in problem.entities):
        return True
    named = any(entity.named and entity.matches for entity in problem.entities)
    return not named and any(not entity.named and len(entity.matches) != 1 for entity in problem.entities)


def settled(problem: Problem) -> bool:
    """Whether something was named that is there, and not by guess."""
    return any(entity.named and entity.matches and not entity.assumed for entity in problem.entities)


def nameless(problem: Problem, mentions: Iterable[Mention]) -> tuple[str, ...]:
    """Words that may be names, said without what kind of thing they name, and are nobody's as far as was looked."""
    known = {entity.text.lower() for entity in problem.entities if entity.matches and not entity.assumed}
    return tuple(one.text for one in mentions if _kindless(one) and one.text.lower() not in known)


_TAGGED = re.compile(r"[:@][\w.-]+\Z")
"""The port behind a host, or the tag of an image."""
_A_NAME = re.compile(r"(?=[\w./-]*[A-Za-z])(?=[\w./-]*(?:[-_/0-9]|[a-z][A-Z]))/?[A-Za-z][\w-]*(?:/[\w-]+)*[\w]")


def unfound(problem: Problem, mentions: Iterable[Mention]) -> tuple[str, ...]:
    """Words that look like names and are nobody's, as far as was looked."""
    known = [entity.text.lower() for entity in problem.entities if entity.matches and not entity.assumed]
    return tuple(
        one.text
        for one in mentions
        if one.exact
        and one.ref is None
        and _A_NAME.fullmatch(_TAGGED.sub("", one.text))
        and one.text not in problem.actions
        and not symptoms.tells(one.text)
        and not any(one.text.lower() in text or text in one.text.lower() for text in known)
    )


def sought(problem: Problem, mentions: Iterable[Mention]) -> tuple[str, ...]:
    """Names for which kinds of things that few troubles are about are listed too: half of what was named makes for another diagnosis."""
    spoken = tuple(mentions)
    names = tuple(one for one in unfound(problem, spoken) if not plain_compound(one))
    return (*(filter(_made_up, names) if settled(problem) else names), *_bare(problem, spoken))


def lost(problem: Problem, mentions: Iterable[Mention]) -> bool:
    """Whether something is said to hurt, in words of which some may be a name, and nothing at all was found."""
    if problem.symptom == symptoms.SUSPICION or any(entity.matches or entity.near for entity in problem.entities):
        return False
    names = (one.text for one in mentions if one.exact and one.text[:1].isalpha())
    return any(not is_host(one) and not compound(one) and not symptoms.tells(one) for one in names)


_CONNECTING = frozenset({"cannot_connect", "timeout", "refused"})


def namesakes(problem: Problem, mentions: Iterable[Mention]) -> bool:
    """Whether a plain word, said of one end of a connection without what it is, was found only where names are looked for first."""
    if problem.symptom not in _CONNECTING:
        return False
    plain = {one.text.lower() for one in mentions if one.exact and not one.native_types and one.ref is None and one.text.isalpha()}
    named = [entity for entity in problem.entities if entity.named and entity.matches]
    return len(named) > 1 and any(entity.text.lower() in plain for entity in named)


_ARTICLE = re.compile(r"\b(?:the|a|an|our|my|your|their|its|this|that|each|every)\s+\Z", re.IGNORECASE)


_OF_TWO = frozenset({"cannot_connect", "timeout", "refused", "access_denied"})
"""What hurts between two: of one alone nothing follows."""


def _bare(problem: Problem, mentions: Iterable[Mention]) -> tuple[str, ...]:
    """Plain words that stand where only a name can, and are nobody's: "checkout cannot reach ..."."""
    if settled(problem) and not _OF_TWO & {problem.symptom}:
        return ()
    known = [word.lower() for entity in problem.entities if entity.matches for word in entity.text.split()]
    bare = (
        one.text
        for one in mentions
        if one.exact and not one.native_types and one.ref is None and one.text.isalpha() and not _ARTICLE.search(problem.text, 0, one.start)
    )
    plain = (one for one in bare if not everyday(one) and one.lower().removesuffix("s") not in AGENTS and not symptoms.tells(one))
    return tuple(one for one in plain if one.lower() not in known and one not in problem.actions)


def resigned(problem: Problem) -> Problem:
    """After all was looked through in vain: a thing that was said to be of a kind, and is nobody's, is one that is not there."""
    entities = tuple(one.model_copy(update={"assumed": False}) if _supposed(one) else one for one in problem.entities)
    return problem.model_copy(update={"entities": entities})


def _supposed(one: Entity) -> bool:
    """Whether it is nobody's, and taken for one of the kind that stands behind it: "mailer-1 disk" may be a disk, or that of a machine."""
    return one.assumed and one.named and not one.near and any(ref.name == one.text for ref in one.matches)


def _made_up(name: str) -> bool:
    """Whether people gave this name: it is neither everyday English nor a path."""
    name = _TAGGED.sub("", name)
    return "-" in name and "/" not in name and not compound(name) and not is_operation(name)
