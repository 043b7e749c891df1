"""The warm interpreter: forks that share nothing, a crash that is no disaster, a replacement nobody notices."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nephoscope.boundary.sandbox import BubblewrapExecutor, UsernsExecutor, walled, warm
from nephoscope.boundary.sandbox.walled import WalledExecutor
from nephoscope.boundary.sandbox.warm import Warm, Zygote
from nephoscope.interfaces import IsolationError
from nephoscope.models import ExecutionResult, Limits, Surroundings

pytestmark = pytest.mark.sandbox


async def closing(descriptor: int) -> None:
    os.close(descriptor)


async def run(executor: WalledExecutor, source: str, seconds: float = 30, env: dict[str, str] | None = None) -> ExecutionResult:
    return await executor.execute(source, Surroundings(env=env or {}), {}, Limits(seconds=seconds), closing)


def with_warm(kind: type[WalledExecutor], scenario: Callable[[WalledExecutor], Any], preloads: tuple[str, ...] = ()) -> Any:
    executor = kind()
    reason = executor.available()
    if reason:
        pytest.skip(reason)

    async def all_of_it() -> Any:
        await executor.open(preloads)
        try:
            if not executor.note.startswith("warm"):
                pytest.skip(executor.note)
            return await scenario(executor)
        finally:
            await executor.close()

    return asyncio.run(all_of_it())


@pytest.fixture(params=[BubblewrapExecutor, UsernsExecutor], ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> type[WalledExecutor]:
    return request.param


def zygotes() -> list[int]:
    """Warm interpreters that were started by this process."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            found += [int(entry.name)] if words[3:4] == [b"/sandbox/zygote.py"] and _descends(int(entry.name)) else []
    return found


def strike() -> None:
    """Kill them; what falls with its parent is gone already."""
    for pid in zygotes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _descends(pid: int) -> bool:
    while pid > 1:
        if pid == os.getpid():
            return True
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False


def test_scripts_share_no_state_and_each_has_its_own_surroundings(kind):
    async def scenario(executor):
        first = await run(executor, "import json, os\njson.mark = 1\nos.environ['LEFT'] = '1'\nprint(os.environ['REGION'])", env={"REGION": "north"})
        second = await run(
            executor, "import json, os\nprint(hasattr(json, 'mark'), os.environ.get('LEFT'), os.environ['REGION'])", env={"REGION": "south"}
        )
        return first.output, second.output

    assert with_warm(kind, scenario) == ("north\n", "False None south\n")


def test_namespaces_are_the_script_s_own(kind):
    source = "import os\nprint(*(os.readlink('/proc/self/ns/' + name) for name in ('user', 'mnt', 'pid', 'ipc', 'net', 'uts')))"

    async def scenario(executor):
        return [(await run(executor, source)).output.split() for _ in range(2)]

    first, second = with_warm(kind, scenario)
    ours = [str(Path(f"/proc/self/ns/{name}").readlink()) for name in ("user", "mnt", "pid", "ipc", "net", "uts")]
    assert len(first) == len(second) == 6
    assert not set(first) & set(ours) and not set(second) & set(ours)
    live = asyncio.run(_together(kind, source))
    assert not set(live[0].split()) & set(live[1].split())


async def _together(kind: type[WalledExecutor], source: str) -> list[str]:
    executor = kind()
    await executor.open(())
    try:
        held = source + "\nimport time; time.sleep(1)"
        return [result.output for result in await asyncio.gather(run(executor, held), run(executor, held))]
    finally:
        await executor.close()


def test_several_at_once_take_no_longer_than_one(kind):
    async def scenario(executor):
        begun = asyncio.get_running_loop().time()
        results = await asyncio.gather(*(run(executor, f"import time; time.sleep(1.5); print({n})") for n in range(8)))
        return [result.output for result in results], asyncio.get_running_loop().time() - begun

    outputs, seconds = with_warm(kind, scenario)
    assert outputs == [f"{n}\n" for n in range(8)]
    assert seconds < 8


def test_a_crash_between_scripts_is_not_noticed(kind):
    async def scenario(executor):
        strike()
        return await run(executor, "print('again')")

    assert with_warm(kind, scenario).output == "again\n"


def test_a_crash_under_a_script_is_an_ending_and_the_next_one_runs(kind):
    async def scenario(executor):
        task = asyncio.ensure_future(run(executor, "import time\nprint('begun', flush=True)\ntime.sleep(60)"))
        await asyncio.sleep(2)
        strike()
        return await asyncio.wait_for(task, 20), await run(executor, "print('next')")

    struck, following = with_warm(kind, scenario)
    assert (struck.status, struck.failure.kind, struck.limit_hit) == ("killed", "crash", None)
    assert "not of the script" in struck.failure.message
    assert following.output == "next\n"


def test_it_is_replaced_after_some_scripts(kind, monkeypatch):
    monkeypatch.setattr(warm, "MOST_RUNS", 3)

    async def scenario(executor):
        before = set(zygotes())
        for _ in range(4):
            await run(executor, "pass")
        for _ in range(60):
            if not before & set(zygotes()):
                break
            await asyncio.sleep(0.2)
            await run(executor, "pass")
        return before, set(zygotes())

    before, after = with_warm(kind, scenario)
    assert before and after and not before & after


def test_where_namespaces_are_refused_each_script_gets_a_cold_one(kind, monkeypatch):
    """The trial fails as it does where user namespaces inside user namespaces are not allowed."""
    original = walled.inside_files if hasattr(walled, "inside_files") else None
    assert original is None
    from nephoscope.boundary.sandbox import bubblewrap, layout, userns

    def crippled() -> dict[str, bytes]:
        files = layout.inside_files()
        name = "/sandbox/zygote.py"
        return {**files, name: files[name].replace(b"def enclose(", b"def enclose(request):\n    raise OSError(1, 'not permitted')\n\n\ndef unused(")}

    monkeypatch.setattr(bubblewrap, "inside_files", crippled)
    monkeypatch.setattr(userns, "inside_files", crippled)
    executor = kind()
    if executor.available():
        pytest.skip(str(executor.available()))

    async def scenario():
        await executor.open(())
        try:
            return executor.note, await run(executor, "print('still')")
        finally:
            await executor.close()

    note, result = asyncio.run(scenario())
    assert "cold" in note and "not permitted" in note
    assert result.output == "still\n"


def test_a_preload_that_fails_costs_speed_and_nothing_else(kind):
    async def scenario(executor):
        return executor.note, await run(executor, "print(1)")

    note, result = with_warm(kind, scenario, ("no_such_module_anywhere",))
    assert "no_such_module_anywhere" in note and result.status == "ok"


def test_nothing_is_left_when_it_is_closed(kind):
    async def scenario(executor):
        await run(executor, "pass")

    with_warm(kind, scenario)
    assert zygotes() == []


def test_it_is_started_from_the_main_thread_alone():
    caught: list[BaseException] = []

    def elsewhere() -> None:
        try:
            Zygote(None, None)  # type: ignore[arg-type]
        except IsolationError as error:
            caught.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert len(caught) == 1


def test_one_that_cannot_start_says_why():
    class Dead:
        alive = False
        refused = "no room"
        active = 0
        served = 0

        async def wait(self) -> None: ...

        async def close(self) -> None: ...

    with pytest.raises(IsolationError, match="no room"):
        asyncio.run(Warm(Dead).take())  # type: ignore[arg-type]
