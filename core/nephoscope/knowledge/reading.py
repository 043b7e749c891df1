"""From a person's words to a problem: symptom, entities, contrast, numbers."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from functools import cached_property

from nephoscope.interfaces import Estate
from nephoscope.knowledge import fragments, population, spelling, symptoms
from nephoscope.knowledge import mentions as spoken
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Entity, Identity, Mention, Problem, Question, ResourceRef
from nephoscope.models.problem import Role

MOST_COMPARED = 200
"""So many words that are nobody's are taken for misspelt names; of a whole log, the first."""
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


def read(problem: Problem, view: Evidence, estates: Iterable[Estate], identities: Sequence[Identity]) -> Problem:
    """The problem with its entities matched against what the account holds."""
    entities: list[Entity] = []
    for estate in estates:
        own = [identity for identity in identities if identity.cloud == estate.cloud]
        if own:
            entities += _Matcher(problem, view, estate, own).entities()
    if entities and all(entity.role == "healthy" for entity in entities):
        entities = [entity.model_copy(update={"role": "sick"}) for entity in entities]  # somebody complains of something: "x is always OK"
    named = {entity.text for entity in entities}
    ranked = symptoms.classify(_without_names(problem.text, entities))
    numbers = tuple(one for one in problem.numbers if one not in named)
    return problem.model_copy(update={"entities": tuple(entities), "numbers": numbers, "symptom": ranked[0], "symptoms": ranked[1:]})


