"""The host: what a good pack gives, and that no bad one can do more than fill a line."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import pytest

from nephoscope.interfaces import UsageError
from nephoscope.models import Event, Script, ScriptEnvironment, Violation
from nephoscope.plugin import hookimpl
from nephoscope.plugin.manager import Plugins, load_plugins


class Strict:
    def __init__(self, name: str = "strict") -> None:
        self.name = name

    def judge(self, script: Script, environment: ScriptEnvironment) -> Sequence[Violation]:
        return []


class PackOf:
    """A plugin whose hooks return what it is given, or what calling that gives: ``PackOf(judges=[...])``."""

    def __init__(self, name: str = "sample", **registered: object) -> None:
        self.__name__ = name
        for role, things in registered.items():
            setattr(self, f"nephoscope_register_{role}", hookimpl(lambda things=things: things() if callable(things) else things))


def only(*plugins: object) -> Plugins:
    return load_plugins(allowed=[], extra=plugins)


def error_of(plugins: Plugins, name: str) -> str:
    return next(record.error for record in plugins.records if record.name == name)


def test_a_sound_object_is_offered_and_recorded() -> None:
    judge = Strict()
    plugins = only(PackOf(judges=[judge]))
    assert judge in plugins.judges
    record = next(record for record in plugins.records if record.name == "sample")
    assert record.registers == {"judges": ["strict"]}
    assert record.error == ""


def test_installed_packs_are_found_with_distribution_and_version_core_first() -> None:
    records = load_plugins().records
    assert records[0].name == "core"
    assert records[0].distribution == "nephoscope-core"
    assert records[0].version
    assert [r.name for r in records[1:]] == sorted(r.name for r in records[1:])
    assert load_plugins().versions["nephoscope-core"] == records[0].version


def test_hooks_run_only_when_their_role_is_read_and_once() -> None:
    calls: list[str] = []

    def build() -> list[Strict]:
        calls.append("judges")
        return [Strict()]

    plugins = only(PackOf(judges=build, wires=lambda: calls.append("wires")))
    assert calls == []
    assert plugins.judges is not None
    assert list(plugins.judges)[-1].name == "strict"
    assert calls == ["judges"]


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (Strict, "the class Strict"),
        (SimpleNamespace(name="x"), "judge: expected a method (script, environment), got nothing"),
        (SimpleNamespace(name="x", judge=lambda script: []), "judge: expected (script, environment), got (script)"),
        (SimpleNamespace(name="x", judge=lambda script, context: []), "got (script, context)"),
        (SimpleNamespace(name="x", judge=lambda script, environment, more: []), "got (script, environment, more)"),
        (SimpleNamespace(name="x", judge="no"), "expected a method, got str"),
        (SimpleNamespace(name="", judge=lambda script, environment: []), "name: expected a non-empty string, got ''"),
        (SimpleNamespace(judge=lambda script, environment: []), "name: expected an attribute, got nothing"),
    ],
)
def test_a_breach_of_the_interface_says_where_what_and_what_to_match(thing: object, words: str) -> None:
    plugins = only(PackOf(judges=[thing, Strict("sound")]))
    assert [judge.name for judge in plugins.judges if judge.name in ("x", "sound", "")] == ["sound"]
    error = error_of(plugins, "sample")
    assert words in error
    assert "nephoscope_register_judges of given in code" in error
    assert "nephoscope.interfaces.validator.Judge" in error


def test_signatures_may_be_wider_than_asked() -> None:
    wide = SimpleNamespace(name="wide", judge=lambda *args, **kwargs: [])
    optional = SimpleNamespace(name="optional", judge=lambda script, environment, strict=True: [])
    assert {"wide", "optional"} <= {judge.name for judge in only(PackOf(judges=[wide, optional])).judges}


def test_a_plain_method_where_a_coroutine_is_asked_is_a_breach() -> None:
    async def execute(source: object, surroundings: object, params: object, limits: object, listener: object) -> None: ...

    sync = SimpleNamespace(name="s", level="none", available=lambda: None, open=lambda preloads: None, execute=execute, close=lambda: None)
    plugins = only(PackOf(executors=[sync]))
    assert "s" not in plugins.executors
    assert "open: expected async def, got the other" in error_of(plugins, "sample")


def test_two_of_a_name_are_both_dropped_and_both_told() -> None:
    plugins = only(PackOf("one", judges=[Strict()]), PackOf("two", judges=[Strict(), Strict("other")]))
    names = [judge.name for judge in plugins.judges]
    assert "strict" not in names
    assert "other" in names
    for pack in ("one", "two"):
        assert "'strict'" in error_of(plugins, pack)
        assert "one (given in code) and two (given in code)" in error_of(plugins, pack)


def test_nobody_displaces_what_is_cores_own() -> None:
    own = load_plugins(allowed=[]).judges
    assert own
    plugins = only(PackOf(judges=[Strict(own[0].name)]))
    assert [judge.name for judge in plugins.judges] == [judge.name for judge in own]
    assert own[0].name in error_of(plugins, "sample")


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (RuntimeError("boom"), "raised RuntimeError: boom"),
        ("text", "expected a list, got str"),
        (Strict(), "expected a list, got Strict; return [it]"),
    ],
)
def test_a_hook_that_misbehaves_is_a_line_in_its_record(returned: object, words: str) -> None:
    def give() -> object:
        if isinstance(returned, Exception):
            raise returned
        return returned

    plugins = only(PackOf(judges=give), PackOf("sound", judges=[Strict()]))
    assert "strict" in [judge.name for judge in plugins.judges]
    assert words in error_of(plugins, "sample")


def test_folders_must_exist(tmp_path: Path) -> None:
    plugins = only(PackOf(playbooks=[tmp_path, tmp_path / "missing", "text"]))
    assert tmp_path in plugins.playbooks
    assert len([path for path in plugins.playbooks if str(path).startswith(str(tmp_path))]) == 1
    assert "missing, which is none" in error_of(plugins, "sample")
    assert "expected a pathlib.Path, got str" in error_of(plugins, "sample")


def test_a_misspelt_hook_is_named_with_the_nearest_one() -> None:
    class Misspelt:
        __name__ = "misspelt"

        @hookimpl
        def nephoscope_register_judge(self) -> list[object]:
            return []

    error = error_of(only(Misspelt()), "misspelt")
    assert "no hook nephoscope_register_judge; did you mean nephoscope_register_judges?" in error


def test_an_unmarked_hook_is_an_error_not_silence() -> None:
    class Unmarked:
        __name__ = "unmarked"

        def nephoscope_register_judges(self) -> list[object]:
            return [Strict()]

    plugins = only(Unmarked())
    assert "put @hookimpl" in error_of(plugins, "unmarked")
    assert "strict" not in [judge.name for judge in plugins.judges]


def test_a_hook_with_arguments_that_do_not_exist_is_an_error() -> None:
    class Greedy:
        __name__ = "greedy"

        @hookimpl
        def nephoscope_register_judges(self, everything: object) -> list[object]:
            return []

    assert "a hook does not fit" in error_of(only(Greedy()), "greedy")


def test_an_observer_that_raises_is_logged_once_and_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Event] = []

    class Bad:
        __name__ = "bad"

        @hookimpl
        def nephoscope_on_event(self, event: Event) -> None:
            raise RuntimeError("boom")

    class Good:
        __name__ = "good"

        @hookimpl
        def nephoscope_on_event(self, event: Event) -> None:
            seen.append(event)

    plugins = only(Bad(), Good())
    events = [Event(kind=kind, at="2026-01-01T00:00Z") for kind in ("step_started", "concluded")]
    with caplog.at_level(logging.WARNING):
        for event in events:
            plugins.on_event(event)
    assert seen == events
    assert len(caplog.records) == 1


class _Distribution:
    def __init__(self, name: str) -> None:
        self.name, self.version = name, "1.0"


def install(monkeypatch: pytest.MonkeyPatch, *points: tuple[str, str, str]) -> None:
    made = []
    for name, value, distribution in points:
        point = EntryPoint(name, value, "nephoscope")
        vars(point).update(dist=_Distribution(distribution))
        made.append(point)
    monkeypatch.setattr("nephoscope.plugin.pack.entry_points", lambda group: made)


@pytest.mark.parametrize("body", ["raise RuntimeError('at import')", "import no_such_module", "import sys; sys.exit(3)", "def broken("])
def test_a_pack_that_fails_on_import_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str) -> None:
    (tmp_path / "failing_pack.py").write_text(body)
    monkeypatch.syspath_prepend(tmp_path)
    install(monkeypatch, ("bad", "failing_pack", "acme-bad"), ("core", "nephoscope.builtin", "nephoscope-core"))
    plugins = load_plugins()
    assert [record.name for record in plugins.records] == ["core", "bad"]
    assert "could not be loaded" in error_of(plugins, "bad")
    assert "acme-bad" in error_of(plugins, "bad")
    assert plugins.judges


def test_one_pack_name_in_two_distributions_loads_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, ("x", "nephoscope.builtin", "acme"), ("x", "nephoscope.plugin", "other"))
    plugins = load_plugins()
    assert [record.distribution for record in plugins.records] == ["acme", "other"]
    assert all("acme and other" in record.error for record in plugins.records)
    assert not plugins.judges


def test_nobody_can_take_cores_name(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, ("core", "nephoscope.plugin", "acme"), ("core", "nephoscope.builtin", "nephoscope-core"))
    plugins = load_plugins()
    assert plugins.judges
    assert next(r for r in plugins.records if r.distribution == "acme").error


def test_blocked_packs_are_not_even_imported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "loud_pack.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    install(monkeypatch, ("loud", "loud_pack", "acme"))
    for plugins in (load_plugins(blocked=["loud"]), load_plugins(allowed=["something"])):
        (record,) = plugins.records
        assert record.switched_off
        assert plugins.switched_off == ["loud"]
        assert record.error == ""


def test_core_cannot_be_switched_off() -> None:
    with pytest.raises(UsageError, match="core cannot be switched off"):
        load_plugins(blocked=["core"])
    assert load_plugins(allowed=[]).judges
