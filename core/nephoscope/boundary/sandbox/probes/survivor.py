"""Probe: leave a process behind, in a session of its own, holding the output, known by a word on its command line."""

import os
import sys
import time

from nephoscope_script import params, state  # type: ignore[import-not-found]

state("probe", "begun", True, "", "")
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", "import time; time.sleep(20)", params()["word"]])  # noqa: S606
    os._exit(0)
time.sleep(0.2)
state("survivor", "left", 1, "", "")
