"""Probe: leave traces of all kinds, or with ``look`` search for those of the script before."""

import json
import os
from pathlib import Path

from nephoscope_script import params, state  # type: ignore[import-not-found]

WORD = params()["word"]
FOLDERS = (".", "/", "/tmp", "/var/tmp", "/dev/shm", "/run", "/sandbox")  # noqa: S108
found = []
for folder in FOLDERS:
    place = Path(folder, f"nephoscope-{WORD}")
    if params()["look"]:
        if place.exists():
            found.append(str(place))
            place.unlink()
        continue
    try:
        place.touch()
    except OSError:
        continue
if params()["look"]:
    found += ["the memory of the interpreter"] if getattr(json, "trace", "") == WORD else []
    found += ["the environment"] if os.environ.get("TRACE") == WORD else []
else:
    json.trace = WORD  # type: ignore[attr-defined]
    os.environ["TRACE"] = WORD
state("probe", "begun", True, "", "")
state("traces", "found", ", ".join(found), "", "")
