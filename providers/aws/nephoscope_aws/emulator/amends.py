"""Where the emulator forgets what AWS keeps, and keeps what AWS replaces: put right before it is used. Each line says what AWS does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nephoscope_aws.emulator import apis, health, transit
from nephoscope_aws.emulator.wrapping import once as _once
from nephoscope_aws.emulator.wrapping import put as _put


def amend() -> None:
    """Once per process is enough; a second time changes nothing."""
    from moto.acm.models import CertBundle
    from moto.awslambda.models import LambdaBackend
    from moto.dynamodb.models.table import Table
    from moto.elasticache.models import CacheCluster
    from moto.elbv2.models import ELBv2Backend
    from moto.logs.metric_filters import MetricFilters
    from moto.pipes.models import Pipe
    from moto.s3.responses import S3Response
    from moto.sqs.models import Queue

    apis.amend()
    transit.amend()
    health.amend()
    _once(Queue, "_set_attributes", _keeps_policy)
    _once(MetricFilters, "add_filter", _replaces_filter)
    _once(Table, "set_stream_specification", _ends_stream)
    _once(LambdaBackend, "list_event_source_mappings", _finds_mappings)
    _once(CertBundle, "check", _waits_for_records)
    _once(S3Response, "get_bucket_replication", _keeps_rules)
    _put(Pipe, "status", property(_wanted_state, _ignores))
    _once(ELBv2Backend, "set_rule_priorities", _moves_rules_at_once)
    _put(CacheCluster, "security_groups", property(_groups_of_cache))


def _keeps_policy(real: Any) -> Any:
    """Attributes of a queue that are not set stay as they are, its policy among them."""

    def set_attributes(self: Any, attributes: dict[str, Any], now: float | None = None) -> None:
        former = getattr(self, "policy", None)
        real(self, attributes, now)
        if "Policy" not in attributes:
            self.policy = former

    return set_attributes


def _replaces_filter(real: Any) -> Any:
    """A metric filter that is put again under its name replaces the former one."""

    def add_filter(self: Any, filter_name: str, filter_pattern: str, log_group_name: str, metric_transformations: Any) -> None:
        held = self.metric_filters
        held[:] = [one for one in held if (one["filterName"], one["logGroupName"]) != (filter_name, log_group_name)]
        real(self, filter_name, filter_pattern, log_group_name, metric_transformations)

    return add_filter


def _ends_stream(real: Any) -> Any:
    """A table whose stream was switched off may get a new one."""

    def set_stream_specification(self: Any, streams: dict[str, Any] | None) -> None:
        real(self, streams)
        if not self.stream_specification.get("StreamEnabled"):
            self.latest_stream_label = None

    return set_stream_specification


def _moves_rules_at_once(real: Any) -> Any:
    """Rules of one request may take each other's places: only a rule that stays where it is keeps its priority from others."""

    def set_rule_priorities(self: Any, rule_priorities: list[dict[str, Any]]) -> Any:
        moved = self.describe_rules(listener_arn=None, rule_arns=[one["RuleArn"] for one in rule_priorities])
        former = [(rule, rule.priority) for rule in moved]
        for rule, _ in former:
            rule.priority = None
        try:
            return real(self, rule_priorities)
        except Exception:
            for rule, priority in former:
                rule.priority = priority
            raise

    return set_rule_priorities


def _groups_of_cache(self: Any) -> list[dict[str, str]]:
    """A cache in a network says which security groups it carries."""
    return [{"SecurityGroupId": one, "Status": "active"} for one in self.security_group_ids]


def _finds_mappings(real: Any) -> Any:
    """A function's mappings are listed by its name and by its ARN, whichever they were made with."""

    def list_event_source_mappings(self: Any, event_source_arn: str, function_name: str) -> list[Any]:
        found = real(self, event_source_arn, "")
        return [one for one in found if function_name in (None, "", one.function_name, one.function_arn, one.function_arn.split(":function:")[-1])]

    return list_event_source_mappings


def _keeps_rules(real: Any) -> Any:
    """A replication reads as it was put, with what it selects and the key of the copy."""

    def get_bucket_replication(self: Any) -> Any:
        held = self.backend.get_bucket_replication(self.bucket_name)
        if not held:
            return real(self)
        from moto.core.responses import ActionResult

        self.data["Action"] = "GetBucketReplication"
        rules = [{**one, "Priority": int(one["Priority"]), **_filter(one)} for one in held["Rule"]]
        return self.serialized(ActionResult({"ReplicationConfiguration": {"Role": held["Role"], "Rules": rules}}))

    return get_bucket_replication


def _filter(rule: Mapping[str, Any]) -> dict[str, Any]:
    """What a rule selects: its XML has an empty prefix as nothing, and tags one by one."""
    if "Filter" not in rule:
        return {}
    chosen = {**(rule["Filter"] or {"Prefix": ""})}
    both = chosen.get("And")
    if both:
        tags = both.get("Tag", [])
        chosen["And"] = {"Prefix": both.get("Prefix") or "", "Tags": tags if isinstance(tags, list) else [tags]}
    return {"Filter": {key: "" if value is None else value for key, value in chosen.items()}}


def _wanted_state(pipe: Any) -> str:
    """A pipe comes to the state that it is to have, and stays in it."""
    return str(pipe.desired_state)


def _ignores(_pipe: Any, _value: str) -> None:
    """On the way there it is seen in no other."""


def _waits_for_records(real: Any) -> Any:
    """A certificate is issued once the records that it asks for are in a public zone, and not because time goes by."""

    def check(self: Any) -> None:
        waits = self.status == "PENDING_VALIDATION"
        real(self)
        if waits and self.status in ("ISSUED", "PENDING_VALIDATION"):
            self.status = "ISSUED" if _records_are_there(self) else "PENDING_VALIDATION"

    return check


def _records_are_there(certificate: Any) -> bool:
    from moto.route53.models import route53_backends

    account = certificate.arn.split(":")[4]
    zones = [zone for zone in route53_backends[account]["aws"].zones.values() if not zone.private_zone]
    there = {(record.name, value.rstrip(".")) for zone in zones for record in zone.rrsets if record.type == "CNAME" for value in record.records}
    asked = [one["ResourceRecord"] for one in certificate.describe()["Certificate"].get("DomainValidationOptions", ())]
    return bool(asked) and all((one["Name"], one["Value"].rstrip(".")) in there for one in asked)
