"""Controls as data: how they are read, chosen, told and priced."""

from __future__ import annotations

from pathlib import Path

import pytest

from nephoscope.interfaces import UsageError
from nephoscope.knowledge.controls import command, load_controls, select, told
from nephoscope.models import Finding, ResourceRef
from nephoscope.models.inspection import InspectionOrder
from nephoscope.testing.conformance.control import known, subject_of

ONE = """
controls:
  - id: brook.pond.leaks
    title: Ponds hold water
    fault: "{subject} leaks {litres} l"
    severity: high
    about: brook:pond
    frameworks: {good-ponds: ["1.2"]}
    when: {all: [{attribute: litres, is: gt, value: 0}]}
    remediation: mend it
    commands: ["brook mend {subject_id}"]
    cost: {price: water, quantity: "{litres}", share: 0.5}
    references: ["https://example.org/ponds"]
"""
PRICES = 'as_of: "2026-11"\nsource: price list\nprices: {water: {unit: litre, usd: {north: 0.25}}}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ponds.yaml").write_text(ONE)
    (tmp_path / "prices.yaml").write_text(PRICES)
    return tmp_path


def test_a_finding_says_what_it_costs_by_the_table_and_where_it_does_not_know(folder: Path) -> None:
    control = load_controls(folder)[0]
    north, south = subject_of(control, "north"), subject_of(control, "south")
    found = control.judge(north, known(north, {"litres": 10}))
    assert found.holds == "yes" and found.because == ("f:thing-1.litres",)
    cost = control.cost(found)
    assert cost is not None and cost.usd == 1.25 and "2026-11" in cost.basis and cost.source == "price list"
    elsewhere = control.cost(control.judge(south, known(south, {"litres": 10})))
    assert elsewhere is not None and elsewhere.usd is None and "not in the table" in elsewhere.basis


def test_names_from_the_cloud_are_one_word_of_a_command_and_never_an_option(folder: Path) -> None:
    control = load_controls(folder)[0]
    base = subject_of(control)

    def shown(native_id: str) -> str:
        ref = base.model_copy(update={"native_id": native_id})
        return command(control.card.commands[0], control.judge(ref, known(ref, {"litres": 1})))

    assert shown("a; rm -rf /") == "brook mend 'a; rm -rf /'"
    assert shown("$(id)") == "brook mend '$(id)'"
    assert "--profile" not in shown("--profile=x") and "file://" not in shown("file:///etc/passwd")
    assert "\u202e" not in shown("a\u202eb") and "\n" not in shown("a\nb")


def test_chosen_controls_meet_every_wish_and_a_misspelt_one_is_told(folder: Path) -> None:
    controls = load_controls(folder)
    assert select(controls, InspectionOrder(frameworks=("good-ponds",), severity="high", services=("pond",))) == controls
    with pytest.raises(UsageError, match="no check meets"):
        select(controls, InspectionOrder(severity="critical"))
    with pytest.raises(UsageError) as raised:
        select(controls, InspectionOrder(checks=("brook.pond.leak",)))
    assert "brook.pond.leaks" in raised.value.hint


BROKEN = {
    "no condition": "controls: [{id: x}]",
    "no comparison": "controls: [{when: {attribute: a}}]",
    "no list": "controls: 5",
    "no YAML": "a: [",
    "told twice": ONE + ONE.replace("controls:", ""),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, broken: str) -> None:
    (tmp_path / "odd.yaml").write_text(broken)
    with pytest.raises(UsageError, match=r"odd\.yaml|told twice"):
        load_controls(tmp_path)


def test_a_text_keeps_a_name_that_nobody_gave() -> None:
    ref = ResourceRef(cloud="brook", kind="pond", native_type="brook:pond", native_id="p", name="p")
    assert told("{subject} {nobody}", Finding(cause="brook.pond.x", subject=ref, holds="yes")) == "p {nobody}"
