"""A boundary process that knows only the toy cloud. Started like the real one."""

import sys

from nephoscope.boundary.process import run
from toy_cloud import BareExecutor, BrookWire

if __name__ == "__main__":
    level = "none" if "--level-none" in sys.argv else "bubblewrap"
    run(int(sys.argv[sys.argv.index("--fd") + 1]), lambda: ({"brook": BrookWire()}, {"bare": BareExecutor(level)}))
