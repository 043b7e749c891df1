"""From words to things: names, nouns, typos, namesakes, what works beside what does not, and text of any kind."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nephoscope.knowledge import mentions, reading, wanting
from nephoscope.knowledge.harvest import harvest
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Entity, Identity, Problem, Question, Reply
from nephoscope.testing.fakes import NOW, FakeEstate

Read = Callable[..., Problem]
PONDS = ["deep", "orders", "orders-in", "orders-in-archive", "Größe", "mill.example", "web_1"]
FISH = [("f-01", "nemo"), ("f-02", "deep"), ("f-03", "dory"), ("f-04", "marlin")]


@pytest.fixture
def read(ponds: FakeEstate, reply: Callable[..., Reply], who: Identity) -> Read:
    def run(text: str, names: list[str] | None = None) -> Problem:
        fish = [{"Id": one, "Tags": [{"Key": "Name", "Value": name}]} for one, name in FISH]
        replies = [
            reply("ListPonds", {"Ponds": [{"Name": name} for name in (PONDS if names is None else names)]}),
            reply("ListFish", {"Shoals": [{"Fish": fish}]}),
            reply("ListKeepers", {"Keepers": [{"Name": "ann"}]}),
        ]
        view = Evidence(reading.first_reading(text, NOW), harvest(replies, (), {"brook": ponds}).facts.values(), identities=[who])
        return reading.read(view.problem, view, [ponds], [who])

    return run


def matched(problem: Problem) -> list[str]:
    return [f"{ref.native_type.removeprefix('ponds:')}:{ref.label}" for ref in problem.matched()]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("uploads to “orders-in” vanish", ["pond:orders-in"]),
        ("uploads to 'orders-in' vanish", ["pond:orders-in"]),
        ("uploads to `orders-in`, then nothing", ["pond:orders-in"]),
        ("pond orders-in.", ["pond:orders-in"]),
        ("pond ORDERS-IN is empty", ["pond:orders-in"]),
        ("orders-in-archive is fine", ["pond:orders-in-archive"]),
        ("orders-in: nothing arrives (orders-in-archive does)", ["pond:orders-in", "pond:orders-in-archive"]),
        ("the orders pond, not orders-in", ["pond:orders", "pond:orders-in"]),
        ("web_1 leaks into mill.example", ["pond:web_1", "pond:mill.example"]),
        ("see pond:north:4711:orders-in please", ["pond:orders-in"]),
        ("keeper::4711:bob lost the key", ["keeper:bob"]),
        ("fish f-03 is sick", ["fish:dory"]),
        ("nemo swims in orders-in 🐟🔥", ["fish:nemo", "pond:orders-in"]),
        ("الحوض orders-in فارغ", ["pond:orders-in"]),
        ("\u202eorders-in\u202c", ["pond:orders-in"]),
        ("池塘orders-in是空的", ["pond:orders-in"]),
        ("Größe ist leer", ["pond:Größe"]),
        ("recorders-in2 and preorders", []),
        ("it is raining", []),
        ("", []),
    ],
)
def test_names_are_found_wherever_they_stand(read: Read, text: str, found: list[str]) -> None:
    assert matched(read(text)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the pond deep is empty", ["pond:deep"]),
        ("our fish deep is sick", ["fish:deep"]),
        ("deep is sick", ["pond:deep", "fish:deep"]),
    ],
)
def test_of_namesakes_the_noun_beside_decides(read: Read, text: str, found: list[str]) -> None:
    assert sorted(matched(read(text))) == sorted(found)


def entity(problem: Problem, text: str) -> Entity:
    return next(one for one in problem.entities if one.text == text)


@pytest.mark.parametrize("typo", ["order-in", "ordes-in", "orders_in", "ordersin-1", "orderz-in"])
def test_a_name_almost_right_is_taken_and_told(read: Read, typo: str) -> None:
    one = entity(read(f"pond {typo} is empty", ["orders-in", "mill"]), typo)
    assert ([ref.label for ref in one.matches], [ref.label for ref in one.near], one.assumed) == (["orders-in"], ["orders-in"], True)


def test_a_name_almost_right_for_two_is_no_guess(read: Read) -> None:
    one = entity(read("pond orders-i is empty", ["orders-a", "orders-b"]), "orders-i")
    assert (one.matches, [ref.label for ref in one.near], one.assumed) == ((), ["orders-a", "orders-b"], False)


def test_a_name_before_its_noun_may_be_something_elses_until_all_was_looked_through(read: Read, ponds: FakeEstate) -> None:
    for text, open_ in (("the pond weir-7 is dry", False), ("the weir-7 pond is dry", True)):
        problem = read(text)
        assert (matched(problem), problem.entities[0].assumed) == (["pond:weir-7"], open_)
        assert (wanting.sought(problem, ponds.mentions(text)) == ("weir-7",)) is open_
        assert wanting.resigned(problem).entities[0].assumed is False


def test_a_made_up_name_is_looked_for_also_where_something_else_was_found(read: Read, ponds: FakeEstate) -> None:
    def sought(text: str) -> tuple[str, ...]:
        return wanting.sought(read(text), ponds.mentions(text))

    assert sought("orders-in does not reach mill-9") == ("mill-9",)
    assert sought("since the clean-up and the follow-up orders-in is dry") == ()
    assert sought("orders-in is dry, see docs/run-book and AccessDenied") == ()


def test_a_name_nobody_has_is_a_thing_that_is_not_there(read: Read) -> None:
    one = entity(read("pond harbour-9 is empty", ["mill"]), "harbour-9")
    assert ([ref.native_id for ref in one.matches], one.near, one.assumed) == (["pond:north:4711:harbour-9"], (), False)


def test_a_noun_without_a_name_is_all_of_few_and_none_of_many(read: Read) -> None:
    few = read("our keeper is ill")
    assert (matched(few), few.entities[0].assumed) == (["keeper:ann"], True)
    many = read("our fish are ill")
    assert (matched(many), len(many.entities[0].near)) == ([], 4)
    none = read("the weir is shut")
    assert [(one.text, one.matches, one.near) for one in none.entities] == [("weir", (), ())]


def test_of_several_of_a_kind_the_one_is_meant_whose_name_shares_a_word(read: Read) -> None:
    names = ["monthly-carp", "onboarding"]
    meant = read("the carps are missing, the pond looks fine", names)
    assert (matched(meant), meant.entities[0].assumed, [one.label for one in meant.entities[0].near]) == (
        ["pond:monthly-carp"],
        True,
        ["monthly-carp"],
    )
    assert sorted(matched(read("the eels are missing, the pond looks fine", names))) == ["pond:monthly-carp", "pond:onboarding"]


def test_of_a_question_about_all_of_a_kind_none_is_looked_into(read: Read) -> None:
    assert not read("which ponds are empty?").matched()
    assert matched(read("the keeper is asleep")) == ["keeper:ann"]
    assert matched(read("which keepers are asleep?")) == ["keeper:ann"], "of one alone, that one"
    assert not read("which ponds are empty?").entities[0].near


def test_a_noun_says_nothing_more_where_the_thing_is_named(read: Read) -> None:
    assert matched(read("keeper ann feeds nemo, and our keeper sleeps")) == ["keeper:ann", "fish:nemo"]


@pytest.mark.parametrize(
    ("text", "healthy"),
    [
        ("orders-in is empty but orders-in-archive works", {"orders-in-archive"}),
        ("nemo is fine, dory does not move", {"nemo"}),
        ("is nemo fine?", set()),
        ("dory does not move. is nemo ok, or what?", {"nemo"}),
        ("orders-in does not work, web_1 does not either", set[str]()),
        ("web_1 worked until yesterday", set[str]()),
        ("orders-in-archive is OK while orders-in is dry", {"orders-in-archive"}),
        ("orders-in is no longer healthy", set[str]()),
        ("orders-in is empty, orders-in-archive has them", {"orders-in-archive"}),
        ("nemo does not move, dory does", {"dory"}),
        ("nemo does not move, what dory does", set[str]()),
    ],
)
def test_what_works_is_told_from_what_does_not(read: Read, text: str, healthy: set[str]) -> None:
    assert {one.text for one in read(text).entities if one.role == "healthy"} == healthy


def test_a_name_says_nothing_of_what_hurts(read: Read) -> None:
    assert read("pond timeout-alarm-denied is empty", ["timeout-alarm-denied"]).symptoms == ()


@pytest.mark.parametrize(
    ("text", "numbers", "actions", "onset"),
    [
        ("cannot reach 10.0.1.5 on port 5432 since yesterday", ("10.0.1.5", "5432"), (), "since yesterday"),
        ("mill.example:8443 refuses 10.0.0.0/16, also 443/tcp", ("10.0.0.0/16", "8443", "443"), (), None),
        ("ponds:GetFish fails, PutObject too, at 10:30", (), ("ponds:GetFish", "PutObject"), None),
        ("empty after the last release, sadly", (), (), "after the last release"),
        ("ponds get-fish fails for web get-well", (), ("GetFish", "GetWell"), None),
        ("nothing", (), (), None),
    ],
)
def test_numbers_actions_and_onset(text: str, numbers: tuple[str, ...], actions: tuple[str, ...], onset: str | None) -> None:
    problem = reading.first_reading(text, NOW)
    assert (problem.numbers, problem.actions, problem.onset) == (numbers, actions, onset)


def test_an_answer_settles_the_thing_asked_about(read: Read) -> None:
    problem = read("pond orders-i is empty", ["orders-a", "orders-b"])
    question = Question(text="Which?", about="orders-i")
    told = reading.answered(problem, question, "orders-b (ponds:pond, north)", assumed=False)
    assert ([ref.label for ref in told.matched()], told.entities[0].assumed) == (["orders-b"], False)
    assert told.text.endswith("Which? orders-b (ponds:pond, north)")
    guessed = reading.answered(problem, question, "orders-a", assumed=True)
    assert ([ref.label for ref in guessed.matched()], guessed.entities[0].assumed, guessed.text) == (["orders-a"], True, problem.text)
    assert reading.answered(problem, question, "neither", assumed=False).matched() == ()


def test_what_is_listed_is_what_the_words_call_for(ponds: FakeEstate) -> None:
    def listed(text: str) -> tuple[str, ...] | None:
        return wanting.types_to_list(ponds.mentions(text))

    assert listed("the keeper ann is ill") == ("ponds:keeper",)
    assert listed("orders-in is empty") == (), "a bare name may be anything"
    assert listed("it rains") == ()


def test_a_noun_with_a_name_that_is_nobodys_is_not_the_only_other_one(read: Read) -> None:
    assert [one.label for one in read("the keeper bob cannot swim").matched()] == ["bob"]
    assert [one.label for one in read("nothing from keeper bob reaches us").matched()] == ["bob"]
    assert [one.label for one in read("the keeper cannot swim").matched()] == ["ann"]


def test_a_plain_word_right_after_its_noun_is_a_name_where_a_thing_is_called_so(read: Read) -> None:
    names = ["uploaded", "orders-in"]
    assert [one.label for one in read("nothing arrives in pond uploaded", names).matched()] == ["uploaded"]
    assert read("nothing is uploaded to pond orders-in", names).matched()[0].label == "orders-in"
    assert "uploaded" not in [one.label for one in read("keeper uploaded nothing to orders-in", names).matched()]


def test_names_without_a_kind_that_things_of_the_spoken_kinds_have_need_no_further_looking(read: Read, ponds: FakeEstate) -> None:
    def open_names(text: str) -> tuple[str, ...]:
        return wanting.nameless(read(text), ponds.mentions(text))

    assert open_names("the keeper ann is ill since orders-in is empty") == ()
    assert open_names("the keeper ann is ill since orders-out is empty") == ("orders-out",), "nearly is not found"
    assert open_names("the keeper ann is ill since zz-77 is empty") == ("zz-77",)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=200))
@example("« 0'")
def test_any_text_can_be_read(text: str) -> None:
    problem = reading.first_reading(text, NOW)
    for mention in mentions.find(text, {"pond": ["ponds:pond"]}):
        assert mention.text.strip()
        assert text[mention.start :].startswith(mention.text)
    assert problem.text == text


@pytest.mark.parametrize(
    "piece",
    ["word ", "orders-in ", "conn-17 'x' ", "n't works, ", "a-", "since ", "“", "https://x.y/", "10.0.0.1:80 ", "pond ", "🔥", "\u202e", "\n"],
)
def test_long_text_stays_fast(read: Read, piece: str) -> None:
    text = (piece * 100_000)[:20_000]
    read("warm up")
    started = time.process_time()
    read(text)
    assert time.process_time() - started < 2.0


def test_a_pasted_log_of_distinct_names_stays_fast(read: Read) -> None:
    text = " ".join(f"req-{number:05d} pond p{number}" for number in range(5000))[:20_000]
    names = [f"bucket-{number}-data" for number in range(300)]
    started = time.process_time()
    read(text, names)
    assert time.process_time() - started < 5.0


def test_the_name_of_an_error_beside_a_noun_is_no_name(read: Read) -> None:
    assert matched(read("keeper ann: pond AccessDenied on nemo")) == ["keeper:ann", "fish:nemo"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("we upload to uploads", True),
        ("uploads -> orders-in: silence", True),
        ("orders-in -> uploads", True),
        ("our uploads to orders-in fail", False),
        ("we sent uploads to nobody", False),
        ("nothing goes from uploads to anybody", False),
    ],
)
def test_a_plain_word_names_a_thing_only_where_a_name_must_stand(read: Read, text: str, found: bool) -> None:
    assert ("uploads" in [one.label for one in read(text, ["uploads", "orders-in"]).matched()]) is found


def test_where_something_goes_is_named_by_the_word_behind_it(read: Read) -> None:
    problem = read("what nemo sends does not arrive at pond billing any more", ["stock"])
    assert matched(problem) == ["fish:nemo"], "the only other pond is not meant"
    assert [entity.text for entity in problem.entities if entity.named and not entity.matches] == ["billing"]
    assert matched(read("what nemo sends does not arrive in the pond any more", ["stock"])) == ["fish:nemo", "pond:stock"]


@pytest.mark.parametrize(
    ("keepers", "found"),
    [
        ([], ["pond:to-keeper"]),  # nobody is a keeper: which pond is meant
        (["ann"], ["pond:flat", "pond:shoal", "pond:to-keeper"]),  # somebody is: a keeper of some pond
    ],
)
def test_a_noun_for_what_nobody_has_says_which_other_thing_is_meant(ponds: FakeEstate, reply, who: Identity, keepers, found) -> None:
    text = "nothing gets from nemo to the keeper pond"
    replies = [
        reply("ListPonds", {"Ponds": [{"Name": name} for name in ("flat", "shoal", "to-keeper")]}),
        reply("ListFish", {"Shoals": [{"Fish": [{"Id": "f-01", "Tags": [{"Key": "Name", "Value": "nemo"}]}]}]}),
        reply("ListKeepers", {"Keepers": [{"Name": name} for name in keepers]}),
    ]
    view = Evidence(reading.first_reading(text, NOW), harvest(replies, (), {"brook": ponds}).facts.values(), identities=[who])
    assert [one for one in matched(reading.read(view.problem, view, [ponds], [who])) if one.startswith("pond")] == found
