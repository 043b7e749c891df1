"""Tries fixes out: stored replies turned back into an account, on an emulator of our own."""

from nephoscope_aws.proving.prover import AwsProver

__all__ = ["AwsProver"]
