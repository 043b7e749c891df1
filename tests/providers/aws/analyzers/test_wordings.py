"""What people on call type and paste, on one account with four planted faults: the words must lead to the right one."""

from __future__ import annotations

# ruff: noqa: E501 - what people paste is long
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from harness import ACCOUNT, REGION, Account
from moto import mock_aws

from nephoscope.engine.verdict import diagnose
from nephoscope_aws.analyzers.access import AccessAnalyzer
from nephoscope_aws.analyzers.reachability import ReachabilityAnalyzer

ANALYZERS = [ReachabilityAnalyzer(), AccessAnalyzer()]
OPEN, HOME = "0.0.0.0/0", "203.0.113.10"
CLOSED, SOURCE, STOPPED = "aws.ec2.security-group-port-closed", "aws.ec2.security-group-source-mismatch", "aws.rds.stopped"
BUCKET, MISSING, TRUST = "aws.s3.bucket-policy-denies", "aws.iam.identity-allow-missing", "aws.iam.trust"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@cache
def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing")


class Local(Account):
    """Emulated in this process; everything is in one region."""

    def client(self, service: str, region: str = REGION) -> Any:
        return client(service)


def network(ec2: Any, rds: Any) -> dict[str, str]:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]["SubnetId"]
        for n, zone in ((1, "a"), (2, "b"))
    ]
    ec2.modify_subnet_attribute(SubnetId=subnets[0], MapPublicIpOnLaunch={"Value": True})
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[0])
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=OPEN, GatewayId=gateway)
    found = {}
    for name, port, block in (("web-1", 80, OPEN), ("Bastion", 22, "198.51.100.0/24"), ("app-1", 80, "10.0.0.0/16"), ("db", 5432, "10.0.0.0/16")):
        group = ec2.create_security_group(GroupName=f"{name}-sg", Description=name, VpcId=vpc)["GroupId"]
        rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": block}]}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
        if name == "db":
            rds.create_db_subnet_group(DBSubnetGroupName="data", DBSubnetGroupDescription="data", SubnetIds=subnets)
            rds.create_db_instance(DBInstanceIdentifier="orders-db", Engine="postgres", DBInstanceClass="db.t3.micro", AllocatedStorage=20,
                                   MasterUsername="u", MasterUserPassword="not-a-secret-1", VpcSecurityGroupIds=[group], DBSubnetGroupName="data")  # fmt: skip
            found["db_host"] = rds.stop_db_instance(DBInstanceIdentifier="orders-db")["DBInstance"]["Endpoint"]["Address"]
            continue
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
        made = ec2.run_instances(
            ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=subnets[0], SecurityGroupIds=[group], TagSpecifications=tags
        )
        instance = ec2.describe_instances(InstanceIds=[made["Instances"][0]["InstanceId"]])["Reservations"][0]["Instances"][0]
        found |= {f"{name[:3].lower()}_public": instance["PublicIpAddress"], f"{name[:3].lower()}_private": instance["PrivateIpAddress"]}
    return found


def permissions() -> None:
    s3, iam, function, table, queue = (client(name) for name in ("s3", "iam", "lambda", "dynamodb", "sqs"))
    s3.create_bucket(Bucket="releases", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_policy(
        Bucket="releases", Policy=document({"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::releases/*"})
    )
    everything = document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    iam.create_user(UserName="ci")
    iam.put_user_policy(UserName="ci", PolicyName="p", PolicyDocument=everything)
    trusts = {
        "deploy": {"Service": "ec2.amazonaws.com"},
        "saver-role": {"Service": "lambda.amazonaws.com"},
        "ProdAdmin": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/deploy"},
    }
    for name, principal in trusts.items():
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}))
    iam.put_role_policy(RoleName="deploy", PolicyName="p", PolicyDocument=everything)
    iam.put_role_policy(
        RoleName="saver-role", PolicyName="p", PolicyDocument=document({"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*"})
    )
    function.create_function(
        FunctionName="saver", Runtime="python3.12", Role=f"arn:aws:iam::{ACCOUNT}:role/saver-role", Handler="a.b", Code={"ZipFile": b"x"}
    )
    key = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}
    table.create_table(TableName="Orders", BillingMode="PAY_PER_REQUEST", **key)
    queue.create_queue(QueueName="jobs")


