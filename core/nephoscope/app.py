"""The one place that builds and wires everything."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nephoscope import __version__, archive
from nephoscope.comparison.scenario import Scenario, load_scenarios
from nephoscope.interfaces import BoundaryGone, CredentialsError, Emulator, IsolationError, NephoscopeError, Planner, UsageError
from nephoscope.models import Event, Problem, Question, Scope, Script, Violation
from nephoscope.models.record import Ailment, Explanation, RunSummary, Verification
from nephoscope.models.report import Report, Status, Trouble
from nephoscope.plugin.manager import Plugins
from nephoscope.settings import Settings
from nephoscope.store.ledger import now
from nephoscope.store.run import RunStore, find_run, locked, new_run

if TYPE_CHECKING:
    from nephoscope.boundary.client import Boundary
    from nephoscope.boundary.protocol import Lease
    from nephoscope.engine.context import Context
    from nephoscope.engine.driving import Driver

OnEvent = Callable[[Event], None]
Ask = Callable[[Question], str | None]
Approve = Callable[[Script, Sequence[Violation]], bool]
MOST_WORDS = 20_000
"""Longer problem texts are cut, and the report says so."""


class App:
    """Investigations and everything people ask of them. One at a time."""

    def __init__(self, settings: Settings, plugins: Plugins) -> None:
        self._settings = settings
        self._plugins = plugins
        self._driver: Driver | None = None
        self._stop = False

    # -- investigations --------------------------------------------------------------------------------------------

    def investigate(self, text: str, *, on_event: OnEvent, ask: Ask, approve: Approve) -> Report:
        """From words to a report. Raises :class:`NephoscopeError` only while there is no run yet."""
        return self._begin(text, [self._settings.scope_of(self._cloud())], on_event, ask, approve, demo=False)

    def resume(self, run_id: str, *, on_event: OnEvent, ask: Ask, approve: Approve) -> Report:
        """Go on where a run stopped, under the same identity."""
        run_dir = find_run(self._settings.home, run_id)
        with self._record(run_dir) as store:
            saved = store.get("scopes")
            scopes = [Scope.model_validate(one) for one in saved] if isinstance(saved, list) else []
            store.put("exhausted", None)
            return self._run(store, scopes, on_event, ask, approve, demo=False)

    def demo(self, scenario_id: str | None, text: str | None, keep: bool, *, on_event: OnEvent, ask: Ask, approve: Approve) -> Report:
        """An investigation of a seeded account in an emulator of our own."""
        scenario = self._scenario(scenario_id)
        variant = next(iter(scenario.variants))
        emulator = self._emulator(scenario)
        endpoint = emulator.start(scenario.seed(variant))
        try:
            report = self._begin(text or scenario.words(variant), [emulator.scope()], on_event, ask, approve, demo=True)
            if keep:
                on_event(Event(kind="kept", at=now(), data={"endpoint": endpoint}))
                self._wait()
            return report
        finally:
            emulator.stop()

    def rehearse(self, text: str, scope: Scope, *, on_event: OnEvent, ask: Ask, approve: Approve) -> Report:
        """An investigation of an emulator that this process started."""
        return self._begin(text, [scope], on_event, ask, approve, demo=True)

    def scenarios(self) -> Sequence[Scenario]:
        """Every seeded account that is installed."""
        return list(load_scenarios(self._plugins.suites).values())

    def request_stop(self) -> None:
        """Finish what runs, keep everything, end as interrupted."""
        self._stop = True
        if self._driver:
            self._driver.request_stop()

    # -- what is on record -----------------------------------------------------------------------------------------

    def runs(self) -> Sequence[RunSummary]:
        """Newest first."""
        return archive.summaries(self._settings.home)

    def report(self, run_id: str) -> Report:
        return archive.read_report(self._settings.home, run_id)

    def why(self, run_id: str, number: int) -> Explanation:
        return archive.explain(self._settings.home, run_id, number)

    def verify(self, run_id: str) -> Verification:
        """Make the deciding observations of a run again, and weigh them as before."""
        from nephoscope.rechecking import recheck

        run_dir = find_run(self._settings.home, run_id)
        report = archive.read_report(self._settings.home, run_id)
        with self._record(run_dir) as store:
            saved = store.get("scopes")
            scopes = [Scope.model_validate(one) for one in saved] if isinstance(saved, list) else []
            fresh = new_run(self._settings.home)
            with (
                self._record(fresh) as record,
                self._boundary(record, scopes, store.load("problem", Problem), lambda _: None, demo=False) as (boundary, lease),
            ):
                context = self._context(record, boundary, lease, lambda _: None, lambda _: None, lambda _s, _v: False)
                return recheck(report, store, context)

    # -- the boundary by itself, and the machine -------------------------------------------------------------------

    def execute(self, argv: Sequence[str]) -> int:
        """Run a command behind the boundary; its own exit status."""
        from nephoscope.executing import run_command

        run_dir = new_run(self._settings.home)
        scopes = [self._settings.scope_of(self._cloud())]
        with self._record(run_dir) as record, self._boundary(record, scopes, None, lambda _: None, demo=False) as (boundary, lease):
            if lease.isolation == "none":
                raise _no_isolation(lease)
            return run_command(argv, record, boundary)

    def doctor(self) -> Sequence[Ailment]:
        from nephoscope.health import examine

        return examine(self._settings, self._plugins)

    # -- wiring ----------------------------------------------------------------------------------------------------

    def _begin(self, text: str, scopes: list[Scope], on_event: OnEvent, ask: Ask, approve: Approve, *, demo: bool) -> Report:
        from nephoscope.knowledge.reading import first_reading

        words = text.strip().encode("utf-8", "replace").decode()
        if not words:
            raise UsageError("there is no problem to look at", 'say what hurts: nephoscope investigate "..."')
        self._planner()
        run_dir = new_run(self._settings.home)
        started = now()
        try:
            with self._record(run_dir) as store:
                store.put("words", words[:MOST_WORDS])
                store.put("started_at", started)
                store.put("scopes", [scope.model_dump(mode="json") for scope in scopes])
                store.put("problem", first_reading(words[:MOST_WORDS], started[:16] + ":00Z"))
                return self._run(store, scopes, on_event, ask, approve, demo=demo, cut=len(words) > MOST_WORDS)
        except NephoscopeError:
            if not (run_dir / archive.REPORT).exists():
                shutil.rmtree(run_dir, ignore_errors=True)
            raise

    def _run(self, store: RunStore, scopes: list[Scope], on_event: OnEvent, ask: Ask, approve: Approve, *, demo: bool, cut: bool = False) -> Report:
        """Open the boundary and drive the loop. A boundary that ends is started once more; nothing answered is asked again."""
        from nephoscope.engine.composing import compose

        report: Report | None = None
        for last in (False, True):
            with self._boundary(store, scopes, store.load("problem", Problem), on_event, demo=demo) as (boundary, lease):
                if lease.isolation == "none" and not demo:
                    raise _no_isolation(lease)
                _same_identity(store, lease)
                context = self._context(store, boundary, lease, on_event, ask, approve)
                self._announce(context, lease, cut=cut)
                try:
                    report = compose(context, self._drive(context))
                except BoundaryGone as error:
                    if last:
                        report = self._aborted(context, error)
                except NephoscopeError as error:
                    report = self._aborted(context, error)
                finally:
                    store.put("elapsed", context.elapsed)
            if report:
                break
        assert report is not None  # noqa: S101 - the second round sets it or raises
        archive.write_report(report, store.dir)
        return report

    def _drive(self, context: Context) -> Status:
        from nephoscope.engine.driving import Driver

        self._driver = Driver(context)
        if self._stop:
            self._driver.request_stop()
        try:
            return self._driver.run()
        finally:
            self._driver = None

    @staticmethod
    def _aborted(context: Context, error: NephoscopeError) -> Report:
        """What is known when the run cannot go on: expired credentials wait for a login, anything else has failed."""
        from nephoscope.engine.composing import compose

        expired = isinstance(error, CredentialsError) and error.expired
        trouble = Trouble(message=error.message, hint=error.hint, exit_code=error.exit_code)
        return compose(context, "waiting" if expired else "failed", trouble)

    @contextlib.contextmanager
    def _record(self, run_dir: Path) -> Iterator[RunStore]:
        with locked(run_dir):
            store = RunStore(run_dir)
            try:
                yield store
            finally:
                store.close()

    @contextlib.contextmanager
    def _boundary(
        self, store: RunStore, scopes: Sequence[Scope], problem: Problem | None, on_event: OnEvent, *, demo: bool
    ) -> Iterator[tuple[Boundary, Lease]]:
        from nephoscope.boundary.client import Boundary
        from nephoscope.boundary.protocol import Opening

        def bridge(message: Mapping[str, object]) -> None:
            event = _call_event(message)
            if event:
                on_event(event)

        opening = Opening(
            run_dir=str(store.dir),
            scopes=tuple(scopes),
            grants=tuple(sorted(self._settings.granted)),
            allow=self._settings.allow_resource,
            named=self._named(problem),
            budget=self._settings.budget,
            limits=self._settings.limits,
            executor="unsafe-local" if self._settings.unsafe_local and demo else self._settings.executor,
            demo=demo,
        )
        boundary = Boundary.start(on_event=bridge, blocked=self._settings.packs_blocked)
        try:
            yield boundary, boundary.open(opening)
        finally:
            boundary.close()

    def _named(self, problem: Problem | None) -> tuple[str, ...]:
        """Names from the person's own words."""
        if problem is None:
            return ()
        mentions = [one.text for estate in self._plugins.estates.values() for one in estate.mentions(problem.text) if one.exact]
        return tuple(dict.fromkeys(mentions))[:200]

    def _context(self, store: RunStore, boundary: Boundary, lease: Lease, on_event: OnEvent, ask: Ask, approve: Approve) -> Context:
        from nephoscope.engine.analysis import Analysis
        from nephoscope.engine.context import Context
        from nephoscope.knowledge.playbooks import PlaybookAnalyzer, load_playbooks
        from nephoscope.validation import chosen

        playbooks = load_playbooks(self._plugins.playbooks)
        clouds = {identity.cloud for identity in lease.identities}
        elapsed = store.get("elapsed", 0.0)
        return Context(
            store=store,
            boundary=boundary,
            identities=lease.identities,
            isolation=lease.isolation,
            estates={cloud: estate for cloud, estate in self._plugins.estates.items() if cloud in clouds},
            policies=self._plugins.policies,
            planner=self._planner(),
            generators=self._plugins.generators,
            rewriters=chosen(self._plugins.rewriters, self._settings.formatter),
            judges=self._plugins.judges,
            analysis=Analysis([*self._plugins.analyzers, PlaybookAnalyzer(playbooks)]),
            playbooks=playbooks,
            budget=self._settings.budget,
            granted=self._settings.granted,
            ask_policy=self._settings.ask,
            ask=ask,
            approve=approve,
            tell=lambda event: self._tell(event, on_event),
            versions={"nephoscope": __version__, **self._plugins.versions},
            elapsed_before=float(elapsed) if isinstance(elapsed, int | float) else 0.0,
        )

    def _tell(self, event: Event, on_event: OnEvent) -> None:
        self._plugins.on_event(event)
        on_event(event)

    @staticmethod
    def _announce(context: Context, lease: Lease, *, cut: bool) -> None:
        scopes = [{"account": i.account, "principal": i.principal, "regions": list(i.regions)} for i in lease.identities]
        context.emit(
            "run_started",
            id=context.store.id,
            problem=str(context.store.get("words") or ""),
            scopes=scopes,  # type: ignore[arg-type]
            isolation=lease.isolation,
            planner=context.planner.name,
            model="",
        )
        if lease.note:
            context.emit("notice", text=lease.note)
        if cut:
            context.emit("notice", text=f"the problem text is long: its first {MOST_WORDS} characters are read")

    def _cloud(self) -> str:
        """The cloud to look at: the one set, or the only one installed. Raises :class:`UsageError`."""
        known = list(self._plugins.estates)
        wanted = self._settings.cloud
        if wanted in known:
            return wanted
        if wanted or len(known) != 1:
            what = (
                f"no pack for the cloud {wanted!r} is installed"
                if wanted
                else f"{len(known)} clouds are installed"
                if known
                else "no cloud pack is installed"
            )
            raise UsageError(what, f"choose one with --cloud: {', '.join(known)}" if known else "install one, and see: nephoscope plugins")
        return known[0]

    def _planner(self) -> Planner:
        planner = self._plugins.planners.get(self._settings.planner)
        if planner is None:
            names = ", ".join(self._plugins.planners) or "none"
            raise UsageError(f"no planner called {self._settings.planner!r} is installed", f"installed: {names}; see: nephoscope plugins")
        return planner

    def _scenario(self, scenario_id: str | None) -> Scenario:
        known = load_scenarios(self._plugins.suites)
        if not known:
            raise UsageError("no demo account is installed", "install the pack nephoscope-suite-aws, or: pip install 'nephoscope[demo]'")
        chosen = known.get(scenario_id) if scenario_id else next((one for one in known.values() if "demo" in one.tags), next(iter(known.values())))
        if chosen is None:
            raise UsageError(f"there is no demo account {scenario_id!r}", "list them: nephoscope demo --list")
        return chosen

    def _emulator(self, scenario: Scenario) -> Emulator:
        emulators = self._plugins.emulators
        found = emulators.get(scenario.cloud) if scenario.cloud else next(iter(emulators.values()), None)
        if found is None:
            raise UsageError("no emulator is installed for this demo account", "see: nephoscope plugins")
        return found

    def _wait(self) -> None:
        with contextlib.suppress(KeyboardInterrupt):
            while not self._stop:
                time.sleep(0.2)


def _no_isolation(lease: Lease) -> IsolationError:
    return IsolationError(f"nothing here can contain a script: {lease.note or 'no isolation level holds'}", "see what is missing: nephoscope doctor")


def _same_identity(store: RunStore, lease: Lease) -> None:
    """A run goes on only as who it began. Raises :class:`UsageError`."""
    here = [{"cloud": one.cloud, "account": one.account, "principal": one.principal} for one in lease.identities]
    before = store.get("identities")
    if before is None:
        store.put("identities", here)  # type: ignore[arg-type]
    elif before != here:
        raise UsageError(f"{store.id} was begun as {before}, and this is {here}", "log in as before, or begin a new investigation")


def _call_event(message: Mapping[str, object]) -> Event | None:
    """A boundary event as a view reads it."""
    if message.get("event") != "call":
        return None
    if message.get("phase") == "sent":
        return None
    data = {key: value for key, value in message.items() if key in ("id", "operation", "status", "cached", "seconds", "phase") and value is not None}
    return Event.model_validate({"kind": "call", "at": now(), "data": data})
