"""What the AWS pack registers. Imports no SDK at module level; wires live in the boundary process, everything else in the engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nephoscope.interfaces import Analyzer, Control, Emulator, Estate, Importer, Policy, Prover, Wire
from nephoscope.plugin import hookimpl


@hookimpl
def nephoscope_register_wires() -> Sequence[Wire]:
    from nephoscope_aws.wire import AwsWire

    return [AwsWire()]


@hookimpl
def nephoscope_register_preloads() -> Sequence[str]:
    return ["nephoscope_aws.preload"]


@hookimpl
def nephoscope_register_estates() -> Sequence[Estate]:
    from nephoscope_aws.estate import AwsEstate

    return [AwsEstate()]


@hookimpl
def nephoscope_register_policies() -> Sequence[Policy]:
    from nephoscope_aws.policy import AwsPolicy

    return [AwsPolicy()]


@hookimpl
def nephoscope_register_emulators() -> Sequence[Emulator]:
    from nephoscope_aws.emulator import AwsEmulator

    return [AwsEmulator()]


@hookimpl
def nephoscope_register_provers() -> Sequence[Prover]:
    from nephoscope_aws.proving import AwsProver

    return [AwsProver()]


@hookimpl
def nephoscope_register_analyzers() -> Sequence[Analyzer]:
    from nephoscope_aws.analyzers.every import ANALYZERS

    return [analyzer() for analyzer in ANALYZERS]


@hookimpl
def nephoscope_register_controls() -> Sequence[Control]:
    from nephoscope_aws.inspection import controls

    return controls()


@hookimpl
def nephoscope_register_importers() -> Sequence[Importer]:
    from nephoscope_aws.inspection.importing import IMPORTERS

    return [importer() for importer in IMPORTERS]


@hookimpl
def nephoscope_register_playbooks() -> Sequence[Path]:
    return [Path(__file__).parent / "playbooks"]
