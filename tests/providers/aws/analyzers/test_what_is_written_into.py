"""Who writes into a bucket, and a bucket that gets nothing new: none of it is about what the bucket sends."""

from __future__ import annotations

import pytest

from nephoscope_aws.analyzers.delivering.words import fills, stores


@pytest.mark.parametrize(
    "text",
    [
        "renderer can't save its reports to reports-prod",
        "renderer cannot write to reports-prod any more",
        "renderer no longer uploads files to reports-prod",
        "renderer fails to store anything in reports-prod",
    ],
)
def test_what_should_write_is_no_consumer(text: str) -> None:
    assert stores(text, "renderer", "reports-prod")


@pytest.mark.parametrize(
    "text",
    [
        "renderer does not run when reports-prod gets a file",
        "renderer ignores uploads to reports-prod",
        "uploads to reports-prod no longer trigger renderer",
        "renderer does not start, although we can upload to reports-prod",
    ],
)
def test_what_should_be_called_is_one(text: str) -> None:
    assert not stores(text, "renderer", "reports-prod")


@pytest.mark.parametrize(
    "text", ["reports-prod has no new files", "our reports-prod bucket stays empty", "reports-prod hasn't got any new files since Monday"]
)
def test_a_store_that_nothing_comes_to(text: str) -> None:
    assert fills(text, "reports-prod")


@pytest.mark.parametrize(
    "text",
    [
        "nothing happens when reports-prod gets a file",
        "subscribers of reports-prod get nothing",
        "files in reports-prod are not processed",
        "images in reports-prod get no thumbnail",
    ],
)
def test_a_store_that_should_tell_somebody(text: str) -> None:
    assert not fills(text, "reports-prod")
