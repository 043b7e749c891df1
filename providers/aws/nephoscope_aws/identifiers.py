"""Identifiers as people paste them, reduced to the thing they belong to."""

from __future__ import annotations

import re

_SESSION = re.compile(r"arn:(?P<partition>aws[\w-]*):sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/\s]+)(?:/\S*)?\Z")
_OBJECT = re.compile(r"(?:arn:(?P<partition>aws[\w-]*):s3:::|s3://)(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/\S*)?\Z")


def thing_of(text: str) -> str:
    """The role behind a session, the bucket behind an object or an ``s3://`` address; any other text as it is."""
    session = _SESSION.match(text)
    if session:
        return f"arn:{session['partition']}:iam::{session['account']}:role/{session['role']}"
    found = _OBJECT.match(text)
    return f"arn:{found['partition'] or 'aws'}:s3:::{found['bucket']}" if found else text
