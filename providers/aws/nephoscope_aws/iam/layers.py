"""One layer of policies against one request: what it denies, what it allows, and what nearly matched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nephoscope_aws.iam.conditions import Judged, judge, resolver
from nephoscope_aws.iam.documents import Statement, parse
from nephoscope_aws.iam.patterns import Resolve, glob
from nephoscope_aws.iam.principals import Reach, reaches
from nephoscope_aws.iam.request import Context, Policies, Principal, Request
from nephoscope_aws.iam.truth import Truth, all_of, any_of, negated

LayerName = Literal["scp", "endpoint", "resource", "boundary", "session", "identity"]
Part = Literal["action", "resource", "principal", "condition"]


@dataclass(frozen=True, slots=True)
class Match:
    """How one statement meets the request. ``parts`` holds the truth of each of its parts."""

    layer: LayerName
    statement: Statement
    parts: dict[Part, Truth]
    reach: dict[Reach, Truth]
    conditions: tuple[Judged, ...]

    @property
    def truth(self) -> Truth:
        """Whether the statement applies."""
        return all_of(self.parts.values())

    def applies(self, reach: Reach) -> Truth:
        """Whether it applies by naming the principal itself, or by its account."""
        return all_of([self.reach[reach], *(truth for part, truth in self.parts.items() if part != "principal")])

    @property
    def failed(self) -> tuple[Part, ...]:
        """Parts that keep it from applying."""
        return tuple(part for part, truth in self.parts.items() if truth is False)

    @property
    def where(self) -> str:
        """Policy and statement, for people."""
        return f"{self.statement.policy}, {self.statement.label}"


@dataclass(frozen=True, slots=True)
class Layer:
    """All statements of one layer; ``known`` is false when its policies could not be seen, ``troubles`` says what could not be read."""

    name: LayerName
    matches: tuple[Match, ...]
    known: bool
    troubles: tuple[str, ...]

    @property
    def readable(self) -> bool:
        """Whether all of it was seen and understood."""
        return self.known and not self.troubles

    def denies(self) -> Truth:
        """Whether a statement denies the request."""
        found = any_of(match.truth for match in self.matches if not match.statement.allow)
        return None if found is False and not self.readable else found

    def allows(self, reach: Reach = "direct") -> Truth:
        """Whether a statement allows the request."""
        found = any_of(match.applies(reach) for match in self.matches if match.statement.allow)
        return None if found is False and not self.readable else found

    def deciding(self, *, allow: bool) -> Match | None:
        """The first statement of that effect that surely applies."""
        return next((match for match in self.matches if match.statement.allow is allow and match.truth is True), None)


def read_layer(name: LayerName, policies: Policies | None, request: Request, context: Context) -> Layer:
    """Match every statement of the layer's policies with the request."""
    statements: list[Statement] = []
    troubles: list[str] = []
    for policy in policies or ():
        good, bad = parse(policy)
        statements += good
        troubles += bad
    who = request.principal
    return Layer(name, tuple(_match(name, statement, request, who, context) for statement in statements), policies is not None, tuple(troubles))


def _match(name: LayerName, statement: Statement, request: Request, who: Principal, context: Context) -> Match:
    resolve = resolver(context) if statement.variables else None
    reach = reaches(statement, who)
    judged = tuple(judge(condition, context, variables=statement.variables) for condition in statement.conditions)
    parts: dict[Part, Truth] = {
        "principal": any_of(reach.values()),
        "action": _listed(statement.actions, request.action, statement.not_actions, None, fold=True),
        "resource": True if statement.resources is None else _listed(statement.resources, request.resource, statement.not_resources, resolve),
        "condition": all_of(one.truth for one in judged),
    }
    return Match(name, statement, parts, reach, judged)


def _listed(patterns: tuple[str, ...], value: str, inverted: bool, resolve: Resolve | None, *, fold: bool = False) -> Truth:
    hit = any_of(glob(pattern, value, resolve, fold=fold) for pattern in patterns)
    return negated(hit) if inverted else hit
