"""What the problem asks: who calls whom, on which ports, from where."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from nephoscope.knowledge.mentions import healthy_spans
from nephoscope.models import Entity, Problem, ResourceRef
from nephoscope.models.yaml_text import parse_yaml
from nephoscope_aws.analyzers.reach.ends import ENDS, End, end_for
from nephoscope_aws.analyzers.reach.hosted import CALLED, CALLERS
from nephoscope_aws.analyzers.reach.journeys import Asked
from nephoscope_aws.network.intervals import Intervals
from nephoscope_aws.network.traffic import EVERYONE, SOMEONE, Peer, Traffic

_NEVER_CALLS = frozenset({"storage", "data", "messaging", "security"})
"""Roots of the kinds of things that hold and serve."""
_BALANCER = "elbv2:load-balancer"
_CALLED_ONLY = frozenset({"rds:db-instance", _BALANCER, "ec2:vpc-endpoint", *CALLED})
_PLACES = ("ec2:subnet", "ec2:vpc")
_MOST = 4
_PORT = re.compile(r"\bports?[ :=]+(\d{1,5})\b|\b(?:tcp|udp)[ /:](\d{1,5})\b|\b(\d{1,5})/(?:tcp|udp)\b|(?<=[A-Za-z]):(\d{2,5})\b", re.IGNORECASE)

_BESIDE = r"[\s\"'`]+(?!4(?!43)\d\d\b)(\d{2,5})(?=\s*(?:$|[,.;)]|tim\w+|hang\w*|refuse\w*|is\b|clos\w+|fail\w*|not\b|unreach\w*))"
"""A number right after the name of a machine, as ``telnet`` and ``nc`` take it."""


@dataclass(frozen=True)
class Request:
    """One conversation that should work. ``peer``: the party on the internet, where there is one; ``stated``: the words place it there."""

    asked: Asked
    source: End | None = None
    target: End | None = None
    peer: Peer = SOMEONE
    stated: bool = False
    service: str = ""
    address: str = ""
    """The called one's address, where the words give that instead of a name."""
    beyond: ResourceRef | None = None
    """The called one, where nothing is known of its place in a network; the caller itself, where the words leave open whom it calls."""


@cache
def words() -> dict[str, Any]:
    loaded: dict[str, Any] = parse_yaml(resources.files(__package__).joinpath("words.yaml").read_text(encoding="utf-8"))
    return loaded


def _says(pattern: str, text: str) -> bool:
    return re.search(rf"(?<![\w-])(?:{pattern})(?![\w-])", text, re.IGNORECASE) is not None


def within(problem: Problem) -> bool:
    """Whether the words are about what is inside a machine or what it shows."""
    return _says(words()["within"], _without_names(problem))


def requests(problem: Problem) -> list[Request]:
    """The conversations the problem is about; none when it names nothing that sends or receives, or when names do not even resolve."""
    ends = _ends(problem)
    text = _without_names(problem)
    if not ends or _says(words()["resolving"], text):
        return []
    asked = _asked(problem, text)
    called, beyond = _called_address(problem), _beyond(problem)
    sources, targets = ([one.ref for one in ends], []) if called else _sides(problem.text, ends)
    if beyond and not called and not sources and not any(target.native_type in _CALLED_ONLY for target in targets):
        sources, targets = targets, []
    if sources and targets:
        pairs = [(source, target) for source in sources for target in targets if source.key != target.key]
        own = _ports_beside(problem, [one for one in ends if one.ref in targets]) if asked.exact else {}
        return [Request(_narrowed(asked, own.get(target.key)), end_for(source), end_for(target)) for source, target in pairs[:_MOST]]
    if sources and not called and re.search(words()["inner_hosts"], text, re.IGNORECASE):
        return []  # it is somewhere inside, and nobody knows where
    if sources:
        lost = (
            not beyond
            and not called
            and not _outward(problem.text)
            and not _elsewhere(problem.text, ends[0])
            and _calls_itself(problem.text, ends[0])
        )
        if problem.symptom == "error_status" and not called and not beyond and not _outward(problem.text):
            sources = [one for one in sources if one.native_type != "lambda:function"]  # a program that fails need not have called anybody
        leaving = [_leaving(source, text, asked, called, source if lost else beyond) for source in sources[:_MOST]]
        return [one for one in leaving if one.source and (one.source.ref.native_type not in CALLERS or one.service or one.beyond)]
    return [Request(asked, target=end_for(target), **_caller(problem, text)) for target in targets[:_MOST]]


