"""Pieces of a problem text that may name something."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

from nephoscope.models import Mention

_QUOTED = re.compile(r"[\"'`“”‘’«]([^\"'`“”‘’»\n]{1,200})[\"'`“”‘’»]")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:@#+-]*")
_IDENTIFIER = re.compile(r"(?=.*[-_/.:0-9])(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9_./:@#+-]+\Z|[a-z]+[A-Z]\w+\Z")
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?\b")
_PORT = re.compile(r"\bport\s+(\d{1,5})\b|(?<=\w):(\d{2,5})\b|\b(\d{1,5})/(?:tcp|udp)\b", re.IGNORECASE)
_ACTION = re.compile(
    r"\b[a-z][a-z0-9-]+:[A-Z][A-Za-z]+\*?|\b(?:Get|Put|List|Describe|Create|Delete|Update|Send|Receive|Publish|Invoke|Decrypt|Encrypt|Assume"
    r"|Start|Run|Query|Scan|Copy|Head|Generate)[A-Z][A-Za-z]+\b"
)
STOPWORDS = frozenset(
    """a an and any are as at be been but by can cannot can't does doesn't don't for from get gets had has have how in into is isn't it its longer
    my nephoscope new no none nor not nothing now of off old on only onto or our out over since some something stopped still than that the their
    them then there they this to up us via was we were what when where which while who whom whose why will with without won't you your it's
    any more anymore every time all again always never yesterday today last week month monday tuesday wednesday thursday friday saturday sunday
    error errors access denied timeout timeouts trigger triggers triggered triggering events event files file uploads upload uploaded uploading
    called calls call run runs running invoked fails failed failing works working worked named name problem issue please help production prod
    default main test""".split()
)  # fmt: skip


def words(text: str) -> Iterator[tuple[int, str]]:
    """Words with their offsets, sentence punctuation stripped."""
    for match in _WORD.finditer(text):
        yield match.start(), match[0].rstrip(".:,;/")


def find(text: str, nouns: Mapping[str, Sequence[str]]) -> list[Mention]:
    """Quoted pieces, identifier-like words, words beside a type noun, and nouns standing alone. ``nouns``: noun → native types."""
    spoken = list(words(text))
    found: dict[str, Mention] = {}
    typed = {index: native for index, (_, word) in enumerate(spoken) if (native := _types(word, nouns))}
    for match in _QUOTED.finditer(text):
        _add(found, match[1].strip(), match.start(1), _near(spoken, typed, match.start(1), match.end(1)))
    for index, (start, word) in enumerate(spoken):
        beside = typed.get(index - 1, ()) or typed.get(index + 1, ())
        identifier = _IDENTIFIER.match(word) and not _ADDRESS.fullmatch(word)
        plain_name = beside and index not in typed and word.lower() not in STOPWORDS and not word.isdigit()
        if identifier or plain_name:
            _add(found, word, start, beside)
    for index, native in typed.items():
        start, word = spoken[index]
        found.setdefault(f"noun:{word.lower()}", Mention(text=word, native_types=tuple(native), start=start, exact=False))
    return sorted(found.values(), key=lambda one: one.start)


def _types(word: str, nouns: Mapping[str, Sequence[str]]) -> Sequence[str]:
    lower = word.lower()
    for form in (lower, lower.removesuffix("'s"), lower.removesuffix("s"), lower.removesuffix("es")):
        if form in nouns:
            return nouns[form]
    return ()


def _near(spoken: Sequence[tuple[int, str]], typed: Mapping[int, Sequence[str]], start: int, end: int) -> Sequence[str]:
    before = [index for index, (at, word) in enumerate(spoken) if at + len(word) <= start]
    after = [index for index, (at, _) in enumerate(spoken) if at >= end]
    return (typed.get(before[-1], ()) if before else ()) or (typed.get(after[0], ()) if after else ())


def _add(found: dict[str, Mention], text: str, start: int, native: Sequence[str]) -> None:
    if text and (text not in found or (native and not found[text].native_types)):
        found[text] = Mention(text=text, native_types=tuple(native), start=start)


def numbers(text: str) -> tuple[str, ...]:
    """Ports and addresses, as written."""
    ports = [next(group for group in match.groups() if group) for match in _PORT.finditer(text)]
    return tuple(dict.fromkeys([*_ADDRESS.findall(text), *ports]))


def actions(text: str) -> tuple[str, ...]:
    """Operations named in the words: ``service:Operation`` or an operation's own name."""
    return tuple(dict.fromkeys(_ACTION.findall(text)))


_POSITIVE = re.compile(r"(?<![\w-])(works?|worked|fine|ok|okay|succeeds?|healthy|no problem|is allowed)(?![\w-])", re.IGNORECASE)
_NEGATIVE = re.compile(r"\b(not|no|never|cannot|can't|n't|fails?|denied|stopped|longer|until|used to|before)\b|n['’]t\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[;,.!?\n]|\b(?:but|while|whereas|although|though|however|yet|and)\b", re.IGNORECASE)


def healthy_spans(text: str) -> list[tuple[int, int]]:
    """Stretches of the text that tell of something that works."""
    borders = [0, *(match.start() for match in _CLAUSE.finditer(text)), len(text)]
    spans = [(left, right) for left, right in itertools.pairwise(borders) if right > left]
    return [(left, right) for left, right in spans if _POSITIVE.search(text[left:right]) and not _NEGATIVE.search(text[left:right])]


_ONSET = re.compile(
    r"\b(?:since|after|as of|from)\s+((?:the\s+|our\s+|last\s+)?[\w:.\- ]{3,40}?)(?=[,.;!?]|$|\s(?:but|and|no|we|it|the|our)\b)", re.IGNORECASE
)


def onset(text: str) -> str | None:
    """When it began, in the person's words."""
    match = re.search(r"\b(since|after)\b", text, re.IGNORECASE) and _ONSET.search(text)
    return match[0].strip() if match else None
