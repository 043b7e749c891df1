"""The engine's side of the boundary: synchronous, one call at a time per thread, events as they come."""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from nephoscope.boundary.protocol import HEADER, Lease, Opening, Pointer, Probe, decode, encode, error_from, length
from nephoscope.interfaces.errors import BoundaryGone, NephoscopeError
from nephoscope.models import ExecutionResult, JsonValue, Read
from nephoscope.store.entries import Spent

COMMAND: tuple[str, ...] = (sys.executable, "-P", "-m", "nephoscope.boundary")
"""``-P``: the folder one stands in is never searched for modules."""
CLOSE_SECONDS = 10.0
KILL_SECONDS = 5.0

EventListener = Callable[[Mapping[str, JsonValue]], None]


class Boundary:
    """A running boundary process. Methods may be called from any thread; each raises ``BoundaryGone`` once the process has ended.

    A wait is left at once by an exception such as ``KeyboardInterrupt``; the answer that then comes is dropped.
    ``listener`` (at first ``on_event``) is called from a thread of this object.
    """

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket, log: IO[bytes], on_event: EventListener | None) -> None:
        self._process = process
        self._channel = channel
        self._log = log
        self.listener = on_event
        self._sending = threading.Lock()
        self._waiting: dict[int, queue.SimpleQueue[Mapping[str, Any] | None]] = {}
        self._number = 0
        self._gone = False
        self._last_words = ""
        self._state = threading.Lock()
        self._lease = ""
        threading.Thread(target=self._listen, name="boundary-events", daemon=True).start()

    @classmethod
    def start(
        cls,
        env: Mapping[str, str] | None = None,
        on_event: EventListener | None = None,
        blocked: Sequence[str] = (),
        command: Sequence[str] = COMMAND,
    ) -> Boundary:
        """Start the process, in a session of its own so that Ctrl-C reaches the engine alone. ``env``: its environment, ours by default."""
        ours, theirs = socket.socketpair()
        log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        packs = [argument for pack in blocked for argument in ("--blocked", pack)]
        try:
            process = subprocess.Popen(
                [*command, "--fd", str(theirs.fileno()), *packs],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=_without_store(os.environ if env is None else env),
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise BoundaryGone(f"the boundary process could not be started: {error}") from error
        finally:
            theirs.close()
        return cls(process, ours, log, on_event)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process still answers."""
        return not self._gone

    def hello(self) -> Mapping[str, Any]:
        """Versions, clouds and executors of the process."""
        greeting: Mapping[str, Any] = self._call("hello")
        return greeting

    def open(self, opening: Opening) -> Lease:
        """Connect and open the record. Raises ``CredentialsError``, ``EndpointError``, ``IsolationError``, ``UsageError``."""
        return self.opening(opening)()

    def opening(self, opening: Opening) -> Callable[[], Lease]:
        """Ask now; what is returned waits for the answer, as :meth:`open` does. So both processes can load at once."""
        answer = self._ask("open", opening.model_dump(mode="json"))

        def lease() -> Lease:
            given = Lease.model_validate(answer(None))
            self._lease = given.id
            return given

        return lease

    def inventory(self, reads: Sequence[Read]) -> list[str]:
        """Read listings, all pages; ids of the calls. Their documents, errors and refusals are in the ledger, step 0."""
        ids: list[str] = self._call("inventory", {"lease": self._lease, "reads": [read.model_dump(mode="json") for read in reads]})
        return ids

    def execute(self, step: int, attempt: int, script_hash: str, author: str, params: Mapping[str, JsonValue] | None = None) -> ExecutionResult:
        """Run the script stored under its hash. ``calls`` of the result are those of this run of the attempt."""
        which = {"lease": self._lease, "step": step, "attempt": attempt, "script_hash": script_hash}
        return ExecutionResult.model_validate(self._call("execute", {**which, "author": author, "params": dict(params or {})}))

    def reserve(self, usd: float) -> str | None:
        """Set model dollars aside; ``None`` when granted, else why not."""
        answer = self._call("reserve", {"lease": self._lease, "usd": usd})
        return None if answer["granted"] else str(answer["reason"])

    def settle(self, reserved: float, usd: float) -> None:
        """Give back what was reserved and take what was spent."""
        self._call("settle", {"lease": self._lease, "reserved": reserved, "usd": usd})

    def spent(self) -> Spent:
        """What the investigation has used, earlier runs included."""
        return Spent.model_validate(self._call("spent", {"lease": self._lease}))

    def same(self, left: Pointer, right: Pointer) -> bool | None:
        """Whether two recorded strings are equal though one or both are redacted; ``None`` when there is nothing to compare."""
        answer: bool | None = self._call("same", {"lease": self._lease, "a": left.model_dump(), "b": right.model_dump()})
        return answer

    def probe(self) -> list[Probe]:
        """What each installed executor holds on this machine, tried from inside."""
        return [Probe.model_validate(found) for found in self._call("probe")]

    def release(self) -> None:
        """Close the record; the process stays, for another."""
        if self._lease:
            self._call("close", {"lease": self._lease}, CLOSE_SECONDS)
        self._lease = ""

    def close(self) -> None:
        """Close the record and end the process. Never raises."""
        if self._lease:
            with contextlib.suppress(NephoscopeError):
                self._call("close", {"lease": self._lease}, CLOSE_SECONDS)
        self._lease = ""
        self.kill()

    def kill(self) -> None:
        """End the process: by hanging up, and by force if that is not heard. Scripts it runs end with it."""
        self._hang_up()
        try:
            self._process.wait(KILL_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Boundary:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, method: str, arguments: Mapping[str, Any] | None = None, seconds: float | None = None) -> Any:
        return self._ask(method, arguments or {})(seconds)

    def _ask(self, method: str, arguments: Mapping[str, Any]) -> Callable[[float | None], Any]:
        """Send a request; what is returned waits for its answer so many seconds, or as long as it takes."""
        answers: queue.SimpleQueue[Mapping[str, Any] | None] = queue.SimpleQueue()
        with self._state:
            if self._gone:
                raise self._ended()
            self._number += 1
            number = self._number
            self._waiting[number] = answers
        try:
            with self._sending:
                self._channel.sendall(encode({"id": number, "method": method, "arguments": arguments}))
        except OSError:
            self._waiting.pop(number, None)
            raise self._ended() from None
        return lambda seconds: self._answer(number, answers, seconds)

    def _answer(self, number: int, answers: queue.SimpleQueue[Mapping[str, Any] | None], seconds: float | None) -> Any:
        try:
            answer = answers.get(timeout=seconds)
        except queue.Empty:
            raise self._ended() from None
        finally:
            self._waiting.pop(number, None)
        if answer is None:
            raise self._ended()
        if "error" in answer:
            raise error_from(answer["error"])
        return answer.get("result")

    def _listen(self) -> None:
        with contextlib.suppress(OSError, BoundaryGone), self._channel.makefile("rb") as stream:
            while len(header := stream.read(HEADER.size)) == HEADER.size:
                self._received(decode(stream.read(length(header))))
        self._note_end()
        with self._state:
            self._gone = True
            waiting = list(self._waiting.values())
        for answers in waiting:
            answers.put(None)

    def _received(self, message: Mapping[str, Any]) -> None:
        if "event" in message:
            if (listener := self.listener) is not None:
                with contextlib.suppress(Exception):  # a view that fails must not end the run
                    listener(message)
        elif (answers := self._waiting.get(message.get("id", -1))) is not None:
            answers.put(message)

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        with self._state:
            self._gone = True

    def _note_end(self) -> None:
        """Keep the last line the process wrote, and let go of everything."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(KILL_SECONDS)
        self._log.seek(0)
        lines = self._log.read().decode("utf-8", "replace").strip().splitlines()
        self._last_words = f": {lines[-1][:300]}" if lines else ""
        self._log.close()
        self._channel.close()

    def _ended(self) -> BoundaryGone:
        return BoundaryGone(f"the boundary process ended{self._last_words}", "the run is recorded; resume continues it")


def _without_store(env: Mapping[str, str]) -> dict[str, str]:
    """A database that a team shares is the engine's: whoever is near the scripts does not learn where it is."""
    return {name: value for name, value in env.items() if not name.startswith("NEPHOSCOPE_STORE__")}
