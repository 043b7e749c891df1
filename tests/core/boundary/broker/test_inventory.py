"""The broker's own listings: to their end, or as far as somebody wants them."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from nephoscope.boundary.broker.inventory import MAX_PAGES, Inventory
from nephoscope.models import Call, Identity, Read

WHO = Identity(cloud="toy", account="1", principal="me", regions=("r",))


class Cloud:
    """A listing of endless, or of so many, pages."""

    def __init__(self, pages: int) -> None:
        self.pages, self.asked = pages, 0

    async def ask(self, call: Call, _: Any) -> Any:
        self.asked += 1
        following = {"token": self.asked} if self.asked < self.pages else None
        return SimpleNamespace(entry=SimpleNamespace(error=None, answered=SimpleNamespace(next_page=following), call=call, document={}))


def read(pages: int = 0) -> Read:
    return Read(cloud="toy", service="s", operation="List", region="r", pages=pages)


@pytest.mark.parametrize(
    ("there", "wanted", "asked", "whole"),
    [(3, 0, 3, True), (3, 4, 3, True), (9, 4, 4, False), (9, 1, 1, False), (10**6, 0, MAX_PAGES, False), (10**6, 10**6, MAX_PAGES, False)],
)
def test_so_many_pages_are_asked_for(there: int, wanted: int, asked: int, whole: bool) -> None:
    cloud: Any = Cloud(there)
    chain = asyncio.run(Inventory(cloud, SimpleNamespace()).read(read(wanted), WHO))  # type: ignore[arg-type]
    assert (cloud.asked, len(chain.entries), chain.whole) == (asked, asked, whole)


def test_a_listing_that_was_cut_is_not_taken_for_a_whole_one() -> None:
    cloud: Any = Cloud(9)
    inventory = Inventory(cloud, SimpleNamespace())  # type: ignore[arg-type]

    async def both() -> Any:
        cut = await inventory.documents(read(2), WHO)
        cloud.asked = 0
        return cut, await inventory.documents(read(), WHO)

    cut, whole = asyncio.run(both())
    assert cut is None
    assert len(whole) == 9
