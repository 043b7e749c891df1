"""Questions about a whole population ("which of our buckets are public"): no path to follow, but a control over everything of a kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from nephoscope.interfaces import Control
from nephoscope.models import Mention

_POLITE = (
    r"(?:hi|hello|hey|please|pls|(?:can|could|would) (?:you|we|i)|tell (?:me|us)|i(?:'d| would)? (?:want|need|like) to (?:know|see)"
    r"|check|see|if|whether)\b[\s,:]*"
)
_ASKS = (
    r"(?:which(?: (?:ones? )?of)?|what|do (?:any|we)|does any(?:body|one|thing)?|are (?:any|there)|is (?:any|there)|have (?:we|any)|has any"
    r"|list|show(?: (?:me|us))?|find|give (?:me|us)|how many|count|any|all|every)\b"
)
_OPENING = re.compile(rf"^\W*(?:{_POLITE})*{_ASKS}", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.?!;\n]+")
_UNUSED = re.compile(
    r"\b(?:nobody|no ?one|nothing|none) (?:\w+ )?us(?:es|ed|ing)\b|\bnot (?:being |in )?use[d]?\b|\b(?:are|is)n'?t (?:being )?used\b", re.IGNORECASE
)
_OF_ONE = re.compile(
    r"\b(?:why|since|suddenly|yesterday|anymore|any more|no longer|(?<!are )(?<!is )stopped|broke\w*|fail(?:s|ed|ing)|cannot|can'?t)\b", re.IGNORECASE
)
"""Words of somebody who tells what happened: that is a problem, whatever else is asked."""


def asks(text: str) -> bool:
    """Whether the whole text is one question about everything of a kind."""
    sentences = [(found.start(), found.end()) for found in _SENTENCE.finditer(text) if found[0].strip()]
    return not _OF_ONE.search(text) and len(sentences) == 1 and _OPENING.match(text[slice(*sentences[0])]) is not None


def asked(text: str, controls: Iterable[Control], mentions: Sequence[Mention]) -> list[Control]:
    """The controls that answer the text; none where it names a thing, tells what happened, or asks for what no control knows."""
    if not asks(text) or any(_names(one) for one in mentions):
        return []
    kinds = {kind for one in mentions if not one.exact and not one.hint for kind in one.native_types}
    said = f"{text} unused" if _UNUSED.search(text) else text
    return [one for one in controls if one.card.about in kinds and one.card.each == "thing" and _speaks(one, said)]


def _names(mention: Mention) -> bool:
    """Whether the words name one thing: by an identifier, by a word that looks like a name, or by one beside its noun."""
    looks = re.search(r"[-_/:0-9]|[a-z][A-Z]", mention.text) is not None
    return mention.ref is not None or (mention.exact and looks)


def _speaks(control: Control, text: str) -> bool:
    return any(re.search(rf"\b{pattern}(?!\w)", text, re.IGNORECASE) for pattern in control.card.words)
