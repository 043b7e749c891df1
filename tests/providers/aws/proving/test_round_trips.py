"""From stored replies to an account and back: what was recorded comes out again. And the hands that do it reach nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nephoscope.engine.proving import covers
from nephoscope.interfaces import UsageError
from nephoscope.knowledge.harvest import harvest
from nephoscope.models import Call, Change, Identity, Reply, ResourceRef
from nephoscope.testing.conformance import ProverSuite
from nephoscope_aws.emulator import children
from nephoscope_aws.estate import AwsEstate
from nephoscope_aws.proving import AwsProver, seeders
from nephoscope_aws.proving.__main__ import Copy
from nephoscope_aws.proving.hands import Elsewhere, Hands
from nephoscope_aws.proving.naming import Names

ACCOUNT, REGION = "123456789012", "eu-west-1"
WHO = Identity(cloud="aws", account=ACCOUNT, principal=f"arn:aws:iam::{ACCOUNT}:user/reader", regions=(REGION,))
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:worker"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"
URL = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/jobs"
TRAIL = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/company"
CLUSTER, SERVICE, TASK = (f"arn:aws:ecs:{REGION}:{ACCOUNT}:{rest}" for rest in ("cluster/shop", "service/shop/web", "task-definition/web"))
SCALED = {"ServiceNamespace": "ecs", "ResourceId": "service/shop/web", "ScalableDimension": "ecs:service:DesiredCount"}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
OPEN = {"Version": "2012-10-17", "Statement": [{"Sid": "s", "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": QUEUE}]}
VPC, SUBNET, MACHINE, VOLUME = "vpc-0123456789abcdef1", "subnet-0123456789abcdef1", "i-0123456789abcdef1", "vol-0123456789abcdef1"
GATEWAY, ATTACHED, TABLE_ID = "tgw-0123456789abcdef1", "tgw-attach-0123456789abcdef1", "tgw-rtb-0123456789abcdef1"
BALANCER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/front/0123456789abcdef"
LISTENER = BALANCER.replace(":loadbalancer/", ":listener/") + "/1123456789abcdef"
RULE = LISTENER.replace(":listener/", ":listener-rule/") + "/2123456789abcdef"
ANSWER = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
TABLE_ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/rules"
PIPE = f"arn:aws:pipes:{REGION}:{ACCOUNT}:pipe/feed"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:login-AbCdEf"
ROTATED = {"ARN": SECRET, "Name": "login", "RotationEnabled": True, "RotationLambdaARN": FUNCTION, "RotationRules": {"AutomaticallyAfterDays": 30}}
COPIED = {
    "ID": "all",
    "Priority": 1,
    "Status": "Enabled",
    "Filter": {"And": {"Prefix": "in/", "Tags": [{"Key": "keep", "Value": "yes"}]}},
    "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
    "DeleteMarkerReplication": {"Status": "Disabled"},
    "Destination": {"Bucket": "arn:aws:s3:::scans-copy", "EncryptionConfiguration": {"ReplicaKmsKeyID": KEY}},
}

WAITING = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/11111111-2222-3333-4444-555555555555"
CERTIFICATE: dict[str, Any] = {
    "CertificateArn": WAITING,
    "DomainName": "shop.example.com",
    "SubjectAlternativeNames": ["shop.example.com", "www.example.com"],
    "Status": "PENDING_VALIDATION",
    "DomainValidationOptions": [
        {"DomainName": name, "ResourceRecord": {"Name": f"_{number}.{name}.", "Type": "CNAME", "Value": "_9.acm-validations.aws."}}
        for number, name in enumerate(("shop.example.com", "www.example.com"))
    ],
}


def reply(operation: str, document: Any, params: dict[str, Any] | None = None, number: int = 1) -> Reply:
    service, _, name = operation.partition(":")
    call = Call(id=f"s1.c{number}", identity=WHO, region=REGION, service=service, operation=name, params=params or {})
    return Reply(call=call, status=200, document=document)


def ref(native_type: str, native_id: str) -> ResourceRef:
    return ResourceRef(
        cloud="aws", kind="x", native_type=native_type, native_id=native_id, account=ACCOUNT, region=REGION, name=native_id.rpartition(":")[2]
    )


TABLE: dict[str, tuple[str, str, list[Reply]]] = {
    "queue": (
        "sqs:queue",
        QUEUE,
        [reply("sqs:GetQueueAttributes", {"Attributes": {"QueueArn": QUEUE, "DelaySeconds": "7", "Policy": json.dumps(OPEN)}}, {"QueueUrl": URL, "AttributeNames": ["All"]})],  # noqa: E501
    ),
    "mapping of a function": (
        "lambda:function",
        FUNCTION,
        [
            reply("lambda:GetFunctionConfiguration", {"FunctionArn": FUNCTION, "FunctionName": "worker", "Role": ROLE, "Runtime": "python3.12", "Timeout": 9}, {"FunctionName": "worker"}),  # noqa: E501
            reply("lambda:ListEventSourceMappings", {"EventSourceMappings": [{"UUID": "11111111-2222-3333-4444-555555555555", "EventSourceArn": QUEUE, "FunctionArn": FUNCTION, "State": "Disabled", "BatchSize": 5}]}, {"FunctionName": FUNCTION}, 2),  # noqa: E501
            reply("lambda:GetFunctionConcurrency", {"ReservedConcurrentExecutions": 0}, {"FunctionName": "worker"}, 3),
        ],
    ),
    "mapping of a stream that its table no longer writes": (
        "lambda:function",
        FUNCTION,
        [
            reply("lambda:GetFunctionConfiguration", {"FunctionArn": FUNCTION, "FunctionName": "worker", "Role": ROLE, "KMSKeyArn": KEY}, {"FunctionName": "worker"}),  # noqa: E501
            reply("lambda:ListEventSourceMappings", {"EventSourceMappings": [{"UUID": "11111111-2222-3333-4444-555555555555", "EventSourceArn": f"{TABLE_ARN}/stream/2026-01-01T00:00:00.000", "FunctionArn": FUNCTION, "State": "Enabled", "StartingPosition": "LATEST"}]}, {"FunctionName": "worker"}, 2),  # noqa: E501
            reply("dynamodb:DescribeTable", {"Table": {"TableArn": TABLE_ARN, "TableName": "rules", "LatestStreamArn": f"{TABLE_ARN}/stream/2026-02-02T00:00:00.000", "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}, "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}}}, {"TableName": "rules"}, 3),  # noqa: E501
        ],
    ),
    "pipe that is to rest": (
        "pipes:pipe",
        PIPE,
        [reply("pipes:ListPipes", {"Pipes": [{"Arn": PIPE, "Name": "feed", "Source": QUEUE, "Target": FUNCTION, "DesiredState": "STOPPED", "CurrentState": "STOPPED"}]})],  # noqa: E501
    ),
    "secret that is rotated": ("secretsmanager:secret", SECRET, [reply("secretsmanager:DescribeSecret", ROTATED, {"SecretId": SECRET})]),
    "secret that is no longer rotated": (
        "secretsmanager:secret",
        SECRET,
        [reply("secretsmanager:DescribeSecret", {**ROTATED, "RotationEnabled": False}, {"SecretId": SECRET})],
    ),
    "secret that is rotated, as it is listed": ("secretsmanager:secret", SECRET, [reply("secretsmanager:ListSecrets", {"SecretList": [ROTATED]})]),
    "certificate that waits": (
        "acm:certificate",
        WAITING,
        [reply("acm:DescribeCertificate", {"Certificate": CERTIFICATE}, {"CertificateArn": WAITING})],
    ),
    "bucket whose copies are chosen": (
        "s3:bucket",
        "arn:aws:s3:::scans",
        [reply("s3:GetBucketReplication", {"ReplicationConfiguration": {"Role": ROLE, "Rules": [COPIED]}}, {"Bucket": "scans"})],
    ),
    "role": (
        "iam:role",
        ROLE,
        [
            reply("iam:GetRole", {"Role": {"Arn": ROLE, "RoleName": "worker", "Path": "/", "AssumeRolePolicyDocument": POLICY}}, {"RoleName": "worker"}),  # noqa: E501
            reply("iam:GetRolePolicy", {"RoleName": "worker", "PolicyName": "own", "PolicyDocument": POLICY}, {"RoleName": "worker", "PolicyName": "own"}, 2),  # noqa: E501
        ],
    ),
    "trail with selectors": (
        "cloudtrail:trail",
        TRAIL,
        [
            reply("cloudtrail:DescribeTrails", {"trailList": [{"Name": "company", "TrailARN": TRAIL, "S3BucketName": "trail-files"}]}),
            reply("cloudtrail:GetEventSelectors", {"TrailARN": TRAIL, "EventSelectors": [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "DataResources": []}]}, {"TrailName": TRAIL}, 2),  # noqa: E501
        ],
    ),
    "service that is scaled": (
        "ecs:service",
        SERVICE,
        [
            reply("ecs:DescribeServices", {"services": [{"serviceArn": SERVICE, "serviceName": "web", "clusterArn": CLUSTER, "taskDefinition": f"{TASK}:1", "desiredCount": 2}]}, {"cluster": "shop", "services": ["web"]}),  # noqa: E501
            reply("application-autoscaling:DescribeScalableTargets", {"ScalableTargets": [{**SCALED, "MinCapacity": 2, "MaxCapacity": 4, "ScalableTargetARN": "arn:aws:application-autoscaling:x"}]}, {"ServiceNamespace": "ecs", "ResourceIds": ["service/shop/web"]}, 2),  # noqa: E501
            reply("application-autoscaling:DescribeScalingPolicies", {"ScalingPolicies": [{**SCALED, "PolicyName": "cpu", "PolicyARN": "arn:aws:autoscaling:x", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70.0, "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}}]}, {"ServiceNamespace": "ecs", "ResourceId": "service/shop/web"}, 3),  # noqa: E501
        ],
    ),
    "pool and its client": (
        "cognito-idp:user-pool",
        "eu-west-1_9fKq2LmZa",
        [
            reply("cognito-idp:DescribeUserPool", {"UserPool": {"Id": "eu-west-1_9fKq2LmZa", "Name": "customers"}}, {"UserPoolId": "eu-west-1_9fKq2LmZa"}),  # noqa: E501
            reply("cognito-idp:ListUserPoolClients", {"UserPoolClients": [{"ClientId": "7h3k9d2m5q8r", "ClientName": "web", "UserPoolId": "eu-west-1_9fKq2LmZa"}]}, {"UserPoolId": "eu-west-1_9fKq2LmZa", "MaxResults": 60}, 2),  # noqa: E501
        ],
    ),
    "authorizer": (
        "apigatewayv2:api",
        "abcdefgh",
        [
            reply("apigatewayv2:GetApi", {"ApiId": "abcdefgh", "Name": "orders", "ProtocolType": "HTTP"}, {"ApiId": "abcdefgh"}),
            reply("apigatewayv2:GetAuthorizers", {"Items": [{"AuthorizerId": "a1", "AuthorizerType": "JWT", "Name": "customers", "JwtConfiguration": {"Audience": ["x"], "Issuer": "https://login.example.com/"}}]}, {"ApiId": "abcdefgh"}, 2),  # noqa: E501
        ],
    ),
    "security group": (
        "ec2:security-group",
        "sg-0123456789abcdef0",
        [
            reply(
                "ec2:DescribeSecurityGroups",
                {"SecurityGroups": [{"GroupId": "sg-0123456789abcdef0", "GroupName": "web", "Description": "web", "VpcId": "vpc-0123456789abcdef0", "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}], "IpPermissionsEgress": []}]},  # noqa: E501
                {"GroupIds": ["sg-0123456789abcdef0"]},
            )
        ],
    ),
    "volume and who holds it": (
        "ec2:volume",
        VOLUME,
        [
            reply("ec2:DescribeVolumes", {"Volumes": [{"VolumeId": VOLUME, "AvailabilityZone": "eu-west-1a", "Size": 40, "VolumeType": "gp2", "State": "in-use", "Attachments": [{"InstanceId": MACHINE, "VolumeId": VOLUME, "Device": "/dev/sdf", "State": "attached"}]}]}, {"VolumeIds": [VOLUME]}),  # noqa: E501
            reply("ec2:DescribeInstances", {"Reservations": [{"Instances": [{"InstanceId": MACHINE, "ImageId": "ami-12c6146b", "InstanceType": "t3.micro", "PrivateIpAddress": "10.0.1.9", "VpcId": VPC, "SubnetId": SUBNET, "Placement": {"AvailabilityZone": "eu-west-1a"}, "State": {"Name": "running"}, "SecurityGroups": [], "Tags": [{"Key": "Name", "Value": "db-1"}]}]}]}, {"InstanceIds": [MACHINE]}, 2),  # noqa: E501
        ],
    ),
    "subnet of a network that was never read": (
        "ec2:subnet",
        SUBNET,
        [reply("ec2:DescribeSubnets", {"Subnets": [{"SubnetId": SUBNET, "VpcId": VPC, "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "eu-west-1a", "MapPublicIpOnLaunch": True}]}, {"SubnetIds": [SUBNET]})],  # noqa: E501
    ),
    "attachment, its table and what the table holds": (
        "ec2:transit-gateway-attachment",
        ATTACHED,
        [
            reply("ec2:DescribeTransitGatewayVpcAttachments", {"TransitGatewayVpcAttachments": [{"TransitGatewayAttachmentId": ATTACHED, "TransitGatewayId": GATEWAY, "VpcId": VPC, "SubnetIds": [SUBNET], "State": "available"}]}, {"Filters": [{"Name": "vpc-id", "Values": [VPC]}]}),  # noqa: E501
            reply("ec2:DescribeTransitGatewayAttachments", {"TransitGatewayAttachments": [{"TransitGatewayAttachmentId": ATTACHED, "TransitGatewayId": GATEWAY, "TransitGatewayOwnerId": ACCOUNT, "Association": {"State": "associated", "TransitGatewayRouteTableId": TABLE_ID}}]}, {"TransitGatewayAttachmentIds": [ATTACHED]}, 2),  # noqa: E501
            reply("ec2:SearchTransitGatewayRoutes", {"Routes": [{"DestinationCidrBlock": "10.0.0.0/16", "Type": "propagated", "State": "active", "TransitGatewayAttachments": [{"ResourceId": VPC, "ResourceType": "vpc", "TransitGatewayAttachmentId": ATTACHED}]}, {"DestinationCidrBlock": "10.9.0.0/16", "Type": "static", "State": "blackhole"}]}, {"TransitGatewayRouteTableId": TABLE_ID, "Filters": [{"Name": "state", "Values": ["active", "blackhole"]}]}, 3),  # noqa: E501
            reply("ec2:DescribeVpcs", {"Vpcs": [{"VpcId": VPC, "CidrBlock": "10.0.0.0/16"}]}, {"VpcIds": [VPC]}, 4),
        ],
    ),
    "rules of a listener": (
        "elbv2:listener-rule",
        RULE,
        [
            reply("elbv2:DescribeRules", {"Rules": [{"RuleArn": RULE, "Priority": "7", "IsDefault": False, "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a/*"]}}], "Actions": ANSWER}, {"RuleArn": f"{RULE[:-1]}9", "Priority": "default", "IsDefault": True, "Conditions": [], "Actions": ANSWER}]}, {"ListenerArn": LISTENER}),  # noqa: E501
            reply("elbv2:DescribeListeners", {"Listeners": [{"ListenerArn": LISTENER, "LoadBalancerArn": BALANCER, "Protocol": "HTTP", "Port": 80, "DefaultActions": ANSWER}]}, {"LoadBalancerArn": BALANCER}, 2),  # noqa: E501
            reply("elbv2:DescribeLoadBalancers", {"LoadBalancers": [{"LoadBalancerArn": BALANCER, "LoadBalancerName": "front", "Scheme": "internal", "Type": "application", "VpcId": VPC, "AvailabilityZones": [{"SubnetId": SUBNET}, {"SubnetId": f"{SUBNET[:-1]}9"}]}]}, {"LoadBalancerArns": [BALANCER]}, 3),  # noqa: E501
            reply("ec2:DescribeSubnets", {"Subnets": [{"SubnetId": SUBNET, "VpcId": VPC, "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "eu-west-1a", "MapPublicIpOnLaunch": False}, {"SubnetId": f"{SUBNET[:-1]}9", "VpcId": VPC, "CidrBlock": "10.0.2.0/24", "AvailabilityZone": "eu-west-1b", "MapPublicIpOnLaunch": False}]}, {}, 4),  # noqa: E501
        ],
    ),
    "machines of a group": (
        "autoscaling:group",
        "fleet",
        [
            reply("autoscaling:DescribeAutoScalingGroups", {"AutoScalingGroups": [{"AutoScalingGroupName": "fleet", "MinSize": 0, "MaxSize": 3, "DesiredCapacity": 2, "VPCZoneIdentifier": SUBNET, "LaunchTemplate": {"LaunchTemplateId": "lt-0123456789abcdef0", "Version": "$Latest"}, "Instances": [{"InstanceId": MACHINE, "LifecycleState": "InService", "HealthStatus": "Healthy"}, {"InstanceId": f"{MACHINE[:-1]}9", "LifecycleState": "InService", "HealthStatus": "Healthy"}]}]}, {"AutoScalingGroupNames": ["fleet"]}),  # noqa: E501
        ],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def prover() -> Iterator[AwsProver]:
    one = AwsProver()
    one.warm(WHO)
    yield one
    one.close()


@pytest.mark.parametrize("name", TABLE)
def test_what_was_recorded_comes_out_again(prover: AwsProver, name: str) -> None:
    kind, native_id, replies = TABLE[name]
    tried = prover.attempt(replies, [ref(kind, native_id)], [], [], 300)
    assert not tried.lacking
    assert [one.call.id for one in tried.before] == [one.call.id for one in replies]
    for recorded, there in zip(replies, tried.before, strict=True):
        assert covers(_settings(there), _settings(recorded), re.compile(prover.incidental)), (recorded.document, there.document)
    assert tried.before == tried.after


def _settings(one: Reply) -> Any:
    """What the analyzers read of it."""
    facts = harvest([one], (), {"aws": AwsEstate()}).facts.values()
    return {f"{fact.subject.native_id} {fact.attribute}": fact.value for fact in facts if not fact.known_absent}


class TestAwsProver(ProverSuite):
    """The interface, by the real child."""

    who = WHO
    replies = TABLE["queue"][2]
    thing = ref("sqs:queue", QUEUE)
    change = Change(
        cloud="aws", service="sqs", operation="SetQueueAttributes", region=REGION, params={"QueueUrl": URL, "Attributes": {"DelaySeconds": "0"}}
    )

    @pytest.fixture(autouse=True)
    def _subject(self, prover: AwsProver) -> None:
        self.subject = prover


def test_hands_take_no_other_endpoint() -> None:
    for endpoint in ("https://sqs.eu-west-1.amazonaws.com", "http://127.0.0.1", "http://10.0.0.1:80", "http://localhost:80"):
        with pytest.raises(UsageError):
            Hands(endpoint)


def test_a_request_for_elsewhere_is_not_sent() -> None:
    """Even a client that was turned to another address after it was made."""
    hands = Hands("http://127.0.0.1:9")
    client = hands._client("sqs", REGION, "")
    client.meta.events.register("request-created", lambda request, **_: setattr(request, "url", "http://127.0.0.1:10/"))
    with pytest.raises(Elsewhere, match="not sent"):
        hands.call(Call(identity=WHO, region=REGION, service="sqs", operation="ListQueues"))


def test_the_child_has_nothing_of_who_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real-secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    monkeypatch.setattr(children, "_running", [])
    child = children.forked("proving")
    try:
        environment = Path(f"/proc/{child.pid}/environ").read_bytes()
    finally:
        child.end(5)
        children._running.pop().close()
    assert b"real-secret" not in environment
    assert b"proxy.example" not in environment


def test_names_are_exchanged_both_ways_and_only_whole() -> None:
    names = Names()
    names.learn("vpc-1", "vpc-9")
    assert names.there({"a": ["vpc-1", "vpc-12", "x:vpc-1/y"]}) == {"a": ["vpc-9", "vpc-12", "x:vpc-9/y"]}
    assert names.back(names.there("vpc-1 and vpc-1")) == "vpc-1 and vpc-1"


def test_what_is_needed_and_was_never_read_is_lent_and_taken_back() -> None:
    steps = seeders.plan(TABLE["mapping of a function"][2], [FUNCTION, "worker"], gone=[ROLE]).steps
    made = [str(step["operation"]) for step in steps]
    assert made.index("CreateRole") < made.index("CreateFunction") < made.index("DeleteRole")
    assert made.index("CreateQueue") < made.index("CreateEventSourceMapping")


def test_what_is_told_in_passing_is_built_only_where_nothing_tells_it_in_full() -> None:
    instance = {"InstanceId": "i-1", "SubnetId": "subnet-1", "VpcId": "vpc-1", "PrivateIpAddress": "172.31.7.9", "State": {"Name": "running"}}
    machines = reply("ec2:DescribeInstances", {"Reservations": [{"Instances": [instance]}]})
    subnet = {"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "172.31.0.0/20"}
    alone, together = (
        {str(step["operation"]): step["params"] for step in seeders.plan(replies, ["i-1"]).steps}
        for replies in ([machines], [machines, reply("ec2:DescribeSubnets", {"Subnets": [subnet]}, number=2)])
    )
    assert alone["CreateSubnet"]["CidrBlock"] == "172.31.7.0/24"  # type: ignore[index, call-overload]
    assert alone["CreateVpc"]["CidrBlock"] == "172.31.0.0/16"  # type: ignore[index, call-overload]
    assert together["CreateSubnet"]["CidrBlock"] == "172.31.0.0/20"  # type: ignore[index, call-overload]


def test_every_row_speaks_of_a_kind_and_an_operation_that_exist() -> None:
    from nephoscope_aws.wire.models import operation_model

    types = AwsEstate().types
    for one in seeders.seeders():
        assert one.kind in types, one.kind
        assert set(one.with_) <= set(types)
        service, _, operation = one.do.rpartition(":")
        assert operation_model(service or one.service, operation), one.do
        assert all(operation_model(one.service, name) for name in one.from_), one.from_
    assert all(operation_model(one.service, one.do) for one in seeders.stand_ins())


def test_an_identifier_that_is_a_path_goes_by_its_end_too() -> None:
    names = Names()
    names.learn("/hostedzone/Z1", "/hostedzone/Z2")
    assert names.there({"HostedZoneId": "Z1", "Id": "/hostedzone/Z1", "Other": "xZ1"}) == {
        "HostedZoneId": "Z2",
        "Id": "/hostedzone/Z2",
        "Other": "xZ1",
    }
    assert names.back("/hostedzone/Z2#www.#A") == "/hostedzone/Z1#www.#A"


def test_an_identifier_is_spelt_otherwise_for_its_own_service_alone() -> None:
    sent: list[Call] = []

    class Noting:
        def call(self, call: Call, _account: str = "") -> Reply:
            sent.append(call)
            return Reply(call=call, status=200, document={})

    changes = [{"service": service, "operation": "X", "params": {"Key": KEY}} for service in ("kms", "s3")]
    Copy(Noting(), ACCOUNT, REGION).change(changes, seeders.spellings())  # type: ignore[arg-type]
    assert [call.params["Key"] for call in sent] == [KEY.rpartition("/")[2], KEY]
