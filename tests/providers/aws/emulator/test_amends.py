"""Where the emulator is put right: as AWS keeps a policy, replaces a filter, and lets a stream be made anew; finds mappings, and has pipes rest."""

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


def test_a_pipe_stays_in_the_state_that_it_is_to_have() -> None:
    import boto3
    from moto import mock_aws

    with mock_aws():
        pipes = boto3.client("pipes")
        for state in ("STOPPED", "RUNNING"):
            role = "arn:aws:iam::123456789012:role/r"
            pipes.create_pipe(Name=state, Source="arn:aws:sqs:::a", Target="arn:aws:sqs:::b", RoleArn=role, DesiredState=state)
        for _ in range(3):
            assert {one["Name"]: one["CurrentState"] for one in pipes.list_pipes()["Pipes"]} == {"STOPPED": "STOPPED", "RUNNING": "RUNNING"}
        pipes.start_pipe(Name="STOPPED")
        assert pipes.describe_pipe(Name="STOPPED")["CurrentState"] == "RUNNING"


def test_a_replication_reads_as_it_was_put() -> None:
    import boto3
    from moto import mock_aws

    with mock_aws():
        buckets = boto3.client("s3")
        buckets.create_bucket(Bucket="scans", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        buckets.put_bucket_versioning(Bucket="scans", VersioningConfiguration={"Status": "Enabled"})
        base = {"Status": "Enabled", "DeleteMarkerReplication": {"Status": "Enabled"}, "Destination": {"Bucket": "arn:aws:s3:::c"}}
        rules = [
            {**base, "ID": "one", "Priority": 1, "Filter": {"Prefix": ""}},
            {**base, "ID": "two", "Priority": 2, "Filter": {"Tag": {"Key": "k", "Value": "v"}}},
            {**base, "ID": "three", "Priority": 3, "Filter": {"And": {"Prefix": "p/", "Tags": [{"Key": "k", "Value": "v"}]}}},
        ]
        buckets.put_bucket_replication(Bucket="scans", ReplicationConfiguration={"Role": "arn:aws:iam::123456789012:role/r", "Rules": rules})
        assert buckets.get_bucket_replication(Bucket="scans")["ReplicationConfiguration"]["Rules"] == rules


def test_a_certificate_is_issued_once_its_records_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3
    from moto import mock_aws, settings

    monkeypatch.setattr(settings, "ACM_VALIDATION_WAIT", -1)  # that it was waited for issues none
    with mock_aws():
        certificates, names = boto3.client("acm"), boto3.client("route53")
        arn = certificates.request_certificate(DomainName="shop.example.com", ValidationMethod="DNS")["CertificateArn"]
        waiting = certificates.describe_certificate(CertificateArn=arn)["Certificate"]
        assert waiting["Status"] == "PENDING_VALIDATION"
        zone = names.create_hosted_zone(Name="example.com", CallerReference="a")["HostedZone"]["Id"]
        asked = waiting["DomainValidationOptions"][0]["ResourceRecord"]
        for value, status in (("elsewhere.", "PENDING_VALIDATION"), (asked["Value"], "ISSUED")):
            record = {"Name": asked["Name"], "Type": "CNAME", "TTL": 300, "ResourceRecords": [{"Value": value}]}
            change = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
            names.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=change)
            assert certificates.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == status
