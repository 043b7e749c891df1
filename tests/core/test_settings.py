"""Settings: who outranks whom, what a folder may not do, what an organisation may, and that every mistake names its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from nephoscope.interfaces import UsageError
from nephoscope.models import Tier
from nephoscope.settings import KeyReference, Loaded, Settings, load_settings


class Home:
    """A user's files around one run."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.user, self.folder, self.policy = root / "user.toml", root / "folder", root / "policy.toml"
        self.folder.mkdir()
        self.env = monkeypatch

    def load(self, user: str = "", project: str = "", policy: str = "", **flags: Any) -> Loaded:
        if user:
            self.user.write_text(user)
            self.env.setenv("NEPHOSCOPE_CONFIG", str(self.user))
        if project:
            (self.folder / "nephoscope.toml").write_text(project)
        if policy:
            self.policy.write_text(policy)
        return load_settings(flags, folder=self.folder, policy=self.policy)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in [name for name in __import__("os").environ if name.startswith("NEPHOSCOPE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Home(tmp_path, monkeypatch)


def test_defaults_hold_where_nothing_is_said(home: Home) -> None:
    loaded = home.load()
    assert loaded.settings == Settings()
    assert all(origin == "default" for _, _, origin in loaded.rows())


def test_flags_outrank_variables_outrank_user_file_outranks_project(home: Home) -> None:
    where = {"user": 'region = "user"\nplanner = "u"\nask = "never"\n', "project": 'region = "project"\nquiet = true\n'}
    home.env.setenv("NEPHOSCOPE_PLANNER", "variable")
    home.env.setenv("NEPHOSCOPE_ASK", "always")
    loaded = home.load(**where, planner="flag")
    assert (loaded.settings.planner, loaded.settings.ask, loaded.settings.region, loaded.settings.quiet) == ("flag", "always", "user", True)
    origins = {key: origin for key, _, origin in loaded.rows()}
    assert origins["planner"] == "option --planner"
    assert origins["ask"] == "environment variable NEPHOSCOPE_ASK"
    assert origins["region"] == f"{home.user}, line 1"
    assert origins["quiet"] == f"{home.folder / 'nephoscope.toml'}, line 2"


def test_tables_merge_key_by_key_from_every_layer(home: Home) -> None:
    home.env.setenv("NEPHOSCOPE_BUDGET__STEPS", "5")
    home.env.setenv("NEPHOSCOPE_SCOPE__PROFILE", "prod")
    loaded = home.load(user="[budget]\ncalls = 7\n[scope]\nrole = 'r'\n", max_usd=0.1)
    budget = loaded.settings.budget
    assert (budget.steps, budget.calls, budget.usd, budget.seconds) == (5, 7, 0.1, 300.0)
    assert loaded.settings.scope == {"profile": "prod", "role": "r"}
    assert {key: origin for key, _, origin in loaded.rows()}["budget.usd"] == "option --max-usd"


@pytest.mark.parametrize("text", ["a,b", '["a", "b"]', " a , b ,"])
def test_lists_in_variables_are_commas_or_json(home: Home, text: str) -> None:
    home.env.setenv("NEPHOSCOPE_PACKS_BLOCKED", text)
    assert home.load().settings.packs_blocked == ("a", "b")


def test_a_flag_of_none_or_an_empty_list_is_not_given(home: Home) -> None:
    home.env.setenv("NEPHOSCOPE_ALLOW_RESOURCE", "x")
    assert home.load(allow_resource=(), planner=None).settings.allow_resource == ("x",)


@pytest.mark.parametrize(
    "line",
    [
        'endpoint_url = "http://evil"',
        'allow_resource = ["x"]',
        'grants = ["data"]',
        "packs_blocked = ['aws']",
        'home = "/tmp/x"',
        'executor = "none"',
        "unsafe_local = true",
        'planner = "x"',
        "[scope]\nprofile = 'prod'",
        "[keys]\nx = 'file:/etc/passwd'",
        "[budget]\nusd = 50.0",
        "[budget]\nsteps = 10_000",
        '[budget]\nusd = "nan"',
        "[budget]\nusd = nan",
        "telemetry = true",
        "unheard_of = 1",
    ],
)
def test_a_project_file_changes_nothing_that_matters_and_it_is_told(home: Home, line: str) -> None:
    loaded = home.load(project=line)
    assert loaded.settings == Settings()
    (ignored,) = loaded.ignored
    assert "nephoscope.toml, line" in ignored.where


def test_a_project_file_may_lower_the_budget_but_not_what_the_user_said(home: Home) -> None:
    assert home.load(project="[budget]\nusd = 0.01").settings.budget.usd == 0.01
    assert home.load(user="[budget]\nusd = 0.5", project="[budget]\nusd = 0.01").settings.budget.usd == 0.5


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ("planer = 'x'", ["line 1", "planer", "did you mean planner?"]),
        ("\nplanner = [1", ["not TOML", "line 2"]),
        ("[budget]\n\nusd = 'much'", ["line 3", "budget.usd"]),
        ("[budget]\nusd = -1", ["line 2", "from 0 upwards"]),
        ("[budget]\nseconds = nan", ["line 2", "from 0 upwards"]),
        ("[budget]\nmoney = 1", ["line 2", "budget.money"]),
        ("ask = 'sometimes'", ["line 1", "never"]),
        ("grants = ['mutation']", ["line 1", "can never be granted"]),
        ("grants = ['secret']", ["can never be granted"]),
        ("budget = 3", ["budget"]),
        ("planner.x = 3", ["planner.x"]),
    ],
)
def test_a_mistake_in_a_file_names_file_line_and_remedy(home: Home, user: str, words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        home.load(user=user)
    told = f"{caught.value.message} {caught.value.hint}"
    assert str(home.user) in told
    assert caught.value.hint
    for word in words:
        assert word in told


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"x = " + b"[" * 50_000, b"a" * 1_000_001])
def test_a_file_that_is_no_text_is_an_error_not_a_traceback(home: Home, content: bytes) -> None:
    home.user.write_bytes(content)
    home.env.setenv("NEPHOSCOPE_CONFIG", str(home.user))
    with pytest.raises(UsageError, match="settings file"):
        home.load()


