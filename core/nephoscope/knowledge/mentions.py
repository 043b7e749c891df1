"""Pieces of a problem text that may name something."""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

from nephoscope.models import Mention

_QUOTED = re.compile(r"[\"'`“”‘’«]([^\"'`“”‘’»\n]{1,200})[\"'`“”‘’»]")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:@#+-]*")
_IDENTIFIER = re.compile(r"(?=.*[-_/.:0-9])(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9_./:@#+-]+\Z|[A-Z]?[a-z]+[A-Z]\w+\Z")
ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?\b")
_PORT = re.compile(
    r"\bports?\s+(\d{1,5})\b"
    r"|\bon\s+(\d{2,5})(?=[\s.,;:!?)]*(?:\Z|[.,;:!?)]|and\b|n?or\b|from\b|but\b|since\b|to\b|any ?more\b|over\b|via\b|while\b|because\b"
    r"|(?:does|do|is|was|are|can|could|wo|has)(?:n['’]?t)?\b"
    r"|never\b|not\b|times?\b|hangs?\b|fails?\b|refuses?\b|answers?\b|returns?\b|gives?\b|seems?\b|stopped\b|no longer\b))"
    r"|(?<![\w.:-])(?:(?=[\w.-]*[A-Za-z])[\w.-]+|\d{1,3}(?:\.\d{1,3}){3}):(\d{2,5})(?![\w:])"
    r"|\b(\d{1,5})/(?:tcp|udp)\b",
    re.IGNORECASE,
)
"""A number said to be a port, or after a host; ``10:30`` is a time."""
_ACTION = re.compile(
    r"\b[a-z][a-z0-9-]+:[A-Z][A-Za-z]+\*?|\b(?:Get|Put|List|Describe|Create|Delete|Update|Send|Receive|Publish|Invoke|Decrypt|Encrypt|Assume"
    r"|Start|Run|Query|Scan|Copy|Head|Generate)[A-Z][A-Za-z]+\b"
)
_TYPED = re.compile(
    r"(?<![\w-])[a-z][a-z0-9]{1,14} ((?:get|put|list|describe|create|delete|update|send|receive|publish|invoke"
    r"|assume|start|copy|head)-[a-z]+(?:-[a-z]+)*)(?![\w-])"
)
"""An operation as it is typed at a prompt, after its service: ``sts assume-role``."""
STOPWORDS = frozenset(
    """a an and any are as at be been but by can cannot can't does doesn't don't for from get gets had has have how in into is isn't it its longer
    my nephoscope new no none nor not nothing now of off old on only onto or our out over since some something stopped still than that the their
    them then there they this to up us via was we were what when where which while who whom whose why will with without won't you your it's
    any more anymore every time all again always never yesterday today last week month monday tuesday wednesday thursday friday saturday sunday
    error errors access denied timeout timeouts trigger triggers triggered triggering events event files file uploads upload uploaded uploading
    called calls call run runs running invoked fails failed failing works working worked named name problem issue please help production prod
    default main test work public private internal external returns returned return starts shows show opens sends sent takes goes comes""".split()
)  # fmt: skip


COMMON = frozenset(
    """prod production live main app service api system team job task data in out user client account thing lately since morning evening night
    never ever hour minute day week just really seem show see look like make get try use need want one two three hey hello hi quick
    being been server web cloud internet browser page people customer everybody anybody nobody person somebody code release deploy
    broken dead stuck down slow wrong missing empty http https tcp udp ssh ftp url uri port timeout log login site page""".split()
)
"""Words of everyday speech: as a part of a name they point at nothing."""
EVERYDAY = COMMON | frozenset(
    """everyone anyone someone everything anything nothing he she these those both other others
    partner vendor visitor colleague developer engineer auditor admin ops support staff guest request traffic message record item row line file
    image picture document report log email mail notification alarm alert update change version build deployment script program process
    home outside inside office laptop desktop machine scratch here time place work rest half part several some many few all each most
    it there what who which same left right top bottom above below either neither also even still yet so then than first last next second
    connection network access login password credential permission backup site shop page link connect reach start stop open load answer respond
    fail happen run write read save store find lose keep hang wait finish complete expire cause break change move come give take tell know think
    everywhere nowhere anywhere somewhere latency throughput
    me ok do go vs am pm receive consume process handle doesn didn isn hasn wasn won couldn aren haven""".split()
)
"""Words that are no name by themselves, wherever they stand, unless a thing is called so."""
AGENTS = frozenset("producer consumer subscriber publisher writer reader caller application tool host client sender receiver listener worker".split())
"""Words for whoever does something: rarely a name by themselves, often a part of one."""