@pytest.fixture(scope="module")
def names() -> Iterator[dict[str, str]]:
    with mock_aws():
        permissions()
        yield network(client("ec2"), client("rds"))


USER = f"User: arn:aws:iam::{ACCOUNT}:user/ci is not authorized to perform:"
SESSION = f"User: arn:aws:sts::{ACCOUNT}:assumed-role"
WORDINGS = [
    *((CLOSED, text) for text in (
        "https://web-1 does not load", "https://web-1/login times out", "curl https://web-1:443/health hangs", "web-1 is not answering on https",
        "cannot open https on web-1", "users get a timeout on web-1:443", "port 443 of web-1 seems closed", "TLS connections to web-1 hang",
        "our site on web-1 is down over https", "nc -vz web-1 443 times out", "can't reach {web_public} on port 443",
        "http works but https to web-1 does not",
        "requests.exceptions.ConnectTimeout: HTTPSConnectionPool(host='web-1', port=443): Max retries exceeded",
    )),
    *((SOURCE, text) for text in (
        f"ssh from {HOME} to our bastion times out", f"I cannot ssh into Bastion from {HOME}", f"ssh ec2-user@bastion from {HOME}: Connection timed out",
        f"{HOME} -> Bastion:22 timeout", f"ssh: connect to host bastion port 22: Connection timed out (coming from {HOME})",
    )),
    *((STOPPED, text) for text in (
        "app-1 cannot talk to the database", "app server app-1 can't reach orders-db", "psql hangs on app-1 when connecting to orders-db",
        "psql: could not connect to server: Connection timed out. Is the server running on host {db_host} and accepting TCP/IP connections? (from app-1)",
        "app-1 cannot connect to {db_host}:5432", "postgres://{db_host}:5432/orders is unreachable from app-1",
        "{app_private} cannot connect to database orders-db", "SQLSTATE[08006] timeout expired connecting to orders-db from app-1",
        "app-1 lost its connection to the postgres orders-db", "connection refused from orders-db on app-1",
    )),
    *((BUCKET, text) for text in (
        f'{USER} s3:PutObject on resource: "arn:aws:s3:::releases/app.zip" with an explicit deny in a resource-based policy',
        "ci user can't upload to releases since yesterday", "deploy role can't upload to the releases bucket since yesterday",
        "upload failed: ./app.zip to s3://releases/app.zip An error occurred (AccessDenied) when calling the PutObject operation (role deploy)",
        "role deploy: PutObject on releases denied", "403 Forbidden when ci puts files into releases", "ci is not allowed to write to bucket Releases any more",
        f'An error occurred (AccessDenied): {SESSION}/deploy/i-0abc is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::releases/x"',
    )),
    *((MISSING, text) for text in (
        "the lambda saver cannot write to the table Orders any more", "function saver gets AccessDeniedException on PutItem to Orders",
        f"An error occurred (AccessDeniedException) when calling the PutItem operation: {SESSION}/saver-role/saver is not authorized to perform: "
        f"dynamodb:PutItem on resource: arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/Orders because no identity-based policy allows the action",
        "our lambda cannot write to the table any more, access denied", "role deploy is not authorized to perform sqs:SendMessage on jobs",
    )),
    *((TRUST, text) for text in (
        f"An error occurred (AccessDenied) when calling the AssumeRole operation: {USER} sts:AssumeRole on resource: arn:aws:iam::{ACCOUNT}:role/ProdAdmin",
        "user ci cannot assume ProdAdmin", "ci can't assume role prodadmin",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("cause", "text"), WORDINGS, ids=[text[:70] for _, text in WORDINGS])
def test_the_words_lead_to_the_fault(cause: str, text: str, names: dict[str, str]) -> None:
    account = Local("")
    view, findings = account.investigate(ANALYZERS, account.understand(text.format(**names)))
    diagnosis = diagnose(view, findings, lambda mended: [one for analyzer in ANALYZERS for one in analyzer.analyze(mended)])
    told = [(entity.text, [ref.label for ref in entity.matches]) for entity in view.problem.entities]
    assert diagnosis.verdict == "confirmed", (view.problem.symptom, told)
    assert any(one.cause.startswith(cause) for one in diagnosis.causes), [one.cause for one in diagnosis.causes]
