"""The account under attack: one or two of everything, with secrets in all the places where people leave them."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from cloud import ACCOUNT, REGION, Cloud

FOREIGN = "999988887777"
SECRETS: Mapping[str, str] = {
    "function environment": "pR7wQz2mLk9vXt4bNc8sHf3j",
    "plain password": "Winter-Storm-2026!x",
    "url userinfo": "sx9Kq2vRt7LmBn4w",
    "user data": "uDq8ZrT5yWk3PxN7cVb2",
    "task environment": "tE4vHs9KmQ2zLw8RxJ6n",
    "log line": "lG7nXc3VbM5kQp9WsZ2t",
    "log access key": "AKIA4QZ7XWN2LKVB9RTC",
    "log bearer": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbmEifQ.dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "object body": "oB6mYt8QwR3xKz5VnL9c",
    "secure parameter": "sP3kVw7ZtN9xQm2LrB8y",
    "secret string": "sS5tRn8XqL2vWk6ZmP4b",
    "stack parameter": "kP9zLm4VxQ7wTn2RbS6c",
    "template": "tM2wQx6KvR8zLn5PtB3y",
    "tag": "ghp_Zk4Tq8Wn2Xv6Rm9Lb3Ys7Pc5Jd1Hf0Gt2Kw",
    "private key": "MIIEowIBAAKCAQEAq7Zt3Kx9Vn2Lw5Rm8Qb4Ys6Pc1Jd",
    "database password": "dB8xNq4WvT6zKm2LrP9s",
    "queue text": "qM7tZx3KvW9nLr5PbS2c",
    "item": "iT5wVn9QzK3xRm7LpB4s",
    "description": "dS6vKt2ZxN8wQm4RlP9b",
    "wrapped log line": "Autumn-Rain-2026!q",
    "compressed user data": "cU4wZn8KtR2vXm6LqB9s",
    "command argument": "Spring-Mud-2026!w",
    "connection string": "cN7sLx3VtQ9wKm5RzB2p",
    "nested variable": "nV5tXz8KwR3qLm7PbS4c",
    "machine definition": "mD9vKx2ZtN6wQr4LmP8b",
}
KEPT = {
    "role": f"arn:aws:iam::{ACCOUNT}:role/worker",
    "bucket": "orders-in",
    "function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:resize",
    "filter prefix": "incoming/2026/",
    "block": "10.42.0.0/16",
    "table variable": "orders-table",
    "statement": "AllowOrders",
    "host": "orders-db.internal.example.com",
}
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


def seed(cloud: Cloud) -> dict[str, str]:
    """Fill the account; ids that scripts need by name."""
    client = cloud.client
    ids = {**_servers(client), **_functions(client)}
    _storage(client, ids)
    _messages(client, ids)
    _secrets(client, ids)
    _stacks_and_tasks(client)
    _logs(client)
    _disguises(client)
    foreign = cloud.client("s3", FOREIGN)
    foreign.create_bucket(Bucket="not-ours", CreateBucketConfiguration={"LocationConstraint": REGION})
    foreign.put_object(Bucket="not-ours", Key="drop", Body=b"x")
    cloud.forget()
    return ids


def _servers(client: Callable[[str], Any]) -> dict[str, str]:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock=KEPT["block"])["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.42.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="web", Description=f"token={SECRETS['description']}", VpcId=vpc)["GroupId"]
    user_data = f"#!/bin/bash\nexport DB_PASSWORD={SECRETS['user data']}\ncat <<K\n-----BEGIN RSA PRIVATE KEY-----\n{SECRETS['private key']}\n"
    tags = [{"Key": "Name", "Value": "web-1"}, {"Key": "deploy", "Value": SECRETS["tag"]}]
    instance = ec2.run_instances(
        ImageId="ami-12345678",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet,
        UserData=user_data,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )["Instances"][0]["InstanceId"]
    iam = client("iam")
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(TRUST))
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": KEPT["statement"], "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::orders-in/*"}],
    }
    iam.put_role_policy(RoleName="worker", PolicyName="orders", PolicyDocument=json.dumps(policy))
    iam.create_user(UserName="ana")
    return {"vpc": vpc, "subnet": subnet, "group": group, "instance": instance}


def _functions(client: Callable[[str], Any]) -> dict[str, str]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("f.py", "def handler(event, context):\n    return event\n")
    variables = {
        "SESSION_SALT": SECRETS["function environment"], "ADMIN_PASSWORD": SECRETS["plain password"], "TABLE_NAME": KEPT["table variable"],
        "DATABASE_URL": f"postgres://app:{SECRETS['url userinfo']}@{KEPT['host']}:5432/orders",
    }  # fmt: skip
    client("lambda").create_function(
        FunctionName="resize", Runtime="python3.11", Role=KEPT["role"], Handler="f.handler", Code={"ZipFile": packed.getvalue()},
        Environment={"Variables": variables}, Description=f"api_key={SECRETS['description']}",
    )  # fmt: skip
    return {}


def _storage(client: Callable[[str], Any], ids: dict[str, str]) -> None:
    s3 = client("s3")
    for bucket in ("orders-in", "orders-out"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="orders-in", Key="incoming/2026/one.json", Body=json.dumps({"apiKey": SECRETS["object body"]}).encode())
    s3.put_bucket_tagging(Bucket="orders-in", Tagging={"TagSet": [{"Key": "deploy-token", "Value": SECRETS["tag"]}]})
    rule = {"Key": {"FilterRules": [{"Name": "prefix", "Value": KEPT["filter prefix"]}]}}
    s3.put_bucket_notification_configuration(
        Bucket="orders-in",
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [{"LambdaFunctionArn": KEPT["function"], "Events": ["s3:ObjectCreated:*"], "Filter": rule}]
        },
    )
    table = client("dynamodb")
    table.create_table(
        TableName="orders-table", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    table.put_item(TableName="orders-table", Item={"id": {"S": "1"}, "token": {"S": SECRETS["item"]}})
    client("rds").create_db_instance(
        DBInstanceIdentifier="orders-db", DBInstanceClass="db.t3.micro", Engine="postgres", MasterUsername="app",
        MasterUserPassword=SECRETS["database password"], AllocatedStorage=20,
    )  # fmt: skip


def _messages(client: Callable[[str], Any], ids: dict[str, str]) -> None:
    sqs = client("sqs")
    ids["queue"] = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    sqs.send_message(QueueUrl=ids["queue"], MessageBody=f"token={SECRETS['queue text']}")
    ids["topic"] = client("sns").create_topic(Name="alerts")["TopicArn"]
    client("events").put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    client("cloudwatch").put_metric_alarm(
        AlarmName="errors", MetricName="Errors", Namespace="AWS/Lambda", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip


def _secrets(client: Callable[[str], Any], ids: dict[str, str]) -> None:
    ids["key"] = client("kms").create_key(Description="orders")["KeyMetadata"]["KeyId"]
    blob = client("kms").encrypt(KeyId=ids["key"], Plaintext=b"hello")["CiphertextBlob"]
    ids["ciphertext"] = base64.b64encode(blob).decode()
    client("ssm").put_parameter(Name="/orders/password", Type="SecureString", Value=SECRETS["secure parameter"])
    client("ssm").put_parameter(Name="/orders/table", Type="String", Value=KEPT["table variable"])
    ids["secret"] = client("secretsmanager").create_secret(Name="orders/db", SecretString=SECRETS["secret string"])["ARN"]
    client("ecr").create_repository(repositoryName="resize")


def _stacks_and_tasks(client: Callable[[str], Any]) -> None:
    template = {
        "AWSTemplateFormatVersion": "2010-09-09", "Parameters": {"DbPassword": {"Type": "String"}},
        "Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "stacked", "Tags": [{"Key": "token", "Value": SECRETS["template"]}]}}},  # noqa: E501
    }  # fmt: skip
    client("cloudformation").create_stack(
        StackName="orders",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": "DbPassword", "ParameterValue": SECRETS["stack parameter"]}],
    )
    ecs = client("ecs")
    ecs.create_cluster(clusterName="main")
    environment = [{"name": "API_TOKEN", "value": SECRETS["task environment"]}, {"name": "QUEUE_NAME", "value": "jobs"}]
    ecs.register_task_definition(family="api", containerDefinitions=[{"name": "api", "image": "resize:1", "memory": 64, "environment": environment}])


def _logs(client: Callable[[str], Any]) -> None:
    import time

    logs = client("logs")
    logs.create_log_group(logGroupName="/aws/lambda/resize")
    logs.create_log_stream(logGroupName="/aws/lambda/resize", logStreamName="one")
    lines = [
        f"connecting with password={SECRETS['log line']} to {KEPT['host']}", f"key {SECRETS['log access key']} was used",
        f"Authorization: Bearer {SECRETS['log bearer']}", f"AccessDenied for {KEPT['role']}",
    ]  # fmt: skip
    now = int(time.time() * 1000)
    logs.put_log_events(logGroupName="/aws/lambda/resize", logStreamName="one", logEvents=[{"timestamp": now, "message": line} for line in lines])


def _disguises(client: Callable[[str], Any]) -> None:
    """Secrets in wrappings: compressed, encoded, escaped, in the middle of something else."""
    import gzip
    import time
    from urllib.parse import quote

    script = f"#!/bin/bash\nexport DB_PASSWORD={SECRETS['compressed user data']}\n"
    data = base64.b64encode(gzip.compress(script.encode())).decode()
    client("ec2").create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"InstanceType": "t3.micro", "UserData": data})
    client("ssm").put_parameter(
        Name="/orders/dsn", Type="String", Value=f"Server=db;Database=orders;User Id=app;Password={SECRETS['connection string']};"
    )
    container = {"name": "job", "image": "resize:1", "memory": 64, "command": ["serve", "--password", SECRETS["command argument"]]}
    client("ecs").register_task_definition(family="job", containerDefinitions=[container])
    variables = {"CONFIG": json.dumps({"db": {"user": "app", "password": SECRETS["nested variable"]}, "table": "orders-table"})}
    current = client("lambda").get_function_configuration(FunctionName="resize")["Environment"]["Variables"]
    client("lambda").update_function_configuration(FunctionName="resize", Environment={"Variables": {**current, **variables}})
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"api_key": SECRETS["machine definition"]}, "End": True}}}
    client("stepfunctions").create_state_machine(name="orders", roleArn=KEPT["role"], definition=json.dumps(definition))
    body = json.dumps({"user": "ana", "password": SECRETS["wrapped log line"]})
    lines = [
        f"event body {base64.b64encode(body.encode()).decode()} received", f"POST /login?next={quote(body, safe='')} 200",
        f"hex {body.encode().hex()} end",
        json.dumps({"request": json.dumps({"body": body})}), f"<login><password>{SECRETS['wrapped log line']}</password></login>",
        f"your password is {SECRETS['wrapped log line']} today", f"packed {base64.b64encode(gzip.compress(body.encode())).decode()} end",
    ]  # fmt: skip
    now = int(time.time() * 1000)
    client("logs").create_log_stream(logGroupName="/aws/lambda/resize", logStreamName="two")
    client("logs").put_log_events(
        logGroupName="/aws/lambda/resize", logStreamName="two", logEvents=[{"timestamp": now, "message": line} for line in lines]
    )


LISTERS: Mapping[str, Callable[[Callable[[str], Any]], Any]] = {
    "instances": lambda of: [
        [(i["InstanceId"], i["State"], i.get("Tags")) for i in r["Instances"]] for r in of("ec2").describe_instances()["Reservations"]
    ],
    "networks": lambda of: [
        of("ec2").describe_vpcs(),
        of("ec2").describe_subnets(),
        of("ec2").describe_security_groups(),
        of("ec2").describe_volumes(),
    ],
    "elastic": lambda of: [of("ec2").describe_addresses(), of("ec2").describe_snapshots(OwnerIds=["self"]), of("ec2").describe_key_pairs()],
    "iam": lambda of: of("iam").get_account_authorization_details(Filter=["User", "Role", "Group", "LocalManagedPolicy"]),
    "access keys": lambda of: [of("iam").list_access_keys(UserName="ana"), of("iam").list_attached_role_policies(RoleName="worker")],
    "buckets": lambda of: [of("s3").list_buckets()["Buckets"], *[_bucket(of("s3"), name) for name in ("orders-in", "orders-out")]],
    "functions": lambda of: of("lambda").list_functions(),
    "function": lambda of: [of("lambda").get_function_configuration(FunctionName="resize"), of("lambda").list_event_source_mappings()],
    "queues": lambda of: [
        of("sqs").list_queues(),
        of("sqs").get_queue_attributes(QueueUrl=of("sqs").get_queue_url(QueueName="jobs")["QueueUrl"], AttributeNames=["All"]),
    ],
    "topics": lambda of: [of("sns").list_topics(), of("sns").list_subscriptions()],
    "rules": lambda of: [of("events").list_rules(), of("events").list_targets_by_rule(Rule="nightly")],
    "alarms": lambda of: of("cloudwatch").describe_alarms(),
    "tables": lambda of: [of("dynamodb").list_tables(), of("dynamodb").scan(TableName="orders-table")],
    "databases": lambda of: [of("rds").describe_db_instances(), of("rds").describe_db_snapshots()],
    "keys": lambda of: [of("kms").list_keys(), of("kms").list_grants(KeyId=of("kms").list_keys()["Keys"][0]["KeyId"])],
    "secrets": lambda of: [
        (s["Name"], s.get("DeletedDate"), s.get("SecretVersionsToStages")) for s in of("secretsmanager").list_secrets()["SecretList"]
    ],
    "parameters": lambda of: of("ssm").get_parameters_by_path(Path="/", Recursive=True, WithDecryption=True),
    "stacks": lambda of: of("cloudformation").describe_stacks(),
    "tasks": lambda of: [of("ecs").list_clusters(), of("ecs").list_task_definitions(), of("ecs").list_services(cluster="main")],
    "images": lambda of: of("ecr").describe_repositories(),
    "groups": lambda of: [of("logs").describe_log_groups(), of("logs").filter_log_events(logGroupName="/aws/lambda/resize")],
}
"""What is compared before and after. It sees everything that the corpus tries to change."""


def _bucket(s3: Any, name: str) -> Any:
    bodies = {}
    for item in s3.list_objects_v2(Bucket=name).get("Contents", []):
        bodies[item["Key"]] = s3.get_object(Bucket=name, Key=item["Key"])["Body"].read().decode("latin-1")
    return bodies, s3.get_bucket_notification_configuration(Bucket=name), s3.get_bucket_acl(Bucket=name)
