"""Attacks on the sandbox itself, through every executor of this machine: each gets as far as its deed, and the deed has no effect."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from nephoscope.boundary.sandbox import BubblewrapExecutor, NoneExecutor, UsernsExecutor
from nephoscope.interfaces import Executor
from nephoscope.models import ExecutionResult, Limits, Surroundings

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(600)]

EXECUTORS: dict[str, Any] = {
    "bubblewrap": BubblewrapExecutor,
    "bubblewrap cold": lambda: BubblewrapExecutor(warm=False),
    "userns": UsernsExecutor,
    "userns cold": lambda: UsernsExecutor(warm=False),
}
PRELUDE = """\
import ctypes, json, os, signal, socket, subprocess, sys, threading, time
from nephoscope_script import params
globals().update(params())
CHANNEL = int(os.environ["NEPHOSCOPE_STATEMENTS"])
libc = ctypes.CDLL(None, use_errno=True)
def reached(): os.write(1, b"REACHED\\n")
def effect(what):
    if what: print("EFFECT", str(what)[:200], flush=True)
def say(what): os.write(CHANNEL, (json.dumps(what) + "\\n").encode())
def tries(deed):
    try: value = deed()
    except OSError: return None
    return True if value is None else value
"""
LIMITS = Limits(seconds=8, memory_mb=256, processes=24, files=3000, disk_mb=16, output_bytes=100_000)
AT_ONCE = 4


@dataclass(frozen=True)
class Attack:
    """One entry of the corpus."""

    name: str
    script: str
    bare: bool = False
    limit: str = ""
    exits: int | None = None
    then: str = ""
    beside: str = ""
    survivor: bool = False


CORPUS = [
    Attack(name, **entry)
    for name, entry in yaml.safe_load((Path(__file__).parent / "corpus" / "walls.yaml").read_text(encoding="utf-8"))["scripts"].items()
]


@dataclass
class Bait:
    """What belongs to the caller, and must stay out of reach."""

    folder: Path
    word: str = field(default_factory=lambda: secrets.token_hex(12))
    secret: str = field(default_factory=lambda: secrets.token_hex(12))
    port: int = 0

    def params(self, attack: str) -> dict[str, object]:
        return {
            "CANARY": str(self.folder / "canary"), "FOLDER": str(self.folder), "WORD": self.word_for(attack), "PORT": self.port,
            "DOOR": str(self.folder / "door"), "COMMON": self.word,
        }  # fmt: skip

    def word_for(self, attack: str) -> str:
        return f"{self.word}-{attack}".replace(" ", "-")


@pytest.fixture
def bait(tmp_path: Path) -> Iterator[Bait]:
    made = Bait(tmp_path)
    (tmp_path / "canary").write_text(made.secret)
    (tmp_path / "canary").chmod(0o644)
    beside = subprocess.Popen(["sleep", "600"], env={"CALLERS_WORD": made.word, "PATH": os.environ["PATH"]})
    with socket.socket() as port, socket.socket(socket.AF_UNIX) as door, socket.socket(socket.AF_UNIX) as abstract:
        port.bind(("127.0.0.1", 0))
        door.bind(str(tmp_path / "door"))
        abstract.bind("\0" + made.word)
        for each in (port, door, abstract):
            each.listen(64)
        made.port = port.getsockname()[1]
        try:
            yield made
        finally:
            beside.kill()
            beside.wait()


async def run(executor: Executor, source: str, bait: Bait, attack: str = "") -> ExecutionResult:
    async def listener(descriptor: int) -> None:
        os.close(descriptor)

    return await executor.execute(PRELUDE + source, Surroundings(), bait.params(attack), LIMITS, listener)


async def attack(executor: Executor, each: Attack, bait: Bait) -> list[str]:
    """What is wrong with how it went; empty when it got to its deed and nothing came of it."""
    if each.beside:
        results = list(await asyncio.gather(run(executor, each.script, bait, each.name), run(executor, each.beside, bait, each.name)))
    else:
        results = [await run(executor, each.script, bait, each.name)]
        if each.then:
            results.append(await run(executor, each.then, bait, each.name))
    return [f"{each.name}: {wrong}" for result in results for wrong in _wrong(each, result, bait)]


def _wrong(each: Attack, result: ExecutionResult, bait: Bait) -> Iterator[str]:
    said = json.dumps(result.model_dump(mode="json"), allow_nan=False)
    said.encode()
    if "REACHED" not in result.output:
        yield f"did not get to its deed: {result}"
    if "EFFECT" in result.output:
        yield result.output[result.output.index("EFFECT") :][:300]
    if bait.secret in said:
        yield f"the caller's secret came out: {said[:500]}"
    if each.limit and not re.fullmatch(each.limit, result.limit_hit or ""):
        yield f"names the limit {result.limit_hit}, not {each.limit}: {result.status} {result.failure} {result.output[-300:]}"
    if each.exits is not None and (result.status, result.exit_code) != ("failed", each.exits):
        yield f"ended as {result.status} {result.exit_code}"
    if result.calls or result.seconds > LIMITS.seconds + 2 or len(said) > 4 * LIMITS.output_bytes:
        yield f"forged or unbounded: {result.calls} {result.seconds} {len(said)}"
    if each.survivor and (left := _running(bait.word_for(each.name))):
        yield f"survives as {left}"


def _running(word: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            found += [entry.name] if entry.name.isdigit() and word.encode() in (entry / "cmdline").read_bytes() else []
        except OSError:
            continue
    return found


async def siege(executor: Executor, bait: Bait) -> list[str]:
    """All attacks, a few at once; an ordinary script after them still runs."""
    await executor.open(())
    try:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(each: Attack) -> list[str]:
            async with room:
                return await attack(executor, each, bait)

        wrong = [fault for faults in await asyncio.gather(*map(one, CORPUS)) for fault in faults]
        after = await run(executor, "reached(); print('well')", bait)
        return wrong + ([] if after.output == "REACHED\nwell\n" else [f"afterwards: {after}"])
    finally:
        await executor.close()


@pytest.mark.parametrize("name", list(EXECUTORS))
def test_no_attack_on_the_walls_has_an_effect(name: str, bait: Bait) -> None:
    executor = EXECUTORS[name]()
    if reason := executor.available():
        pytest.skip(reason)
    wrong = asyncio.run(siege(executor, bait))
    assert not wrong, "\n".join(wrong)
    assert (bait.folder / "canary").read_text() == bait.secret
    assert sorted(path.name for path in bait.folder.iterdir()) == ["canary", "door"]


def test_attacks_bite_where_there_are_no_walls(bait: Bait) -> None:
    """Otherwise they might fail for being wrong."""
    if os.geteuid() != 0:
        pytest.skip("most of them need the rights of root to bite")
    bare = NoneExecutor()
    tame = [each for each in CORPUS if each.bare]
    assert len(tame) >= 15
    toothless = []
    for each in tame:
        result = asyncio.run(run(bare, each.script, bait, each.name))
        if "EFFECT" not in result.output and not (each.name == "the kernel's memory" and "No such file" in result.output):
            toothless.append((each.name, result.output[-300:]))
    assert not toothless, "\n".join(map(str, toothless))


def test_the_corpus_is_large_and_of_every_kind() -> None:
    assert len(CORPUS) >= 80
    assert sum(bool(each.limit) for each in CORPUS) >= 15
    assert sum(bool(each.then or each.beside) for each in CORPUS) >= 8
