"""A boundary process that knows only the toy cloud. Started like the real one; ``--die-at N`` kills it around its Nth write."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from toy_cloud import BrookWire

from nephoscope.boundary.broker.recorder import Recorder
from nephoscope.boundary.process import Parts, run
from nephoscope.boundary.sandbox import BubblewrapExecutor, NoneExecutor

EXECUTORS = {"bubblewrap": BubblewrapExecutor(), "unsafe-local": NoneExecutor()}


def argument(name: str) -> int:
    return int(sys.argv[sys.argv.index(name) + 1])


def die_at(moment: int) -> None:
    """Even moments are right before a write, odd ones right after it."""
    moments = itertools.count()
    write = Recorder.do

    async def deadly(self: Recorder, work: Callable[[], Any]) -> Any:
        def guarded() -> Any:
            if next(moments) == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            done = work()
            if next(moments) == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            return done

        return await write(self, guarded)

    Recorder.do = deadly  # type: ignore[method-assign]


if __name__ == "__main__":
    if "--die-at" in sys.argv:
        die_at(argument("--die-at"))
    run(argument("--fd"), lambda: Parts({"brook": BrookWire()}, EXECUTORS))
