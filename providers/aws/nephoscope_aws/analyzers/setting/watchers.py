"""What keeps watch over an account: which events a trail takes down, which kinds of things a recorder follows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from nephoscope.models import JsonValue, ResourceRef
from nephoscope_aws.analyzers.setting.conditions import Judge, Judging, named_judge
from nephoscope_aws.iam.truth import Truth, any_of
from nephoscope_aws.looking.look import UNKNOWN, hidden, mend, rows

_EVENTS = {"s3:bucket": "AWS::S3::Object", "lambda:function": "AWS::Lambda::Function", "dynamodb:table": "AWS::DynamoDB::Table"}
"""What is done inside such a thing is an event of data, which a trail leaves out unless told otherwise."""
_EVERYTHING = [{"DataResources": [{"Type": kind, "Values": [f"arn:aws:{kind.split('::')[1].lower()}"]} for kind in _EVENTS.values()]}]
_MOST_SELECTORS = 5
"""So many a trail may have."""
_READS = re.compile(r"\b(reads?|list(s|ed|ing)?|describe[sd]?|gets?|look(s|ed|ing)? (at|up)|view(s|ed|ing)?|access(es|ed)?)\b", re.IGNORECASE)
_SOURCES = {
    "kms.amazonaws.com": re.compile(r"\b(kms|keys?|decrypt\w*|encrypt\w*)\b", re.IGNORECASE),
    "rdsdata.amazonaws.com": re.compile(r"\bdata api\b", re.IGNORECASE),
}
_RECORDER = ("name", "roleARN", "recordingMode")
"""What is put again with what a recorder is to follow."""
_RECORDED = {
    "acm:certificate": "AWS::ACM::Certificate", "apigateway:rest-api": "AWS::ApiGateway::RestApi",
    "autoscaling:group": "AWS::AutoScaling::AutoScalingGroup", "cloudfront:distribution": "AWS::CloudFront::Distribution",
    "cloudtrail:trail": "AWS::CloudTrail::Trail", "cloudwatch:alarm": "AWS::CloudWatch::Alarm", "dynamodb:table": "AWS::DynamoDB::Table",
    "ec2:instance": "AWS::EC2::Instance", "ec2:network-acl": "AWS::EC2::NetworkAcl", "ec2:route-table": "AWS::EC2::RouteTable",
    "ec2:security-group": "AWS::EC2::SecurityGroup", "ec2:subnet": "AWS::EC2::Subnet", "ec2:vpc": "AWS::EC2::VPC",
    "ecs:cluster": "AWS::ECS::Cluster", "ecs:service": "AWS::ECS::Service", "eks:cluster": "AWS::EKS::Cluster",
    "elbv2:load-balancer": "AWS::ElasticLoadBalancingV2::LoadBalancer", "iam:policy": "AWS::IAM::Policy", "iam:role": "AWS::IAM::Role",
    "iam:user": "AWS::IAM::User", "kinesis:stream": "AWS::Kinesis::Stream", "kms:key": "AWS::KMS::Key",
    "lambda:function": "AWS::Lambda::Function", "rds:db-instance": "AWS::RDS::DBInstance", "s3:bucket": "AWS::S3::Bucket",
    "secretsmanager:secret": "AWS::SecretsManager::Secret", "sns:topic": "AWS::SNS::Topic", "sqs:queue": "AWS::SQS::Queue",
}  # fmt: skip
"""What a recorder calls the kinds of things that people speak of."""


def _spoken(judging: Judging, known: Mapping[str, str]) -> list[tuple[str, ResourceRef | None]]:
    """What the words are about, of these kinds: each kind by the name it has in the table, with the thing where one is named."""
    found: list[tuple[str, ResourceRef | None]] = []
    for entity in judging.view.problem.entities:
        refs = [ref for ref in entity.matches if ref.native_type in known] if entity.named else []
        found += [(known[ref.native_type], ref) for ref in refs]
        found += [(known[one], None) for one in entity.native_types if one in known and not refs]
    return found


def _trails(judging: Judging) -> list[ResourceRef]:
    """The trail at hand first; where another takes down what this one leaves out, nothing is lost."""
    others = [one for one in judging.view.subjects("cloudtrail:trail") if one.key != judging.subject.key]
    return [judging.subject, *others]


def trail_lacks_data_events(judging: Judging) -> Truth:
    """No trail takes down what is done inside the things that the words are about."""
    about = _spoken(judging, _EVENTS)
    for trail in _trails(judging):
        plain, advanced = judging.look.value(trail, "selectors"), judging.look.value(trail, "selectors.advanced")
        if plain is UNKNOWN or advanced is UNKNOWN:
            return None
        chosen = [*_chosen(plain), *_finely_chosen(advanced)]
        covered: Truth = bool(chosen) and (None if not about else any_of(_covers(one, kind, ref) for one in chosen for kind, ref in about))
        if covered is not False:
            return None if covered is None else False
    putting = _with_data_events(judging, about)
    if putting:
        judging.details["things"] = ", ".join(ref.label for _, ref in about if ref is not None)
        judging.details["selecting"] = {"TrailName": judging.subject.native_id, **putting}
    judging.details["events"] = "/".join(dict.fromkeys(kind.split("::")[1] for kind, _ in about)) or "S3, Lambda and DynamoDB"
    judging.suppose.append(mend(judging.subject, "selectors", _EVERYTHING))
    return True


def _with_data_events(judging: Judging, about: list[tuple[str, ResourceRef | None]]) -> dict[str, JsonValue]:
    """The trail's selectors as they are, with the data events of the things that the words name; nothing where none is named."""
    kinds: dict[str, list[str]] = {}
    for kind, ref in about:
        if ref is not None:
            kinds.setdefault(kind, []).append(f"{ref.native_id}/" if kind == "AWS::S3::Object" else ref.native_id)
    plain, fine = (rows(judging.look.value(judging.subject, name)) for name in ("selectors", "selectors.advanced"))
    if not kinds or hidden(plain) or hidden(fine):
        return {}
    if fine:
        return {"AdvancedEventSelectors": [*map(dict, fine), *(_fine(kind, arns) for kind, arns in kinds.items())]}
    more: list[dict[str, Any]] = [{"Type": kind, "Values": arns} for kind, arns in kinds.items()]
    whole = next((one for one in plain if one.get("ReadWriteType", "All") == "All"), None)
    if whole is None and plain and len(plain) >= _MOST_SELECTORS:
        return {}
    taken = {**(whole or {"ReadWriteType": "All", "IncludeManagementEvents": not plain})}
    taken["DataResources"] = [*(taken.get("DataResources") or ()), *more]
    return {"EventSelectors": [*(dict(one) for one in plain if one is not whole), taken]}


