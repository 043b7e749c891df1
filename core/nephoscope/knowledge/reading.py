"""From a person's words to a problem: symptom, entities, contrast, numbers."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache

from nephoscope.interfaces import Estate
from nephoscope.knowledge import fragments, symptoms
from nephoscope.knowledge import mentions as spoken
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


def undecided(problem: Problem) -> bool:
    """Whether types alone were named and do not tell which things are meant: then other kinds' names may be among the words."""
    named = any(entity.named and entity.matches for entity in problem.entities)
    return not named and any(not entity.named and len(entity.matches) != 1 for entity in problem.entities)


def settled(problem: Problem) -> bool:
    """Whether something was named that is there, and not by guess."""
    return any(entity.named and entity.matches and not entity.assumed for entity in problem.entities)


def nameless(problem: Problem, mentions: Iterable[Mention]) -> tuple[str, ...]:
    """Words that may be names, said without what kind of thing they name, and are nobody's as far as was looked."""
    known = {entity.text.lower() for entity in problem.entities if entity.matches and not entity.assumed}
    return tuple(one.text for one in mentions if one.exact and not one.native_types and one.ref is None and one.text.lower() not in known)


_A_NAME = re.compile(r"(?=[\w./-]*[A-Za-z])(?=[\w./-]*(?:[-_/0-9]|[a-z][A-Z]))/?[A-Za-z][\w-]*(?:/[\w-]+)*[\w]")


def unfound(problem: Problem, mentions: Iterable[Mention]) -> tuple[str, ...]:
    """Words that look like names and are nobody's, as far as was looked."""
    known = [entity.text.lower() for entity in problem.entities if entity.matches and not entity.assumed]
    return tuple(
        one.text
        for one in mentions
        if one.exact
        and one.ref is None
        and _A_NAME.fullmatch(one.text)
        and one.text not in problem.actions
        and not symptoms.tells(one.text)
        and not any(one.text.lower() in text or text in one.text.lower() for text in known)
    )


_COMPOUND = frozenset(
    """ad anti auto back blue built by check clean co cross day dead drop e end fail fall fan first follow front full go half hard high
    in inter kick log long low mid multi non off on one opt out pay post pre ramp re read real roll run scale second self semi set
    short shut sign single so start state sub switch third three time two type up well wi work write""".split()
)
"""Words with which everyday English begins what it writes with a hyphen."""


def sought(problem: Problem, mentions: Iterable[Mention]) -> tuple[str, ...]:
    """Names for which kinds of things that few troubles are about are listed too: half of what was named makes for another diagnosis."""
    names = unfound(problem, mentions)
    return tuple(filter(_made_up, names)) if settled(problem) else names


def resigned(problem: Problem) -> Problem:
    """After all was looked through in vain: a thing that was said to be of a kind, and is nobody's, is one that is not there."""

    def gone(one: Entity) -> bool:
        return one.assumed and one.named and not one.near and any(ref.name == one.text for ref in one.matches)

    entities = tuple(one.model_copy(update={"assumed": False}) if gone(one) else one for one in problem.entities)
    return problem.model_copy(update={"entities": entities})


