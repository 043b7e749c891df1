"""The order in which the layers decide: explicit deny anywhere, then what each layer must allow.

Pure and three-valued: what cannot be seen or read makes the outcome ``unknown``, unless what is seen decides anyway.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from nephoscope_aws.iam.layers import Layer, LayerName, Match, read_layer
from nephoscope_aws.iam.request import Policies, PolicySet, Request
from nephoscope_aws.iam.truth import Truth, all_of, any_of

Decision = Literal["allow", "explicit_deny", "implicit_deny", "unknown"]
Step: TypeAlias = tuple[LayerName, Truth]
Steps: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The outcome, the layer and statement that decide it, and what would be needed for another one.

    ``lacking`` names the layers without the allow they would have to give (beside an explicit deny too); ``near`` the
    allowing statements in them that fail in exactly one part; ``missing`` says in words what is lacking or not known.
    """

    decision: Decision
    reason: str
    layer: LayerName | None = None
    policy: str = ""
    statement: str = ""
    lacking: tuple[LayerName, ...] = ()
    missing: tuple[str, ...] = ()
    near: tuple[Match, ...] = ()
    match: Match | None = None
    layers: tuple[Layer, ...] = ()

    def layer_named(self, name: LayerName) -> tuple[Layer, ...]:
        """What was read of a layer; several for the levels of an organisation, none where it has no say."""
        return tuple(layer for layer in self.layers if layer.name == name)

    @property
    def allowed(self) -> Truth:
        """Whether the request is let through."""
        return {"allow": True, "unknown": None}.get(self.decision, False)


def evaluate(request: Request, documents: PolicySet) -> Evaluation:
    """Decide the request by all policies. Never raises for what a document contains."""
    layers = _read(request, documents)
    return replace(_decide(request, documents, layers), layers=layers)


def _decide(request: Request, documents: PolicySet, layers: tuple[Layer, ...]) -> Evaluation:
    routes = _routes(request, documents, layers)
    limits = [(layer.name, any_of([layer.allows(), layer.allows("account")])) for layer in layers if layer.name in ("scp", "endpoint")]
    granted = all_of([*(truth for _, truth in limits), any_of(route.open for route in routes)])
    closed: tuple[LayerName, ...] = ()
    if granted is False:
        closed = tuple(dict.fromkeys(name for name, truth in limits if truth is False)) or min(routes, key=lambda route: len(route.lacking)).lacking
    denying = next((layer for layer in layers if layer.denies() is True), None)
    if denying:
        return _denied(request, denying, closed)
    if closed:
        return _lacking(request, layers, closed)
    if granted is None or any(layer.denies() is None for layer in layers):
        return _unknown(layers)
    return _allowed(request, layers)


def _read(request: Request, documents: PolicySet) -> tuple[Layer, ...]:
    context = request.full_context()
    resource = read_layer("resource", documents.resource, request, context)
    if request.principal.service:
        return (resource,)
    levels = documents.scps if documents.scps is not None else (None,)
    return (
        *(read_layer("scp", level, request, context) for level in levels),
        *(read_layer("endpoint", one, request, context) for one in (documents.endpoint,) if one != ()),
        resource,
        read_layer("boundary", documents.boundary, request, context),
        read_layer("session", documents.session, request, context),
        read_layer("identity", documents.identity, request, context),
    )


@dataclass(frozen=True, slots=True)
class Route:
    """One way in which a request may be allowed: every step must be."""

    steps: Steps

    @property
    def open(self) -> Truth:
        """Whether this way is open."""
        return all_of(truth for _name, truth in self.steps)

    @property
    def lacking(self) -> tuple[LayerName, ...]:
        """Layers that close it."""
        return tuple(name for name, truth in self.steps if truth is False)


def _routes(request: Request, documents: PolicySet, layers: tuple[Layer, ...]) -> tuple[Route, ...]:
    """The ways to an allow, the more usual one first."""
    by_name = {layer.name: layer for layer in layers}
    direct: Step = ("resource", by_name["resource"].allows("direct"))
    if request.principal.service:
        return (Route((direct,)),)
    own: Steps = (
        ("identity", by_name["identity"].allows()),
        ("boundary", _limits(by_name["boundary"], documents.boundary)),
        ("session", _limits(by_name["session"], documents.session)),
    )
    by_account: Step = ("resource", by_name["resource"].allows("account"))
    if _crosses(request):
        return (Route((("resource", any_of([direct[1], by_account[1]])), *own)),)
    by_resource = Route((direct, *own[1:])) if request.principal.is_role else Route((direct,))
    return Route((by_account, *own)) if documents.resource_required else Route(own), by_resource


def _limits(layer: Layer, policies: Policies | None) -> Truth:
    """A layer that only limits must allow, where it exists."""
    return True if policies == () else layer.allows()


def _crosses(request: Request) -> bool:
    ours, theirs = request.principal.account, request.resource_account
    return bool(ours and theirs and ours != theirs)


def _denied(request: Request, layer: Layer, lacking: tuple[LayerName, ...]) -> Evaluation:
    match = layer.deciding(allow=False)
    where = match.where if match else layer.name
    return Evaluation(
        "explicit_deny",
        f"{where} ({layer.name} policy) explicitly denies {request.action} on {request.resource}",
        layer.name,
        match.statement.policy if match else "",
        match.statement.label if match else "",
        lacking,
        match=match,
    )


def _lacking(request: Request, layers: tuple[Layer, ...], lacking: tuple[LayerName, ...]) -> Evaluation:
    what = f"{request.action} on {request.resource}"
    return Evaluation(
        "implicit_deny",
        f"no {' and no '.join(lacking)} policy allows {what}",
        lacking[0],
        lacking=lacking,
        missing=tuple(f"an Allow for {what} in a policy of the {name} layer" for name in lacking),
        near=tuple(match for layer in layers if layer.name in lacking for match in layer.matches if match.statement.allow and len(match.failed) == 1),
    )


def _unknown(layers: tuple[Layer, ...]) -> Evaluation:
    missing: list[str] = []
    for layer in layers:
        if not layer.known:
            missing.append(f"the {layer.name} policies")
        missing += layer.troubles
        for match in layer.matches:
            if match.truth is None:
                missing += [f"{match.where}: {one.condition.key}" for one in match.conditions if one.truth is None]
    near = tuple(match for layer in layers for match in layer.matches if match.truth is None)
    first = next((layer.name for layer in layers if not layer.readable or any(match.truth is None for match in layer.matches)), None)
    what = "; ".join(missing) or "a statement covers only some of what is asked about"
    return Evaluation("unknown", f"cannot be decided: {what}", first, missing=tuple(dict.fromkeys(missing)), near=near)


def _allowed(request: Request, layers: tuple[Layer, ...]) -> Evaluation:
    for name in ("identity", "resource"):
        for layer in layers:
            match = layer.deciding(allow=True)
            if layer.name == name and match:
                words = f"{match.where} ({name} policy) allows {request.action} on {request.resource}"
                return Evaluation("allow", words, layer.name, match.statement.policy, match.statement.label, match=match)
    return Evaluation("allow", f"{request.action} on {request.resource} is allowed")
