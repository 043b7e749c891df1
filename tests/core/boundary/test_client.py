"""The engine's side: what travels, what is raised, and what an interrupt leaves behind."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable

import pytest

from nephoscope.boundary.client import Boundary
from nephoscope.boundary.protocol import HEADER, MAX_FRAME, FrameError, Opening, decode, encode, error_fields, error_from, length
from nephoscope.interfaces import BoundaryGone, CredentialsError, EndpointError, IsolationError, NephoscopeError, UsageError

Start = Callable[..., Boundary]


@pytest.mark.parametrize("kind", [CredentialsError, EndpointError, IsolationError, UsageError, NephoscopeError])
def test_errors_arrive_as_what_they_were(kind: type[NephoscopeError]) -> None:
    arrived = error_from(error_fields(kind("what", "do this")))
    assert (type(arrived), arrived.message, arrived.hint, arrived.exit_code) == (kind, "what", "do this", kind.exit_code)


def test_an_expired_key_stays_expired_and_a_bug_is_told_as_ours() -> None:
    expired = error_from(error_fields(CredentialsError("old", "log in", expired=True)))
    assert isinstance(expired, CredentialsError)
    assert expired.expired
    ours = error_from(error_fields(ZeroDivisionError("division by zero")))
    assert ours.exit_code == 4
    assert "ZeroDivisionError" in ours.message


def test_frames_are_bounded_and_checked() -> None:
    frame = encode({"text": "ü‹\ud800"})
    assert decode(frame[HEADER.size :]) == {"text": "ü‹\ud800"}
    assert length(frame[: HEADER.size]) == len(frame) - HEADER.size
    with pytest.raises(FrameError):
        length(HEADER.pack(MAX_FRAME + 1))
    for bad in (b"[1]", b"{", b"\xff"):
        with pytest.raises(FrameError):
            decode(bad)


def test_a_process_that_cannot_start_says_why() -> None:
    boundary = Boundary.start(command=[sys.executable, "-c", "raise SystemExit('no pack loads')"])
    with pytest.raises(BoundaryGone, match="no pack loads"):
        boundary.hello()
    with pytest.raises(BoundaryGone, match="could not be started"):
        Boundary.start(command=["/nonexistent/python"])


def test_an_interrupt_leaves_a_wait_at_once_and_the_boundary_usable(start: Start, opening: Opening, store_script: Callable[[str], str]) -> None:
    boundary = start()
    boundary.open(opening)
    script = store_script("import time; time.sleep(20)")
    main = threading.main_thread().ident
    assert main is not None
    former = signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever ran before in this process may have left another
    threading.Timer(1.0, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
    begun = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            boundary.execute(1, 1, script, "template:test")
    finally:
        signal.signal(signal.SIGINT, former)
    assert time.monotonic() - begun < 10
    assert boundary.spent().calls == 0
    boundary.close()
    assert time.monotonic() - begun < 19, "closing kills the script"


def test_a_view_that_fails_does_not_end_the_run(start: Start, opening: Opening, store_script: Callable[[str], str]) -> None:
    def failing(_: object) -> None:
        raise RuntimeError("the terminal is gone")

    boundary = start(on_event=failing)
    boundary.open(opening)
    assert boundary.execute(1, 1, store_script("print(len(get('ponds')['items']))"), "template:test").output.strip() == "2"


def test_several_threads_may_ask_while_a_script_runs(start: Start, opening: Opening, store_script: Callable[[str], str]) -> None:
    boundary = start()
    boundary.open(opening)
    running = threading.Thread(target=boundary.execute, args=(1, 1, store_script("import time; time.sleep(1.5)"), "template:test"))
    running.start()
    begun = time.monotonic()
    assert [boundary.spent().calls for _ in range(5)] == [0] * 5
    assert time.monotonic() - begun < 1.5
    running.join()
