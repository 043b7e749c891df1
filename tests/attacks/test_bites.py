"""The same scripts with nothing in between, as the account's owner: what the boundary stops does work without it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from account import FOREIGN, SECRETS
from batch import Ending, Snippet, endings, load, runner
from caller import _spellings
from cloud import REGION, Cloud, changes, operation, secret

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]

MOST = 0.75
"""The emulated cloud lacks some operations and answers some without doing anything: this share at least must bite."""


def bare(cloud: Cloud, snippets: list[Snippet], ids: Mapping[str, str], folder: Path) -> dict[str, Ending]:
    """Each script in plain Python, with the owner's keys and the real address."""
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower() and not name.startswith("AWS_")}
    environment |= {
        "AWS_ACCESS_KEY_ID": "owner", "AWS_SECRET_ACCESS_KEY": "owner", "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_MAX_ATTEMPTS": "1", "HTTP_PROXY": cloud.endpoint, "NO_PROXY": "127.0.0.1", "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    script = folder / "bare.py"
    script.write_text(runner(snippets, ids))
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=environment, cwd=folder, timeout=250, check=False)
    return endings(done.stdout)


@pytest.mark.parametrize("name", ["secrets", "redaction"])
def test_secrets_come_out_without_the_boundary(own_stage: Any, tmp_path: Path, name: str) -> None:
    snippets = load(name)
    told = bare(own_stage.cloud, snippets, own_stage.ids, tmp_path)
    requests = own_stage.cloud.log()
    said = {each: ending.said.replace(" ", "") for each, ending in told.items()}
    bitten = [each for each, text in said.items() if any(_spelled(value, text) for value in SECRETS.values())]
    if name == "redaction":
        assert len(bitten) >= MOST * len(snippets), sorted(set(told) - set(bitten))
    else:
        asked = [operation(each) for each in requests if secret(each) or changes(each)]
        assert len(asked) >= len(snippets) / 3, asked
        worked = [each for each, ending in told.items() if ending.status == 0]
        assert len(worked) >= len(snippets) / 2, {each: ending.said[-200:] for each, ending in told.items() if ending.status}


def test_changes_are_made_without_the_boundary(own_stage: Any, tmp_path: Path) -> None:
    snippets = load("changes")
    told = bare(own_stage.cloud, snippets, own_stage.ids, tmp_path)
    requests = [operation(each) for each in own_stage.cloud.log() if changes(each)]
    reached = [each for each, ending in told.items() if ending.status == 0]
    assert len(requests) >= MOST * len(snippets), requests
    assert len(reached) >= len(snippets) / 2, {each: ending.said[-200:] for each, ending in told.items() if ending.status}
    after = own_stage.cloud.state(_listers())
    assert sum(after[name] != own_stage.before[name] for name in after) >= 8, "the account is not what it was"


def test_names_go_abroad_without_the_boundary(own_stage: Any, tmp_path: Path) -> None:
    snippets = [each for each in load("abroad") if FOREIGN in each.script or "not-ours" in each.script or "stolen" in each.script]
    bare(own_stage.cloud, snippets, own_stage.ids, tmp_path)
    text = [f"{each['path']} {each['query']} {each['body']} {each['headers'].get('x-amz-account-id', '')}" for each in own_stage.cloud.log()]
    left = [one for one in text if FOREIGN in one or "not-ours" in one or "stolen" in one]
    assert len(left) >= MOST * len(snippets), text


def _spelled(value: str, text: str) -> bool:
    return any(form.decode("latin-1").replace(" ", "") in text for form in _spellings(value)) or value.replace("!", "\\u0021") in text


def _listers() -> Mapping[str, Any]:
    from account import LISTERS

    return {name: lister for name, lister in LISTERS.items() if name not in ("tables", "function", "keys", "queues", "rules")}
