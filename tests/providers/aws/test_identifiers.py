"""What people paste names a thing, even when it is a part or a session of it."""

import pytest

from nephoscope_aws.identifiers import thing_of


@pytest.mark.parametrize(
    ("text", "thing"),
    [
        ("arn:aws:sts::123456789012:assumed-role/app/i-0abc", "arn:aws:iam::123456789012:role/app"),
        ("arn:aws-cn:sts::123456789012:assumed-role/app", "arn:aws-cn:iam::123456789012:role/app"),
        ("arn:aws:s3:::orders/in/a.csv", "arn:aws:s3:::orders"),
        ("s3://orders/in/", "arn:aws:s3:::orders"),
        ("arn:aws:s3:::orders", "arn:aws:s3:::orders"),
        ("arn:aws:iam::123456789012:role/app", "arn:aws:iam::123456789012:role/app"),
        ("orders/in", "orders/in"),
    ],
)
def test_things(text, thing):
    assert thing_of(text) == thing
