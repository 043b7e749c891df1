"""From needs to checks: what was asked is not asked again, what needs another fact asks for that first."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from nephoscope.engine.asking import Catalog, moment, read_key
from nephoscope.engine.guard import circling
from nephoscope.engine.merging import MOST_READS, merged
from nephoscope.knowledge.harvest import harvest
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Check, FactQuery, Identity, Problem, Read, Reply, ResourceRef
from nephoscope.testing.fakes import NOW, FakeEstate

Make = Callable[..., Reply]
PROBLEM = Problem(text="x", symptom="suspicion", now=NOW)


@pytest.fixture
def who(who: Identity) -> Identity:
    return who.model_copy(update={"regions": ("north", "south")})


@pytest.fixture
def catalog(ponds: FakeEstate, who: Identity) -> Callable[..., Catalog]:
    def make(*replies: Reply, asked: Iterable[Read] = ()) -> Catalog:
        facts = harvest(replies, (), {"brook": ponds}).facts.values()
        return Catalog({"brook": ponds}, Evidence(PROBLEM, facts, identities=[who]), frozenset(read_key(one) for one in asked))

    return make


def reads(checks: Iterable[Check]) -> list[tuple[str, dict[str, object]]]:
    return [(read.operation, dict(read.params)) for check in checks for read in check.reads]


@pytest.fixture
def deep(ponds: FakeEstate, who: Identity) -> ResourceRef:
    ref = ponds.named("ponds:pond", "deep", who, "north")
    assert ref is not None
    return ref


def test_a_fact_about_a_thing_is_asked_for_by_its_name(catalog: Callable[..., Catalog], deep: ResourceRef) -> None:
    assert reads(catalog().checks(FactQuery(subject=deep, attribute="rules"))) == [("GetPondRules", {"Pond": "deep"})]
    assert reads(catalog().checks(FactQuery(subject=deep, attribute="fish"))) == [
        ("ListFish", {"Filters": [{"Name": "pond", "Values": ["pond:north:4711:deep"]}]})
    ]
    assert catalog().checks(FactQuery(subject=deep, attribute="unheard-of")) == []
    assert catalog().checks(FactQuery(subject=deep.model_copy(update={"cloud": "elsewhere"}), attribute="rules")) == []


def test_what_was_asked_is_not_asked_again_whatever_the_page(catalog: Callable[..., Catalog], deep: ResourceRef) -> None:
    before = Read(
        cloud="brook", service="ponds", operation="GetPondRules", region="north", params={"Pond": "deep", "NextToken": "2", "MaxResults": 9}
    )
    assert catalog(asked=[before]).checks(FactQuery(subject=deep, attribute="rules")) == []
    elsewhere = before.model_copy(update={"region": "south"})
    assert len(catalog(asked=[elsewhere]).checks(FactQuery(subject=deep, attribute="rules"))) == 1


def test_late_placeholders_are_filled_from_facts_and_the_clock(catalog: Callable[..., Catalog], reply: Make, deep: ResourceRef) -> None:
    query = FactQuery(subject=deep, attribute="levels")
    assert reads(catalog().checks(query)) == [("GetGauge", {"Pond": "deep"})], "the gauge must be known first"
    known = catalog(reply("GetGauge", {"Gauge": "g7"}, {"Pond": "deep"}))
    assert reads(known.checks(query)) == [
        ("GetLevels", {"Pond": "pond:north:4711:deep", "Gauge": "g7", "From": "2026-01-01T10:00:00Z", "To": "2026-01-02T10:00:00Z"})
    ]
    several = catalog(reply("GetGauge", {"Gauge": ["g7", "g8"]}, {"Pond": "deep"}))
    assert [params["Gauge"] for _, params in reads(several.checks(query))] == [["g7", "g8"]], "a value that is a placeholder alone keeps its type"
    asked = Read(cloud="brook", service="ponds", operation="GetGauge", region="north", params={"Pond": "deep"})
    assert catalog(reply("GetGauge", {}, {"Pond": "deep"}), asked=[asked]).checks(query) == [], "no gauge, no levels"


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("now", "2026-01-02T10:00:00Z"),
        ("now-90m", "2026-01-02T08:30:00Z"),
        ("now-24h", "2026-01-01T10:00:00Z"),
        ("now-14d", "2025-12-19T10:00:00Z"),
        ("now-24h@ms", 1767261600000),
    ],
)
def test_moments(name: str, time: str | int) -> None:
    assert moment(NOW, name) == time


def test_of_a_kind_by_listing_in_every_region_but_once_where_all_are_one(catalog: Callable[..., Catalog]) -> None:
    depths = catalog().checks(FactQuery(kind="ponds:pond", attribute="depth"))
    assert [(read.operation, read.region) for check in depths for read in check.reads] == [("ListPonds", "north"), ("ListPonds", "south")]
    assert reads(depths) == reads(catalog().checks(FactQuery(kind="storage.object_store", attribute="depth")))
    keepers = catalog().checks(FactQuery(kind="ponds:keeper", attribute="complete"))
    assert [(read.operation, read.region) for check in keepers for read in check.reads] == [("ListKeepers", "north")]


def test_of_a_kind_one_by_one_where_no_listing_shows_it(catalog: Callable[..., Catalog], reply: Make) -> None:
    query = FactQuery(kind="ponds:pond", attribute="rules")
    assert [name for name, _ in reads(catalog().checks(query))] == ["ListPonds", "ListPonds"]
    listed = [Read(cloud="brook", service="ponds", operation="ListPonds", region=region) for region in ("north", "south")]
    known = reply("ListPonds", {"Ponds": [{"Name": "deep"}, {"Name": "flat"}]})
    assert reads(catalog(known, asked=listed).checks(query)) == [("GetPondRules", {"Pond": "deep"}), ("GetPondRules", {"Pond": "flat"})]


# -- merging and the guard -----------------------------------------------------------------------------------------


def check(*operations: str, cloud: str = "brook", intent: str = "x of y", **more: object) -> Check:
    made = tuple(Read(cloud=cloud, service="ponds", operation=one) for one in operations)
    return Check.model_validate({"id": "+".join(operations) or "free", "intent": intent, "cloud": cloud, "reads": made, **more})


def test_checks_of_one_cloud_become_one_and_each_question_is_put_once() -> None:
    one = merged([check("A", "B", intent="a of deep", splits=2), check("B", "C", intent="b of deep", splits=1), check("D", cloud="other")])
    assert [read.operation for read in one.reads] == ["A", "B", "C"]
    assert (one.intent, one.splits, one.cloud) == ("a, b of deep", 3, "brook")


def test_a_check_without_known_reads_stands_alone() -> None:
    assert merged([check(intent="free"), check("A")]).reads == ()
    assert [read.operation for read in merged([check("A"), check(intent="free"), check("B", params={"p": 1})]).reads] == ["A"]


def test_a_script_is_not_made_longer_than_it_may_be() -> None:
    assert len(merged([check(*(f"Op{number}" for number in range(2 * MOST_READS)))]).reads) == MOST_READS


def test_circles_are_noticed_within_three_repeats() -> None:
    a, b, c = check("A"), check("B"), check("C")
    assert circling([], a) == "" and circling([a], a) == "" and circling([a, b], c) == ""
    assert "3 times" in circling([a, a], a)
    assert "3 times" in circling([a, b, c, a, b], a)
    assert "alternate" in circling([a, b, a], b)
    assert circling([a, b, a], c) == ""


def test_free_checks_repeat_when_their_words_do() -> None:
    first, again = check(intent="look at the weir of deep"), check(intent="Look at of the WEIR deep")
    assert circling([first, again], first)
    assert circling([first, check(intent="something else")], first) == ""
