"""ARNs in configurations as references."""

from __future__ import annotations

from nephoscope.models import ResourceRef

BUCKET, FUNCTION, ALIAS, QUEUE, TOPIC = "s3:bucket", "lambda:function", "lambda:alias", "sqs:queue", "sns:topic"
RULE, BUS, TARGET = "events:rule", "events:event-bus", "events:target"
SUBSCRIPTION, MAPPING = "sns:subscription", "lambda:event-source-mapping"
KEY, KEY_ALIAS, ROLE = "kms:key", "kms:alias", "iam:role"
LOG_GROUP, ALARM = "logs:log-group", "cloudwatch:alarm"
_KINDS = {
    BUCKET: "storage.object_store", FUNCTION: "compute.function", ALIAS: "compute.function-alias", QUEUE: "messaging.queue",
    TOPIC: "messaging.topic", RULE: "messaging.rule", BUS: "messaging.bus", TARGET: "messaging.rule-target",
    SUBSCRIPTION: "messaging.subscription", MAPPING: "integration.mapping", KEY: "security.key", KEY_ALIAS: "security.key-alias",
    ROLE: "identity.principal", LOG_GROUP: "observability.log_store", ALARM: "observability.alarm",
}  # fmt: skip


def reference(native_type: str, native_id: str, account: str = "", region: str = "", name: str = "") -> ResourceRef:
    """A reference to a thing of one of the types this analyzer knows."""
    return ResourceRef(cloud="aws", kind=_KINDS[native_type], native_type=native_type, native_id=native_id, account=account, region=region, name=name)


def of_arn(arn: object) -> ResourceRef | None:  # noqa: PLR0911 - one line per service
    """The thing an ARN names; a function's version or alias is left off. ``None`` for what takes no part in delivery."""
    parts = arn.split(":", 5) if isinstance(arn, str) else []
    if len(parts) == 6 and parts[2] == "logs":
        return _log_group(parts)
    if len(parts) != 6 or "*" in parts[5] or not parts[5]:
        return None
    _, _, service, region, account, rest = parts
    name = rest.rsplit("/", 1)[-1]
    text = str(arn)
    if service == "lambda" and rest.startswith("function:"):
        plain = rest.split(":")[1]
        return reference(FUNCTION, ":".join([*parts[:5], "function", plain]), account, region, plain)
    if service == "sqs":
        return reference(QUEUE, text, account, region, rest)
    if service == "sns":
        return reference(TOPIC, ":".join([*parts[:5], rest.split(":")[0]]), account, region, rest.split(":")[0])
    if service == "s3" and "/" not in rest:
        return reference(BUCKET, text, account, "", rest)
    if service == "events" and rest.startswith(("rule/", "event-bus/")):
        return reference(RULE if rest.startswith("rule/") else BUS, text, account, region, name)
    if service == "kms" and rest.startswith(("key/", "alias/")):
        is_key = rest.startswith("key/")
        return reference(KEY if is_key else KEY_ALIAS, text, account, region, name if is_key else rest)
    if service == "cloudwatch" and rest.startswith("alarm:"):
        return reference(ALARM, text, account, region, rest.removeprefix("alarm:"))
    if service == "iam" and rest.startswith("role/"):
        return reference(ROLE, text, account, "", name)
    return None


def _log_group(parts: list[str]) -> ResourceRef | None:
    """A group's own ARN ends in ``:*``; policies are written with and without."""
    name = parts[5].removeprefix("log-group:").removesuffix(":*")
    if name == parts[5] or not name or "*" in name:
        return None
    return reference(LOG_GROUP, ":".join([*parts[:5], "log-group", name, "*"]), parts[4], parts[3], name)


def qualified(arn: object) -> ResourceRef | None:
    """The alias or version that a function's ARN ends in."""
    parts = arn.split(":") if isinstance(arn, str) else []
    if len(parts) != 8 or parts[2] != "lambda" or parts[7] == "$LATEST":
        return None
    return reference(ALIAS, str(arn), parts[4], parts[3], parts[7])


def service(ref: ResourceRef) -> str:
    """The service a thing belongs to, as cause ids spell it."""
    return ref.native_type.split(":")[0]
