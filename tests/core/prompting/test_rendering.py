"""From values to messages, and what is said when that cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from nephoscope.interfaces import UsageError
from nephoscope.prompting.data import RULE


def test_messages_are_rendered_with_the_word_on_data(write: Any) -> None:
    system, user = write().render("pond.look", {"pond": "lily", "depth": 3})
    assert (system.role, system.content) == ("system", f"Look 3 deep.\n\nExample: a pond.\n\n{RULE}")
    assert (user.role, user.content) == ("user", '<data name="pond" type="text">\nlily\n</data>')


def test_a_prompt_without_system_message_gets_one_where_it_holds_data(write: Any) -> None:
    registry = write(messages=None, template="{{ pond }} {{ depth }}", overrides=[])
    assert [message.role for message in registry.render("pond.look", {"pond": "x", "depth": 1})] == ["system", "user"]


def test_a_prompt_without_data_stays_as_it_is(write: Any) -> None:
    registry = write(variables=[{"name": "depth", "type": "integer", "trust": "trusted"}], messages=None, template="{{ depth }}", overrides=[])
    assert [message.content for message in registry.render("pond.look", {"depth": 1})] == ["1"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"depth": 3}, "variable pond: it is required and was not given"),
        ({"pond": "x", "depth": 3, "dept": 1}, "variable dept: the prompt has no such variable"),
        ({"pond": "x", "depth": "3"}, "variable depth: expected integer, got str"),
        ({"pond": "x", "depth": True}, "variable depth: expected integer, got bool"),
        ({"pond": None, "depth": 3}, "variable pond: expected text, got NoneType"),
    ],
)
def test_wrong_values_are_named_with_prompt_file_and_fix(write: Any, values: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        write().render("pond.look", values)
    assert caught.value.message.endswith(f"prompt0.yaml: prompt pond.look: {said}")
    assert caught.value.hint


@pytest.mark.parametrize("value", [float("nan"), {1: 2}, {"a": {2}}, {"a": (1,)}])
def test_values_are_json_all_the_way_down(write: Any, value: Any) -> None:
    kind = "number" if isinstance(value, float) else "object"
    registry = write(variables=[{"name": "pond", "type": kind}], messages=None, template="{{ pond }}", overrides=[])
    with pytest.raises(UsageError, match="not JSON all the way down"):
        registry.render("pond.look", {"pond": value})


def test_a_trusted_value_that_is_too_long_is_refused_not_cut(write: Any) -> None:
    short = [{"name": "depth", "type": "list", "trust": "trusted", "max_length": 5}]
    registry = write(variables=short, messages=None, template="{{ depth | join }}", overrides=[])
    assert registry.render("pond.look", {"depth": ["abc", "de"]})[0].content == "abcde"
    with pytest.raises(UsageError, match="6 characters, more than the 5"):
        registry.render("pond.look", {"depth": ["abc", "def"]})


@pytest.mark.parametrize(
    "template",
    [
        "{{ pond | upper }}",
        "{{ pond ~ 'x' }}",
        "{{ '%s' % pond }}",
        "{{ pond[0] }}",
        "{{ pond._text }}",
        "{{ pond.__class__ }}",
        "{{ [pond] | join }}",
    ],
)
def test_no_template_can_work_on_data_of_others(write: Any, template: str) -> None:
    registry = write(messages=None, template=template + "{{ depth }}", overrides=[])
    with pytest.raises(UsageError, match="part body: it cannot be rendered"):
        registry.render("pond.look", {"pond": "lily", "depth": 1})


@pytest.mark.parametrize(
    "template", ["{{ range(9) }}", "{{ depth.__class__.__mro__ }}", "{% include 'x' %}", "{{ depth | attr('real') }}", "{{ unknown }}"]
)
def test_templates_reach_nothing_but_their_variables(write: Any, template: str) -> None:
    registry = write(messages=None, template=template + "{{ pond }}", overrides=[])
    with pytest.raises(UsageError, match="part body: it cannot be rendered"):
        registry.render("pond.look", {"pond": "lily", "depth": 1})
