"""From a person's words to a problem: symptom, entities, contrast, numbers."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from nephoscope.interfaces import Estate
from nephoscope.knowledge import mentions as spoken
from nephoscope.knowledge import symptoms
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Entity, Identity, Mention, Problem, Question, ResourceRef
from nephoscope.models.problem import Role

NEAR = 0.82
"""How alike two names must be (difflib ratio) for a "did you mean"."""
FEW = 3
"""So many unnamed things of a kind are all taken; of more, a person must say which."""


def first_reading(text: str, now: str) -> Problem:
    """What the words alone say, before anything was looked up."""
    ranked = symptoms.classify(text)
    return Problem(
        text=text,
        symptom=ranked[0],
        symptoms=ranked[1:],
        numbers=spoken.numbers(text),
        actions=spoken.actions(text),
        onset=spoken.onset(text),
        now=now,
    )


def types_to_list(found: Sequence[Mention]) -> tuple[str, ...] | None:
    """Native types whose inventory the mentions call for; ``()`` or a type ``""`` means every cheap one, ``None`` nothing."""
    typed = tuple(dict.fromkeys(name for mention in found for name in mention.native_types))
    bare = any(mention.exact and not mention.native_types and mention.ref is None for mention in found)
    return (*typed, "") if bare and typed else typed


def read(problem: Problem, view: Evidence, estates: Iterable[Estate], identities: Sequence[Identity]) -> Problem:
    """The problem with its entities matched against what the account holds."""
    entities: list[Entity] = []
    for estate in estates:
        own = [identity for identity in identities if identity.cloud == estate.cloud]
        if own:
            entities += _Matcher(problem.text, view, estate, own).entities()
    named = {entity.text for entity in entities}
    ranked = symptoms.classify(_without_names(problem.text, entities))
    numbers = tuple(one for one in problem.numbers if one not in named)
    return problem.model_copy(update={"entities": tuple(entities), "numbers": numbers, "symptom": ranked[0], "symptoms": ranked[1:]})


def _without_names(text: str, entities: Iterable[Entity]) -> str:
    """The words with neutral ones in place of names: what a thing is called tells nothing of what hurts."""
    for entity in entities:
        if any(entity.text.lower() in (ref.name.lower(), ref.native_id.lower()) for ref in entity.matches):
            text = re.sub(rf"(?<!\w){re.escape(entity.text)}(?!\w)", "it", text)
    return text


def answered(problem: Problem, question: Question, answer: str, *, assumed: bool) -> Problem:
    """The problem after an answer: the entity asked about is the thing the answer names."""
    entities = tuple(_settled(entity, answer, assumed) if entity.text == question.about else entity for entity in problem.entities)
    return problem.model_copy(update={"entities": entities, "text": problem.text if assumed else f"{problem.text}\n{question.text} {answer}"})


def _settled(entity: Entity, answer: str, assumed: bool) -> Entity:
    pool = {ref.key: ref for ref in (*entity.matches, *entity.near)}
    named = tuple(ref for ref in pool.values() if answer in (ref.name, ref.native_id, f"{ref.label} ({ref.native_type}, {ref.region})"))
    return entity.model_copy(update={"matches": named or entity.matches, "assumed": assumed})


class _Matcher:
    """One cloud's share of the entities."""

    def __init__(self, text: str, view: Evidence, estate: Estate, identities: Sequence[Identity]) -> None:
        self._text = text
        self._view = view
        self._estate = estate
        self._identities = identities
        self._mentions = list(estate.mentions(text))
        self._healthy = spoken.healthy_spans(text)
        self._taken: list[tuple[int, int]] = []
        self._known = [ref for ref in _all_subjects(view, estate.cloud) if ref.name or ref.native_id]

    def entities(self) -> list[Entity]:
        named = [*self._identified(), *self._listed()]
        missing = list(self._unlisted())
        unnamed = list(self._unnamed([*named, *missing]))
        return [entity for _, entity in sorted([*named, *missing, *unnamed], key=lambda pair: pair[0])]

    def _role(self, start: int) -> Role:
        return "healthy" if any(left <= start < right for left, right in self._healthy) else "sick"

    def _identified(self) -> Iterable[tuple[int, Entity]]:
        """Full identifiers, which need no inventory."""
        for mention in self._mentions:
            ref = mention.ref or (self._estate.recognise(mention.text, self._identities[0]) if mention.exact else None)
            if ref and not self._overlaps(mention.start, mention.start + len(mention.text)):
                self._taken.append((mention.start, mention.start + len(mention.text)))
                known = next((one for one in self._known if one.key == ref.key), ref)
                entity = Entity(text=mention.text, role=self._role(mention.start), native_types=(ref.native_type,), matches=(known,))
                yield mention.start, entity

    def _listed(self) -> Iterable[tuple[int, Entity]]:
        """Names of the account's things that occur in the words; the longest name wins a place."""
        places: dict[tuple[int, int], list[ResourceRef]] = {}
        for ref in self._known:
            for name in {ref.name, ref.native_id, *self._aliases(ref)}:
                for start, end in _occurrences(name, self._text):
                    places.setdefault((start, end), []).append(ref)
        for (start, end), refs in sorted(places.items(), key=lambda item: item[0][0] - item[0][1]):
            word = self._text[start:end]
            typed = self._types_at(start)
            if self._overlaps(start, end) or (word.lower() in spoken.STOPWORDS and not typed):
                continue
            chosen = [ref for ref in refs if ref.native_type in typed] or refs
            self._taken.append((start, end))
            yield start, Entity(text=word, role=self._role(start), native_types=typed, matches=tuple({ref.key: ref for ref in chosen}.values()))

    def _aliases(self, ref: ResourceRef) -> Iterable[str]:
        """Addresses and hosts that its facts show."""
        facts = [self._view.fact(ref, attribute) for attribute in self._estate.aliases(ref.native_type)]
        return (fact.value for fact in facts if fact and isinstance(fact.value, str) and fact.value)

    def _unlisted(self) -> Iterable[tuple[int, Entity]]:
        """Names that the account does not hold: deleted, misspelt, or no name at all."""
        for mention in self._mentions:
            if not mention.exact or spoken.ADDRESS.fullmatch(mention.text) or self._overlaps(mention.start, mention.start + len(mention.text)):
                continue
            near = self._near(mention)
            looks_like_name = bool(re.search(r"[-_0-9]|[a-z][A-Z]", mention.text))
            if near and (looks_like_name or mention.native_types):
                sure = len(near) == 1
                yield (
                    mention.start,
                    Entity(
                        text=mention.text,
                        role=self._role(mention.start),
                        native_types=mention.native_types,
                        matches=near if sure else (),
                        near=near,
                        assumed=sure,
                    ),
                )
            elif looks_like_name and len(mention.native_types) == 1:
                yield mention.start, self._absent(mention)

    def _absent(self, mention: Mention) -> Entity:
        native_type = mention.native_types[0]
        identity = self._identities[0]
        ref = self._estate.named(native_type, mention.text, identity, (identity.regions or ("",))[0])
        return Entity(text=mention.text, role=self._role(mention.start), native_types=mention.native_types, matches=(ref,) if ref else ())

    def _unnamed(self, named: Sequence[tuple[int, Entity]]) -> Iterable[tuple[int, Entity]]:
        """Type nouns without a name: "our queue"."""
        covered = {native for _, entity in named for native in (*entity.native_types, *(ref.native_type for ref in entity.matches))}
        for mention in self._mentions:
            if mention.exact or not mention.native_types or covered & set(mention.native_types) or self._describes(mention):
                continue
            refs = tuple(ref for ref in self._known if ref.native_type in mention.native_types)
            few = 0 < len(refs) <= FEW
            yield (
                mention.start,
                Entity(
                    text=mention.text,
                    role=self._role(mention.start),
                    native_types=mention.native_types,
                    matches=refs if few else (),
                    near=() if few else refs[:20],
                    assumed=few,
                    named=False,
                ),
            )

    def _describes(self, noun: Mention) -> bool:
        """Whether the noun only says what the identified thing right after it is (``User: ci``)."""
        stop = noun.start + len(noun.text)
        return any(start >= stop and re.fullmatch(r"[\s:=\"'`(]*", self._text[stop:start]) for start, _ in self._taken)

    def _near(self, mention: Mention) -> tuple[ResourceRef, ...]:
        pool = [ref for ref in self._known if not mention.native_types or ref.native_type in mention.native_types]
        matcher = difflib.SequenceMatcher(None, b=_plain(mention.text))
        scored = [(_likeness(matcher, _plain(ref.label)), ref) for ref in pool]
        best = max((score for score, _ in scored), default=0.0)
        return tuple(ref for score, ref in scored if score >= NEAR and score >= best - 0.02)

    def _types_at(self, start: int) -> tuple[str, ...]:
        return next((one.native_types for one in self._mentions if one.exact and one.start <= start < one.start + len(one.text)), ())

    def _overlaps(self, start: int, end: int) -> bool:
        return any(start < right and left < end for left, right in self._taken)