def _leaving(source: ResourceRef, text: str, asked: Asked, called: str, beyond: ResourceRef | None) -> Request:
    if called:
        peer = Peer.at(called)
        return Request(asked, end_for(source), peer=peer, stated=True, address="" if peer.public else called)
    service = words()["of_kinds"].get(beyond.native_type.partition(":")[0], "") if beyond else ""
    if beyond and not service:
        return Request(asked, end_for(source), stated=True, beyond=beyond)
    service = service or next((name for word, name in words()["services"].items() if _says(word, text)), "")
    return Request(asked, end_for(source), peer=EVERYONE, stated=True, service=service)


def _beyond(problem: Problem) -> ResourceRef | None:
    """A thing that the words name and that only holds and serves, though it is no end of a path we can walk: it is called, and never calls."""
    named = [entity for entity in problem.entities if entity.named and entity.role != "healthy"]
    refs = [ref for entity in named for ref in entity.matches[:1] if not any(one.native_type in ENDS for one in entity.matches)]
    return next((ref for ref in refs if ref.kind.partition(".")[0] in _NEVER_CALLS), None)


# -- ends ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Spoken:
    ref: ResourceRef
    start: int
    stop: int
    assumed: bool


def _ends(problem: Problem) -> list[_Spoken]:
    spoken = [one for entity in problem.entities if entity.role != "healthy" for one in _spoken(entity, problem.text)]
    named = [one for one in spoken if not one.assumed]
    only_places = bool(named) and all(one.ref.native_type in _PLACES for one in named)
    kept = [one for one in spoken if not one.assumed or not (only_places or _apposed(one, named, problem.text))]
    concrete = [one for one in kept if one.ref.native_type not in _PLACES]
    chosen = [one for one in kept if not (one.ref.native_type in _PLACES and (one.assumed or len(concrete) > 1) and concrete)]
    return sorted({one.ref.key: one for one in reversed(chosen)}.values(), key=lambda one: one.start)


def _spoken(entity: Entity, text: str) -> Iterable[_Spoken]:
    start = max(text.lower().find(entity.text.lower()), 0)
    for ref in entity.matches:
        if ref.native_type in ENDS:
            yield _Spoken(ref, start, start + len(entity.text), entity.assumed and not entity.near)


def _apposed(noun: _Spoken, named: list[_Spoken], text: str) -> bool:
    """Whether a type noun only describes a named thing beside it ("the database server orders-db")."""
    gaps = [text[noun.stop : one.start] if noun.stop <= one.start else text[one.stop : noun.start] for one in named]
    return any(re.fullmatch(r"[\s\"'`(,]*(\w+[\s\"'`(]+)?", gap) is not None for gap in gaps)


def _sides(text: str, ends: list[_Spoken]) -> tuple[list[ResourceRef], list[ResourceRef]]:
    """Callers and called, by what can call at all, then by the words around and the order of mention."""
    containers = [one for one in ends if one.ref.native_type in CALLERS]
    ends = [one for one in ends if one not in containers] or containers
    only_called = [one for one in ends if one.ref.native_type in _CALLED_ONLY]
    if containers and (ends == containers or (only_called and not any(one.ref.native_type == _BALANCER for one in only_called))):
        return [one.ref for one in containers], [one.ref for one in only_called]
    functions = [one for one in ends if one.ref.native_type == "lambda:function"]
    others = [one for one in ends if one not in only_called and one not in functions]
    if functions:
        return [one.ref for one in functions], [one.ref for one in (only_called or others)]
    if only_called:
        callers = [one for one in others if _calls(text, one, only_called)]
        return [one.ref for one in callers], [one.ref for one in only_called]
    if len({one.start for one in others}) == 1:
        return _lone(text, others)
    return _order(text, others)


