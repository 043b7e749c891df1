"""Things that only speak of others: the problem goes on to what they report on, and what they witness is never called health."""

from __future__ import annotations

from collections.abc import Mapping

from nephoscope.engine.interpreting import MOST, elsewhere, followed
from nephoscope.engine.verdict import diagnose
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Entity, Fact, Finding, Identity, Meaning, Problem, Read, ResourceRef, Supposition
from nephoscope.testing.fakes import NOW

WHO = Identity(cloud="brook", account="4711", principal="reader", regions=("north",))
LISTING = Read(cloud="brook", service="pond", operation="ListPonds", region="north", params={})


def thing(name: str) -> ResourceRef:
    return ResourceRef(cloud="brook", kind="k", native_type="t", native_id=name, name=name)


class Telling:
    """Each named thing speaks of another; ``listed``: only once it was listed."""

    def __init__(self, speaks: Mapping[str, str], *, listed: bool = True, beside: bool = False) -> None:
        self.speaks, self.listed, self.beside, self.asked = speaks, listed, beside, 0

    def meaning(self, problem, view):
        for ref in problem.matched():
            if ref.name in self.speaks:
                if not self.listed:
                    return Meaning(of=ref, reads=(LISTING,))
                words, witnessed = "{it} fails with errors", f"{ref.name} rings"
                return Meaning(of=ref, about=(thing(self.speaks[ref.name]),), words=words, witnessed=witnessed, beside=self.beside)
        return None

    def places(self, text):
        return [word for word in ("north", "south") if word in text]

    cloud = "brook"

    def ask(self, _reads: object) -> None:
        self.asked += 1
        self.listed = self.asked == 1


def problem(*names: str) -> Problem:
    entities = tuple(Entity(text=name, role="sick", matches=(thing(name),)) for name in names)
    return Problem(text="bell rings", symptom="suspicion", entities=entities, now=NOW)


def meant(estate: Telling, *names: str) -> Problem:
    return followed(problem(*names), [estate], lambda read: Evidence(read, (), identities=[WHO]), estate.ask)


def test_what_speaks_gives_way_to_what_it_speaks_of() -> None:
    found = meant(Telling({"bell": "pond", "pond": "weir"}), "bell", "keeper")
    assert [ref.name for ref in found.matched()] == ["weir", "keeper"]
    assert found.text == "weir fails with errors"
    assert found.witnessed == "bell rings; pond rings"


def test_what_is_said_of_the_work_itself_stays_said() -> None:
    estate = Telling({"bell": "pond"})
    twice = problem("bell").model_copy(update={"symptom": "slow", "symptoms": ("duplicate", "late")})
    found = followed(twice, [estate], lambda read: Evidence(read, (), identities=[WHO]), estate.ask)
    assert {found.symptom, *found.symptoms} & {"duplicate", "late", "slow"} == {"duplicate"}
    assert found.symptom != "duplicate"


def test_both_are_meant_where_the_words_are_about_the_first_as_well() -> None:
    found = meant(Telling({"bell": "pond"}, beside=True), "bell")
    assert [ref.name for ref in found.matched()] == ["pond", "bell"]
    assert found.text == "bell rings; pond fails with errors"


def test_what_speaks_of_nothing_is_meant_itself() -> None:
    estate = Telling({"bell": "pond"})
    assert meant(estate, "keeper") == problem("keeper")
    assert estate.asked == 0


def test_listings_are_read_before_it_is_told_and_only_so_often() -> None:
    estate = Telling({"bell": "pond"}, listed=False)
    assert meant(estate, "bell").matched() == (thing("pond"),)
    deaf = Telling({"bell": "pond"}, listed=False)
    deaf.asked = 1  # the listing is denied: nothing comes of asking
    assert meant(deaf, "bell") == problem("bell")
    assert deaf.asked <= 1 + MOST


def test_things_that_speak_of_one_another_end() -> None:
    assert meant(Telling({"bell": "gong", "gong": "bell"}), "bell").matched()


def test_what_the_account_witnesses_is_never_called_health() -> None:
    seen = Fact(
        id="f:1", subject=thing("pond"), attribute="depth", value=9, grounding="exact", calls=("s1.c1",), pointer="", identity=WHO, observed_at=""
    )
    fine = Finding(cause="c.seen", subject=thing("pond"), holds="yes", because=("f:1",), role="observation")
    healthy = Evidence(problem("pond"), [seen], identities=[WHO])
    assert diagnose(healthy, [fine], lambda _view: [fine]).verdict == "no_fault_found"
    witnessed = Evidence(problem("pond").model_copy(update={"witnessed": "bell rings"}), [seen], identities=[WHO])
    assert diagnose(witnessed, [fine], lambda _view: [fine]).verdict == "inconclusive"


def test_regions_that_nobody_looks_at_are_known() -> None:
    estate = Telling({})
    assert elsewhere("the pond in the south", [estate], [WHO]) == ("south",)
    assert elsewhere("the pond in the north", [estate], [WHO]) == ()
    assert elsewhere("the pond", [estate], [WHO]) == ()


def test_what_may_be_elsewhere_is_not_called_missing() -> None:
    gone = Fact(
        id="f:1",
        subject=thing("pond"),
        attribute="exists",
        value=None,
        grounding="absent",
        calls=("s1.c1",),
        pointer="",
        identity=WHO,
        observed_at="",
    )
    mended = (Supposition(subject=thing("pond"), attribute="exists", value=True),)

    def analyze(view: Evidence) -> list[Finding]:
        fact = view.fact(thing("pond"), "exists")
        there = fact is not None and not fact.known_absent
        return [Finding(cause="c.gone", subject=thing("pond"), holds="no" if there else "yes", because=("f:1",), suppose=() if there else mended)]

    here = Evidence(problem("pond"), [gone], identities=[WHO])
    assert [one.cause for one in diagnose(here, analyze(here), analyze).causes] == ["c.gone"]
    there = Evidence(problem("pond").model_copy(update={"elsewhere": ("south",)}), [gone], identities=[WHO])
    diagnosis = diagnose(there, analyze(there), analyze)
    assert (diagnosis.verdict, diagnosis.causes) == ("inconclusive", ())
