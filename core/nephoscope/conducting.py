"""Conducts one investigation: opens the boundary, wires the engine's parts, drives the loop, keeps the report."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nephoscope import __version__, archive, enlisting, staging, watching
from nephoscope.interfaces import BoundaryGone, CredentialsError, IsolationError, NephoscopeError, Planner, UsageError
from nephoscope.models import Approval, Event, Identity, JsonValue, Problem, Question, Script, ScriptEnvironment, Violation
from nephoscope.models.report import Report, Status, Trouble
from nephoscope.plugin.manager import Plugins
from nephoscope.settings import Settings
from nephoscope.store.ledger import now
from nephoscope.store.run import SKILLS_USED, RunStore, locked, scopes_of

if TYPE_CHECKING:
    from nephoscope.boundary.client import Boundary
    from nephoscope.boundary.protocol import Lease
    from nephoscope.engine.context import Context
    from nephoscope.interfaces.tracing import Link
    from nephoscope.knowledge.skills import Skills
    from nephoscope.store.memory import Memory
    from nephoscope.validation import Validated

MOST_NAMES = 200
"""So many names from a problem text are taken for names of things."""
_TOLD = frozenset({"id", "operation", "status", "cached", "seconds", "phase"})


def _nothing(_: Event) -> None: ...
def _nobody(_: Question) -> None: ...
def _no(_: Script, __: Sequence[Violation]) -> Approval:
    return Approval(nobody=True)


class Stoppable(Protocol):
    """Something in motion."""

    def request_stop(self) -> None: ...


@dataclass(frozen=True)
class Callbacks:
    """How a run talks to whoever started it; by default to nobody."""

    on_event: Callable[[Event], None] = _nothing
    ask: Callable[[Question], str | None] = _nobody
    approve: Callable[[Script, Sequence[Violation]], bool | Approval | None] = _no


@dataclass(frozen=True)
class Cassette:
    """A recorded run that stands for the clouds and the models: its record, and who it was."""

    record: RunStore
    identities: tuple[Identity, ...]


class Conductor:
    """One investigation at a time, under given settings and packs."""

    def __init__(
        self,
        settings: Settings,
        plugins: Plugins,
        callbacks: Callbacks | None = None,
        cassette: Cassette | None = None,
        *,
        one_of_many: bool = False,
    ) -> None:
        """``cassette``: the recorded run that stands for the clouds. ``one_of_many``: what took long to load is kept for the next."""
        self._one_of_many = one_of_many
        self._cassette = cassette
        self._settings = settings
        self._plugins = plugins
        self._callbacks = callbacks or Callbacks()
        self._driver: Stoppable | None = None
        self._seats: enlisting.Seats | None = None
        self._stop = False

    def request_stop(self) -> None:
        """Finish what runs, keep everything, end as interrupted. Safe in a signal handler."""
        self._stop = True
        if self._driver:
            self._driver.request_stop()

    def attend(self, running: Stoppable) -> None:
        """Have what runs now stopped by :meth:`request_stop`."""
        self._driver = running
        if self._stop:
            running.request_stop()

    def run(self, store: RunStore, *, demo: bool = False) -> Report:
        """Drive the loop of a recorded problem to its end, and keep the report. A boundary that ends is started once more.

        Nothing answered is asked again. Raises :class:`NephoscopeError` while the boundary cannot be opened.
        """
        watching.tracer(self._settings, self._plugins)
        report = self._round(store, demo=demo, last=False) or self._round(store, demo=demo, last=True)
        if report is None:
            raise BoundaryGone("the boundary process ended twice", f"see: nephoscope doctor, then: nephoscope resume {store.id}")
        archive.write_report(report, store.dir)
        return report

    def _round(self, store: RunStore, *, demo: bool, last: bool) -> Report | None:
        with self.opened(store, demo=demo) as context, self._watched(store) as link:
            try:
                report = self._told(context)
            except BoundaryGone as error:
                if not last:
                    return None
                report = _aborted(context, error)
            finally:
                store.put("elapsed", context.elapsed)
            return report.model_copy(update={"trace": link()})

    def _told(self, context: Context) -> Report:
        """The loop driven to its end, and what came of it. Raises :class:`BoundaryGone`."""
        from nephoscope.engine.composing import compose

        try:
            return compose(context, self._surveyed(context) or self._drive(context))
        except BoundaryGone:
            raise
        except NephoscopeError as error:
            return _aborted(context, error)

    def _watched(self, store: RunStore) -> AbstractContextManager[Link]:
        return watching.watched(self._settings, self._plugins, store, enlisting.scrub(self._settings, self._plugins, store))

    @contextlib.contextmanager
    def opened(self, store: RunStore, *, demo: bool = False) -> Iterator[Context]:
        """The boundary opened for a record, and everything the engine needs around it."""
        with self.boundary(store, demo=demo, meanwhile=load_engine) as (boundary, lease):
            context = self.context(store, boundary, lease)
            context.models = enlisting.enlist(
                self.seats(),
                self._settings,
                self._plugins,
                store,
                boundary,
                seconds_left=lambda: self._settings.budget.seconds - context.elapsed,
                stopped=lambda: self._stop,
                tell=self._tell,
                cassette=self._cassette.record if self._cassette else None,
            )
            _announce(context, lease, enlisting.described(self.seats()))
            with contextlib.closing(staging.Theatre(self._settings, self._plugins, context.identities, store.dir / staging.FOLDER)) as theatre:
                if self._cassette is not None:
                    context.was_rehearsed, context.was_proven = self._cassette.record.rehearsal, self._cassette.record.proof
                elif self._settings.rehearsal == "on":
                    context.stage = theatre
                context.memory = None if demo else self._memory(store)
                with self._provers(context):
                    yield context

    @contextlib.contextmanager
    def _provers(self, context: Context) -> Iterator[None]:
        """Who tries fixes out, of this run alone."""
        if self._cassette is None and self._settings.prove:
            context.provers = {cloud: type(one)() for cloud, one in self._plugins.provers.items() if cloud in context.estates}
        try:
            yield
        finally:
            for one in context.provers.values():
                with contextlib.suppress(Exception):
                    one.close()

    @contextlib.contextmanager
    def boundary(self, store: RunStore, *, demo: bool = False, meanwhile: Callable[[], None] | None = None) -> Iterator[tuple[Boundary, Lease]]:
        """The boundary process with the record's scopes open. ``meanwhile`` is done while it opens.

        Raises what opening raises, and :class:`IsolationError` without isolation.
        """
        from nephoscope.boundary.protocol import Opening

        settings = self._settings
        scopes = tuple(scopes_of(store))
        if not scopes and self._cassette is None:
            raise UsageError(f"{store.id} came from elsewhere and has no account to look at", f"see it: nephoscope runs show {store.id}")
        opening = Opening(
            run_dir=str(store.dir),
            home=str(settings.home),
            reuse=settings.reuse,
            scopes=scopes,
            grants=tuple(sorted(settings.granted)),
            denied=tuple(sorted(settings.denied)),
            reviewed_only=settings.reviewed_only,
            allow=settings.allow_resource,
            named=self._named(store.load("problem", Problem)),
            budget=settings.budget,
            limits=settings.limits,
            executor="unsafe-local" if settings.unsafe_local and demo else settings.executor,
            executors=settings.executors,
            demo=demo,
            like=str(store.get("like") or ""),
            cassette=str(self._cassette.record.dir) if self._cassette else "",
            identities=self._cassette.identities if self._cassette else (),
        )
        with self._process() as boundary:
            opened = boundary.opening(opening)
            if meanwhile:
                meanwhile()
            lease = opened()
            self._admit(lease, demo=demo)
            _same_identities(store, lease.identities)
            store.put("opened", [one.model_dump(mode="json") for one in lease.identities])
            yield boundary, lease

    def _process(self) -> AbstractContextManager[Boundary]:
        from nephoscope.boundary.client import Boundary
        from nephoscope.boundary.parked import borrowed

        if self._one_of_many:
            return borrowed(self._bridge, self._plugins.switched_off)
        return Boundary.start(on_event=self._bridge, blocked=self._plugins.switched_off)

    def _admit(self, lease: Lease, *, demo: bool) -> None:
        if lease.isolation == "none" and not demo:
            raise IsolationError(
                f"nothing here can contain a script: {lease.note or 'no isolation level holds'}", "see what is missing: nephoscope doctor"
            )
        allowed = self._settings.accounts
        foreign = [one.account for one in lease.identities if allowed is not None and one.account not in allowed]
        if foreign:
            raise UsageError(f"the organisation's policy does not allow account {foreign[0]}", f"allowed: {', '.join(allowed or ()) or 'none'}")

    def planner(self) -> Planner:
        """The planner of the settings. Raises :class:`UsageError` naming those installed."""
        found = self._plugins.planners.get(self._settings.planner)
        if found is None:
            names = ", ".join(self._plugins.planners) or "none"
            raise UsageError(f"no planner called {self._settings.planner!r} is installed", f"installed: {names}; see: nephoscope plugins")
        if getattr(found, "needs_model", False) and not self._settings.models:
            raise UsageError(f"the planner {found.name!r} asks a language model, and none is named", "name one: --model PROVIDER:NAME")
        return found

    def judge(self, script: Script, lease: Lease, unasked: Collection[str] = ()) -> Validated:
        """What the installed judges say of a script's bytes as they are. ``unasked``: judges by name that are left out."""
        from nephoscope.validation import validate

        clouds = [estate for cloud, estate in self._plugins.estates.items() if cloud in {one.cloud for one in lease.identities}]
        environment = clouds[0].environment() if clouds else ScriptEnvironment()
        return validate(script, environment, (), [judge for judge in self._plugins.judges if judge.name not in unasked])

    def seats(self) -> enlisting.Seats:
        """The language models of the settings. Raises :class:`UsageError` for one that cannot be had."""
        if self._seats is None:
            self._seats = enlisting.seats(self._settings, self._plugins, keyless=self._cassette is not None)
        return self._seats

    def context(self, store: RunStore, boundary: Boundary, lease: Lease) -> Context:
        """What the engine's nodes work with."""
        from nephoscope.engine.analysis import Analysis
        from nephoscope.engine.context import Context
        from nephoscope.engine.locating import narrowed
        from nephoscope.knowledge.playbooks import PlaybookAnalyzer, load_playbooks
        from nephoscope.validation import chosen

        playbooks = load_playbooks(self._plugins.playbooks)
        clouds = {identity.cloud for identity in lease.identities}
        elapsed = store.get("elapsed", 0.0)
        return Context(
            store=store,
            boundary=boundary,
            identities=narrowed(lease.identities, store.get("regions")),
            isolation=lease.isolation,
            estates={cloud: estate for cloud, estate in self._plugins.estates.items() if cloud in clouds},
            policies=self._plugins.policies,
            planner=self.planner(),
            planners=self._plugins.planners,
            generators=self._plugins.generators,
            rewriters=chosen(self._plugins.rewriters, self._settings.formatter),
            judges=self._plugins.judges,
            analysis=Analysis([*self._plugins.analyzers, PlaybookAnalyzer(playbooks)]),
            playbooks=playbooks,
            budget=self._settings.budget,
            granted=self._settings.granted,
            ask_policy=self._settings.ask,
            ask=self._callbacks.ask,
            approve=self._callbacks.approve,
            tell=self._tell,
            skills=self._skills(),
            clean=enlisting.cut(store),
            versions={"nephoscope": __version__, **self._plugins.versions},
            elapsed_before=float(elapsed) if isinstance(elapsed, int | float) else 0.0,
        )

    def _memory(self, store: RunStore) -> Memory | None:
        """A replay neither remembers nor is remembered, it is to come out as it was; nor is an account that is made up anew each time."""
        from nephoscope.store.memory import Memory

        wanted = self._settings.memory and self._cassette is None
        return Memory(self._settings.home, self._settings.memory_days, store.database) if wanted else None

    def _skills(self) -> Skills | None:
        from nephoscope.knowledge.skills import RecordedSkills, SkillLibrary

        if self._cassette is not None:
            used = self._cassette.record.get(SKILLS_USED, {})
            return RecordedSkills(used if isinstance(used, dict) else {})
        return SkillLibrary(self._settings.home, self._plugins.checks) if self._settings.skills == "on" else None

    def _drive(self, context: Context) -> Status:
        from nephoscope.engine.driving import Driver

        driver = Driver(context)
        self.attend(driver)
        try:
            return driver.run()
        finally:
            self._driver = None

    def _surveyed(self, context: Context) -> Status | None:
        """A question about a whole population is answered by controls; ``None`` where it is none."""
        from nephoscope.engine.surveying import questioned, survey

        controls = questioned(context, self._plugins.controls)
        return survey(context, controls, self.attend) if controls else None

    def _named(self, problem: Problem | None) -> tuple[str, ...]:
        """Names from the person's own words."""
        if problem is None:
            return ()
        mentions = [one.text for estate in self._plugins.estates.values() for one in estate.mentions(problem.text) if one.exact]
        return tuple(dict.fromkeys(mentions))[:MOST_NAMES]

    def _tell(self, event: Event) -> None:
        self._plugins.on_event(event)
        self._callbacks.on_event(event)

    def _bridge(self, message: Mapping[str, JsonValue]) -> None:
        """Boundary events as views read them."""
        if message.get("event") == "call" and message.get("phase") != "sent":
            data = {key: value for key, value in message.items() if key in _TOLD and value is not None}
            self._callbacks.on_event(Event(kind="call", at=now(), data=data))