def everyday(word: str) -> bool:
    """Whether a word alone points at nothing."""
    lower = word.lower()
    return len(lower) < 2 or not {lower, lower.removesuffix("s"), lower.removesuffix("es")}.isdisjoint(EVERYDAY | STOPWORDS)


_ACTING = re.compile(
    r"\s+(?:can ?not|can['’]?t|could(?: not|n['’]t)|may not|(?:is|was) (?:not|denied|unable)|(?:does|did)(?: not|n['’]?t)|isn['’]?t|won['’]?t"
    r"|gets?|fails?|no longer|lost|loses|times? out|timing out|hangs?"
    r"|(?:is|was|are|were|seems?) (?:\w+ )?(?:blocked|refused|rejected|cut off|shut out|locked out|stuck|dead|unreachable|timing out|turned away))\b"
)
"""What follows the word that tells who is in trouble, which may be a plain name."""


_AIMED = re.compile(
    r"\b(?:(?:connect|talk|speak|writ|publish|send|sent|deliver|upload|push|log|subscrib|traffic|request|quer|call|connection|access)\w*(?: in)? to"
    r"|into|onto|from|via|through|against|reach(?:es|ing)?|quer(?:y|ies|ying)|mount(?:s|ing)?|invok(?:e|es|ing))\s+[\"'`“‘]?\Z",
    re.IGNORECASE,
)
_ASKED_OF = re.compile(
    r"\b(?:why|how come|since when) (?:can|could|does|do|did|is|are|was|were|will|would|has|have|wo|ca)(?: ?not|n['’]?t)?\s+[\"'`“‘]?\Z",
    re.IGNORECASE,
)
"""What is asked about: "why doesn't billing ..."."""
_AFTER_AIMED = re.compile(
    r"[\"'`”’]?\s*(?:\Z|[.,;:!?)](?!\w)|(?:any ?more|since|after|but|though|although|while|when|on port|over|via|for|and|is|are|does|has|times?"
    r"|hangs?|fails?|from)\b)",
    re.IGNORECASE,
)
"""A plain word at the end of what goes somewhere, without an article: that is what names are like."""


_DOES = re.compile(r"\s+(?:reaches|arrives|delivers|sends|publishes|gets|comes|starts|triggers|invokes|fires|runs|calls|writes|reads)\b")


_ARROW = r"(?:[-=]+>|→)"
_AFTER_ARROW = re.compile(rf"{_ARROW}\s*[\"'`“‘]?\Z")
_BEFORE_PLACE = re.compile(r"\b(?:to|into|onto|from|via|through)\s+[\"'`“‘]?\Z", re.IGNORECASE)
_BARE_PLACE = re.compile(r"\b(?:at|in|into|to|onto|from|of|on|reach(?:es)?)\s+\Z", re.IGNORECASE)
_AFTER_PLACE = re.compile(r"[\"'`”’]?\s*(?:\Z|[.,;:!?)](?!\w))")
_BEFORE_ARROW = re.compile(rf"[\"'`”’]?\s*{_ARROW}")
_WHERE_WE_ARE = frozenset("production prod default main test them it this that all us you now today yesterday here".split())


def placed(text: str, start: int, end: int) -> bool:
    """Whether a plain word stands where only a name can: at an arrow, or as the end of what goes somewhere ("we upload to uploads.")."""
    if text[start:end].lower() in _WHERE_WE_ARE:
        return False
    if _BEFORE_ARROW.match(text, end) or _AFTER_ARROW.search(text[:start]):
        return True
    return _BEFORE_PLACE.search(text, max(0, start - 12), start) is not None and _AFTER_AIMED.match(text, end) is not None


def is_place(text: str, start: int) -> bool:
    """Whether a noun stands right behind a preposition, without an article: then a word after it is its name."""
    return _BARE_PLACE.search(text[:start]) is not None


_FQDN = re.compile(r"(?:https?://)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(?::\d+)?(?:/\S*)?")
_COMPOUND = frozenset(
    """ad anti apt auto back blue built by check clean co cross day dead drop e end fail fall fan first follow front full go half hard high
    in inter kick log long low mid multi non off on one opt out pay post pre ramp re read real roll run scale second self semi set
    short shut sign single so start state sub switch third three time two type up wake well wi work write""".split()
)
"""Words with which everyday English begins what it writes with a hyphen."""


_COMPOUNDED = frozenset("based side only level wide time specific managed like free ready facing".split())


def compound(word: str) -> bool:
    """Whether a word with a hyphen is everyday English."""
    first, _, rest = word.lower().partition("-")
    return bool(rest) and (first in _COMPOUND or rest.rpartition("-")[2] in _COMPOUNDED)


