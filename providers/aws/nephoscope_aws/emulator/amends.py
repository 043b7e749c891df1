"""Where the emulator forgets what AWS keeps, and keeps what AWS replaces: put right before it is used. Each line says what AWS does."""

from __future__ import annotations

from typing import Any

from nephoscope_aws.emulator import apis, health, transit
from nephoscope_aws.emulator.wrapping import once as _once
from nephoscope_aws.emulator.wrapping import put as _put


def amend() -> None:
    """Once per process is enough; a second time changes nothing."""
    from moto.dynamodb.models.table import Table
    from moto.elasticache.models import CacheCluster
    from moto.elbv2.models import ELBv2Backend
    from moto.logs.metric_filters import MetricFilters
    from moto.sqs.models import Queue

    apis.amend()
    transit.amend()
    health.amend()
    _once(Queue, "_set_attributes", _keeps_policy)
    _once(MetricFilters, "add_filter", _replaces_filter)
    _once(Table, "set_stream_specification", _ends_stream)
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