def test_a_named_file_that_is_missing_or_a_folder_is_an_error(home: Home, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.toml", tmp_path):
        home.env.setenv("NEPHOSCOPE_CONFIG", str(path))
        with pytest.raises(UsageError, match="settings file"):
            home.load()


def test_variables_that_mean_nothing_are_reported(home: Home) -> None:
    home.env.setenv("NEPHOSCOPE_PLANER", "x")
    assert [item.key for item in home.load().ignored] == ["NEPHOSCOPE_PLANER"]


def test_a_bad_variable_names_itself(home: Home) -> None:
    home.env.setenv("NEPHOSCOPE_BUDGET__USD", "lots")
    with pytest.raises(UsageError, match="NEPHOSCOPE_BUDGET__USD"):
        home.load()


@pytest.mark.parametrize("place", ["user", "variable", "flag"])
def test_a_literal_key_is_refused_with_the_remedy_and_not_repeated(home: Home, place: str) -> None:
    secret = "sk-very-secret-0123456789"
    if place == "variable":
        home.env.setenv("NEPHOSCOPE_KEYS__MODEL", secret)
    with pytest.raises(UsageError) as caught:
        home.load(user=f"[keys]\nmodel = '{secret}'" if place == "user" else "", **({"keys.model": secret} if place == "flag" else {}))
    assert "env:NAME" in caught.value.message
    assert secret not in f"{caught.value.message}{caught.value.hint}{caught.value.__context__ and ''}"


def test_references_resolve_when_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", " k \n")
    assert KeyReference.parse("env:MY_KEY").resolve() == "k"
    path = tmp_path / "key"
    path.write_text("f\n")
    path.chmod(0o600)
    assert KeyReference.parse(f"file:{path}").resolve() == "f"
    path.chmod(0o640)
    with pytest.raises(UsageError, match="read by others"):
        KeyReference.parse(f"file:{path}").resolve()
    for text in ("env:NOT_THERE_AT_ALL", f"file:{tmp_path / 'none'}"):
        with pytest.raises(UsageError):
            KeyReference.parse(text).resolve()


def test_a_key_is_in_no_text_of_the_settings(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "s3cr3t-value")
    loaded = home.load(user="[keys]\nmodel = 'env:MY_KEY'")
    assert loaded.settings.keys["model"].resolve() == "s3cr3t-value"
    assert "s3cr3t-value" not in f"{loaded!r}{loaded.settings.model_dump_json()}{list(loaded.rows())}"
    assert "env:MY_KEY" in loaded.settings.model_dump_json()


def test_the_organisation_only_narrows(home: Home) -> None:
    policy = 'accounts = ["1"]\ntiers = ["identity", "config"]\npacks = ["aws", "x"]\nexecutors = ["bubblewrap"]\n[budget]\nusd = 0.2\nsteps = 99\n'
    loaded = home.load(policy=policy, **{"grants": ("data",), "budget.usd": 9.0, "budget.steps": 3, "packs": ("x", "y")})
    settings = loaded.settings
    assert (settings.budget.usd, settings.budget.steps) == (0.2, 3)
    assert settings.granted == {Tier.IDENTITY, Tier.CONFIG}
    assert (settings.packs, settings.executors, settings.accounts) == (("x",), ("bubblewrap",), ("1",))
    assert settings.executor == "bubblewrap"
    origins = {key: origin for key, _, origin in loaded.rows()}
    assert str(home.policy) in origins["grants"]
    assert "option --max-usd" not in origins["budget.usd"]


def test_a_chosen_executor_that_is_not_allowed_is_an_error(home: Home) -> None:
    with pytest.raises(UsageError, match="not allowed on this machine"):
        home.load(policy='executors = ["docker"]', executor="none")


def test_the_organisation_narrows_models_and_forces_masks(home: Home) -> None:
    policy = 'models_allowed = ["ours:*", "x:small"]\nmodel_hosts = ["llm.corp"]\nmask = true'
    settings = home.load(policy=policy, models=("ours:big",), mask=False, models_allowed=("ours:big", "other:*")).settings
    assert (settings.models_allowed, settings.model_hosts, settings.mask) == (("ours:big",), ("llm.corp",), True)
    with pytest.raises(UsageError, match="policy"):
        home.load(policy="mask = false")


def test_a_named_model_makes_the_planner_hybrid_unless_one_is_named(home: Home) -> None:
    assert home.load().settings.planner == "playbook"
    assert home.load(models=("a:b",)).settings.planner == "hybrid"
    assert home.load(models=("a:b",), planner="playbook").settings.planner == "playbook"


def test_a_project_file_names_no_model(home: Home) -> None:
    loaded = home.load(project='models = ["a:b"]\nmodel_base_url = "http://evil"')
    assert (loaded.settings.models, loaded.settings.model_base_url) == ((), "")


@pytest.mark.parametrize("policy", ["accouts = ['1']", "tiers = ['everything']", "[budget]\nmoney = 1", "accounts = 'x", "accounts = 1"])
def test_an_organisation_file_with_a_mistake_stops_the_run(home: Home, policy: str) -> None:
    with pytest.raises(UsageError, match="policy"):
        home.load(policy=policy)


def test_telemetry_is_granted_unless_switched_off() -> None:
    assert Tier.TELEMETRY in Settings().granted
    assert Settings().denied == frozenset()
    assert Tier.TELEMETRY not in Settings(telemetry=False).granted
    assert Settings(telemetry=False).denied == {Tier.TELEMETRY}
    assert Settings(tiers=(Tier.IDENTITY,)).denied == {Tier.CONFIG, Tier.TELEMETRY}
    assert Tier.SHAPE in Settings(grants=(Tier.SHAPE,)).granted


def test_settings_do_not_change_and_read_nothing_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEPHOSCOPE_PLANNER", "other")
    settings = Settings()
    assert settings.planner == "playbook"
    with pytest.raises(ValidationError):
        settings.planner = "x"  # type: ignore[misc]


def test_the_scope_carries_region_and_endpoint_only_when_set() -> None:
    assert Settings().scope_of("brook").options == {}
    settings = Settings(region="r", endpoint_url="http://127.0.0.1:1", scope={"profile": "p"})
    assert settings.scope_of("brook").options == {"region": "r", "endpoint_url": "http://127.0.0.1:1", "profile": "p"}


# -- a database that a team shares -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:s3cr:et@db.example.com:5432/team",
        "postgresql://ann:s3c/r@et@db.example.com/team?sslmode=require",
        "postgresql://ann@db.example.com/team?sslmode=require&password=s3cr",
    ],
)
def test_a_password_in_an_address_is_shown_nowhere(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NEPHOSCOPE_STORE__URL", url)
    loaded = load_settings(folder=tmp_path, policy=tmp_path / "none.toml")
    assert loaded.settings.store.url.get_secret_value() == url
    told = f"{loaded.settings!r} {loaded.settings.model_dump_json()} {list(loaded.rows())} {loaded!r}"
    assert "s3c" not in told
    assert "db.example.com" in str(list(loaded.rows()))
    file = tmp_path / "config.toml"
    file.write_text(f'[store]\nurl = "{url}"\n')
    monkeypatch.setenv("NEPHOSCOPE_CONFIG", str(file))
    with pytest.raises(UsageError, match="line 2") as raised:
        load_settings(folder=tmp_path, policy=tmp_path / "none.toml")
    assert "s3c" not in raised.value.message + raised.value.hint


def test_an_address_without_a_password_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[store]\nurl = "postgresql://ann@db.example.com:5432/team"\npassword = "env:TEAM"\n')
    monkeypatch.setenv("NEPHOSCOPE_CONFIG", str(file))
    rows = {key: value for key, value, _ in load_settings(folder=tmp_path, policy=tmp_path / "none.toml").rows()}
    assert rows["store.url"] == "postgresql://ann@db.example.com:5432/team"
    assert rows["store.password"] == "env:TEAM"