def plain_compound(word: str) -> bool:
    """Whether it is one even beside a noun: a clean-up, a roll-out."""
    first, _, rest = word.lower().partition("-")
    return (first in _COMPOUND and rest in _PARTICLES) or rest in _COMPOUNDED


_PARTICLES = frozenset("up out off down over in on back through around".split())
_OPERATION = re.compile(r"(?:get|put|list|describe|create|delete|update|send|receive|publish|invoke|assume|copy|head)-[a-z]+(?:-[a-z]+)*")


def is_operation(word: str) -> bool:
    """Whether a word may be an operation, as it is typed at a prompt."""
    return _OPERATION.fullmatch(word) is not None


_INDEFINITE = re.compile(
    r"\b(?:an?|any|some|another|each|every|one|many|more|few|several|most|all|we|they|you|i|he|she|people|users|customers"
    r"|(?!why|how|when|where|what|which)\w+"
    r" (?:can|could|will|would|should|must|may|might|does|do|did|don['’]?t|didn['’]?t|doesn['’]?t|cannot|can['’]?t))\s+\Z",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[ -]ends?\b", re.IGNORECASE)


_DEFINITE = re.compile(r"\b(?:the|our|my|this|that)\s+\Z", re.IGNORECASE)


def definite(text: str, start: int) -> bool:
    """Whether a word is spoken of as something everybody knows: "our payments"."""
    return _DEFINITE.search(text, max(0, start - 8), start) is not None


def common_noun(text: str, start: int, end: int) -> bool:
    """Whether a plain word stands as a word of everyday speech, not as anything's name: "a drop in traffic", "we drop", "since the cleanup"."""
    if not text[start:end].isalpha():
        return False
    return _INDEFINITE.search(text, max(0, start - 24), start) is not None or _ENDS.match(text, end) is not None or in_onset(text, start)


_IN_GENERAL = re.compile(r"\b(?:an?|any|some|another)\s+\Z", re.IGNORECASE)
_KIND_OF = re.compile(r"\s+(?:errors?|exceptions?|timeouts?|quotas?|limits?)\b", re.IGNORECASE)


def indefinite(text: str, start: int, end: int) -> bool:
    """Whether a noun speaks of the kind, not of a thing of it: "a dead letter queue", "a lambda error"."""
    return _IN_GENERAL.search(text, max(0, start - 10), start) is not None or _KIND_OF.match(text, end) is not None


def is_host(word: str) -> bool:
    """Whether a word is a full host name or a web address: no part of it names another thing."""
    return _FQDN.fullmatch(word) is not None


def acts(text: str, end: int) -> bool:
    """Whether what stands before this place is said to do something or not to."""
    return (_ACTING.match(text, end) or _DOES.match(text, end)) is not None


def words(text: str) -> Iterator[tuple[int, str]]:
    """Words with their offsets, sentence punctuation stripped."""
    for match in _WORD.finditer(text):
        yield match.start(), match[0].rstrip(".:,;/")


def find(text: str, nouns: Mapping[str, Sequence[str]], hints: Mapping[str, Sequence[str]] | None = None) -> list[Mention]:
    """Quoted pieces, identifier-like words, words beside a type noun, and nouns standing alone.

    ``nouns``: noun, of one or more words → native types; none for what sounds like a thing and is not one. ``hints``: words that make a type likely.
    """
    spoken = list(words(text))
    found: dict[str, Mention] = {}
    phrases, likely = list(_phrases(spoken, nouns)), list(_phrases(spoken, hints or {}))
    typed = {index: native for first, last, native in phrases for index in range(first, last + 1)}
    hinted = {index: native for first, last, native in likely for index in range(first, last + 1)}
    for match in _QUOTED.finditer(text):
        blank = len(match[1]) - len(match[1].lstrip())
        _add(found, match[1].strip(), match.start(1) + blank, _near(spoken, typed, match.start(1), match.end(1)))
    for index, (start, word) in enumerate(spoken):
        if _ACTION.fullmatch(word) or index in typed or ADDRESS.fullmatch(word) or text.startswith("--", max(0, start - 2), start):
            continue
        beside = _beside(text, spoken, typed, index)
        near = () if beside or index in hinted else _beside(text, spoken, hinted, index)
        plain_name = word.lower() not in STOPWORDS and re.search(r"[^\W\d_]", word) and (beside or (near and not everyday(word)))
        identifier = _IDENTIFIER.match(word) is not None
        if identifier or plain_name or (word.isalpha() and _stands_for_a_name(text, start, word)):
            kinds = beside or near or (_by_its_own_words(word, nouns, hints or {}) if identifier else ())
            _add(found, word, start, kinds, hint=bool(kinds) and not beside)
    for first, last, native in likely:
        start, word = spoken[first][0], text[spoken[first][0] : spoken[last][0] + len(spoken[last][1])]
        if native and not typed.get(first):
            found.setdefault(f"hint:{word.lower()}", Mention(text=word, native_types=tuple(native), start=start, exact=False, hint=True))
    for first, last, native in phrases:
        start, word = spoken[first][0], text[spoken[first][0] : spoken[last][0] + len(spoken[last][1])]
        if native:
            found.setdefault(f"noun:{word.lower()}", Mention(text=word, native_types=tuple(native), start=start, exact=False))
    return sorted(found.values(), key=lambda one: one.start)


def _stands_for_a_name(text: str, start: int, word: str) -> bool:
    """Whether a plain word is in trouble, or at the end of what goes somewhere, as only a name can be."""
    if everyday(word):
        return False
    end, near = start + len(word), max(0, start - 40)
    if _ACTING.match(text, end) or _BEFORE_ARROW.match(text, end) or _ASKED_OF.search(text, near, start):
        return True
    if _AFTER_ARROW.search(text, near, start):
        return _AFTER_PLACE.match(text, end) is not None
    return _AFTER_AIMED.match(text, end) is not None and _AIMED.search(text, near, start) is not None


def _by_its_own_words(word: str, *kinds: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """What a name itself tells of its kind: ``org-trail`` is likely a trail, ``nightly-export`` has a schedule."""
    parts = [part for part in re.split(r"[-_./]", word) if part]
    said = [types for part in parts for one in kinds if (types := _types(part, one))] if 1 < len(parts) < _MOST_PARTS else []
    return tuple(dict.fromkeys(name for types in said for name in types))


def _beside(text: str, spoken: Sequence[tuple[int, str]], typed: Mapping[int, Sequence[str]], index: int) -> Sequence[str]:
    """The types of the noun before a word, or after it unless that noun has a name of its own; signs between them part them."""

    def close(left: int) -> bool:
        start, word = spoken[left]
        return re.fullmatch(r"[\s\"'`“”‘’]*\(?[\s\"'`“”‘’]*", text[start + len(word) : spoken[left + 1][0]]) is not None

    if index - 1 in typed and close(index - 1):
        return typed[index - 1]
    if index + 1 not in typed or not close(index) or text[spoken[index + 1][0] - 1] == "(":
        return ()
    end = index + 1
    while end + 1 in typed:
        end += 1
    named = end + 1 < len(spoken) and close(end) and _IDENTIFIER.match(spoken[end + 1][1]) and not _ACTION.fullmatch(spoken[end + 1][1])
    return () if named else typed[index + 1]


_MOST_PARTS = 6
_PORTED = re.compile(r":\d{1,5}\Z")
_LONGEST = 3
"""So many words may make a noun."""


def _phrases(spoken: Sequence[tuple[int, str]], nouns: Mapping[str, Sequence[str]]) -> Iterator[tuple[int, int, Sequence[str]]]:
    """Nouns in the words, the longest first: index of the first and last word, native types."""
    index = 0
    while index < len(spoken):
        for count in range(min(_LONGEST, len(spoken) - index), 0, -1):
            native = _types(" ".join(_PORTED.sub("", word) for _, word in spoken[index : index + count]), nouns)
            if native is not None:
                yield index, index + count - 1, native
                break
        index += count


def _types(word: str, nouns: Mapping[str, Sequence[str]]) -> Sequence[str] | None:
    lower = word.lower()
    for form in (lower, lower.removesuffix("'s"), lower.removesuffix("s"), lower.removesuffix("es")):
        if form in nouns:
            return nouns[form]
    return None


def _near(spoken: Sequence[tuple[int, str]], typed: Mapping[int, Sequence[str]], start: int, end: int) -> Sequence[str]:
    before = bisect.bisect_right(spoken, start, key=lambda one: one[0] + len(one[1])) - 1
    after = bisect.bisect_left(spoken, end, key=lambda one: one[0])
    return typed.get(before, ()) or typed.get(after, ())


def _add(found: dict[str, Mention], text: str, start: int, native: Sequence[str], *, hint: bool = False) -> None:
    former = found.get(text)
    if text and (former is None or (native and (not former.native_types or (former.hint and not hint)))):
        found[text] = Mention(text=text, native_types=tuple(native), start=start, hint=hint)


def addresses(text: str) -> Iterator[tuple[int, str]]:
    """Addresses of single machines, with their offsets."""
    for match in ADDRESS.finditer(text):
        if "/" not in match[0]:
            yield match.start(), match[0]


_ROUTE = re.compile(r"(?<![\w.:/@-])/[a-z][\w{}-]*(?:/[\w{}-]+){0,4}(?![\w/]*[.:]\w)")
_REQUEST = re.compile(
    r"\b(?:GET|POST|PUT|PATCH|DELETE|[45]\d\ds?)\b|\b(?i:internal server error|bad gateway|forbidden|end ?point|route|api|app|url|page|screen)s?\b"
)


def requested(text: str) -> Iterator[tuple[int, str]]:
    """Paths that a web request is said to ask for, with their offsets."""
    if _REQUEST.search(text):
        yield from ((match.start(), match[0]) for match in _ROUTE.finditer(text))


def numbers(text: str) -> tuple[str, ...]:
    """Ports and addresses, as written."""
    ports = [next(group for group in match.groups() if group) for match in _PORT.finditer(text)]
    return tuple(dict.fromkeys([*ADDRESS.findall(text), *ports]))


_MORE_ACTIONS = re.compile(
    r"\b(?:Register|Deregister|Terminate|Attach|Detach|Pass|Associate|Disassociate|Modify|Stop|Reboot|Set|Add|Remove|Enable|Disable|Batch|Tag|Untag"
    r"|Restore|Execute|Retry|Cancel|Abort|Rotate|Schedule)[A-Z][A-Za-z]+\b"
)
"""Operations' names that other things are called by as well."""


def actions(text: str) -> tuple[str, ...]:
    """Operations named in the words: ``service:Operation`` or an operation's own name."""
    typed = ["".join(part.title() for part in one.split("-")) for one in _TYPED.findall(text)]
    return tuple(dict.fromkeys([*_ACTION.findall(text), *typed, *_MORE_ACTIONS.findall(text)]))


_POSITIVE = re.compile(r"(?<![\w-])(works?|worked|fine|ok|okay|succeeds?|healthy|no problem|is allowed)(?![\w-])", re.IGNORECASE)
_NEGATIVE = re.compile(
    r"\b(not|no|never|cannot|can't|n't|fails?|denied|stopped|longer|until|used to|before)\b|n['’]t\b"
    r"|^\W*(?:(?:and|but|so) )?(?:is|are|do|does|was|were|did)\b.*\?$",  # a question whether it works says nothing of it
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[;,.!?\n]|\b(?:but|while|whereas|although|though|however|yet|and)\b", re.IGNORECASE)


def healthy_spans(text: str) -> list[tuple[int, int]]:
    """Stretches of the text that tell of something that works."""
    borders = [0, *(match.start() for match in _CLAUSE.finditer(text)), len(text)]
    spans = [(left, right) for left, right in itertools.pairwise(borders) if right > left]
    return [(left, right) for left, right in spans if _works(text[left:right]) and not _NEGATIVE.search(text[left : right + 1])]


_LIKEWISE = re.compile(
    r"\A\W*(?:[\w.:/-]+\s+){1,4}(?:do|does|did|can|is|are|has|have|(?:has|have|had|gets?|got|receives?) (?:them|it|those|that)(?: all)?)\W*\Z",
    re.IGNORECASE,
)
"""A clause that says no more than that something else does what the first does not: "web-a does"."""
_ASKS = re.compile(r"\b(?:what|which|who|whom|how|why|where|when|that|this|it|there|i|we|they|you)\b", re.IGNORECASE)


def _works(clause: str) -> bool:
    return _POSITIVE.search(clause) is not None or (_LIKEWISE.match(clause) is not None and not _ASKS.search(clause))


_ONSET = re.compile(
    r"\b(?:since|after|as of|from)\s+((?:the\s+|our\s+|last\s+)?[\w:.\- ]{3,40}?)(?=[,.;!?]|$|\s(?:but|and|no|we|it|the|our)\b)", re.IGNORECASE
)


def in_onset(text: str, start: int) -> bool:
    """Whether a noun only tells since when: "since the deploy"."""
    before = text[max(0, start - 40) : start]
    since = r"\b(?:since|after|before|until) (?:(?:the|our|last|this|that|a|latest|new|yesterday's)\s+){1,2}\Z"
    return re.search(since, before, re.IGNORECASE) is not None


def onset(text: str) -> str | None:
    """When it began, in the person's words."""
    match = re.search(r"\b(since|after)\b", text, re.IGNORECASE) and _ONSET.search(text)
    return match[0].strip() if match else None