def _lone(text: str, ends: list[_Spoken]) -> tuple[list[ResourceRef], list[ResourceRef]]:
    """One mention, whatever it may mean: it calls out, or it is called."""
    refs = [one.ref for one in ends]
    if re.search(words()["world_called"], text, re.IGNORECASE) or re.search(words()["world_second"], text[ends[0].stop :], re.IGNORECASE):
        return refs, []
    if re.search(words()["arrow_before"], text[: ends[0].start]):
        return [], refs
    if re.search(words()["arrow_after"], text[ends[0].stop :]):
        return refs, []
    outward = _outward(text) or _calls_itself(text, ends[0]) or re.search(words()["done_from"], text[: ends[0].start], re.IGNORECASE)
    if refs[0].native_type in _PLACES or (outward and not _is_called(text, ends[0])):
        return refs, []
    return [], refs


def _outward(text: str) -> bool:
    """Whether the words speak of the way out, or of one of the cloud's own services."""
    return re.search(words()["inside_out"], text, re.IGNORECASE) is not None or any(_says(word, text) for word in words()["services"])


_URL = re.compile(r"\bhttps?://[\w-]+(?:\.[\w-]+)+")


def _elsewhere(text: str, one: _Spoken) -> bool:
    """Whether an address of the web is told that is not the thing's own."""
    return any(not match.start() <= one.start < match.end() for match in _URL.finditer(text))


def _calls_itself(text: str, one: _Spoken) -> bool:
    said = (words()["calls_itself"], words()["does_itself"])
    return one.ref.native_type == "ec2:instance" and any(re.search(pattern, text[one.stop :], re.IGNORECASE) for pattern in said)


def _is_called(text: str, one: _Spoken) -> bool:
    said, unfetched = words(), re.sub(words()["fetched"], " ", text, flags=re.IGNORECASE)
    if re.search(said["outside_in"], unfetched, re.IGNORECASE) or re.search(said["before_called"], text[: one.start], re.IGNORECASE):
        return True
    return re.search(said["after_called"], text[one.stop :], re.IGNORECASE) is not None


def _calls(text: str, one: _Spoken, called: list[_Spoken]) -> bool:
    """Whether a machine named beside something that is only ever called is its caller, and not a target behind it."""
    behind = any(other.ref.native_type == _BALANCER for other in called) and re.search(
        r"\b(behind|targets?|registered|backends?|target group)\b", text, re.IGNORECASE
    )
    return not behind


def _order(text: str, ends: list[_Spoken]) -> tuple[list[ResourceRef], list[ResourceRef]]:
    """Two mentions of things that can both call: the first calls the second, unless the words turn it round or only list them."""
    first = [one for one in ends if one.start == ends[0].start]
    second = [one for one in ends if one.start != ends[0].start]
    middle, before = text[ends[0].stop : second[0].start], text[: ends[0].start]
    mutual = re.search(r"\b(each other|one another|talk|communicate|connected|between)\b", text, re.IGNORECASE)
    listed = re.fullmatch(r"[\s\"'`]*(,|and|or|&|/)[\s\"'`]*(\w+[\s\"'`]+)?", middle, re.IGNORECASE)
    if listed and not mutual:
        return _lone(text, ends)
    ported = [re.match(r":\d", text[one.stop :]) is not None for one in (ends[0], second[0])]
    sides = [one.ref for one in first], [one.ref for one in second]
    if ported[0] != ported[1]:
        return (sides[1], sides[0]) if ported[0] else sides
    suffers = re.match(r"[\s\"'`]*(gets?|has|sees|receives|runs into)\b", middle, re.IGNORECASE)
    turned = re.search(r"\b(from|by)\b" if suffers else r"\b(from|by|for)\b", middle, re.IGNORECASE) and not re.search(
        r"\bfrom\s+(\w+\s+){0,2}[\"'`]?$", before, re.IGNORECASE
    )
    turned = bool(turned) and re.search(words()["kept_from"], middle, re.IGNORECASE) is None
    turned = turned or re.search(words()["answers"], middle, re.IGNORECASE) is not None
    turned = turned and re.search(words()["taken_from"], middle, re.IGNORECASE) is None
    return (sides[1], sides[0]) if turned else sides


# -- words ---------------------------------------------------------------------------------------------------------


def _without_names(problem: Problem) -> str:
    """The text without the names of things: a machine called ``redis-1`` says nothing of a port."""
    text = problem.text
    for entity in problem.entities:
        if entity.matches and (not entity.assumed or entity.near):
            text = re.sub(re.escape(entity.text), " ", text, flags=re.IGNORECASE)
    return text