def _without_names(text: str, entities: Iterable[Entity]) -> str:
    """The words with neutral ones in place of names: what a thing is called tells nothing of what hurts."""
    called = {one.text for one in entities if any(one.text.lower() in (ref.name.lower(), ref.native_id.lower()) for ref in one.matches)}
    names = "|".join(map(re.escape, sorted(called, key=len, reverse=True)))
    return re.sub(rf"(?<!\w)(?:{names})(?!\w)", "it", text) if names else text


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

    def __init__(self, problem: Problem, view: Evidence, estate: Estate, identities: Sequence[Identity]) -> None:
        self._text = text = problem.text
        self._hurts = problem.symptom != symptoms.SUSPICION
        self._view = view
        self._estate = estate
        self._identities = identities
        self._mentions = list(estate.mentions(text))
        self._healthy = spoken.healthy_spans(text)
        self._taken: list[tuple[int, int]] = []
        self._compared = 0
        self._rows: dict[tuple[str, ...], spelling.Row] = {}
        self._known = [ref for ref in _all_subjects(view, estate.cloud) if ref.name or ref.native_id]

    def entities(self) -> list[Entity]:
        named = [*self._identified(), *self._listed(), *self._in_words()]
        missing = list(self._unlisted())
        unnamed = list(self._unnamed([*named, *missing]))
        found = [*named, *missing, *unnamed]
        if not _anything(found):
            found += self._in_part()
        if not _anything(found):
            found += self._hinted()
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
                for start, end in spelling.occurrences(
                    name, self._text, ref.native_type.rpartition(":")[2], holds_files=ref.kind.startswith("storage.")
                ):
                    places.setdefault((start, end), []).append(ref)
        for (start, end), refs in sorted(places.items(), key=lambda item: item[0][0] - item[0][1]):
            word = self._text[start:end]
            typed = self._types_at(start)
            if not typed and word.lower() in spoken.STOPWORDS:
                nouns = self._noun_before(start) or self._noun_after(end)
                typed = tuple(one for one in nouns if any(ref.native_type == one for ref in refs))
            plain = word.lower() in spoken.STOPWORDS and not typed and not spoken.placed(self._text, start, end)
            plain = plain or (not typed and spoken.common_noun(self._text, start, end))
            longer = any(left <= start and end <= right and right - left > end - start for left, right in self._in_several)
            if self._overlaps(start, end) or plain or longer:
                continue
            chosen = [ref for ref in refs if ref.native_type in typed] or refs
            self._taken.append((start, end))
            yield start, Entity(text=word, role=self._role(start), native_types=typed, matches=tuple({ref.key: ref for ref in chosen}.values()))

    @cached_property
    def _names(self) -> fragments.Names:
        return fragments.Names(self._known, self._tags, lambda ref: (name for name in self._aliases(ref) if "." not in name))

    @cached_property
    def _words(self) -> list[tuple[int, str]]:
        return list(spoken.words(self._text))

    @cached_property
    def _spans(self) -> list[tuple[int, int, tuple[ResourceRef, ...], bool]]:
        return list(self._names.spans(self._words))

    @cached_property
    def _in_several(self) -> list[tuple[int, int]]:
        """Stretches of several words that say a whole name: "the nightly export" is not the thing called export."""
        found = []
        for first, last, _, sure in self._spans:
            start, end = self._words[first][0], self._words[last][0] + len(self._words[last][1])
            ends = {self._words[first][1].lower(), self._words[last][1].lower()}
            if sure and not ends & spoken.STOPWORDS and re.fullmatch(r"[\w\s./-]+", self._text[start:end]):
                found.append((start, end))
        return found

    def _tags(self, ref: ResourceRef) -> Iterable[str]:
        fact = self._view.fact(ref, "tags")
        pairs = [pair for pair in fact.value if isinstance(pair, dict)] if fact and isinstance(fact.value, list) else []
        own = [pair for pair in pairs if ":" not in str(pair.get("Key"))]  # with a prefix it is bookkeeping, such as the group that made it
        return [value for pair in own if isinstance(value := pair.get("Value"), str)]

    def _in_words(self) -> Iterable[tuple[int, Entity]]:
        """Names that are said in several words, or nearly: "the nightly report" for nightly-report."""
        for first, last, refs, sure in self._spans:
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
        free = [
            (start, word)
            for start, word in self._words
            if not self._overlaps(start, start + len(word))
            and not spelling.settles(word)
            and not spoken.common_noun(self._text, start, start + len(word))
        ]
        said = [token for _, word in free for token in fragments.tokens(word)]
        refs, shared = self._names.parts(said, around=self._text)
        if not refs:
            return []
        start, word = next((start, word) for start, word in free if set(fragments.tokens(word)) & set(shared))
        if len(shared) == 1 and not self._hurts and not spoken.definite(self._text, start):
            return []
        refs = fragments.of_that_name(word, start, refs, shared, self._mentions)
        if not refs:
            return []
        few = refs if len(refs) <= FEW else ()
        return [(start, Entity(text=" ".join(shared) or word, role=self._role(start), matches=few, near=refs[:20], assumed=bool(few)))]

    def _aliases(self, ref: ResourceRef) -> Iterable[str]:
        """Addresses and hosts that its facts show."""
        facts = [self._view.fact(ref, attribute) for attribute in self._estate.aliases(ref.native_type)]
        return (fact.value for fact in facts if fact and isinstance(fact.value, str) and fact.value)

    def _unlisted(self) -> Iterable[tuple[int, Entity]]:
        """Names that the account does not hold: deleted, misspelt, or no name at all."""
        for spoken_of in self._mentions:
            mention = spoken_of.model_copy(update={"native_types": ()}) if spoken_of.hint else spoken_of
            if not mention.exact or spoken.ADDRESS.fullmatch(mention.text) or symptoms.tells(mention.text):
                continue
            if self._overlaps(mention.start, mention.start + len(mention.text)):
                continue
            if spoken.plain_compound(mention.text) or (not mention.native_types and spoken.compound(mention.text)):
                continue
            near = self._near(mention)
            looks_like_name = bool(re.search(r"[-_0-9]|[a-z][A-Z]", mention.text))
            if near and (looks_like_name or (mention.native_types and not spoken.everyday(mention.text))):
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
            if mention.exact or mention.hint or not mention.native_types or covered & set(mention.native_types) or self._describes(mention):
                continue
            if self._overlaps(mention.start, mention.start + len(mention.text)) or spoken.in_onset(self._text, mention.start):
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
            if len(refs) > 1 and not named and mention.text.lower().endswith("s") and population.asks(self._text):
                types = mention.native_types  # about all of them, and so about none that could be looked into
                yield mention.start, Entity(text=mention.text, role="sick", native_types=types, named=False)
                continue
            if len(refs) > 1 and spoken.indefinite(self._text, mention.start, mention.start + len(mention.text)):
                continue
            qualified = self._qualifiers(mention)
            told, _ = self._names.parts(qualified, mention.native_types, around=self._text) if qualified else ((), ())
            if not told and not named and len(refs) > 1:
                told = self._akin(refs)
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

    def _akin(self, refs: Sequence[ResourceRef]) -> tuple[ResourceRef, ...]:
        """Of several things of a kind the one whose name shares a word with what else is said: "invoices are missing, the workflow is green"."""
        said = [token for start, word in self._words if not spoken.in_onset(self._text, start) for token in fragments.tokens(word)]
        told, _ = self._names.parts(said, tuple({ref.native_type for ref in refs}), around=self._text)
        return told if len(told) == 1 else ()

    def _hinted(self) -> list[tuple[int, Entity]]:
        """Nothing is named, but a service is spoken of: the few things it has."""
        for mention in self._mentions:
            refs = tuple(ref for ref in self._known if mention.hint and not mention.exact and ref.native_type in mention.native_types)
            if 0 < len(refs) <= FEW:
                role, types = self._role(mention.start), mention.native_types
                return [(mention.start, Entity(text=mention.text, role=role, native_types=types, matches=refs, assumed=True, named=False))]
        return []

    def _qualifiers(self, noun: Mention) -> list[str]:
        """The words that say which one is meant: "billing" of "the billing queue"."""
        first = next((index for index, (start, _) in enumerate(self._words) if start == noun.start), None)
        if first is None:
            return []
        last = first + len(noun.text.split()) - 1
        held = {ref.native_type for ref in self._known}
        nouns = {  # a noun for what the account has nothing of says which other thing is meant: "the warehouse queue"
            index: True
            for one in self._mentions
            if not one.exact and (one == noun or held & set(one.native_types))
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
                and not spoken.everyday(one.text)
                and set(one.native_types) & set(noun.native_types)
                and not self._overlaps(one.start, end)
                and (place or spoken.acts(self._text, end))
            ):
                return one
        return None

    def _near(self, mention: Mention) -> tuple[ResourceRef, ...]:
        self._compared += 1
        if self._compared > MOST_COMPARED:
            return ()
        said = spelling.plain(mention.text)
        matcher = difflib.SequenceMatcher(None, b=said)
        scored = [(spelling.likeness(matcher, spelling.plain(ref.label)), ref) for ref in self._row(mention.native_types).around(said)]
        best = max((score for score, _ in scored), default=0.0)
        return tuple(
            ref for score, ref in scored if score >= spelling.NEAR and score >= best - 0.02 and spelling.same_number(mention.text, ref.label)
        )

    def _row(self, native_types: tuple[str, ...]) -> spelling.Row:
        if native_types not in self._rows:
            pool = (ref for ref in self._known if not native_types or ref.native_type in native_types)
            self._rows[native_types] = spelling.Row((spelling.plain(ref.label), ref) for ref in pool)
        return self._rows[native_types]

    def _types_at(self, start: int) -> tuple[str, ...]:
        at = (one for one in self._mentions if one.exact and one.start <= start < one.start + len(one.text))
        return next((one.native_types for one in at if not one.hint or one.text.isalnum()), ())

    def _noun_before(self, start: int) -> tuple[str, ...]:
        """Types of the noun right before a place: "topic uploaded" names a topic, though the word is a plain one."""
        behind = len(self._text[:start].rstrip("\"'`“‘ \n\t"))
        return self._noun_ends.get(behind, ()) if behind < start else ()

    def _noun_after(self, end: int) -> tuple[str, ...]:
        """Types of the noun right after: "the uploads bucket"."""
        beside = (one for one in self._mentions if not one.exact and not one.hint and end < one.start <= end + 2)
        return next((one.native_types for one in beside if not self._text[end : one.start].strip("\"'`”’ ")), ())

    @cached_property
    def _noun_ends(self) -> dict[int, tuple[str, ...]]:
        return {one.start + len(one.text): one.native_types for one in self._mentions if not one.exact and not one.hint}

    def _overlaps(self, start: int, end: int) -> bool:
        return any(start < right and left < end for left, right in self._taken)


def _anything(found: Sequence[tuple[int, Entity]]) -> bool:
    return any(entity.matches or (entity.named and entity.near) for _, entity in found)


def _all_subjects(view: Evidence, cloud: str) -> list[ResourceRef]:
    """Each by the name that people gave it, where some reply tells one: others know it by its identifier alone."""
    found: dict[str, ResourceRef] = {}
    for ref in (fact.subject for fact in view.all_facts()):
        if ref.cloud == cloud and ref.kind not in ("inventory", "reply") and (ref.key not in found or ref.name not in ref.native_id):
            found[ref.key] = ref
    return [ref for ref in found.values() if not ((fact := view.fact(ref, "exists")) and fact.known_absent)]
