"""An AWS that runs on this machine, seeded from a scenario, in a process of its own."""

from nephoscope_aws.emulator.client import AwsEmulator

__all__ = ["AwsEmulator"]
