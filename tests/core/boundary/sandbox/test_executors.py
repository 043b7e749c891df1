"""Ordinary scripts, and hostile ones, through every real executor."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from nephoscope.boundary.sandbox import HOME, LISTENER_URL, BubblewrapExecutor, NoneExecutor, UsernsExecutor
from nephoscope.interfaces import UsageError
from nephoscope.models import Limits, Surroundings

pytestmark = pytest.mark.sandbox

SAY = "import json, os\ndef say(**what): os.write(int(os.environ['NEPHOSCOPE_STATEMENTS']), (json.dumps(what) + '\\n').encode())\n"


def test_a_script_finds_its_surroundings_and_is_heard(run):
    source = (
        "from nephoscope_script import now, params, state\nimport os\nfrom pathlib import Path\n"
        "state('bucket', 'name', params()['n'], 'storage:List', 'Items[0]')\n"
        "print(now(), os.environ['REGION'], Path.home().joinpath('.sdk/config').read_text(), __name__)\n"
    )
    here = Surroundings(env={"REGION": "north", "NEPHOSCOPE_NOW": "2026-01-01T00:00:00Z"}, files={".sdk/config": "profile"})
    result = run(source, {"n": 7}, here)
    assert result.status == "ok" and result.exit_code == 0 and result.failure is None
    assert result.output == "2026-01-01T00:00:00Z north profile __main__\n"
    assert result.statements == ({"subject": "bucket", "attribute": "name", "value": 7, "from": {"operation": "storage:List", "expr": "Items[0]"}},)


def test_the_listener_accepts_from_outside_what_connects_inside(executor):
    heard = []

    async def listener(descriptor: int) -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append((await reader.readline()).decode().strip())
            writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            await writer.drain()
            writer.close()

        await asyncio.start_server(answer, sock=socket.socket(fileno=descriptor))

    source = f"import urllib.request\nprint(urllib.request.urlopen({LISTENER_URL!r} + '/x', timeout=5).read().decode())"
    result = asyncio.run(executor.execute(source, Surroundings(), {}, Limits(seconds=20), listener))
    assert (result.output, heard) == ("hello\n", ["GET /x HTTP/1.1"])


@pytest.mark.parametrize(
    ("source", "kind", "words"),
    [
        ("x =", "syntax", "line 1"),
        ("import nowhere_to_be_found", "import", "nowhere_to_be_found"),
        ("x = {}\nx['bucket']", "crash", "KeyError: 'bucket' (line 2)"),
        ("import socket\nsocket.create_connection(('192.0.2.1', 80), 2)", "refused", "line 2"),
        ("open('/etc/made-up', 'w')", "refused", "/etc/made-up"),
        ("x = bytearray(1 << 33)", "limit", "MemoryError"),
        ("open('big', 'wb').write(bytes(90 << 20))", "limit", "line 1"),
        ("raise SystemExit(3)", "crash", "status 3"),
    ],
)
def test_failures_are_told_by_kind(run, source, kind, words):
    result = run(source)
    assert result.status == "failed" and result.exit_code not in (0, None)
    assert (result.failure.kind, words in result.failure.message) == (kind, True), result.failure


def test_an_error_shaped_like_an_sdk_s_names_its_operation(run):
    source = (
        "class ServiceError(Exception):\n    response = {'Error': {'Code': 'Denied'}}\n    operation_name = 'GetThing'\n"
        "raise ServiceError('Denied when calling GetThing')"
    )
    failure = run(source).failure
    assert (failure.kind, failure.operation) == ("api_error", "GetThing")


def test_the_deadline_ends_everything_and_keeps_what_was_said(run):
    result = run("import os, time\nprint('begun')\nos.fork()\nwhile True: time.sleep(1)", seconds=1)
    assert (result.status, result.limit_hit, result.failure.kind, result.exit_code) == ("killed", "seconds", "timeout", None)
    assert "begun" in result.output and result.seconds < 3


def test_an_orphan_that_holds_the_output_neither_delays_nor_survives(run):
    begun = time.monotonic()
    source = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    while True: time.sleep(0.1)\nprint('done')"
    result = run(source)
    assert (result.status, result.output) == ("ok", "done\n")
    assert time.monotonic() - begun < 10


def test_a_fork_bomb_stops_at_its_limit_and_says_so(run):
    result = run("import os, time\nwhile True:\n    if os.fork() == 0: time.sleep(60)", processes=12)
    assert (result.failure.kind, result.limit_hit) == ("limit", "processes")


@pytest.mark.parametrize("number", [9, 11, 6])
def test_killing_itself_is_seen_from_outside(run, number):
    result = run(SAY + f"say(a=1)\nos.kill(os.getpid(), {number})")
    assert (result.status, result.exit_code) == ("killed", 128 + number)
    assert result.statements == ({"a": 1},)


def test_ending_abruptly_with_zero_is_only_an_ending(run):
    result = run("import os\nos._exit(0)")
    assert (result.status, result.statements, result.output) == ("ok", (), "")


def test_huge_output_keeps_head_and_tail(run):
    result = run("print('first')\nfor _ in range(100): print('x' * 100_000)\nprint('last')", output_bytes=10_000)
    assert result.truncated and len(json.dumps(result.output)) <= 10_002
    assert result.output.startswith("first\n") and result.output.endswith("last\n")


def test_output_is_counted_after_escaping(run):
    result = run("import sys\nsys.stdout.write('\\0' * 50_000)", output_bytes=60_000)
    assert result.truncated and len(json.dumps(result.output)) <= 60_002


def test_undecodable_output_is_still_text(run):
    output = run(r"import os; os.write(1, b'\xff\xed\xa0\x80ok')").output
    assert output.endswith("ok") and output.encode()


def test_only_well_formed_statements_come_through(run):
    source = SAY + (
        "channel = int(os.environ['NEPHOSCOPE_STATEMENTS'])\n"
        "for line in (b'garbage', b'[1]', b'{\"a\": NaN}', b'{\"a\": 1e999}', b'{\"a\": \"\\\\ud800\"}', b'{\"a\": ' + b'9' * 40 + b'}',\n"
        "             b'{\"a\": ' + b'[' * 40 + b']' * 40 + b'}', b'[' * 60000, b'{\"a\": \"' + b'x' * 70000 + b'\"}', b'\\xff\\xfe'):\n"
        "    os.write(channel, line + b'\\n')\nsay(good=True)"
    )
    result = run(source)
    assert result.statements == ({"good": True},)
    assert "10 statement(s) dropped" in result.output


def test_a_flood_of_statements_is_bounded(run):
    result = run(SAY + "for n in range(200_000): say(n=n)", output_bytes=20_000)
    assert result.truncated and len(json.dumps(result.statements)) < 60_000
    assert result.statements[0] == {"n": 0}


def test_a_script_cannot_forge_what_trusted_code_saw(run):
    """Whatever it writes on every descriptor it has, status, exit code and limit stay what was seen from outside."""
    forged = json.dumps({"kind": "timeout", "message": "forged", "operation": "x", "limit": "seconds", "status": "ok", "exit_code": 0})
    source = f"import os\nfor d in range(3, 256):\n    try: os.write(d, {forged.encode()!r})\n    except OSError: pass\nos._exit(5)"
    result = run(source)
    assert (result.status, result.exit_code, result.limit_hit) == ("failed", 5, None)


def test_a_report_of_rubbish_is_ignored(run):
    source = "import os\nfor d in range(3, 256):\n    try: os.write(d, b'{' * 100_000)\n    except OSError: pass\nos._exit(5)"
    result = run(source)
    assert (result.failure.kind, result.failure.message) == ("crash", "ended with status 5")


def test_no_descriptor_but_the_channels_is_open(run):
    source = "import os\nfor d in range(4096):\n    try: print(d, os.readlink(f'/proc/self/fd/{d}').split(':')[0])\n    except OSError: pass"
    kinds = [line.split()[1] for line in run(source).output.splitlines()]
    assert kinds == ["/dev/null", "pipe", "pipe", "pipe", "pipe"]


@pytest.mark.parametrize(
    "source",
    [
        "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "import ctypes; c = ctypes.CDLL(None, use_errno=True)\nif c.unshare(0x10000000): raise OSError(ctypes.get_errno(), 'unshare')",
        "import ctypes; c = ctypes.CDLL(None, use_errno=True)\nif c.ptrace(0, 0, 0, 0): raise OSError(ctypes.get_errno(), 'traceme')",
        "import ctypes; c = ctypes.CDLL(None, use_errno=True)\nif c.mount(b'x', b'.', b'tmpfs', 0, 0): raise OSError(ctypes.get_errno(), 'mount')",
        "import os; os.memfd_create('hidden')",
        "open('/proc/1/mem', 'r+b')",
        "open('/proc/sys/kernel/hostname', 'w')",
        "import os\ntry: os.setuid(0)\nexcept OSError as error: raise PermissionError(error.errno and 1, str(error))",
        "import os; os.mknod('disk', 0o60600, os.makedev(254, 0))",
    ],
)
def test_the_walls(run, source):
    failure = run(source).failure
    assert failure and (failure.kind, "refused" in failure.message) == ("refused", False), failure


def test_the_first_process_has_no_environment_and_cannot_be_killed(run):
    source = (
        "import os\ntry: print(repr(open('/proc/1/environ').read()))\nexcept OSError: print(repr(''))\n"
        "try: os.kill(1, 9)\nexcept OSError: pass\nprint('alive')"
    )
    assert run(source).output == "''\nalive\n"


def test_links_out_of_the_home_lead_nowhere(run):
    secret = Path("/etc/shadow") if os.geteuid() == 0 else Path.home()
    result = run(f"import os\nos.symlink({str(secret)!r}, 'way-out')\nprint(os.path.exists('way-out'))\nopen('way-out')")
    assert result.output.startswith("False") and result.status == "failed"


def test_a_file_of_the_surroundings_cannot_leave_the_home(run):
    for name in ("/etc/passwd", "../outside", "a/../../b"):
        with pytest.raises(UsageError):
            run("", surroundings=Surroundings(files={name: "x"}))


def test_nothing_is_left_for_the_next_script(run):
    run("open('left-behind', 'w').write('x')")
    assert run("import os; print(sorted(os.listdir('.')))").output == "['script.py']\n"


def test_the_home_does_not_exist_outside(run):
    run("open('seen', 'w').write('x')")
    assert not Path(HOME).exists()


def test_threads_work(run):
    source = "from concurrent.futures import ThreadPoolExecutor\nprint(sum(ThreadPoolExecutor(10).map(int, range(100))))"
    assert run(source).output == "4950\n"


def test_many_threads_fit_in_little_memory(run):
    """Threads that allocate would each reserve an arena of their own."""
    source = (
        "import threading\nready = threading.Barrier(25, timeout=10)\n"
        "def hold():\n    keep = [bytearray(2000) for _ in range(200)]\n    ready.wait()\n"
        "for _ in range(24): threading.Thread(target=hold).start()\nready.wait()\nprint('all')"
    )
    assert run(source, memory_mb=512).output == "all\n"


def test_a_failure_that_hangs_tells_both(run):
    source = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\nraise KeyError('bucket')"
    failure = run(source, seconds=1).failure
    assert failure.kind == "timeout" and "before that: KeyError: 'bucket'" in failure.message


def test_many_at_once_do_not_count_against_each_other(executor):
    source = (
        "import os, time\nfor _ in range(8):\n    if os.fork() == 0: time.sleep(0.5); os._exit(0)\n"
        "time.sleep(0.3)\nprint(os.getuid(), open('/proc/self/uid_map').read())"
    )

    async def listener(descriptor: int) -> None:
        os.close(descriptor)

    async def together():
        return await asyncio.gather(*(executor.execute(source, Surroundings(), {}, Limits(seconds=20, processes=12), listener) for _ in range(6)))

    results = asyncio.run(together())
    assert [result.status for result in results] == ["ok"] * 6
    if os.geteuid() == 0:
        assert len({result.output for result in results}) == 6


def test_cancelling_kills_at_once(executor):
    word = f"cancelled-{os.getpid()}"
    started = threading.Event()

    async def listener(descriptor: int) -> None:
        os.close(descriptor)
        started.set()

    async def scenario() -> None:
        source = f"import os, sys\nos.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(60)', {word!r}])"
        task = asyncio.create_task(executor.execute(source, Surroundings(), {}, Limits(seconds=60), listener))
        while not _running(word):
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(scenario(), 30))
    assert started.is_set() and not _running(word)


def _running(word: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(os.getpid()):
            try:
                line = (entry / "cmdline").read_text()
            except OSError:
                continue
            found += [line] if line.split("\0")[-2:-1] == [word] else []
    return found


EXECUTORS = {executor.name: executor for executor in (BubblewrapExecutor, UsernsExecutor, NoneExecutor)}
CALLER = """
import asyncio, os, sys
from nephoscope.boundary.sandbox import BubblewrapExecutor, NoneExecutor, UsernsExecutor
from nephoscope.models import Limits, Surroundings
async def main():
    executor = next(each for each in (BubblewrapExecutor(), UsernsExecutor(), NoneExecutor()) if each.name == sys.argv[1])
    source = f"import os, sys, time\\nos.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(60)', {sys.argv[2]!r}])"
    async def listener(descriptor): os.close(descriptor)
    await executor.execute(source, Surroundings(), {}, Limits(seconds=60), listener)
asyncio.run(main())
"""


@pytest.mark.parametrize("name", list(EXECUTORS))
def test_nothing_outlives_a_killed_caller(name, tmp_path):
    reason = EXECUTORS[name]().available()
    if reason:
        pytest.skip(reason)
    word = f"orphan-{name}-{os.getpid()}"
    with subprocess.Popen([sys.executable, "-c", CALLER, name, word], env={**os.environ, "TMPDIR": str(tmp_path)}) as caller:
        _wait_until(lambda: any("asyncio" not in line for line in _running(word)))
        caller.kill()
    _wait_until(lambda: not _running(word))


def _wait_until(holds, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_no_descriptor_leaks_into_the_caller(executor, run):
    run("print(1)")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        run("print(1)")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_broken_listener_callback_leaves_nothing_running(executor):
    async def listener(descriptor: int) -> None:
        os.close(descriptor)
        raise RuntimeError("the broker is not there")

    with pytest.raises(RuntimeError, match="not there"):
        asyncio.run(executor.execute("print(1)", Surroundings(), {}, Limits(), listener))
