"""What the pack registers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nephoscope.interfaces import Analyzer, Emulator, Estate, Judge, Policy, Wire
from nephoscope.plugin import hookimpl


@hookimpl
def nephoscope_register_judges() -> Sequence[Judge]:
    from nephoscope_brook.no_naps import NoNaps

    return [NoNaps()]


@hookimpl
def nephoscope_register_wires() -> Sequence[Wire]:
    from nephoscope_brook.wire import BrookWire

    return [BrookWire()]


@hookimpl
def nephoscope_register_estates() -> Sequence[Estate]:
    from nephoscope_brook.estate import BrookEstate

    return [BrookEstate()]


@hookimpl
def nephoscope_register_policies() -> Sequence[Policy]:
    from nephoscope_brook.estate import BrookPolicy

    return [BrookPolicy()]


@hookimpl
def nephoscope_register_emulators() -> Sequence[Emulator]:
    from nephoscope_brook.emulator import BrookEmulator

    return [BrookEmulator()]


@hookimpl
def nephoscope_register_analyzers() -> Sequence[Analyzer]:
    from nephoscope_brook.flow import Flow

    return [Flow()]


@hookimpl
def nephoscope_register_playbooks() -> Sequence[Path]:
    return [Path(__file__).parent / "playbooks"]
