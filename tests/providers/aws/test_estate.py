"""The AWS estate: scripts for checks, commands for fixes, references, identifiers."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest
from botocore import xform_name
from botocore.session import get_session
from hypothesis import example, given
from hypothesis import strategies as st

from nephoscope.interfaces import Judge
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Change, Check, Fact, Identity, Problem, Read, ResourceRef
from nephoscope.plugin.manager import load_plugins
from nephoscope.validation import chosen, validate
from nephoscope_aws.estate import AwsEstate, snake

ESTATE = AwsEstate()
ME = Identity(cloud="aws", account="123456789012", principal="arn:aws:iam::123456789012:role/reader", regions=("eu-west-1",))
NOW = "2026-11-24T10:00:00Z"
SERVICES = sorted({spec.service for spec in ESTATE.operations.values()})
TEXT = st.text(max_size=40)


@pytest.mark.parametrize("service", SERVICES)
def test_methods_are_spelt_as_the_sdk_spells_them(service: str) -> None:
    names = get_session().get_service_model(service).operation_names
    assert {name: snake(name) for name in names if "OpenIDConnect" not in name} == {
        name: xform_name(name) for name in names if "OpenIDConnect" not in name
    }


@pytest.mark.parametrize("name", sorted(ESTATE.operations))
def test_tables_ask_only_for_what_the_service_offers(name: str) -> None:
    spec = ESTATE.operations[name]
    shape = get_session().get_service_model(spec.service).operation_model(spec.operation).input_shape
    members = set(shape.members) if shape else set()
    for ask in spec.ask:
        assert set(ask.params) <= members, f"{name} asks with parameters the service does not know"


@pytest.fixture(scope="module")
def validators() -> tuple[list[object], list[Judge]]:
    plugins = load_plugins()
    return list(chosen(plugins.rewriters, "black")), list(plugins.judges)


def _read(service: str, operation: str, **params: object) -> Read:
    return Read.model_validate({"cloud": "aws", "service": service, "operation": operation, "region": "eu-west-1", "params": params})


@given(value=TEXT, intent=TEXT)
def test_no_parameter_leaves_its_place_in_a_script(value: str, intent: str) -> None:
    check = Check(id="x", intent=intent, cloud="aws", reads=(_read("s3", "GetBucketPolicy", Bucket=value),))
    script = ESTATE.script(check, NOW)
    assert script is not None
    tree = compile(script.source, "script", "exec")
    assert value in _constants(tree) or not value


def _constants(code: object) -> list[object]:
    found: list[object] = []
    for one in getattr(code, "co_consts", ()):
        found += list(one) if isinstance(one, tuple) else [one]
        found += _constants(one)
    flat: list[object] = []
    for one in found:
        flat += [*one, *(value for value in one if not isinstance(value, tuple))] if isinstance(one, tuple) else [one]
    return flat


def test_a_script_passes_the_validators(validators: tuple[list, list[Judge]]) -> None:
    reads = (_read("s3", "ListBuckets"), _read("lambda", "GetPolicy", FunctionName="resize"))
    script = ESTATE.script(Check(id="x", intent="what is there", cloud="aws", reads=reads), NOW)
    assert script is not None
    judged = validate(script, ESTATE.environment(), *validators)
    assert judged.accepted, judged.violations


def test_a_script_goes_on_after_a_read_that_fails(tmp_path, moto_endpoint: str) -> None:
    reads = (_read("lambda", "GetPolicy", FunctionName="nobody"), _read("s3", "ListBuckets"), _read("s3", "GetBucketPolicy", Wrong="x"))
    script = ESTATE.script(Check(id="x", intent="what is there", cloud="aws", reads=reads), NOW)
    assert script is not None
    path = tmp_path / "script.py"
    path.write_text(script.source)
    env = {"AWS_ENDPOINT_URL": moto_endpoint, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "PATH": ""}
    done = subprocess.run([sys.executable, path], env=env, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert lines[0] == "lambda get_policy ResourceNotFoundException"
    assert lines[1] == "s3 list_buckets ok"
    assert "Wrong" in done.stdout


def test_a_sample_is_one_page_and_a_listing_is_all() -> None:
    reads = (_read("s3", "ListObjectsV2", Bucket="b", MaxKeys=200), _read("iam", "ListRoles"))
    script = ESTATE.script(Check(id="x", intent="", cloud="aws", reads=reads), NOW)
    assert script is not None
    assert "'MaxKeys': 200}, False)" in script.source
    assert "'list_roles', {}, True)" in script.source


def test_checks_of_another_cloud_or_without_reads_are_not_ours() -> None:
    foreign = Read(cloud="elsewhere", service="s3", operation="ListBuckets")
    assert ESTATE.script(Check(id="x", intent="", cloud="elsewhere", reads=(foreign,)), NOW) is None
    assert ESTATE.script(Check(id="x", intent="", cloud="aws"), NOW) is None


@given(name=TEXT, statement=st.dictionaries(TEXT, TEXT, max_size=3))
@example(name="-", statement={})
@example(name="file:///etc/hostname", statement={})
def test_commands_quote_every_value(name: str, statement: dict[str, str]) -> None:
    change = Change(cloud="aws", service="s3", operation="PutBucketPolicy", region="eu-west-1", params={"Bucket": name, "Policy": dict(statement)})
    (command,) = ESTATE.render(change)
    words = shlex.split(command)
    assert words[:3] == ["aws", "s3api", "put-bucket-policy"]
    assert words[-2:] == ["--region", "eu-west-1"]
    if name.startswith(("-", "file://", "fileb://")):  # the CLI would read it as an option, or a file
        assert words[3] == "--cli-input-json"
        assert len(words) == 7
    else:
        assert (words[3], words[5], len(words)) == ("--bucket", "--policy", 9)
    assert not any(ord(letter) < 32 for letter in command)


def test_switches_and_lists_read_as_the_command_line_wants_them() -> None:
    change = Change(cloud="aws", service="ec2", operation="StartInstances", params={"InstanceIds": ["i-1", "i-2"], "DryRun": False, "Force": True})
    assert ESTATE.render(change) == ["aws ec2 start-instances --instance-ids i-1 i-2 --no-dry-run --force"]


def test_references_are_found_in_whatever_is_known_of_a_thing() -> None:
    function = ESTATE.named("lambda:function", "resize", ME, "eu-west-1")
    assert function is not None
    role = "arn:aws:iam::123456789012:role/resize-role"
    fact = Fact(
        id="f", subject=function, attribute="role", value=role, grounding="exact", calls=("s1.c1",), pointer="/Role", identity=ME, observed_at=NOW
    )  # fmt: skip
    view = Evidence(Problem(text="", symptom="suspicion", now=NOW), [fact], identities=[ME])
    assert [(name, target.native_id) for name, target in ESTATE.references(function, view)] == [("role", role)]


@pytest.mark.parametrize(
    ("native_type", "name", "native_id"),
    [
        ("s3:bucket", "orders-in", "arn:aws:s3:::orders-in"),
        ("lambda:function", "resize", "arn:aws:lambda:eu-west-1:123456789012:function:resize"),
        ("sqs:queue", "jobs", "arn:aws:sqs:eu-west-1:123456789012:jobs"),
        ("iam:role", "deploy", "arn:aws:iam::123456789012:role/deploy"),
        ("ec2:instance", "i-0123456789abcdef0", "i-0123456789abcdef0"),
    ],
)
def test_names_and_identifiers_are_the_same_thing(native_type: str, name: str, native_id: str) -> None:
    by_name, by_id = ESTATE.named(native_type, name, ME, "eu-west-1"), ESTATE.named(native_type, native_id, ME, "eu-west-1")
    assert isinstance(by_name, ResourceRef)
    assert by_name.native_id == native_id
    assert by_id is not None
    assert by_id.key == by_name.key


def test_what_one_command_gives_the_next_takes() -> None:
    made = Change(cloud="aws", service="ec2", operation="AllocateAddress", params={"Domain": "vpc"}, gives={"ADDRESS": "AllocationId"})
    used = Change(
        cloud="aws", service="ec2", operation="AssociateAddress", params={"InstanceId": "$(x)", "AllocationId": "$ADDRESS"}, takes=("ADDRESS",)
    )
    assert ESTATE.render(made) == ["ADDRESS=$(aws ec2 allocate-address --domain vpc --query AllocationId --output text)"]
    assert ESTATE.render(used) == ["aws ec2 associate-address --instance-id '$(x)' --allocation-id \"$ADDRESS\""]
    plain = used.model_copy(update={"takes": ()})
    assert "'$ADDRESS'" in ESTATE.render(plain)[0], "what no earlier command gave is text"


def test_services_that_the_command_line_calls_otherwise() -> None:
    change = Change(cloud="aws", service="config", operation="StartConfigurationRecorder", params={"ConfigurationRecorderName": "default"})
    assert ESTATE.render(change) == ["aws configservice start-configuration-recorder --configuration-recorder-name default"]


@pytest.mark.parametrize(
    ("text", "regions"),
    [
        ("alarm jobs in eu-central-1 does not notify us", ["eu-central-1"]),
        ("queue arn:aws:sqs:us-east-1:123456789012:jobs is stuck, and so is us-east-1's other one", ["us-east-1"]),
        ("from us-gov-west-1 to ap-southeast-2.", ["us-gov-west-1", "ap-southeast-2"]),
        ("bucket logs-eu-west-1-live in eu-west-1a", []),  # part of a name, and a zone
        ("the east-1 wing", []),
    ],
)
def test_regions_that_words_name(text: str, regions: list[str]) -> None:
    assert AwsEstate().places(text) == regions
