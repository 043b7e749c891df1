"""Pages of which host an interface does not let in: told with their scheme or without."""

from __future__ import annotations

import pytest
from harness import ACCOUNT, IDENTITY, NOW, REGION

from nephoscope.knowledge.view import Evidence
from nephoscope.models import Fact, Problem
from nephoscope_aws.access.things import ref
from nephoscope_aws.analyzers.setting.conditions import Judging
from nephoscope_aws.analyzers.setting.interfaces import api_origin_not_allowed
from nephoscope_aws.looking.look import Look

API = ref("apigatewayv2:api", "abc", "shop-api", ACCOUNT, REGION)


@pytest.mark.parametrize(
    ("text", "allowed", "refused"),
    [
        ("cors!! www.acme.com -> shop api, staging works", ["https://staging.acme.com"], True),
        ("cors!! www.acme.com -> shop api, staging works", ["https://www.acme.com"], False),
        ("cors!! www.acme.com -> shop api, staging works", ["http://www.acme.com"], False),
        ("cors!! www.acme.com -> shop api, staging works", ["https://*.acme.com"], False),
        ("CORS error from shop.acme.com", ["https://www.acme.com"], True),
        ("CORS error when calling api.acme.com", ["https://www.acme.com"], False),
        ("CORS error at https://www.acme.com", ["http://www.acme.com"], True),
        ("CORS error at https://www.acme.com", ["https://www.acme.com"], False),
        ("mails to ops@www.acme.com, cors fails", ["https://shop.acme.com"], False),
    ],
)
def test_whose_pages_are_refused(text: str, allowed: list[str], refused: bool) -> None:
    settings = {"AllowOrigins": allowed}
    fact = Fact(
        id="f:1", subject=API, attribute="cors", value=settings, grounding="exact", calls=("s1.c1",), pointer="",
        identity=IDENTITY, observed_at=NOW,
    )  # fmt: skip
    view = Evidence(Problem(text=text, symptom="error_status", now=NOW), [fact], identities=[IDENTITY])
    assert api_origin_not_allowed(Judging(Look(view), API)) is refused
