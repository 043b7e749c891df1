"""Every control of the pack, on hand-made facts: at fault, and nearly the same but healthy."""

from __future__ import annotations

from typing import Any

from nephoscope.models import Fact, Identity, JsonValue, ResourceRef
from nephoscope.testing.conformance import ControlCase as Case
from nephoscope.testing.conformance import ControlSuite
from nephoscope.testing.conformance.control import fact_of
from nephoscope_aws.inspection import controls

ACCOUNT, REGION = "123456789012", "eu-west-1"
IDENTITY = Identity(cloud="aws", account=ACCOUNT, principal="reader", regions=(REGION,))
GROUPS = "http://acs.amazonaws.com/groups/global/"
CLOSED = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}
ONE_ZONE = {"cluster": None}
WEEK: list[JsonValue] = [{"Maximum": 0.4, "Sum": 0.0} for _ in range(150)]
BUSY: list[JsonValue] = [{"Maximum": 0.4, "Sum": 0.0} for _ in range(149)] + [{"Maximum": 55.0, "Sum": 9000.0}]
ANYBODY = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*"}


def policy(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


OPEN = policy(ANYBODY)
NARROWED = policy({**ANYBODY, "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}})
TLS = policy({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}})


def other(native_type: str, native_id: str, *, account: str = ACCOUNT, region: str = REGION, **attributes: JsonValue) -> list[Fact]:
    """Facts about another thing; dots in attributes are written as two underscores."""
    ref = ResourceRef(cloud="aws", kind="thing", native_type=native_type, native_id=native_id, account=account, region=region)
    return [fact_of(ref, name.replace("__", "."), value, IDENTITY) for name, value in attributes.items()]


def listing(native_type: str, *ids: str, region: str = REGION) -> list[Fact]:
    ref = ResourceRef(
        cloud="aws", kind="inventory", native_type="inventory", native_id=f"{native_type}@{ACCOUNT}/{region}",
        account=ACCOUNT, region=region, name=native_type,
    )  # fmt: skip
    return [fact_of(ref, "complete", list(ids), IDENTITY)]


def rule(port: int, source: str = "0.0.0.0/0", protocol: str = "tcp", last: int | None = None) -> dict[str, Any]:
    return {"IpProtocol": protocol, "FromPort": port, "ToPort": last or port, "IpRanges": [{"CidrIp": source}], "Ipv6Ranges": []}


def entry(number: int, action: str, first: int, last: int, source: str = "0.0.0.0/0") -> dict[str, Any]:
    return {
        "RuleNumber": number,
        "RuleAction": action,
        "Protocol": "6",
        "Egress": False,
        "CidrBlock": source,
        "PortRange": {"From": first, "To": last},
    }


KEY = {"manager": "CUSTOMER", "state": "Enabled", "spec": "SYMMETRIC_DEFAULT", "origin": "AWS_KMS"}
USER = f"{ACCOUNT}:user/thing-1"
RUNNING = {"state": "running", "type": "m4.large"}
GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/1"
LISTENER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/web/1/2"
PLAIN = other("elbv2:listener", LISTENER, protocol="HTTP", actions=[{"Type": "forward"}])
LONG_AGO, LATELY, SOON, LATER = "2026-01-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", "2027-06-01T00:00:00Z"


S3 = {
    "aws.s3.bucket-public-policy": Case({"policy.public": True}, {"policy.public": None}),
    "aws.s3.bucket-public-acl": Case(
        {"acl": [{"Grantee": {"URI": f"{GROUPS}AllUsers"}}]},
        {"acl": [{"Grantee": {"ID": "me"}}, {"Grantee": {"URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}}]},
        {"public_access_block": None},
    ),
    "aws.s3.block-public-access-off": Case({"public_access_block": {**CLOSED, "IgnorePublicAcls": False}}, {"public_access_block": CLOSED}),
    "aws.s3.tls-not-required": Case({"policy": policy({**TLS["Statement"][0], "Action": "s3:PutObject"})}, {"policy": TLS}),
    "aws.s3.encryption-missing": Case({"encryption": None}, {"encryption": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}),
    "aws.s3.versioning-off": Case({"versioning": "Suspended"}, {"versioning": "Enabled"}),
    "aws.s3.access-logging-off": Case({"logging.bucket": None}, {"logging.bucket": "logs"}),
    "aws.s3.lifecycle-missing": Case({"lifecycle": None}, {"lifecycle": [{"ID": "old", "Status": "Enabled"}]}),
}
EC2 = {
    "aws.ec2.volume-unencrypted": Case({"encrypted": False}, {"encrypted": True}),
    "aws.ec2.encryption-by-default-off": Case({"encryption_by_default": False}, {"encryption_by_default": True}),
    "aws.ec2.volume-unattached": Case({"state": "available"}, {"state": "in-use"}, {"size": 100, "volume_type": "gp2"}),
    "aws.ec2.volume-old-generation": Case({"volume_type": "gp2"}, {"volume_type": "gp3"}, {"size": 100}),
    "aws.ec2.address-unused": Case({"association": None}, {"association": "eipassoc-1"}, {"public_ip": "192.0.2.1"}),
    "aws.ec2.instance-old-generation": Case({"type": "m4.large"}, {"type": "m6i.large"}, {"state": "running"}),
    "aws.ec2.instance-idle": Case({"metrics.cpu": WEEK}, {"metrics.cpu": BUSY}, RUNNING),
    "aws.ec2.metadata-v1-allowed": Case(
        {"metadata.tokens": "optional"}, {"metadata.tokens": "required"}, {"state": "running", "metadata.endpoint": "enabled"}
    ),
    "aws.ec2.instance-public-address": Case({"public_ip": "192.0.2.1"}, {"public_ip": None}, {"state": "running"}),
    "aws.ec2.security-group-open-admin": Case({"ingress": [rule(22)]}, {"ingress": [rule(22, "10.0.0.0/8"), rule(443), rule(0, protocol="icmp")]}),
    "aws.ec2.security-group-open-data": Case({"ingress": [rule(5400, last=5500)]}, {"ingress": [rule(5432, "10.0.0.0/8"), rule(5433)]}),
    "aws.ec2.security-group-open-everything": Case(
        {"ingress": [{"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]},
        {"ingress": [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-1"}]}]},
    ),
    "aws.ec2.default-group-in-use": Case({"name": "default"}, {"name": "web"}, {"vpc": "vpc-1", "ingress": [], "egress": [rule(443)]}),
    "aws.ec2.network-acl-open-admin": Case(
        {"entries": [entry(100, "allow", 0, 65535)]},
        {"entries": [entry(90, "deny", 22, 22), entry(91, "deny", 3389, 3389), entry(100, "allow", 0, 65535)]},
    ),
    "aws.ec2.subnet-gives-public-addresses": Case({"gives_public_ip": True}, {"gives_public_ip": False}),
    "aws.ec2.subnet-nearly-full": Case({"free_addresses": 3}, {"free_addresses": 200}, {"cidr": "10.0.1.0/24"}),
    "aws.ec2.nat-gateway-idle": Case({"metrics.bytes_out": WEEK}, {"metrics.bytes_out": BUSY}, {"state": "available"}),
}
IDENTITY_CASES = {
    "aws.iam.root-access-key": Case({"summary": {"AccountAccessKeysPresent": 1}}, {"summary": {"AccountAccessKeysPresent": 0}}),
    "aws.iam.root-mfa-missing": Case({"summary": {"AccountMFAEnabled": 0}}, {"summary": {"AccountMFAEnabled": 1}}),
    "aws.iam.password-length": Case({"password_policy": None}, {"password_policy": {"MinimumPasswordLength": 14}}),
    "aws.iam.password-reuse": Case({"password_policy": {"PasswordReusePrevention": 3}}, {"password_policy": {"PasswordReusePrevention": 24}}),
    "aws.iam.role-trusts-anybody": Case(
        {"trust": policy({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})},
        {
            "trust": policy(
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "*"},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
                }
            )
        },
    ),
    "aws.kms.rotation-off": Case({"rotation": False}, {"rotation": True}, KEY),
    "aws.kms.deletion-pending": Case({"state": "PendingDeletion"}, {"state": "Enabled"}, {"deletion_date": SOON}),
    "aws.kms.key-public": Case({"policy": OPEN}, {"policy": NARROWED}, KEY),
    "aws.secretsmanager.rotation-off": Case({"rotation": None}, {"rotation": True}, {"deleted_date": None}),
    "aws.secretsmanager.secret-unused": Case({"last_read": LONG_AGO}, {"last_read": LATELY}, {"deleted_date": None, "created": LONG_AGO}),
    "aws.acm.expires-soon": Case({"expires": SOON}, {"expires": LATER}, {"in_use": ["arn:aws:x"], "domain": "example.org"}),
}
DATA = {
    "aws.rds.instance-unencrypted": Case({"encrypted": False}, {"encrypted": True}),
    "aws.rds.minor-upgrades-off": Case({"minor_upgrades": False}, {"minor_upgrades": True}),
    "aws.rds.instance-public": Case({"public": True}, {"public": False}),
    "aws.rds.backups-off": Case({"backup_days": 0}, {"backup_days": 7}, ONE_ZONE),
    "aws.rds.single-zone": Case({"several_zones": False}, {"several_zones": True}, ONE_ZONE),
    "aws.rds.deletion-unprotected": Case({"deletion_protected": False}, {"deletion_protected": True}),
    "aws.rds.instance-old-generation": Case({"class": "db.m4.large"}, {"class": "db.m6g.large"}),
    "aws.rds.instance-idle": Case(
        {"metrics.connections": [{"Maximum": 0.0}] * 150},
        {"metrics.connections": [{"Maximum": 0.0}] * 5},
        {"status": "available", "class": "db.t3.micro"},
    ),
    "aws.dynamodb.recovery-off": Case({"recovery": "DISABLED"}, {"recovery": "ENABLED"}),
    "aws.dynamodb.deletion-unprotected": Case({"deletion_protected": None}, {"deletion_protected": True}),
    "aws.dynamodb.table-oversized": Case(
        {"capacity.read": 500, "capacity.write": 100},
        {"capacity.read": 5, "capacity.write": 5},
        {"billing": "PROVISIONED", "metrics.consumed_reads": [{"Sum": 3600.0}], "metrics.consumed_writes": []},
    ),
    "aws.elasticache.transit-unencrypted": Case({"tls": False}, {"tls": True}),
    "aws.elasticache.failover-off": Case({"failover": "disabled"}, {"failover": "enabled"}),
    "aws.efs.file-system-unencrypted": Case({"configuration": {"Encrypted": False}}, {"configuration": {"Encrypted": True}}),
    "aws.redshift.cluster-public": Case({"configuration": {"PubliclyAccessible": True}}, {"configuration": {"PubliclyAccessible": False}}),
    "aws.redshift.cluster-unencrypted": Case({"configuration": {"Encrypted": False}}, {"configuration": {"Encrypted": True}}),
    "aws.kinesis.stream-unencrypted": Case({"encryption": "NONE"}, {"encryption": "KMS"}),
}
RUNNING_CASES = {
    "aws.lambda.runtime-deprecated": Case({"runtime": "python3.7"}, {"runtime": "python3.13"}),
    "aws.lambda.function-public": Case({"policy": OPEN}, {"policy": None}),
    "aws.lambda.failures-nowhere": Case({"dead_letter": None}, {"dead_letter": "arn:aws:sqs:x"}),
    "aws.elbv2.listener-without-tls": Case({"listeners": [LISTENER]}, {"listeners": []}, others=PLAIN),
    "aws.elbv2.idle": Case(
        {"target_groups": []},
        {"target_groups": [GROUP]},
        {"flavour": "application", "listeners": [LISTENER]},
        others=[*PLAIN, *other("elbv2:target-group", GROUP, targets=[{"Target": {"Id": "i-1"}}])],
    ),
    "aws.elbv2.no-healthy-target": Case(
        {"targets": [{"TargetHealth": {"State": "unhealthy"}}]},
        {"targets": [{"TargetHealth": {"State": "unhealthy"}}, {"TargetHealth": {"State": "healthy"}}]},
    ),
    "aws.ecr.scan-off": Case({"scan_on_push": False}, {"scan_on_push": True}),
    "aws.ecr.tags-mutable": Case({"mutability": "MUTABLE"}, {"mutability": "IMMUTABLE"}),
    "aws.ecr.lifecycle-missing": Case({"lifecycle": None}, {"lifecycle": {"rules": []}}),
    "aws.eks.endpoint-open": Case({"endpoint.cidrs": ["0.0.0.0/0"]}, {"endpoint.cidrs": ["192.0.2.0/24"]}, {"endpoint.public": True}),
    "aws.cloudfront.plain-http-allowed": Case(
        {"behavior": {"ViewerProtocolPolicy": "allow-all"}}, {"behavior": {"ViewerProtocolPolicy": "redirect-to-https"}}
    ),
    "aws.sns.topic-public": Case({"policy": OPEN}, {"policy": NARROWED}),
    "aws.sns.topic-unencrypted": Case({"key": None}, {"key": "alias/aws/sns"}),
    "aws.sqs.queue-public": Case({"policy": OPEN}, {"policy": NARROWED}),
    "aws.sqs.queue-unencrypted": Case({"sse_sqs": "false"}, {"sse_sqs": "true"}, {"key": None}),
    "aws.cloudwatch.alarm-without-actions": Case({"actions.alarm": []}, {"actions.alarm": ["arn:aws:sns:x"]}, {"actions.enabled": True}),
    "aws.cloudwatch.alarm-without-data": Case({"state": "INSUFFICIENT_DATA"}, {"state": "OK"}),
    "aws.logs.retention-unlimited": Case({"retention_days": None}, {"retention_days": 30}, {"bytes": 5}),
    "aws.cloudtrail.logging-off": Case({"logging": False}, {"logging": True}),
    "aws.cloudtrail.validation-off": Case({"validation": False}, {"validation": True}),
    "aws.cloudtrail.key-missing": Case({"key": None}, {"key": "arn:aws:kms:x"}),
    "aws.autoscaling.single-zone": Case({"zones": ["eu-west-1a"]}, {"zones": ["eu-west-1a", "eu-west-1b"]}, {"max": 4}),
}
WITH_OTHERS = {
    "aws.ec2.flow-logs-off": ([*listing("ec2:flow-log")], [*listing("ec2:flow-log", "fl-1"), *other("ec2:flow-log", "fl-1", resource="thing-1")]),
    "aws.iam.user-mfa-missing": (
        other("iam:user-policies", USER, region="", password_since=LONG_AGO, mfa_devices=[]),
        other("iam:user-policies", USER, region="", password_since=LONG_AGO, mfa_devices=["arn:mfa"]),
    ),
    "aws.iam.access-key-old": (
        [
            *other("iam:user-policies", USER, region="", access_keys=["AK1"]),
            *other("iam:access-key", "AK1", region="", status="Active", created=LONG_AGO),
        ],
        [
            *other("iam:user-policies", USER, region="", access_keys=["AK1"]),
            *other("iam:access-key", "AK1", region="", status="Inactive", created=LONG_AGO),
        ],
    ),
    "aws.iam.two-access-keys": (
        [
            *other("iam:user-policies", USER, region="", access_keys=["A", "B"]),
            *other("iam:access-key", "A", status="Active"),
            *other("iam:access-key", "B", status="Active"),
        ],
        [
            *other("iam:user-policies", USER, region="", access_keys=["A", "B"]),
            *other("iam:access-key", "A", status="Active"),
            *other("iam:access-key", "B", status="Inactive"),
        ],
    ),
    "aws.iam.user-own-policies": (
        other("iam:user-policies", USER, region="", inline=[f"{USER}#all"], attached=[]),
        other("iam:user-policies", USER, region="", inline=[], attached=[]),
    ),
    "aws.iam.policy-allows-everything": (
        [*other("iam:policy-version", "thing-1#v1", region="", document=policy({"Effect": "Allow", "Action": "*", "Resource": "*"}))],
        [*other("iam:policy-version", "thing-1#v1", region="", document=policy({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}))],
    ),
    "aws.cloudtrail.no-trail": (
        [*listing("cloudtrail:trail", "t"), *other("cloudtrail:trail", "t", every_region=False)],
        [*listing("cloudtrail:trail", "t"), *other("cloudtrail:trail", "t", every_region=True)],
    ),
    "aws.config.no-recorder": ([*listing("config:recorder")], [*listing("config:recorder", "r"), *other("config:recorder", "r", exists=True)]),
}
OWN: dict[str, dict[str, JsonValue]] = {"aws.iam.policy-allows-everything": {"default_version": "v1"}}
BY_OTHERS = {name: Case(same=OWN.get(name, {}), fault_others=fault, healthy_others=healthy) for name, (fault, healthy) in WITH_OTHERS.items()}


class TestAwsControls(ControlSuite):
    subjects = controls()
    cases = {**S3, **EC2, **IDENTITY_CASES, **DATA, **RUNNING_CASES, **BY_OTHERS}
