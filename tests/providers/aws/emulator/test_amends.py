"""Where the emulator is put right: as AWS keeps a policy, replaces a filter, and lets a stream be made anew."""

from __future__ import annotations

import json

import pytest

from nephoscope_aws.emulator.amends import amend


@pytest.fixture(autouse=True)
def _amended(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    amend()
    amend()  # a second time changes nothing


def test_it_keeps_and_replaces_what_aws_does() -> None:
    import boto3
    from moto import mock_aws

    with mock_aws():
        sqs, logs, tables = (boto3.client(name) for name in ("sqs", "logs", "dynamodb"))
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}]}
        url = sqs.create_queue(QueueName="q", Attributes={"Policy": json.dumps(policy)})["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "5"})
        assert "Policy" in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

        logs.create_log_group(logGroupName="g")
        for pattern in ("ERROR", "error"):
            counted = [{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}]
            logs.put_metric_filter(logGroupName="g", filterName="f", filterPattern=pattern, metricTransformations=counted)
        assert [one["filterPattern"] for one in logs.describe_metric_filters(logGroupName="g")["metricFilters"]] == ["error"]

        key = [{"AttributeName": "id", "KeyType": "HASH"}]
        stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
        known = [{"AttributeName": "id", "AttributeType": "S"}]
        tables.create_table(TableName="t", KeySchema=key, AttributeDefinitions=known, BillingMode="PAY_PER_REQUEST", StreamSpecification=stream)
        tables.update_table(TableName="t", StreamSpecification={"StreamEnabled": False})
        tables.update_table(TableName="t", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
        assert tables.describe_table(TableName="t")["Table"]["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
