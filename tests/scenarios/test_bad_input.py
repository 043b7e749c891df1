"""What people and machines get wrong: one readable message with what to do, the designed exit code, and nothing lost."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.scenario
WORDS = "uploads to bucket orders-in no longer trigger function resize"
CLOSED = "http://127.0.0.1:9"
EXPIRED = {"Code": "ExpiredToken", "Message": "The security token included in the request is expired"}


def assert_refused(result: Any, code: int, *told: str) -> None:
    """One message of at most four lines, no trace, and on stdout the same as one document."""
    assert result.code == code, result.err
    lines = [line for line in result.err.splitlines() if line.strip()]
    assert 1 <= len(lines) <= 4, result.err
    assert "Traceback" not in result.err
    assert lines[-1].strip().startswith("do: ")
    document = result.document
    assert document["schema"] == "nephoscope.error/1"
    assert document["error"]["exit_code"] == code
    for word in told:
        assert word in result.err, result.err


# -- credentials -------------------------------------------------------------------------------------------------------


def test_no_credentials(terminal: Any, account: Any) -> None:
    terminal.env.clear()
    result = terminal.run("investigate", WORDS, "--region", "eu-west-1", "--json")
    assert_refused(result, 3, "credentials", "aws configure")
    assert terminal.runs == []


def test_expired_credentials_at_the_start(terminal: Any, account: Any, investigate: Sequence[str]) -> None:
    account.control("rules", {"answer": [{"operation": "sts:GetCallerIdentity", "error": EXPIRED, "status": 403}]})
    assert_refused(terminal.run(*investigate), 3, "expired", "aws sso login")
    assert terminal.runs == []


def test_credentials_that_expire_midway_wait_for_a_login(terminal: Any, account: Any, investigate: Sequence[str]) -> None:
    account.control("rules", {"answer": [{"operation": "ec2:DescribeSecurityGroups", "error": EXPIRED, "status": 400}]})
    stopped = terminal.run(*investigate)
    assert stopped.code == 5, stopped.err
    assert stopped.document["status"] == "waiting"
    assert "expired" in stopped.document["trouble"]["message"]
    before = terminal.answered()
    account.control("rules", {})
    resumed = terminal.run("resume", terminal.run_dir.name, "--json")
    assert resumed.code == 0, resumed.err
    assert resumed.document["verdict"] == "confirmed"
    assert resumed.document["trouble"] is None
    after = terminal.answered()
    assert {call: after[call] for call in before} == before


# -- endpoints and regions ---------------------------------------------------------------------------------------------


class Page(http.server.BaseHTTPRequestHandler):
    """A web page, whatever is asked."""

    def do_GET(self) -> None:
        body = b"<!doctype html><html><body><h1>It works!</h1></body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_HEAD = do_GET

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def website() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_an_endpoint_that_is_a_website(terminal: Any, website: str) -> None:
    assert_refused(terminal.run("investigate", WORDS, "--region", "eu-west-1", "--endpoint-url", website, "--json"), 3, website, "--endpoint-url")


def test_an_endpoint_that_nobody_serves(terminal: Any) -> None:
    assert_refused(terminal.run("investigate", WORDS, "--region", "eu-west-1", "--endpoint-url", CLOSED, "--json"), 3, "cannot be reached")


@pytest.mark.parametrize("address", ["somewhere", "ftp://127.0.0.1:5000", "http://"])
def test_an_endpoint_that_is_no_address(terminal: Any, address: str) -> None:
    assert_refused(terminal.run("investigate", WORDS, "--region", "eu-west-1", "--endpoint-url", address, "--json"), 2, address)


@pytest.mark.parametrize("region", ["mars-north-1", "Ireland", "eu-west-1/x"])
def test_a_region_that_does_not_exist(terminal: Any, account: Any, region: str) -> None:
    words = ["investigate", account.words, "--endpoint-url", account.endpoint, "--json"]
    assert_refused(terminal.run(*words, "--region", region), 2, "region")


def test_a_region_without_the_service_is_a_gap(terminal: Any, account: Any, investigate: Sequence[str]) -> None:
    nowhere = {"Code": "OptInRequired", "Message": "You are not subscribed to this service in this region"}
    account.control("rules", {"answer": [{"operation": "ec2:*", "error": nowhere, "status": 403}]})
    result = terminal.run(*investigate)
    assert result.code == 1, result.err
    assert result.document["verdict"] == "inconclusive"
    assert result.document["gaps"]


# -- words -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["", "   ", "\n\t"])
def test_no_words(terminal: Any, words: str) -> None:
    assert_refused(terminal.run("investigate", words, "--json"), 2, "no problem", "nephoscope investigate")


@pytest.mark.parametrize("words", ["🔥" * 50, "\u202e\u0007\u2066", "%s {0} ${x} $(id) `id` '; --"], ids=["fire", "controls", "shell"])
def test_words_that_name_nothing_lead_to_no_verdict(terminal: Any, account: Any, words: str) -> None:
    result = terminal.run("investigate", words, "--endpoint-url", account.endpoint, "--region", "eu-west-1", "--ask", "never", "--json")
    assert result.code == 1, result.err
    assert result.document["verdict"] == "inconclusive"
    assert not result.document["root_causes"]
    assert "Traceback" not in result.err
    assert "\u202e" not in result.out + result.err


def test_very_many_words_are_read_from_the_beginning(terminal: Any, account: Any) -> None:
    flood = f"{account.words}. " + "and the log says that nothing happened at all; " * 2200
    assert len(flood) > 100_000
    result = terminal.run("investigate", flood, "--endpoint-url", account.endpoint, "--region", "eu-west-1", "--json")
    assert result.code == 0, result.err
    assert result.document["root_causes"][0]["id"] == "aws.ec2.security-group-port-closed"
    assert "problem text is long" in result.err


def test_very_much_noise_from_a_pipe(terminal: Any, account: Any) -> None:
    noise = "\x00\x1b[31m" * 30_000
    result = terminal.run("investigate", "-", "--endpoint-url", account.endpoint, "--region", "eu-west-1", "--json", typed=noise)
    assert result.code == 1, result.err
    assert result.document["verdict"] == "inconclusive"
    assert "\x1b" not in result.out + result.err


# -- settings and options ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["planner = [", 'plannner = "playbook"', "budget = 3", "[budget]\ncalls = -1", "\xff\xfe\x00", "[budget]\ncalls = 'many'"]
)
def test_malformed_settings(terminal: Any, tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="latin-1")
    assert_refused(terminal.run("investigate", WORDS, "--json", variables={"NEPHOSCOPE_CONFIG": str(file)}), 2, "mine.toml")


@pytest.mark.parametrize(("name", "value"), [("NEPHOSCOPE_BUDGET__CALLS", "lots"), ("NEPHOSCOPE_ASK", "sometimes")])
def test_malformed_variables(terminal: Any, name: str, value: str) -> None:
    assert_refused(terminal.run("investigate", WORDS, "--json", variables={name: value}), 2, name)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--planner", "guess"], "playbook"),
        (["--planner", "llm"], "--model"),
        (["--regoin", "eu-west-1"], "--region"),
        (["--executor", "jail"], "bubblewrap"),
        (["--cloud", "skynet"], "aws"),
    ],
)
def test_options_that_name_nothing(terminal: Any, account: Any, words: list[str], told: str) -> None:
    result = terminal.run("investigate", account.words, "--endpoint-url", account.endpoint, "--json", *words)
    assert_refused(result, 2, told)
    assert terminal.runs == []


@pytest.mark.parametrize("words", [["--max-calls", "many"], ["--max-steps", "-1"], ["--ask", "sometimes"], ["--max-usd", "nan"]])
def test_options_that_say_nothing(terminal: Any, account: Any, words: list[str]) -> None:
    result = terminal.run("investigate", account.words, "--endpoint-url", account.endpoint, *words)
    assert result.code == 2, result.err
    assert words[0] in result.err
    assert "Traceback" not in result.err


# -- budgets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [["--max-calls", "3"], ["--max-seconds", "0.01"]])
def test_a_used_up_budget_ends_with_what_is_known(terminal: Any, account: Any, investigate: Sequence[str], limit: list[str]) -> None:
    result = terminal.run(*investigate, *limit)
    assert result.code == 1, result.err
    document = result.document
    assert document["status"] == "budget_exhausted"
    assert limit[0] in json.dumps([document["gaps"], document["next_best"], document["assumptions"]])
    if limit[0] == "--max-calls":
        assert document["ledger"]["upstream"] <= 3
    resumed = terminal.run("resume", terminal.run_dir.name, "--max-calls", "500", "--max-seconds", "300", "--json")
    assert resumed.code == 0, resumed.err
    assert resumed.document["verdict"] == "confirmed"


def test_what_one_step_proves_needs_no_second(terminal: Any, account: Any, investigate: Sequence[str]) -> None:
    result = terminal.run(*investigate, "--max-steps", "1")
    assert result.code == 0, result.err
    assert (result.document["status"], result.document["verdict"], len(result.document["steps"])) == ("concluded", "confirmed", 1)


# -- surroundings ------------------------------------------------------------------------------------------------------


def test_a_home_that_is_a_file(terminal: Any, account: Any, investigate: Sequence[str]) -> None:
    terminal.home.write_text("mine")
    assert_refused(terminal.run(*investigate), 2, "cannot write", "NEPHOSCOPE_HOME")
    assert terminal.run("runs").code in (0, 2)
    assert terminal.home.read_text() == "mine"


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1"])
def test_terminals_without_unicode(terminal: Any, account: Any, investigate: Sequence[str], locale: str) -> None:
    surroundings = {"LC_ALL": locale, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    result = terminal.run(*[word for word in investigate if word != "--json"], variables=surroundings)
    assert result.code == 0, result.err
    assert "CONFIRMED" in result.out


def test_a_reader_that_leaves_early(terminal: Any, account: Any, investigate: Sequence[str]) -> None:
    process = terminal.start(*investigate)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    assert process.wait(60) == 0, err
    assert "Traceback" not in err
    assert json.loads((terminal.run_dir / "report.json").read_text())["verdict"] == "confirmed"


@pytest.fixture
def broken_pack(tmp_path: Path) -> Path:
    """A folder of packages with an installed pack that raises on import."""
    folder = tmp_path / "site"
    metadata = folder / "nephoscope_rotten-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: nephoscope-rotten\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[nephoscope]\nrotten = nephoscope_rotten.plugin\n")
    (folder / "nephoscope_rotten").mkdir()
    (folder / "nephoscope_rotten" / "__init__.py").touch()
    (folder / "nephoscope_rotten" / "plugin.py").write_text("raise RuntimeError('rotten to the core')\n")
    return folder


def test_a_pack_that_raises_on_import_is_one_line(terminal: Any, account: Any, investigate: Sequence[str], broken_pack: Path) -> None:
    path = os.pathsep.join([str(broken_pack), *filter(None, [os.environ.get("PYTHONPATH")])])
    listed = terminal.run("plugins", variables={"PYTHONPATH": path, "COLUMNS": "200"})
    assert listed.code == 0, listed.err
    assert "rotten to the core" in " ".join(listed.out.split())
    assert "Traceback" not in listed.out + listed.err
    result = terminal.run(*investigate, variables={"PYTHONPATH": path})
    assert result.code == 0, result.err
    assert result.document["verdict"] == "confirmed"


# -- no isolation ------------------------------------------------------------------------------------------------------


@pytest.fixture
def unwalled(terminal: Any) -> Any:
    """The command where namespaces cannot be made: bubblewrap fails there, and so does everything else."""
    prison = ["bwrap", "--unshare-user", "--disable-userns", "--cap-drop", "ALL", "--dev-bind", "/", "/"]
    if not shutil.which("bwrap") or subprocess.run([*prison, "true"], capture_output=True, check=False).returncode:
        pytest.skip("namespaces cannot be forbidden here")
    terminal.command = [*prison, *terminal.command]
    return terminal


def test_the_demo_runs_without_isolation_and_says_so(unwalled: Any) -> None:
    result = unwalled.run("demo", "--json")
    assert result.code == 0, result.err
    assert result.document["verdict"] == "confirmed"
    assert result.document["isolation"] == "none"
    assert len([line for line in result.err.splitlines() if "contain a script" in line]) == 1


def test_nothing_else_runs_without_isolation(unwalled: Any, account: Any, investigate: Sequence[str], tmp_path: Path) -> None:
    account.control("clear", {})
    assert_refused(unwalled.run(*investigate), 2, "contain", "nephoscope doctor")
    refused = unwalled.run(
        "exec", "--endpoint-url", account.endpoint, "--region", "eu-west-1", "--", "python", "-c", f"open({str(tmp_path / 'x')!r}, 'w')"
    )
    assert refused.code in (2, 125), refused.err
    assert "contain" in refused.err
    assert not (tmp_path / "x").exists()
    assert set(account.upstream()) <= {"sts:GetCallerIdentity"}


def test_unsafe_local_is_for_the_demo_alone(terminal: Any, account: Any, investigate: Sequence[str]) -> None:
    assert_refused(terminal.run(*investigate, "--executor", "unsafe-local"), 2, "contain")
    result = terminal.run("demo", "--unsafe-local", "--json")
    assert result.code == 0, result.err
    assert result.document["isolation"] == "none"


@pytest.mark.parametrize(("wrong", "told"), [(("--planner", "nope"), "no planner called 'nope'"), (("--only", "nope"), "no scenario matches 'nope'")])
def test_a_suite_that_cannot_begin_says_so_at_once(terminal: Any, wrong: Sequence[str], told: str) -> None:
    assert_refused(terminal.run("bench", *wrong, "--json"), 2, told)
