"""Healthy accounts in which events travel, and single changes that stop them or do no harm."""

from delivery_accounts.buckets import S3_LAMBDA, S3_SQS
from delivery_accounts.queues import SQS_LAMBDA
from delivery_accounts.rules import HEALTH, NIGHTLY, PAYMENTS, S3_BUS
from delivery_accounts.topics import FAN_LAMBDA, FAN_OUT, S3_SNS
from delivery_accounts.world import Change, Example, World

ACCOUNTS = (S3_LAMBDA, S3_SQS, FAN_OUT, FAN_LAMBDA, S3_SNS, SQS_LAMBDA, NIGHTLY, PAYMENTS, HEALTH, S3_BUS)
__all__ = ["ACCOUNTS", "PAYMENTS", "S3_LAMBDA", "Change", "Example", "World"]
