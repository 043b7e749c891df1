"""Wire formats, access tables and reply handling of AWS."""

from nephoscope_aws.wire.aws import AwsWire

__all__ = ["AwsWire"]
