"""Probe: take more memory than there should be, alone or with the help of children."""

import os
import time

from nephoscope_script import params, state  # type: ignore[import-not-found]

state("probe", "begun", True, "", "")
size, children = params()["bytes"], params()["children"]
done, tell = os.pipe()
for _ in range(children):
    if os.fork() == 0:
        hoard = bytearray(size)
        hoard[::4096] = b"x" * len(hoard[::4096])
        os.write(tell, b"x")
        time.sleep(20)
        os._exit(0)
if not children:
    hoard = bytearray(size)
    hoard[::4096] = b"x" * len(hoard[::4096])
for _ in range(children):
    os.read(done, 1)
time.sleep(0.5)
state("memory", "taken", size * max(1, children), "", "")
