"""Probe: take more memory than there should be."""

from nephoscope_script import params, state  # type: ignore[import-not-found]

hoard = bytearray(params()["bytes"])
hoard[::4096] = b"x" * len(hoard[::4096])
state("memory", "taken", len(hoard), "", "")
