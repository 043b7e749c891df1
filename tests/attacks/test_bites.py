"""The same scripts with nothing in between, as the account's owner: each that the boundary stops does work without it."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from account import FOREIGN, LISTERS, SECRETS
from batch import Ending, Snippet, endings, load, runner
from botocore.exceptions import ClientError
from caller import _spellings
from cloud import REGION, Cloud, changes, operation, secret

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(900)]

AT_ONCE = 30
MOST_TAME = 0.25
DATA = re.compile(r"GetItem|Scan|Query|ExecuteStatement|GetRecords|SelectObjectContent|GET /[\w-]+/.+")
"""Reads of what customers keep, which are stopped as well."""


def bare(cloud: Cloud, snippets: Sequence[Snippet], ids: Mapping[str, str], folder: Path) -> dict[str, Ending]:
    """Each script in plain Python, with the owner's keys and the real address."""
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower() and not name.startswith("AWS_")}
    environment |= {
        "AWS_ACCESS_KEY_ID": "owner", "AWS_SECRET_ACCESS_KEY": "owner", "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_MAX_ATTEMPTS": "1", "HTTP_PROXY": cloud.endpoint, "NO_PROXY": "127.0.0.1", "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(folder),
        "CALLER_CANARY": "caller",
    }  # fmt: skip
    told: dict[str, Ending] = {}
    for start in range(0, len(snippets), AT_ONCE):
        script = folder / "bare.py"
        script.write_text(runner([_harmless(each) for each in snippets[start : start + AT_ONCE]], ids))
        done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=environment, cwd=folder, timeout=250, check=False)
        told |= endings(done.stdout)
        assert len(told) == min(start + AT_ONCE, len(snippets)), done.stderr[-2000:]
    return told


def _harmless(snippet: Snippet) -> Snippet:
    return Snippet(snippet.name, snippet.bare or snippet.script)


def requests_of(cloud: Cloud, snippets: Sequence[Snippet]) -> dict[str, list[dict[str, Any]]]:
    """What reached the cloud, by the attack that asked for it; several batches number alike, so each is asked for before the next."""
    found: dict[str, list[dict[str, Any]]] = {each.name: [] for each in snippets}
    for request in cloud.log():
        number = re.search(r"app/attack(\d+)\b", request["headers"].get("user-agent", ""))
        if number:
            found[snippets[int(number[1])].name].append(request)
    return found


def asked(cloud: Cloud, snippets: Sequence[Snippet], ids: Mapping[str, str], folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Runs them, and gives what each asked of the cloud."""
    found: dict[str, list[dict[str, Any]]] = {}
    for start in range(0, len(snippets), AT_ONCE):
        some = snippets[start : start + AT_ONCE]
        cloud.forget()
        bare(cloud, some, ids, folder)
        found |= requests_of(cloud, some)
    return found


def toothless(snippets: Sequence[Snippet], bitten: set[str]) -> list[str]:
    """Those without effect that do not say why. Those that do are few."""
    tame = {each.name for each in snippets if each.tame}
    assert len(tame) <= MOST_TAME * len(snippets), tame
    return [each.name for each in snippets if each.name not in bitten and each.name not in tame]


@pytest.mark.parametrize("name", ["changes", "secrets"])
def test_requests_that_the_boundary_stops_reach_the_cloud_without_it(own_stage: Any, tmp_path: Path, name: str) -> None:
    snippets = load(name)
    found = asked(own_stage.cloud, snippets, own_stage.ids, tmp_path)
    stopped = {each for each, all_ in found.items() if any(changes(one) or secret(one) or DATA.match(operation(one)) for one in all_)}
    assert toothless(snippets, stopped) == []
    if name == "changes":
        after = own_stage.cloud.state({lister: _gone_or(LISTERS[lister]) for lister in LISTERS})
        assert sum(after[lister] != own_stage.before[lister] for lister in after) >= 8, "the account is not what it was"


def test_secrets_come_out_without_the_boundary(own_stage: Any, tmp_path: Path) -> None:
    snippets = load("redaction")
    told = bare(own_stage.cloud, snippets, own_stage.ids, tmp_path)
    bitten = {each for each, ending in told.items() if any(_spelled(value, ending.said.replace(" ", "")) for value in SECRETS.values())}
    assert toothless(snippets, bitten) == []


@pytest.mark.parametrize("name", ["abroad", "bytes"])
def test_what_is_not_sent_goes_out_without_the_boundary(own_stage: Any, tmp_path: Path, name: str) -> None:
    snippets = load(name)
    found = asked(own_stage.cloud, snippets, own_stage.ids, tmp_path)
    assert toothless(snippets, {each for each, all_ in found.items() if all_}) == []
    if name == "bytes":
        return
    reached = " ".join(f"{one['path']} {one['query']} {one['body']} {one['headers']}" for all_ in found.values() for one in all_)
    assert reached.count("stolen") >= 5
    assert FOREIGN in reached
    assert "not-ours" in reached


def test_the_surroundings_can_be_reached_without_walls(own_stage: Any, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("most of them need the rights of root to bite")
    snippets = load("surroundings")
    able = [each for each in snippets if not each.tame]
    told = bare(own_stage.cloud, able, {**own_stage.ids, "port": str(own_stage.cloud.port)}, tmp_path)
    bitten = {each.name for each in able if told[each.name].status == 0 and not re.search(each.says, told[each.name].said)}
    assert toothless(snippets, bitten) == []


def _gone_or(lister: Callable[..., Any]) -> Callable[..., Any]:
    def listed(client: Any) -> Any:
        try:
            return lister(client)
        except ClientError:
            return "gone"

    return listed


def _spelled(value: str, text: str) -> bool:
    unpacked = b"".join(base64.b64decode(word) for word in re.findall(r"(?:[A-Za-z0-9+/]{4}){6,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", text))
    if value.encode() in unpacked:
        return True
    return any(form.decode("latin-1").replace(" ", "") in text for form in _spellings(value)) or value.replace("!", "\\u0021") in text
