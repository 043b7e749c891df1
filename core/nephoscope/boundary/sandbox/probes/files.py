"""Probe: make files without end."""

from pathlib import Path

from nephoscope_script import params, state  # type: ignore[import-not-found]

state("probe", "begun", True, "", "")
made = 0
for number in range(params()["attempts"]):
    try:
        Path(str(number)).touch()
    except OSError:
        break
    made += 1
state("files", "made", made, "", "")
