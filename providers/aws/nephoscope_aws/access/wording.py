"""The one plain sentence that goes with each finding about a denied request."""

from __future__ import annotations

from nephoscope_aws.access.cases import Case
from nephoscope_aws.iam.layers import LayerName, Match
from nephoscope_aws.iam.truth import Truth


def scene(case: Case) -> str:
    """Action and resource."""
    return f"{case.request.action} on {case.request.resource}"


def where(case: Case, layer: LayerName, target: str) -> str:
    """The layer, as people would name it."""
    who = case.request.principal.label
    return {
        "identity": f"the policies of {who}",
        "boundary": f"the permissions boundary of {who}",
        "resource": f"the {next(iter(case.gathered['resource'][0].sources), f'policy of {target}')}",
        "scp": "the organisation's policies",
        "endpoint": f"the {next(iter(case.gathered['endpoint'][0].sources), 'policy of the endpoint')}",
    }.get(layer, layer)


def denies(case: Case, match: Match) -> str:
    """A statement denies it."""
    because = "; ".join(one.sentence for one in match.conditions)
    return f"{match.where} explicitly denies {scene(case)} to {case.request.principal.label}" + (f", because {because}" if because else "")


def no_deny(case: Case, layer: LayerName, target: str, truth: Truth) -> str:
    """No statement denies it, or that is not known."""
    if truth is None:
        return f"whether {where(case, layer, target)} deny it is not known yet"
    if layer != "identity" and all(one.policies == () for one in case.gathered[layer]):
        return f"{case.request.principal.label} has no permissions boundary" if layer == "boundary" else f"{target} has no policy"
    return f"no statement in {where(case, layer, target)} denies {scene(case)}"


def allows(case: Case, layer: LayerName) -> str:
    """What lets it through in a layer, as far as it is known."""
    match = next((found for one in case.outcome.layer_named(layer) if (found := one.deciding(allow=True))), None)
    return f"{match.where} allows {scene(case)}" if match else case.outcome.reason


def left_over(case: Case, match: Match) -> str:
    """The one statement left that may have denied it."""
    asked = " and ".join(f"{one.condition.key} ({one.condition.operator} {' or '.join(one.condition.values)})" for one in match.conditions)
    depends = f"{match.where} {'lets' if match.statement.allow else 'denies'} {scene(case)} depending on {asked}"
    return f"{depends}; what the request carried there is not seen, and nothing else that was seen stands in its way"


def unmet(match: Match) -> str:
    """A statement that would allow it, and the conditions that keep it from doing so."""
    return f"{match.where} would allow it, but " + "; ".join(one.sentence for one in match.conditions if one.truth is False)


def slipped(case: Case, match: Match, pattern: str) -> str:
    """A statement that names almost the right resource."""
    return f"{match.where} allows {case.request.action} on {pattern}, not on {case.request.resource}: did you mean the latter?"


def nothing_allows(case: Case) -> str:
    """No identity policy allows it."""
    who, policies = case.request.principal.label, case.gathered["identity"][0].sources
    if not policies:
        return f"{who} has no policy at all, attached or inline"
    counted = "its one policy does not allow" if len(policies) == 1 else f"none of its {len(policies)} policies allows"
    return f"{who} asks for {scene(case)}, and {counted} it"


def endpoint(case: Case, truth: Truth) -> str:
    """What the endpoint on the way has to say about it."""
    named = where(case, "endpoint", "")
    if truth is None:
        return f"whether {named} lets it through is not known yet"
    return f"{named} does not let {scene(case)} through" if truth else f"{named} lets {case.request.action} through"


def boundary(case: Case, truth: Truth) -> str:
    """What the boundary has to say about it."""
    who, sources = case.request.principal.label, case.gathered["boundary"][0].sources
    named = ", ".join(sources)
    if truth:
        return f"the permissions boundary of {who} ({named}) does not allow {scene(case)}"
    if truth is None:
        return f"whether the permissions boundary of {who} allows it is not known yet"
    return f"the permissions boundary of {who} ({named}) allows {case.request.action}" if named else f"{who} has no permissions boundary"
