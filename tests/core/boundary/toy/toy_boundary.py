"""A boundary process that knows only the toy cloud. Started like the real one."""

import sys

from toy_cloud import BrookWire

from nephoscope.boundary.process import run
from nephoscope.boundary.sandbox import BubblewrapExecutor, NoneExecutor

EXECUTORS = {"bubblewrap": BubblewrapExecutor(), "unsafe-local": NoneExecutor()}

if __name__ == "__main__":
    run(int(sys.argv[sys.argv.index("--fd") + 1]), lambda: ({"brook": BrookWire()}, EXECUTORS))