def _fine(kind: str, arns: list[str]) -> dict[str, JsonValue]:
    named: JsonValue = {"Field": "resources.ARN", "StartsWith": list[JsonValue](arns)}
    of_data: list[JsonValue] = [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": [kind]}]
    return {"Name": f"{kind.split('::')[1]} data events", "FieldSelectors": [*of_data, named]}


def _chosen(selectors: object) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """Kinds of data events that are taken down, and of which things."""
    for one in rows(selectors):
        for resource in rows(one.get("DataResources")):
            yield str(resource.get("Type")), tuple(str(value) for value in resource.get("Values") or ())


def _finely_chosen(selectors: object) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    for one in rows(selectors):
        fields = {str(row.get("Field")): row for row in rows(one.get("FieldSelectors"))}
        if "Data" in (fields.get("eventCategory", {}).get("Equals") or ()):
            more = fields.keys() - {"eventCategory", "resources.type"}
            things = fields.get("resources.ARN", {})
            arns = None if more and set(things) != {"Field", "StartsWith"} else tuple(things.get("StartsWith") or ("arn:aws:",))
            for kind in fields.get("resources.type", {}).get("Equals") or ():
                yield str(kind), arns


def _covers(chosen: tuple[str, tuple[str, ...] | None], kind: str, ref: ResourceRef | None) -> Truth:
    if chosen[0] != kind:
        return False
    if ref is None or chosen[1] is None:
        return None if chosen[1] is None else True
    own = f"{ref.native_id}/" if kind == "AWS::S3::Object" else ref.native_id
    return any(own.startswith(arn) or arn.startswith(own) for arn in chosen[1])


def trail_leaves_out(judging: Judging) -> Truth:
    """The trail is told to leave out calls of the kind that the words speak of."""
    plain = judging.look.value(judging.subject, "selectors")
    if plain is UNKNOWN:
        return None
    text, kept = judging.view.problem.text, rows(plain)
    if not kept:
        return False  # nothing was chosen: every call that manages things is taken down
    for one in kept:
        left = [name for name in one.get("ExcludeManagementEventSources") or () if name in _SOURCES and _SOURCES[name].search(text)]
        reads = one.get("ReadWriteType") == "WriteOnly" and _READS.search(text) is not None
        what = "calls that manage things" if one.get("IncludeManagementEvents") is False else "calls that only read" if reads else ", ".join(left)
        if what and len(kept) == 1:
            judging.details |= {"left_out": what} | ({} if hidden(one) else {"whole": list[JsonValue](_taking_all(one, left))})
            judging.suppose.append(mend(judging.subject, "selectors", []))
            return True
    return False


def _taking_all(selector: Mapping[str, Any], wanted: Collection[str]) -> Iterator[JsonValue]:
    """Selectors for calls that manage things, those of services that nobody misses still left out; data events stay chosen as they were."""
    left = [name for name in selector.get("ExcludeManagementEventSources") or () if name not in wanted]
    yield {"ReadWriteType": "All", "IncludeManagementEvents": True, **({"ExcludeManagementEventSources": left} if left else {})}
    if selector.get("DataResources"):
        kept = {name: value for name, value in selector.items() if name != "ExcludeManagementEventSources"}
        yield {**kept, "IncludeManagementEvents": False}


def trail_records(judging: Judging) -> Truth:
    """The trail logs, and nothing that manages things is left out of it."""
    seen = [judging.look.value(judging.subject, name) for name in ("logging", "global_events", "selectors")]
    if UNKNOWN in seen:
        return None
    chosen = rows(seen[2])
    whole = not chosen or any(one.get("ReadWriteType", "All") == "All" and one.get("IncludeManagementEvents") is not False for one in chosen)
    return seen[0] is True and seen[1] is not False and whole


def recorder_leaves_out(judging: Judging) -> Truth:
    """The recorder does not follow the kind of thing that the words are about."""
    about = [kind for kind, _ in _spoken(judging, _RECORDED) if kind != "AWS::CloudTrail::Trail"]
    if not about:
        return False
    seen = {name: judging.look.value(judging.subject, name) for name in ("all_types", "types", "types.excluded", "global_types")}
    if UNKNOWN in seen.values():
        return None
    followed, excluded = ({str(one) for one in value} if isinstance(value := seen[name], list) else set() for name in ("types", "types.excluded"))
    for kind in about:
        lacks = not seen["all_types"] and bool(followed) and kind not in followed
        if lacks or kind in excluded or (seen["all_types"] and seen["global_types"] is False and kind.startswith("AWS::IAM::")):
            judging.details |= {"kind": kind, "followed": list[JsonValue](sorted(followed)), **_following(judging, kind)}
            judging.suppose += [mend(judging.subject, "all_types", True), mend(judging.subject, "global_types", True)]
            judging.suppose.append(mend(judging.subject, "types.excluded", []))
            return True
    return False


def _following(judging: Judging, kind: str) -> dict[str, JsonValue]:
    """The recorder as it is to be put, which replaces all of it: with this kind followed as well."""
    fact = judging.view.fact(judging.subject, "settings")
    settings: Any = fact.value if fact is not None and isinstance(fact.value, dict) and not hidden(fact.value) else {}
    group, kept = settings.get("recordingGroup"), {name: settings[name] for name in _RECORDER if name in settings}
    if not isinstance(group, dict) or "servicePrincipal" in settings:
        return {}
    group = {name: value for name, value in group.items() if value not in ([], {"resourceTypes": []})}
    excluded = [one for one in (group.get("exclusionByResourceTypes") or {}).get("resourceTypes") or () if one != kind]
    if group.get("resourceTypes"):
        group["resourceTypes"] = [*group["resourceTypes"], kind]
    elif excluded:
        group["exclusionByResourceTypes"] = {"resourceTypes": excluded}
    elif group.get("allSupported"):
        group["includeGlobalResourceTypes"] = True
    else:
        return {}
    return {"recorder": {**kept, "recordingGroup": group}}


JUDGES: Mapping[str, Judge] = named_judge(trail_lacks_data_events, trail_leaves_out, trail_records, recorder_leaves_out)
