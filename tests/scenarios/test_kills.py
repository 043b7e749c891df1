"""Killed at any moment, and before and after every single write, then resumed: the same verdict, nothing answered asked again.

Hours with cold starts; so engine, boundary and scripts are forked from a warm process (see :mod:`warm`), and the emulator's answers repeated by
an echo that counts. ``SOAK_PART=2/5`` runs the second fifth. ``SOAK_LOG`` names a file that gets a line for each kill, and whose kills are not
made again when the soak goes on another day. ``SOAK_RECORD`` keeps what a command imports, so that several parts find it out once;
``SOAK_ENDPOINT`` is an emulator with the account, started by hand, that they share.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))

from conftest import SCENARIOS, Account, Terminal
from echo import Echo, echoing

from nephoscope.store.lock import hold

WARM = Path(__file__).with_name("warm.py")
SCENARIO = "ec2-ssh-port-closed"
SECONDS = 600
RANDOM_KILLS = 100
"""Of each of the two processes."""
SEED = 20261124
MEMORY = Path("/dev/shm")


class Warm:
    """Orders to a warm process, and what came of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.killed: float | None = None
        """When somebody was killed in the last command."""
        self._process = subprocess.Popen([sys.executable, str(WARM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, words: Sequence[str], variables: Mapping[str, str], **kill: Any) -> tuple[int, str, str]:
        """A command's exit code (negative for a signal), output and complaints."""
        out, err = self._folder / "out", self._folder / "err"
        answer = self.order(argv=words, env=variables, out=str(out), err=str(err), seconds=SECONDS, **kill)
        self.killed = answer["killed"]
        return int(answer["code"]), out.read_text("utf-8", "replace"), err.read_text("utf-8", "replace")

    def order(self, **order: Any) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)


@dataclass
class Bench:
    """Where investigations of one account are killed."""

    warm: Warm
    echo: Echo
    terminal: Any
    words: Sequence[str]
    folder: Path

    def run(self, *words: str, **variables: str) -> Any:
        return self.terminal.ended(*self.warm.run(words, self.terminal.environment(**variables)))

    def killed(self, who: str, after: float, **variables: str) -> Any:
        return self.terminal.ended(*self.warm.run(self.words, self.terminal.environment(**variables), kill=who, after=after))

    def fresh(self) -> None:
        shutil.rmtree(self.terminal.home, ignore_errors=True)
        self.echo.asked.clear()


@pytest.fixture(scope="module")
def bench(emulate: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    account = _account(emulate)
    folder = tmp_path_factory.mktemp("each")
    home = (MEMORY if os.access(MEMORY, os.W_OK) else folder) / f"nephoscope-{os.getpid()}"  # a sync to memory costs nothing
    with echoing(account.endpoint) as echo:
        keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "eu-west-1"}
        words = ["investigate", account.words, "--endpoint-url", echo.endpoint, "--region", "eu-west-1", "--json"]
        made = Bench(Warm(folder), echo, Terminal(home, keys), words, folder)
        record = Path(os.environ.get("SOAK_RECORD", folder / "record"))
        if not record.exists():
            made.run(*words, WARM_RECORD=str(record))
        made.warm.order(warm=str(record))
        made.fresh()
        yield made
        made.warm.close()
        made.fresh()


def _account(emulate: Any) -> Account:
    if "SOAK_ENDPOINT" not in os.environ:
        started: Account = emulate(SCENARIO)
        return started
    path = next(SCENARIOS.rglob(f"{SCENARIO}.yaml"))
    return Account(os.environ["SOAK_ENDPOINT"], yaml.safe_load(path.read_text("utf-8"))["text"])


def moments(bench: Bench) -> list[str]:
    """Every write of an investigation that nobody interrupts, as ``process:store:number``."""
    folder = bench.folder / "counts"
    folder.mkdir()
    assert bench.run(*bench.words, MORTAL_COUNT=str(folder)).code == 0
    bench.fresh()
    return [f"{path.name}:{number}" for path in sorted(folder.iterdir()) for number in range(1, int(path.read_text()) + 1)]


def brought_to_its_end(bench: Bench, first: Any) -> tuple[Any, str]:
    """What came of a run in which somebody was killed, and how."""
    if first.code == 0:
        return first, "went on"
    if first.code != -signal.SIGKILL:
        assert first.code in (3, 4), f"{first.code} {first.err}"
    runs = bench.terminal.runs
    if runs:
        hold(runs[-1] / "lock", seconds=30.0).close()  # this boundary is a fork of the engine, lock included, until it sees the engine's end
    resumed = bench.run("resume", runs[-1].name, "--json") if runs else None
    if resumed is None or (resumed.code == 2 and "was not begun" in resumed.err):
        bench.fresh()
        return bench.run(*bench.words), "begun again"
    return resumed, "resumed"


def sends(run_dir: Path) -> tuple[int, list[str]]:
    """All sends of a run by its ledger, and questions that the cloud answered more than once."""
    with closing(sqlite3.connect(run_dir / "ledger.db")) as ledger:
        total = ledger.execute("SELECT coalesce(sum(sends), 0) FROM calls").fetchone()[0]
        twice = ledger.execute(
            "SELECT operation FROM calls JOIN answers USING (call_id) WHERE cached_from IS NULL GROUP BY question HAVING count(*) > 1"
        ).fetchall()
    return int(total), [operation for (operation,) in twice]


def resent(run_dir: Path, killed_at: float) -> list[str]:
    """Calls answered before the kill that were sent more than once."""
    before = datetime.fromtimestamp(killed_at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    with closing(sqlite3.connect(run_dir / "ledger.db")) as ledger:
        sql = "SELECT call_id FROM calls JOIN answers USING (call_id) WHERE sends > 1 AND answered_at < ?"
        return [call for (call,) in ledger.execute(sql, (before,))]


def trouble(bench: Bench, first: Any, killed_at: float, essence: dict[str, Any]) -> str:
    """What is not as it should be after a kill, or how it ended well."""
    result, how = brought_to_its_end(bench, first)
    if result.code != 0:
        return f"WRONG {how}, exit {result.code}: {result.err[-300:]}"
    if result.essence != essence:
        return f"WRONG {how}, another report: " + "; ".join(key for key in essence if result.essence[key] != essence[key])
    run_dir = bench.terminal.run_dir
    total, twice = sends(run_dir)
    again = resent(run_dir, killed_at)
    if twice or again:
        return f"WRONG {how}, answered and asked again: {twice or again}"
    connects = sum(count for key, count in bench.echo.asked.items() if "GetCallerIdentity" in key[2])
    upstream = sum(bench.echo.asked.values()) - connects
    return f"WRONG {how}, {upstream} requests upstream, {total} in the ledger" if upstream > total else f"same, {how}"


class Log:
    """A line for each kill: what was killed, a tab, and what came of it. Kills of an earlier sitting count."""

    def __init__(self) -> None:
        self._file = os.environ.get("SOAK_LOG", "")
        self._lines: dict[str, str] = {}
        if self._file and os.path.exists(self._file):  # noqa: PTH110
            with open(self._file) as file:  # noqa: PTH123
                self._lines = dict(line.rstrip("\n").split("\t", 1) for line in file)

    def __contains__(self, what: str) -> bool:
        return what in self._lines

    def add(self, what: str, came: str) -> None:
        self._lines[what] = came
        if self._file:
            with open(self._file, "a") as file:  # noqa: PTH123
                file.write(f"{what}\t{' '.join(came.split())}\n")

    def judge(self) -> None:
        """Nothing came out wrong, and most kills came in time."""
        assert not {what: came for what, came in self._lines.items() if came.startswith("WRONG")}
        assert 2 * list(self._lines.values()).count("unreached") < len(self._lines)


def part(every: Sequence[str], log: Log) -> list[str]:
    """The kills of this part that are still to be made, spread over all."""
    number, of = (int(word) for word in os.environ.get("SOAK_PART", "1/1").split("/"))
    return [what for what in every[number - 1 :: of] if what not in log]


@pytest.mark.scenario
@pytest.mark.timeout(900)
def test_some_kills(bench: Bench) -> None:
    """One of each process and of each way to die: what the soaks do, in short."""
    whole = bench.run(*bench.words)
    assert whole.code == 0, whole.err
    bench.fresh()
    log, mark = Log(), bench.folder / "mark"
    for moment in ("engine:run.db:60:before", "boundary:ledger.db:30:after"):
        mark.unlink(missing_ok=True)
        first = bench.run(*bench.words, MORTAL=moment, MORTAL_MARK=str(mark))
        log.add(moment, trouble(bench, first, mark.stat().st_mtime, whole.essence))
        bench.fresh()
    first = bench.killed("engine", 1.0, WARM_WALLS="1")
    log.add("engine", trouble(bench, first, bench.warm.killed or 0.0, whole.essence))
    bench.fresh()
    log.judge()


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_a_kill_around_each_write_changes_nothing(bench: Bench) -> None:
    whole = bench.run(*bench.words)
    assert whole.code == 0, whole.err
    bench.fresh()
    log, mark = Log(), bench.folder / "mark"
    every = moments(bench)
    for moment in part([f"{one}:{when}" for when in ("before", "after") for one in every], log):
        mark.unlink(missing_ok=True)
        first = bench.run(*bench.words, MORTAL=moment, MORTAL_MARK=str(mark))
        log.add(moment, trouble(bench, first, mark.stat().st_mtime, whole.essence) if mark.exists() else "unreached")
        bench.fresh()
    log.judge()


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("who", ["engine", "boundary"])
def test_a_kill_at_any_moment_changes_nothing(who: str, bench: Bench) -> None:
    """A hundred of each, scripts behind real walls."""
    walls = {"WARM_WALLS": "1"}
    bench.run(*bench.words, **walls)
    begun = time.monotonic()
    whole = bench.run(*bench.words, **walls)
    seconds = time.monotonic() - begun
    assert whole.code == 0, whole.err
    bench.fresh()
    log = Log()
    for what in part([f"{who} {number}" for number in range(RANDOM_KILLS)], log):
        after = random.Random(f"{SEED} {what}").uniform(0.02, 1.0) * seconds
        first = bench.killed(who, after, **walls)
        killed = bench.warm.killed
        log.add(what, f"{trouble(bench, first, killed, whole.essence)}, after {after:.2f} of {seconds:.2f} s" if killed else "unreached")
        bench.fresh()
    log.judge()
