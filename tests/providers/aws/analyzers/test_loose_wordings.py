"""Chatty, terse, misspelt and misleading words on one account with seven planted faults: they must lead to the right one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from harness import ACCOUNT, REGION, Account
from moto import mock_aws

from nephoscope.engine.analysis import Analysis
from nephoscope.engine.verdict import diagnose
from nephoscope_aws.analyzers.every import ANALYZERS

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:"


@cache
def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing")


class Local(Account):
    """Emulated in this process; everything is in one region."""

    def client(self, service: str, region: str = REGION) -> Any:
        return client(service)


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def notify(bucket: str, function: str, *, permitted: bool, suffix: str = "") -> None:
    if permitted:
        client("lambda").add_permission(
            FunctionName=function, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com", SourceArn=f"arn:aws:s3:::{bucket}"
        )
    entry: dict[str, Any] = {"LambdaFunctionArn": f"{FUNCTION}{function}", "Events": ["s3:ObjectCreated:*"]}
    if suffix:
        entry["Filter"] = {"Key": {"FilterRules": [{"Name": "suffix", "Value": suffix}]}}
    client("s3").put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [entry]})


def deliveries() -> None:
    for bucket in ("acme-invoices-prod", "acme-invoices-staging", "media-incoming", "analytics-raw"):
        client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    trust = document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})
    role = client("iam").create_role(RoleName="app-exec", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    everything = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
    client("iam").put_role_policy(RoleName="app-exec", PolicyName="p", PolicyDocument=everything)
    for name in ("invoice-processor", "invoice-archiver", "make-thumbnails", "nightly-report", "PaymentWorker"):
        client("lambda").create_function(FunctionName=name, Runtime="python3.12", Role=role, Handler="a.b", Code={"ZipFile": b"x"})
    notify("acme-invoices-prod", "invoice-processor", permitted=False)
    notify("media-incoming", "make-thumbnails", permitted=True, suffix=".jpg")
    client("events").put_rule(Name="nightly-trigger", ScheduleExpression="cron(0 2 * * ? *)", State="DISABLED")
    client("events").put_targets(Rule="nightly-trigger", Targets=[{"Id": "1", "Arn": f"{FUNCTION}nightly-report"}])
    client("lambda").add_permission(
        FunctionName="nightly-report", StatementId="events", Action="lambda:InvokeFunction", Principal="events.amazonaws.com",
        SourceArn=f"arn:aws:events:{REGION}:{ACCOUNT}:rule/nightly-trigger",
    )  # fmt: skip
    for name in ("payments", "payments-dlq", "parcels"):
        client("sqs").create_queue(QueueName=name)
    mapping = client("lambda").create_event_source_mapping(EventSourceArn=f"{QUEUE}payments", FunctionName="PaymentWorker", Enabled=False)
    client("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    topic = client("sns").create_topic(Name="order-events")["TopicArn"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUE}billing-feed")
    client("iam").create_user(UserName="jenkins")
    client("iam").put_user_policy(UserName="jenkins", PolicyName="p", PolicyDocument=everything)
    denied = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::analytics-raw/*"}
    client("s3").put_bucket_policy(Bucket="analytics-raw", Policy=document(denied))


def shop() -> dict[str, str]:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    group = ec2.create_security_group(GroupName="shop", Description="shop", VpcId=vpc)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "shop-web-1"}, {"Key": "team", "Value": "storefront"}]}]
    made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=subnet, SecurityGroupIds=[group], TagSpecifications=tags)
    instance = ec2.describe_instances(InstanceIds=[made["Instances"][0]["InstanceId"]])["Reservations"][0]["Instances"][0]
    return {"ip": instance["PublicIpAddress"], "id": instance["InstanceId"], "dns": instance["PublicDnsName"]}


@pytest.fixture(scope="module")
def names() -> Iterator[dict[str, str]]:
    with mock_aws():
        deliveries()
        yield shop()


PERMISSION, FILTER, RULE = "aws.lambda.permission-missing", "aws.s3.notification-filter-mismatch", "aws.events.rule-disabled"
MAPPING, ENDPOINT, POLICY, PORT = "event-source-mapping-disabled", "subscription-endpoint", "aws.s3.bucket-policy-denies", "port-closed"
WORDINGS = [
    *((PERMISSION, text) for text in (
        "hey, quick one - since about 3pm nobody's invoices get processed?? we drop PDFs in the invoices bucket and nothing happens",
        "invoice procesor doesnt fire when files land in acme invoices prod",
        "Invoice-Procesor not triggered by acme-invoice-prod",
        "I think the invoice-processor code is broken, it never logs anything when a new invoice is uploaded to acme-invoices-prod",
        "the invoice processor is asleep", "invoices are not being processed", "invoice proccessing is dead since 15:00 UTC",
        "no logs from invoice-processor since the migration",
        "invoice-processor seems to have a network problem, nothing gets processed when files are put in acme-invoices-prod",
        "s3://acme-invoices-prod/in/a.pdf uploaded, lambda not invoked",
    )),
    *((FILTER, text) for text in (
        "png uploads to media-incoming don't get thumbnails, jpg ones do", "PNGs uploaded into media incoming get no thumbnail",
    )),
    *((RULE, text) for text in (
        "The nightly report hasn't shown up for 3 days", "no report in my inbox this morning, the nightly job seems dead",
        "The report which should be generated at 2am every night was not generated", "we miss the nightly report", "nightly_trigger rule broken",
    )),
    *((MAPPING, text) for text in (
        "payments are piling up", "payment-worker not consuming", "the sqs queue for payments has a growing backlog, lambda timeout maybe?",
        "ApproximateAgeOfOldestMessage alarm on payments keeps rising", "payments not processed since the deploy of PaymentWorker; i suspect IAM",
    )),
    *((ENDPOINT, text) for text in (
        "order events do not arrive at the billing queue", "nobody gets the order events anymore", "messages published to order-events vanish",
    )),
    *((POLICY, text) for text in (
        "jenkins upload -> 403 on analytics raw bucket", "why can jenkins read but not write analytics-raw?",
        "acces denied for jenkins in analytics-raw when putting objects", "access denied uploading to the analytics bucket as jenkins",
    )),
    *((PORT, text) for text in (
        "shop-web-1 unreachable on 443", "the shop is not loading in the browser (https)", "shop web 1 https times out",
        "can't open https://{dns}/", "{id} does not answer https from the internet", "ERR_CONNECTION_TIMED_OUT on https://{ip}/",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("cause", "text"), WORDINGS, ids=[text[:60] for _, text in WORDINGS])
def test_the_words_lead_to_the_fault(cause: str, text: str, names: dict[str, str]) -> None:
    analysis = Analysis([analyzer() for analyzer in ANALYZERS])

    class Everything:
        @staticmethod
        def analyze(view: Any) -> Any:
            return analysis(view)

    account = Local("")
    view, findings = account.investigate([Everything], account.understand(text.format(**names)))
    diagnosis = diagnose(view, findings, analysis)
    told = [(entity.text, [ref.label for ref in entity.matches]) for entity in view.problem.entities]
    found = [one.cause for one in diagnosis.causes]
    assert any(cause in one for one in found), (view.problem.symptom, told, diagnosis.verdict, found)
