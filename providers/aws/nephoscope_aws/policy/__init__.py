"""Least privilege as IAM policies: of an investigation, of a session, of an inspection role; and what the gate says of each operation."""

from nephoscope_aws.policy.aws import AwsPolicy

__all__ = ["AwsPolicy"]