def _all_subjects(view: Evidence, cloud: str) -> list[ResourceRef]:
    found: Mapping[str, ResourceRef] = {
        fact.subject.key: fact.subject for fact in view.all_facts() if fact.subject.cloud == cloud and fact.subject.kind not in ("inventory", "reply")
    }
    return [ref for ref in found.values() if not ((fact := view.fact(ref, "exists")) and fact.known_absent)]


def _occurrences(name: str, text: str) -> Iterable[tuple[int, int]]:
    if len(name) < 2 or name.lower() not in text.lower():  # most names of a large account: no pattern is worth making for them
        return
    plain = rf"(?<![A-Za-z0-9_./-]){re.escape(name)}(?![A-Za-z0-9_-]|[./][A-Za-z0-9]|:(?!\d{{1,5}}(?!\w))[A-Za-z0-9])"
    host = rf"(?<=://){re.escape(name)}(?![A-Za-z0-9_-]|\.[A-Za-z0-9])"
    pattern = f"{plain}|{host}"
    for match in re.finditer(pattern, text, re.IGNORECASE):
        yield match.span()
    for match in re.finditer(rf"(?<=[/=]){re.escape(name)}(?=[/?&#,;)\s]|\Z)", text):
        if "://" in text[: match.start()].rsplit(maxsplit=1)[-1]:
            yield match.span()


def _likeness(matcher: difflib.SequenceMatcher[str], name: str) -> float:
    """How alike two names are; nothing where a glance shows that they are not."""
    matcher.set_seq1(name)
    return matcher.ratio() if matcher.real_quick_ratio() >= NEAR and matcher.quick_ratio() >= NEAR else 0.0


@lru_cache(maxsize=8192)
def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