def load_engine() -> None:
    """Import what takes a second to import."""
    import langsmith  # noqa: F401

    import nephoscope.engine.composing
    import nephoscope.engine.driving  # noqa: F401


@contextlib.contextmanager
def recorded(run_dir: Path, kind: Callable[[Path], RunStore] = RunStore) -> Iterator[RunStore]:
    """The record of a run, locked. Raises :class:`UsageError` when another process holds it."""
    with locked(run_dir):
        store = kind(run_dir)
        try:
            yield store
        finally:
            store.close()


def _aborted(context: Context, error: NephoscopeError) -> Report:
    """What is known when the run cannot go on: expired credentials wait for a login, anything else has failed."""
    from nephoscope.engine.composing import compose

    expired = isinstance(error, CredentialsError) and error.expired
    trouble = Trouble(message=error.message, hint=error.hint, exit_code=error.exit_code)
    return compose(context, "waiting" if expired else "failed", trouble)


def _announce(context: Context, lease: Lease, model: str) -> None:
    scopes: list[JsonValue] = [
        {"account": one.account, "principal": one.principal, "regions": ["any region"] if one.roaming else list(one.regions)}
        for one in context.identities
    ]
    context.emit(
        "run_started",
        id=context.store.id,
        problem=str(context.store.get("words") or ""),
        scopes=scopes,
        isolation=lease.isolation,
        planner=context.planner.name,
        model=model,
    )
    if lease.note:
        context.emit("notice", text=lease.note)


def _same_identities(store: RunStore, identities: Sequence[Identity]) -> None:
    """A run goes on only as who it began. Raises :class:`UsageError`."""
    here: list[JsonValue] = [{"cloud": one.cloud, "account": one.account, "principal": one.principal} for one in identities]
    before = store.get("identities")
    if before is None:
        store.put("identities", here)
    elif before != here:
        raise UsageError(f"{store.id} was begun as {before}, and this is {here}", "log in as before, or begin a new investigation")