def _asked(problem: Problem, text: str) -> Asked:
    refused = re.search(r"\b(connection refused|econnrefused)\b", text, re.IGNORECASE) is not None
    answered = re.search(r"\b(5\d\d|bad gateway|service unavailable)\b", text, re.IGNORECASE) is not None
    numbers = _port_numbers(problem)
    text = _sick(text)
    if numbers:
        protocol = "udp" if re.search(r"\budp\b", text, re.IGNORECASE) else "tcp"
        return Asked(Traffic(_ports(numbers), protocol, each=True), exact=True, named=True, answered=answered, refused=refused)
    return Asked(_by_word(text), named=_by_word(text).ports != Traffic().ports, answered=answered, refused=refused)


def _ports_beside(problem: Problem, targets: list[_Spoken]) -> dict[str, Intervals]:
    """Where several called ones each have numbers between their name and the next, the ports of each; else none."""
    numbers, found = set(_port_numbers(problem)), {}
    for one in targets:
        stop = min((other.start for other in targets if other.start > one.start), default=len(problem.text))
        said = {int(number) for number in re.findall(r"(?<![\w.])\d{1,5}(?![\w.]*\d)", problem.text[one.stop : stop])}
        found[one.ref.key] = _ports(sorted(said & numbers))
    return found if len(found) > 1 and all(found.values()) else {}


def _narrowed(asked: Asked, ports: Intervals | None) -> Asked:
    return replace(asked, traffic=asked.traffic.narrowed(ports)) if ports else asked


def _sick(text: str) -> str:
    """The text without what it says to work: "http works, https does not" is about https."""
    for left, right in reversed(healthy_spans(text)):
        text = f"{text[:left]} {text[right:]}"
    return text


def _port_numbers(problem: Problem) -> list[int]:
    written = [int(next(group for group in match.groups() if group)) for match in _PORT.finditer(problem.text)]
    written += [int(port) for entity in problem.entities for port in re.findall(re.escape(entity.text) + _BESIDE, problem.text, re.IGNORECASE)]
    given = [int(number) for number in problem.numbers if number.isdigit()]
    return sorted({number for number in (*written, *given) if 0 < number < 65536 and not 500 <= number <= 511})


def _by_word(text: str) -> Traffic:
    said = words()
    if any(_says(word, text) for word in said["icmp"]):
        return Traffic(protocol="icmp")
    for word, ports in said["udp"].items():
        if _says(word, text):
            return Traffic(_ports(ports), "udp")
    found = [(word, ports) for word, ports in said["ports"].items() if _says(word, text)]
    plain = [ports for _, ports in found if len(ports) == 1] or [ports for _, ports in found]
    return Traffic(_ports([port for ports in plain for port in ports])) if plain else Traffic()


def _ports(numbers: Iterable[int]) -> Intervals:
    return Intervals.of(*((number, number) for number in numbers))


def _called_address(problem: Problem) -> str:
    """An address that the words place at the called end ("cannot reach 192.0.2.7")."""
    before, text = f"{words()['before_called']}|{words()['arrow_before']}", problem.text
    told = [(one, text.find(one)) for one in _addresses(problem)]
    calling = [one for one, at in told if re.search(words()["arrow_after"], text[at + len(one) :])]
    return next((one for one, at in told if one not in calling and re.search(before, text[:at], re.IGNORECASE)), "")


def _addresses(problem: Problem) -> list[str]:
    found = []
    for number in problem.numbers:
        try:
            block = ipaddress.ip_network(number, strict=False)
        except ValueError:
            continue
        if not number.isdigit():
            found.append(str(block.network_address) if block.num_addresses == 1 else str(block))
    return found


def _caller(problem: Problem, text: str) -> dict[str, Any]:
    said, found = words(), _addresses(problem)
    if found:
        return {"peer": Peer.at(*found), "stated": True}
    if _says(said["everyone"], text):
        return {"peer": EVERYONE, "stated": True}
    stated = re.search(said["outside_in"], text, re.IGNORECASE) is not None or _says(said["someone"].replace("|i|we|us|me", ""), text)
    return {"peer": SOMEONE, "stated": stated}
