"""Probe: write more than there should be room for, in one file and in many."""

from pathlib import Path

from nephoscope_script import params, state  # type: ignore[import-not-found]

state("probe", "begun", True, "", "")
written = 0
try:
    for number in range(8):
        with Path(f"hoard-{number}").open("wb") as hoard:
            for _ in range(params()["megabytes"]):
                written += hoard.write(bytes(1 << 20))
                hoard.flush()
except OSError:
    pass
state("disk", "written", written, "", "")
