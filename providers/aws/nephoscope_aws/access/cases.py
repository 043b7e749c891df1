"""One question per action: the request, the policies gathered for it, and the outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nephoscope.models import FactQuery, ResourceRef
from nephoscope_aws.access.identity import Actor
from nephoscope_aws.access.sources import NOTHING, Gathered, Source
from nephoscope_aws.iam import Context, Evaluation, PolicySet, Request, evaluate
from nephoscope_aws.iam.layers import Layer, LayerName, Match
from nephoscope_aws.iam.truth import Truth, any_of


@dataclass(frozen=True, slots=True)
class Side:
    """The policies on the actor's side, shared by all its cases. ``sees_scps``: all organisation policies were seen."""

    identity: Gathered
    boundary: Gathered
    scps: tuple[Gathered, ...]
    sees_scps: bool


@dataclass(frozen=True, slots=True)
class Case:
    """One action of one actor on one resource, decided as far as the facts go."""

    actor: Actor
    request: Request
    gathered: Mapping[LayerName, tuple[Gathered, ...]]
    outcome: Evaluation

    def denies(self, layer: LayerName) -> Truth:
        """Whether a statement of the layer explicitly denies it."""
        return any_of(one.denies() for one in self.outcome.layer_named(layer))

    def lacks(self, layer: LayerName) -> Truth:
        """Whether it fails for want of an allow in the layer."""
        if layer in self.outcome.lacking:
            return True
        if self.outcome.decision == "allow" or any(_allows(one) for one in self.outcome.layer_named(layer)):
            return False
        return None

    def doubtful(self) -> Match | None:
        """The one statement whose conditions alone leave it open whether the request is let through; ``None`` where more is open."""
        layers = self.outcome.layers if self.outcome.decision == "unknown" else ()
        open_ = [match for layer in layers for match in layer.matches if match.truth is None]
        if len(open_) != 1 or not all(layer.readable for layer in layers):
            return None
        return open_[0] if all(truth is True for part, truth in open_[0].parts.items() if part != "condition") else None

    def denying(self, layer: LayerName) -> tuple[Match, ...]:
        """Statements of the layer that surely deny it."""
        return tuple(match for one in self.outcome.layer_named(layer) for match in one.matches if not match.statement.allow and match.truth is True)

    def source(self, layer: LayerName, match: Match) -> Source | None:
        """Where a statement of the layer stands."""
        return next((found for one in self.gathered[layer] if (found := one.sources.get(match.statement.policy))), None)

    def because(self, *layers: LayerName) -> tuple[str, ...]:
        """Facts that the layers rest on."""
        return tuple(dict.fromkeys(fact for layer in layers for one in self.gathered[layer] for fact in one.because))

    def needs(self, *layers: LayerName) -> tuple[FactQuery, ...]:
        """Facts that the layers miss."""
        found = {query.key: query for layer in layers for one in self.gathered[layer] for query in one.needs}
        return tuple(found.values())


def _allows(layer: Layer) -> bool:
    return layer.allows("direct") is True or layer.allows("account") is True


def decide(  # noqa: PLR0917 - the five things a request is made of
    actor: Actor,
    action: str,
    resource: str,
    owner: ResourceRef | None,
    side: Side,
    own_policy: Gathered,
    context: Context,
    *,
    required: bool = False,
    endpoint: Gathered = NOTHING,
) -> Case:
    """Evaluate one action. Organisation policies that cannot be seen are left out here; a finding of their own says so."""
    request = Request(actor.principal, action, resource, owner.account if owner else actor.principal.account, context)
    scps = tuple(level.policies or () for level in side.scps) if side.sees_scps and side.scps else ()
    documents = PolicySet(
        identity=side.identity.policies,
        boundary=side.boundary.policies,
        resource=own_policy.policies,
        scps=scps,
        resource_required=required,
        endpoint=endpoint.policies,
    )
    gathered: dict[LayerName, tuple[Gathered, ...]] = {
        "identity": (side.identity,),
        "boundary": (side.boundary,),
        "session": (),
        "endpoint": (endpoint,),
        "resource": (own_policy,),
        "scp": side.scps,
    }
    return Case(actor, request, gathered, evaluate(request, documents))
