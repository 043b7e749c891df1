"""What lines of a log say, and what they do not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope_aws.behaviour.log_lines import Refusal, Unloadable, killed, refusals, timeouts, unloadable

UUID = "0f5ab2a8-4b3e-4d37-9a3b-0b0a4b1c2d3e"
STAMP = "2026-11-29T13:46:40.123Z"
SAID = (
    "User: arn:aws:sts::123456789012:assumed-role/pay/take-payment is not authorized to perform: dynamodb:PutItem"
    " on resource: arn:aws:dynamodb:eu-west-1:123456789012:table/payments because no identity-based policy allows the dynamodb:PutItem action"
)
DENIED = Refusal("123456789012", "pay", "take-payment", "dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:123456789012:table/payments")
TIMEOUT = f"{STAMP} {UUID} Task timed out after 3.00 seconds\n"
KILLED = f"RequestId: {UUID} Error: Runtime exited with error: signal: killed\nRuntime.ExitError"
IMPORT = "[ERROR] Runtime.ImportModuleError: Unable to import module 'src/app': No module named 'requests'\nTraceback"
HANDLER = "[ERROR] Runtime.HandlerNotFound: Handler 'main' missing on module 'app'"


@pytest.mark.parametrize(
    "line",
    [
        f"[ERROR] ClientError: An error occurred (AccessDeniedException) when calling the PutItem operation: {SAID}\nTraceback",
        f"[ERROR]\t{STAMP}\t{UUID}\tcould not save: {SAID}",
        f'{STAMP}\t{UUID}\tERROR\tInvoke Error\t{{"errorType":"AccessDeniedException","errorMessage":"{SAID}"}}',
        f"botocore.exceptions.ClientError: An error occurred (AccessDeniedException): {SAID}",
        f"ERROR {SAID}",
        json.dumps({"timestamp": STAMP, "level": "ERROR", "message": SAID, "requestId": UUID}),
        json.dumps({"errorType": "ClientError", "errorMessage": SAID, "stackTrace": []}),
    ],
)
def test_a_denied_request_is_read_as_runtimes_and_loggers_write_it(line: str) -> None:
    assert refusals([line, line]) == [DENIED]


@pytest.mark.parametrize(
    "line",
    [
        SAID,
        f"INFO a customer wrote: [ERROR] {SAID}",
        f"[INFO]\t{STAMP}\t{UUID}\t[ERROR] {SAID}",
        f"{STAMP}\t{UUID}\tINFO\tERROR {SAID}",
        f"[ERROR] {SAID.replace('sts', 'iam').replace('assumed-role/pay/take-payment', 'user/ann')}",
        "[ERROR] not authorized to perform: dynamodb:PutItem",
        json.dumps({"level": "INFO", "message": f"[ERROR] {SAID}"}),
        "{" + SAID,
    ],
)
def test_what_is_quoted_or_asked_by_others_is_no_refusal_of_a_role(line: str) -> None:
    assert refusals([line]) == []


def test_a_refusal_may_name_no_resource() -> None:
    line = "[ERROR] User: arn:aws:sts::123456789012:assumed-role/pay/x is not authorized to perform: sts:AssumeRole"
    assert [one.resource for one in refusals([line])] == [""]


def test_ends_of_runs() -> None:
    quoted = [json.dumps({"level": "INFO", "message": line, "errorType": "Runtime.ExitError"}) for line in (TIMEOUT, KILLED)]
    assert (timeouts(quoted), killed(quoted)) == ([], 0)
    assert timeouts([json.dumps({"timestamp": STAMP, "message": TIMEOUT})]) == [3.0]
    assert timeouts([TIMEOUT, f"INFO {TIMEOUT}", "Task timed out after 9 seconds"]) == [3.0]
    assert killed([KILLED, f"INFO {KILLED}", "signal: killed"]) == 1
    report = f"REPORT RequestId: {UUID}\tDuration: 9 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tStatus: error\tError Type: Runtime.OutOfMemory"
    assert killed([report, report.replace("OutOfMemory", "ExitError")]) == 1
    assert killed([KILLED, report]) == killed([report, KILLED]) == 1  # one run, told twice
    assert [killed([KILLED, report], size) for size in (128, 256)] == [1, 0]
    assert killed([KILLED], 256) == 1  # of what size it was is not told


def test_code_that_cannot_be_loaded() -> None:
    found = unloadable([IMPORT, IMPORT, HANDLER, f"said {HANDLER}"])
    document = json.dumps({"errorType": "Runtime.HandlerNotFound", "errorMessage": "Handler 'main' missing on module 'app'"})
    assert unloadable([document]) == found[1:]
    assert found == [Unloadable("src/app", "", "No module named 'requests'"), Unloadable("app", "main", "it has no main")]


@given(st.text(max_size=60), st.dictionaries(st.text(max_size=12), st.text(max_size=20), max_size=4))
def test_any_line_can_be_read(text: str, document: dict[str, str]) -> None:
    lines = [text, "{" + text, json.dumps(document), json.dumps([document])]
    assert (timeouts(lines), killed(lines)) == ([], 0)
    refusals(lines), unloadable(lines)


@given(st.text(max_size=80), st.sampled_from([TIMEOUT, KILLED, IMPORT, HANDLER, f"[ERROR] {SAID}"]))
def test_what_stands_behind_a_programs_own_words_says_nothing(before: str, line: str) -> None:
    lines = [f"INFO {before}{line}"]
    assert (refusals(lines), timeouts(lines), killed(lines), unloadable(lines)) == ([], [], 0, [])