def _made_up(name: str) -> bool:
    """Whether people gave this name: it is neither everyday English nor a path."""
    return "-" in name and "/" not in name and name.split("-", maxsplit=1)[0].lower() not in _COMPOUND


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
        named = [*self._identified(), *self._listed(), *self._in_words()]
        missing = list(self._unlisted())
        unnamed = list(self._unnamed([*named, *missing]))
        found = [*named, *missing, *unnamed]
        if not any(entity.matches or (entity.named and entity.near) for _, entity in found):
            found += self._in_part()
        return [entity for _, entity in sorted(found, key=lambda pair: pair[0])]

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
            if not typed and word.lower() in spoken.STOPWORDS:
                typed = tuple(one for one in self._noun_before(start) if any(ref.native_type == one for ref in refs))
            plain = word.lower() in spoken.STOPWORDS and not typed and not spoken.placed(self._text, start, end)
            if self._overlaps(start, end) or plain:
                continue
            chosen = [ref for ref in refs if ref.native_type in typed] or refs
            self._taken.append((start, end))
            yield start, Entity(text=word, role=self._role(start), native_types=typed, matches=tuple({ref.key: ref for ref in chosen}.values()))

    @cached_property
    def _names(self) -> fragments.Names:
        return fragments.Names(self._known, self._tags)

    @cached_property
    def _words(self) -> list[tuple[int, str]]:
        return list(spoken.words(self._text))

    def _tags(self, ref: ResourceRef) -> Iterable[str]:
        fact = self._view.fact(ref, "tags")
        pairs = fact.value if fact and isinstance(fact.value, list) else []
        return [value for pair in pairs if isinstance(pair, dict) and isinstance(value := pair.get("Value"), str)]

    def _in_words(self) -> Iterable[tuple[int, Entity]]:
        """Names that are said in several words, or nearly: "the nightly report" for nightly-report."""
        for first, last, refs, sure in self._names.spans(self._words):
            start, end = self._words[first][0], self._words[last][0] + len(self._words[last][1])
            if self._overlaps(start, end) or any(one.exact and one.ref for one in self._mentions if start <= one.start < end):
                continue
            typed = self._types_beside(first, last)
            chosen = tuple(ref for ref in refs if ref.native_type in typed) or refs
            self._taken.append((start, end))
            text, near = self._text[start:end], () if sure else chosen
            yield start, Entity(text=text, role=self._role(start), native_types=typed, matches=chosen, near=near, assumed=not sure)

    def _types_beside(self, first: int, last: int) -> tuple[str, ...]:
        """Types of the nouns right before or after the words."""
        starts = {self._words[index][0] for index in (first - 1, last + 1) if 0 <= index < len(self._words)}
        return next((one.native_types for one in self._mentions if not one.exact and one.start in starts), ())

    def _in_part(self) -> list[tuple[int, Entity]]:
        """Nothing has a name that was said: what shares its words. One is taken, of several that share as much a person says which."""
        free = [(start, word) for start, word in self._words if not self._overlaps(start, start + len(word))]
        said = [token for _, word in free for token in fragments.tokens(word)]
        refs, shared = self._names.parts(said, around=self._text)
        if not refs:
            return []
        start, word = next((start, word) for start, word in free if set(fragments.tokens(word)) & set(shared))
        few = refs if len(refs) <= FEW else ()
        return [(start, Entity(text=" ".join(shared) or word, role=self._role(start), matches=few, near=refs[:20], assumed=bool(few)))]

    def _aliases(self, ref: ResourceRef) -> Iterable[str]:
        """Addresses and hosts that its facts show."""
        facts = [self._view.fact(ref, attribute) for attribute in self._estate.aliases(ref.native_type)]
        return (fact.value for fact in facts if fact and isinstance(fact.value, str) and fact.value)

    def _unlisted(self) -> Iterable[tuple[int, Entity]]:
        """Names that the account does not hold: deleted, misspelt, or no name at all."""
        for mention in self._mentions:
            if not mention.exact or spoken.ADDRESS.fullmatch(mention.text) or symptoms.tells(mention.text):
                continue
            if self._overlaps(mention.start, mention.start + len(mention.text)):
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
        after = not self._noun_before(mention.start)  # "the k8s-prod api server" is no API: what else is called so is to be looked for
        matches = (ref,) if ref else ()
        return Entity(text=mention.text, role=self._role(mention.start), native_types=mention.native_types, matches=matches, assumed=after)

    def _unnamed(self, named: Sequence[tuple[int, Entity]]) -> Iterable[tuple[int, Entity]]:
        """Type nouns without a name: "our queue"."""
        covered = {native for _, entity in named for native in (*entity.native_types, *(ref.native_type for ref in entity.matches))}
        for mention in self._mentions:
            if mention.exact or not mention.native_types or covered & set(mention.native_types) or self._describes(mention):
                continue
            other = self._called_otherwise(mention)
            if other is not None:
                acts = spoken.acts(self._text, other.start + len(other.text))
                yield (
                    other.start,
                    self._absent(other) if acts else Entity(text=other.text, role=self._role(other.start), native_types=other.native_types),
                )
                continue
            refs = tuple(ref for ref in self._known if ref.native_type in mention.native_types)
            qualified = self._qualifiers(mention)
            told, _ = self._names.parts(qualified, mention.native_types, around=self._text) if qualified else ((), ())
            if told and len(told) <= FEW:
                role, types = self._role(mention.start), mention.native_types
                yield mention.start, Entity(text=mention.text, role=role, native_types=types, matches=told, near=told, assumed=True)
                continue
            elsewhere = bool(qualified) and bool(named) and len(refs) > 1
            few = 0 < len(refs) <= FEW and not elsewhere
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

    def _qualifiers(self, noun: Mention) -> list[str]:
        """The words that say which one is meant: "billing" of "the billing queue"."""
        first = next((index for index, (start, _) in enumerate(self._words) if start == noun.start), None)
        if first is None:
            return []
        last = first + len(noun.text.split()) - 1
        nouns = {
            index: True
            for one in self._mentions
            if not one.exact
            for index, (start, _) in enumerate(self._words)
            if one.start <= start < one.start + len(one.text)
        }
        words = fragments.qualifiers(self._words, self._text, first, last, nouns)
        taken = {self._text[start:end].lower() for start, end in self._taken}
        return [token for word in words if word.lower() not in taken for token in fragments.tokens(word)]

    def _describes(self, noun: Mention) -> bool:
        """Whether the noun only says what the identified thing right after it is (``User: ci``)."""
        stop = noun.start + len(noun.text)
        return any(start >= stop and re.fullmatch(r"[\s:=\"'`(]*", self._text[stop:start]) for start, _ in self._taken)

    def _called_otherwise(self, noun: Mention) -> Mention | None:
        """A word right after the noun that reads like a name and is nobody's: then it is not the only other topic.

        It acts ("topic orders no longer …"), or the noun without an article is where something goes ("arrives at queue billing").
        """
        stop = noun.start + len(noun.text)
        place = spoken.is_place(self._text, noun.start)
        for one in self._mentions:
            beside = one.exact and one.start > noun.start and re.fullmatch(r"[\s\"'`“‘]+", self._text[stop : one.start]) is not None
            end = one.start + len(one.text)
            if (
                beside
                and set(one.native_types) & set(noun.native_types)
                and not self._overlaps(one.start, end)
                and (place or spoken.acts(self._text, end))
            ):
                return one
        return None

    def _near(self, mention: Mention) -> tuple[ResourceRef, ...]:
        pool = [ref for ref in self._known if not mention.native_types or ref.native_type in mention.native_types]
        matcher = difflib.SequenceMatcher(None, b=_plain(mention.text))
        scored = [(_likeness(matcher, _plain(ref.label)), ref) for ref in pool]
        best = max((score for score, _ in scored), default=0.0)
        return tuple(ref for score, ref in scored if score >= NEAR and score >= best - 0.02)

    def _types_at(self, start: int) -> tuple[str, ...]:
        return next((one.native_types for one in self._mentions if one.exact and one.start <= start < one.start + len(one.text)), ())

    def _noun_before(self, start: int) -> tuple[str, ...]:
        """Types of the noun right before a place: "topic uploaded" names a topic, though the word is a plain one."""
        ends = {one.start + len(one.text): one.native_types for one in self._mentions if not one.exact}
        return next((types for end, types in ends.items() if re.fullmatch(r"[\s\"'`“‘]+", self._text[end:start])), ())

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
