"""Probe: start processes until it is refused."""

import os
import time

from nephoscope_script import params, state  # type: ignore[import-not-found]

state("probe", "begun", True, "", "")
started = 0
for _ in range(params()["attempts"]):
    try:
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
    except OSError:
        break
    started += 1
state("processes", "started", started, "", "")
