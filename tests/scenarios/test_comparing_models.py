"""Models compared by the real command, over the wire formats of their providers: in one table, whatever kills it, and told apart as they are."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import random
import re
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("statsmodels")

sys.path.insert(0, str(Path(__file__).parent))
from stumbling import Stumbles, _section

from nephoscope.llm.structure import UNUSABLE
from nephoscope.testing.llm_server import Asked, LLMServer, Reply, Trouble

UNIT = ("--suite", "s3-lambda-permission-missing", "--variant", "fault")
KEYS = {"MODELS_KEY": "k"}
CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), "")


def everywhere(server: LLMServer) -> str:
    """The same model behind four wire formats."""
    return ",".join(
        [
            f"openai:some-model@{server.base_url('openai')}",
            f"anthropic:claude-sonnet-5-5@{server.base_url('anthropic')}",
            f"bedrock:us.anthropic.claude-sonnet-5-5@{server.base_url('bedrock')}",
            f"ollama:qwen3:8b@{server.base_url('ollama')}",
        ]
    )


@pytest.fixture(scope="module")
def right() -> Iterator[LLMServer]:
    """A model that makes no mistake."""
    with LLMServer(Stumbles(share=0.0)) as server:
        yield server


@pytest.mark.scenario
@pytest.mark.timeout(900)
def test_four_wire_formats_are_compared_in_one_command(terminal: Any, right: LLMServer, tmp_path: Path) -> None:
    words = ["compare", "--models", everywhere(right), *UNIT, "--model-key", "env:MODELS_KEY", "--budget", "5", "--json", "--output", str(tmp_path)]
    first = terminal.run(*words, seconds=800, variables=KEYS)
    assert first.code == 0, first.err
    document = json.loads(first.out)
    assert document["schema"] == "nephoscope.comparison/1"
    assert (document["planned"], document["done"], document["why_not_whole"]) == (5, 5, "")
    rows = {row["label"].partition(":")[0]: row for row in document["rows"]}
    assert set(rows) == {"openai", "anthropic", "bedrock", "ollama", "playbook"}
    assert all(row["outcomes"] == {"right": 1} and row["grounded"] == 1 for row in rows.values()), document["rows"]
    assert all(rows[name]["requests"] >= 2 and rows[name]["usage"]["input"] > 1000 and rows[name]["p50"] for name in rows if name != "playbook")
    assert rows["openai"]["unpriced"] == rows["openai"]["requests"], "nobody knows what some-model costs"
    assert rows["ollama"]["usd"] == 0.0 == rows["ollama"]["unpriced"]
    assert rows["anthropic"]["usd"] > 0
    assert document["spending"]["usd"] == pytest.approx(sum(row["usd"] for row in document["rows"]), abs=1e-9)
    with (tmp_path / "results.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert sum(float(line["usd"]) for line in lines) == pytest.approx(document["spending"]["usd"], abs=1e-6)
    assert json.loads((tmp_path / "results.json").read_text()) == document
    page = (tmp_path / "report.html").read_text()
    links = re.findall(r'href="(runs/\w+\.txt)"', page)
    assert len(set(links)) == 5
    assert all("aws.lambda" in (tmp_path / link).read_text() or "CONFIRMED" in (tmp_path / link).read_text() for link in set(links))
    asked = len(right.requests)
    again = terminal.run(*words, "--baseline", str(tmp_path / "results.json"), "--fail-if", "worse", seconds=300, variables=KEYS)
    assert again.code == 0, again.err
    assert len(right.requests) == asked, "what is done is not asked again"
    assert "5 of 5 cells were done before" in again.err
    assert [change["worse"] for change in json.loads(again.out)["baseline"]] == [False] * 5


def test_what_cannot_be_compared_is_said_before_anything_is_spent(terminal: Any) -> None:
    for words, told in (
        (["--models", "nobody:knows"], "nobody"),
        (["--suite", "no-such-suite"], "suites: all,"),
        (["--engine", "clouds"], "engines: local"),
        (["--baseline", "/nonexistent.json"], "cannot be read"),
    ):
        refused = terminal.run("compare", *words, "--json", seconds=300)
        assert refused.code == 2, refused.err
        error = json.loads(refused.out)["error"]
        assert told in error["message"] + error["hint"]


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_recorded_replies_give_the_same_table_with_nobody_to_ask(terminal: Any, tmp_path: Path) -> None:
    with LLMServer(Steady(share=0.3)) as server:
        words = ["compare", "--models", f"anthropic:claude-sonnet-5-5@{server.base_url('anthropic')}", "--suite", "smoke", "--json"]
        first = terminal.run(*words, "--record", str(tmp_path / "tape.db"), "--model-key", "env:MODELS_KEY", seconds=1700, variables=KEYS)
    assert first.code == 0, first.err
    again = terminal.run(*words, "--replay", str(tmp_path / "tape.db"), "--fresh", seconds=1700)
    assert again.code == 0, again.err
    assert table(json.loads(again.out)) == table(json.loads(first.out))
    assert json.loads(again.out)["rows"][0]["p50"] is None, "what was recorded takes no time"


class Steady(Stumbles):
    """Errs alike wherever it is asked for the same: by the words, by what is offered, by how often it was sent back. Facts do not sway it."""

    def heard(self, asked: Asked) -> str:
        offered = re.findall(r'\{"id": "((?:[^"\\]|\\.)+)"', _section(asked, "available"))
        words = re.search(r'"text": "((?:[^"\\]|\\.)*)"', _section(asked, "problem"))
        return f"{words and words[1]} {sorted(offered)} {asked.text.count(UNUSABLE)}"


# -- kills ---------------------------------------------------------------------------------------------------------


def table(document: Mapping[str, Any]) -> list[Any]:
    """Everything that must not depend on interruptions and is alike in any two runs: no times, no sizes of prompts, which tell times, no prices."""
    measured = ("cell", "outcome", "verdict", "causes", "status", "steps", "calls", "refused", "false_claims", "scripts")
    asking = ("requests", "unpriced", "troubles")
    return [
        [*(one[name] for name in measured), {name: one["asking"][name] for name in asking}, one["asking"]["usage"]["output"]]
        for one in document["cells"]
    ]


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
def test_killed_at_random_moments_the_table_is_the_same(terminal: Any, tmp_path: Path) -> None:
    """``SOAK_KILLS``: how many; 50 if not said."""
    dice, kills = random.Random(20261129), int(os.environ.get("SOAK_KILLS", "50"))
    with LLMServer(Steady(share=0.3)) as server:
        words = ["compare", "--models", f"anthropic:claude-sonnet-5-5@{server.base_url('anthropic')}", *UNIT, "--repeats", "2", "--json"]
        words += ["--model-key", "env:MODELS_KEY"]
        whole = terminal.run(*words, seconds=3000, variables=KEYS)
        assert whole.code == 0, whole.err
        asked, unhurt = len(server.requests), table(json.loads(whole.out))
        server.requests.clear()
        killed = rounds = 0
        while killed < kills:
            began, rounds = killed, rounds + 1
            while killed < kills and _killed(terminal, words, dice.uniform(3, 60)):
                killed += 1
            ended = terminal.run(*words, seconds=3000, variables=KEYS)
            assert ended.code == 0, ended.err
            assert table(json.loads(ended.out)) == unhurt
            repeated = len(server.requests) - asked
            assert repeated <= 2 * (killed - began), f"{repeated} requests more after {killed - began} kills"
            server.requests.clear()
            shutil.rmtree(terminal.home / "comparisons")
        assert rounds >= 1


def _killed(terminal: Any, words: Sequence[str], after: float) -> bool:
    """Whether it still ran when it was to be killed; the whole group goes at once."""
    process = terminal.start(*words, variables=KEYS, start_new_session=True)
    deadline = time.monotonic() + after
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    return True


# -- known quality -------------------------------------------------------------------------------------------------


class Known:
    """A model that is right on a known share of problems, drawn for it alone, and fails on the others in its own way.

    None of these ways is ever right: to say that nothing can be told would be, where that is the truth.
    """

    def __init__(self, name: str, share: float, failing: Reply) -> None:
        self.name, self.share, self.failing, self._right = name, share, failing, Stumbles(share=0.0)

    def knows(self, asked: Asked) -> bool:
        text = re.search(r'"text": "((?:[^"\\]|\\.)*)"', _section(asked, "problem"))
        assert text
        return int(hashlib.sha256(f"{self.name} knows {text[1]}".encode()).hexdigest()[:8], 16) / 2**32 < self.share

    def __call__(self, asked: Asked) -> Reply:
        known = "You plan the troubleshooting" not in asked.text or self.knows(asked)
        return self._right(asked) if known else self.failing


@pytest.mark.soak
@pytest.mark.timeout(12 * 3600)
def test_models_of_known_quality_are_told_apart_as_they_are(terminal: Any) -> None:
    """60 %, 62 % and 90 % right over the shipped suite, of different prices, failing in different ways.

    ``SOAK_SUITE``: less than all; ``SOAK_VARIANT``: of each scenario only this.
    """
    makers = [Known("sol", 0.60, Reply(text="I had rather not.", blocked=True)), Known("sonnet", 0.62, Reply(trouble=Trouble(kind="auth")))]
    makers.append(Known("haiku", 0.90, Reply(text="Who knows?")))
    with LLMServer(makers[0]) as plain, LLMServer(makers[1]) as other, LLMServer(makers[2]) as best:
        models = [f"openai:gpt-6-sol@{plain.base_url('openai')}", f"anthropic:claude-sonnet-5-5@{other.base_url('anthropic')}"]
        models.append(f"anthropic:claude-haiku-4-5@{best.base_url('anthropic')}")
        words = ["compare", "--models", ",".join(models), "--suite", os.environ.get("SOAK_SUITE", "all"), "--no-mask"]
        words += ["--model-key", "env:MODELS_KEY", *(f"--variant={one}" for one in os.environ.get("SOAK_VARIANT", "").split())]
        ended = terminal.run(*words, "--json", seconds=11 * 3600, variables=KEYS)
    assert ended.code == 0, ended.err
    rows = {row["label"].partition(" ")[0]: row for row in json.loads(ended.out)["rows"]}
    sol, sonnet, haiku = rows["openai:gpt-6-sol"], rows["anthropic:claude-sonnet-5-5"], rows["anthropic:claude-haiku-4-5"]
    print([(row["label"], row["tier"], row["success"], row["outcomes"], row["usd"]) for row in rows.values()])
    assert sonnet["outcomes"].get("error", 0) > 0
    assert sol["outcomes"].get("refused", 0) > 0
    assert haiku["outcomes"].get("unparsable", 0) > 0
    assert sol["tier"] == sonnet["tier"] > haiku["tier"], [(row["label"], row["tier"], row["success"]) for row in rows.values()]


# -- the page ------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(300)
@pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt install chromium")
def test_the_page_opens_in_a_browser_without_a_word_on_its_console(tmp_path: Path) -> None:
    import subprocess

    sys.path.insert(0, str(Path(__file__).parents[1] / "core" / "comparison"))
    from test_comparing import BAD, FLOOR, GOOD, plan, summed

    from nephoscope.comparison.rendering.html import html

    page = tmp_path / "report.html"
    page.write_text(html(summed(plan(number=12, repeats=2), {GOOD.label: 0.9, BAD.label: 0.5, FLOOR.label: 0.7})))
    narrow = "const d = this.contentDocument.documentElement; document.title = `${d.scrollWidth} of ${d.clientWidth}`"
    phone = tmp_path / "phone.html"  # no window of a browser is as narrow as a phone
    phone.write_text(f'<!doctype html><body style="margin:0"><iframe src="report.html" width="390" height="1600" onload="{narrow}"></iframe>')
    words = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0", f"--user-data-dir={tmp_path / 'profile'}"]
    for name, more, shown in (
        ("wide", ["--window-size=1200,1600"], page),
        ("dark", ["--window-size=1200,1600", "--blink-settings=preferredColorScheme=0"], page),
        ("phone", ["--window-size=500,1600", "--allow-file-access-from-files"], phone),
    ):
        shot = tmp_path / f"{name}.png"
        done = subprocess.run([*words, *more, f"--screenshot={shot}", shown.as_uri()], capture_output=True, text=True, check=True, timeout=200)
        assert shot.stat().st_size > 20_000
        assert "CONSOLE" not in done.stderr, done.stderr
    assert (tmp_path / "dark.png").read_bytes() != (tmp_path / "wide.png").read_bytes()
    dump = [*words, "--allow-file-access-from-files", "--virtual-time-budget=3000", "--dump-dom", phone.as_uri()]
    measured = re.search(r"<title>(\d+) of (\d+)</title>", subprocess.run(dump, capture_output=True, text=True, check=True, timeout=200).stdout)
    assert measured
    assert int(measured[1]) <= int(measured[2]) <= 390, "nothing hangs over the edge of a phone"
    printed = tmp_path / "report.pdf"
    done = subprocess.run([*words, f"--print-to-pdf={printed}", page.as_uri()], capture_output=True, text=True, check=True, timeout=200)
    assert printed.read_bytes().startswith(b"%PDF")
    assert "CONSOLE" not in done.stderr, done.stderr
