"""Names said loosely: in several words, misspelt, in part; and what must not be taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope.knowledge import mentions
from nephoscope.knowledge.fragments import Names, alike, of_that_name, stem, tokens
from nephoscope.models import Mention, ResourceRef


def ref(name: str, kind: str = "pond") -> ResourceRef:
    return ResourceRef(cloud="brook", kind=kind, native_type=f"ponds:{kind}", native_id=name, name=name)


THINGS = ["acme-invoices-prod", "acme-invoices-staging", "invoice-processor", "nightly-report", "PaymentWorker", "shop-web-1", "shop-web-2", "orders"]


def spoken(text: str, names: list[str] | None = None) -> list[tuple[list[str], bool]]:
    found = Names(map(ref, names or THINGS)).spans(list(mentions.words(text)))
    return [([one.label for one in refs], sure) for _, _, refs, sure in found]


@pytest.mark.parametrize(
    ("text", "name", "sure"),
    [
        ("the nightly report is late", "nightly-report", True),
        ("acme invoices prod has no consumer", "acme-invoices-prod", True),
        ("payment worker sleeps", "PaymentWorker", True),
        ("shop web 1 hangs", "shop-web-1", True),
        ("shopweb1 hangs", "shop-web-1", False),
        ("invoice procesor is dead", "invoice-processor", False),
        ("nigthly report is late", "nightly-report", False),
    ],
)
def test_a_name_in_several_words(text: str, name: str, sure: bool) -> None:
    assert ([name], sure) in spoken(text)


@pytest.mark.parametrize("text", ["we report nightly", "shop web is down", "the worker of payments", "invoices pile up", "a prod acme"])
def test_other_words_are_no_whole_name(text: str) -> None:
    assert spoken(text) == []


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("invoices processed", ["invoice-processor"]),
        ("invoice", ["acme-invoices-prod", "invoice-processor"]),
        ("staging invoice acme", ["acme-invoices-staging"]),
        ("the web", []),
        ("payments", ["PaymentWorker"]),
        ("unheard of things", []),
    ],
)
def test_a_part_of_a_name(said: str, found: list[str]) -> None:
    assert sorted(one.label for one in Names(map(ref, THINGS)).parts(said.split(), around=said)[0]) == sorted(found)


def test_the_noun_narrows_and_tags_widen() -> None:
    things = [ref("acme-invoices"), ref("invoice-processor", "fish"), ref("i-0123", "fish")]
    names = Names(things, lambda one: ["storefront"] if one.label == "i-0123" else [])
    assert [one.label for one in names.parts(["invoices"], ("ponds:fish",))[0]] == ["invoice-processor"]
    assert [one.label for one in names.parts(["storefront"])[0]] == ["i-0123"]


PAIR = ["acme-manifest-inbox", "acme-manifest-inbox-v1"]


def test_what_has_more_in_its_name_than_was_said_is_another_thing() -> None:
    names = Names([ref("acme-manifest-inbox"), ref("acme-manifest-inbox-v1"), ref("acme-manifest-inbox-v1", "fish"), ref("acme-outbox")])
    assert [one.label for one in names.parts(["manifest", "inbox"], ("ponds:pond",))[0]] == ["acme-manifest-inbox"]
    assert [one.label for one in names.parts(["manifest", "inbox"], ("ponds:pond",), around="inbox v1")[0]] == PAIR
    assert [one.label for one in names.parts(["inbox"], ("ponds:fish",))[0]] == ["acme-manifest-inbox-v1"]


def test_words_meet_by_their_stems() -> None:
    assert stem("processed") == stem("processor") == stem("processes")
    assert alike("procesor", "processor")
    assert not alike("orders-1", "orders-2")
    assert not alike("left", "right")
    assert tokens("acme-ordersIn_2") == ("acme", "orders", "in", "2")


@given(st.text(max_size=200), st.lists(st.text(max_size=20), max_size=8))
def test_any_text_and_any_names(text: str, names: list[str]) -> None:
    known = Names(ref(name) for name in names)
    said = list(mentions.words(text))
    assert all(refs for _, _, refs, _ in known.spans(said))
    known.parts([word for _, word in said], around=text)


def test_another_name_that_a_thing_goes_by_is_said_in_several_words_too() -> None:
    found = Names([ref("x7f2q9"), ref("b3")], also=lambda one: {"x7f2q9": ["partner-gateway"], "b3": ["gateway"]}[one.name])
    assert [[one.label for one in refs] for _, _, refs, _ in found.spans(list(mentions.words("our partner gateway is down")))] == [["x7f2q9"]]
    assert not list(found.spans(list(mentions.words("the gateway is down")))), "one word alone is looked for as it stands"


@pytest.mark.parametrize(
    ("word", "shared", "said", "meant"),
    [
        ("acme-secrets", ["acme"], [], []),
        ("acme-secrets", ["acme"], [("acme-secrets", "ponds:pond", False)], ["acme-inbox"]),
        ("acme-inbox-old", ["acme", "inbox"], [], ["acme-inbox"]),
        ("acme", ["acme"], [], ["acme-inbox"]),
        ("acme", ["acme"], [("acme", "ponds:fish", True)], []),
        ("acme", ["acme"], [("the acme", "ponds:pond", True)], ["acme-inbox"]),
    ],
)
def test_half_a_name_is_another_name(word: str, shared: list[str], said: list[tuple[str, str, bool]], meant: list[str]) -> None:
    start = 4 if any(text.startswith("the ") for text, _, _ in said) else 0
    around = [Mention(text=text, native_types=(kind,), start=0, hint=hint, exact=not hint) for text, kind, hint in said]
    found = of_that_name(word, start, (ref("acme-inbox"),), shared, around)
    assert [one.label for one in found] == meant
