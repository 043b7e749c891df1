"""Pages of AWS's documentation: for every cause, by addresses that are regular."""

from __future__ import annotations

import re

from nephoscope.knowledge.playbooks import load_playbooks
from nephoscope.models import Change
from nephoscope.plugin.manager import load_plugins
from nephoscope_aws.advising.documentation import _pages, documented
from nephoscope_aws.estate import AwsEstate

ADDRESS = re.compile(r"https://docs\.aws\.amazon\.com/[A-Za-z0-9_/-]+\.html")


def test_every_cause_has_a_page_of_its_own_service() -> None:
    causes = [name for name in load_playbooks(load_plugins().playbooks) if name.startswith("aws.")]
    without = {name.split(".")[1] for name in causes if not documented(name, [])}
    assert not without
    assert all(ADDRESS.fullmatch(page.url) for _, page in _pages())
    titles = [(page.title, page.url) for _, page in _pages()]
    assert len(set(titles)) == len(titles)


def test_commands_are_read_about_where_the_command_line_has_them() -> None:
    changes = [
        Change(cloud="aws", service="s3", operation="PutBucketPolicy"),
        Change(cloud="aws", service="config", operation="StartConfigurationRecorder"),
        Change(cloud="aws", service="s3", operation="PutBucketPolicy"),
        Change(cloud="aws", service="s3/../..", operation="PutBucketPolicy"),
    ]
    topic, *pages = AwsEstate().documented("aws.s3.cors-missing", changes)
    assert topic.url.endswith("/cors.html")
    assert [page.url.removeprefix("https://docs.aws.amazon.com/cli/latest/reference/") for page in pages] == [
        "s3api/put-bucket-policy.html",
        "configservice/start-configuration-recorder.html",
    ]
