"""Everything people ask of Nephoscope, one method each."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from nephoscope import __version__, archive, enlisting, replaying
from nephoscope.comparison.scenario import Scenario, load_scenarios
from nephoscope.conducting import Callbacks, Cassette, Conductor, load_engine, recorded
from nephoscope.interfaces import Control, Emulator, NephoscopeError, UsageError
from nephoscope.models import Approval, Event, JsonValue, Question, Scope, Script, Violation
from nephoscope.models.execution import Execution, Order
from nephoscope.models.inspection import Inspection, InspectionOrder, TakenFindings
from nephoscope.models.record import Ailment, Explanation, Leaving, Replay, RunSummary, Verification
from nephoscope.models.report import Report
from nephoscope.plugin.manager import Plugins
from nephoscope.replaying import conditions
from nephoscope.settings import Settings
from nephoscope.sharing import Sharing
from nephoscope.store.bundle import read_bundle, unpack
from nephoscope.store.ledger import now
from nephoscope.store.run import RunStore, find_run, new_run

if TYPE_CHECKING:
    from nephoscope.permitting import Permits

OnEvent = Callable[[Event], None]
Ask = Callable[[Question], str | None]
Approve = Callable[[Script, Sequence[Violation]], bool | Approval | None]
MOST_WORDS = 20_000
"""Of longer problem texts the beginning is read, and the person is told."""


class App:
    """Investigations, one at a time, and what is on record of them."""

    def __init__(self, settings: Settings, plugins: Plugins) -> None:
        self._settings = settings
        self._plugins = plugins
        self._sharing = Sharing(settings, plugins)
        self._conductor: Conductor | None = None
        self._stop = False

    # -- investigations --------------------------------------------------------------------------------------------

    def investigate(self, text: str, *, on_event: OnEvent, ask: Ask, approve: Approve) -> Report:
        """From words to a report. Raises :class:`NephoscopeError` only while there is no run yet."""
        return self._begin(text, self._settings.scope_of(self._cloud()), Callbacks(on_event, ask, approve), demo=False)

    def resume(self, run_id: str, *, on_event: OnEvent, ask: Ask, approve: Approve) -> Report:
        """Go on where a run stopped, under the same identity."""
        with self._sharing.recorded(self._at_hand(run_id)) as store:
            if store.get("words") is None:
                raise UsageError(f"investigation {store.id} was not begun: it was stopped before its problem was written down", "begin it again")
            settings = enlisting.as_begun(self._settings, store.get("chosen"))
            with self._conducting(Callbacks(on_event, ask, approve), settings) as conductor:
                store.put_all({"exhausted": None, "chosen": enlisting.choice(settings), "conditions": conditions(settings)})
                return conductor.run(store)

    def demo(self, scenario_id: str | None, text: str | None, keep: bool, *, on_event: OnEvent, ask: Ask, approve: Approve) -> Report:
        """An investigation of a seeded account in an emulator of our own."""
        scenario = self._scenario(scenario_id)
        variant = next(iter(scenario.variants))
        emulator = self._emulator(scenario)
        try:
            with ThreadPoolExecutor(1) as aside:
                started = aside.submit(emulator.start, scenario.seed(variant))
                load_engine()
                endpoint = started.result()
            report = self._begin(text or scenario.words(variant), emulator.scope(), Callbacks(on_event, ask, approve), demo=True)
            if keep:
                on_event(Event(kind="kept", at=now(), data={"endpoint": endpoint}))
                self._wait()
            return report
        finally:
            emulator.stop()

    def rehearse(self, text: str, scope: Scope) -> Report:
        """An investigation of an emulator that this process started, with nobody there."""
        return self._begin(text, scope, Callbacks(), demo=True, one_of_many=True)

    def try_out(self, run_dir: Path, text: str, scope: Scope, *, kind: Callable[[Path], RunStore] = RunStore, **conditions: JsonValue) -> Report:
        """As :meth:`rehearse`, in a given folder; what was begun there is gone on with.

        ``conditions``: ``repeat`` tells trials apart that are the same; ``prompts_from`` is a folder whose prompts take the place of those with
        their ids; ``tape`` names a file of recorded replies (``path``), and whether nothing else answers (``only``). ``kind`` opens the record.
        """
        run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with recorded(run_dir, kind) as store, self._conducting(Callbacks(), one_of_many=True) as conductor:
            if store.get("words") is None:
                self._write_down(text, scope, conductor, store)
            store.write_off()
            store.put_all({"exhausted": None, "scopes": [scope.model_dump(mode="json")], **conditions})
            return conductor.run(store, demo=True)

    def scenarios(self) -> Sequence[Scenario]:
        """Every seeded account that is installed."""
        return list(load_scenarios(self._plugins.suites).values())

    def request_stop(self) -> None:
        """Finish what runs, keep everything, end as interrupted."""
        self._stop = True
        if self._conductor:
            self._conductor.request_stop()

    # -- what is on record -----------------------------------------------------------------------------------------

    def runs(self) -> Sequence[RunSummary]:
        """Newest first."""
        return self._sharing.runs()

    def report(self, run_id: str) -> Report:
        """The report of a run, as it was kept."""
        return archive.read_report(self._settings.home, self._at_hand(run_id).name)

    def leavings(self, run_id: str) -> Sequence[Leaving]:
        """What a run sent away from this machine."""
        from nephoscope.leaving import leavings

        return leavings(self._settings.home, self._at_hand(run_id).name)

    def purge(self, run_ids: Sequence[str]) -> Sequence[str]:
        """Take records away for good; the ids of those that were."""
        from nephoscope.leaving import purge

        return self._sharing.purge(run_ids, lambda here: purge(self._settings.home, here))

    def why(self, run_id: str, number: int) -> Explanation:
        """The recorded reply behind a numbered fact."""
        return archive.explain(self._settings.home, self._at_hand(run_id).name, number)

    def verify(self, run_id: str) -> Verification:
        """Make the deciding observations of a run again, and weigh them as before."""
        from nephoscope.rechecking import recheck

        report = self.report(run_id)
        with recorded(find_run(self._settings.home, report.id)) as before, self._scratch() as store, self._conducting(Callbacks()) as conductor:
            for key in ("scopes", "problem", "identities"):
                store.put(key, before.get(key))
            store.put("like", str(before.dir))
            with conductor.opened(store) as context:
                return recheck(report, before, context)

    # -- recorded runs ---------------------------------------------------------------------------------------------

    def export(self, run_id: str, target: Path) -> None:
        """Write a run as a bundle that others can look at and replay."""
        replaying.export(self._settings.home, self._at_hand(run_id).name, target, self._plugins.versions)

    def take_in(self, path: Path) -> str:
        """Put somebody's bundle among the runs here; its id."""
        return replaying.take_in(self._settings.home, path)

    def replay(self, source: str, *, on_event: OnEvent) -> Replay:
        """Go through a bundle, or a run that is here, once more: the whole loop, offline."""
        with tempfile.TemporaryDirectory(prefix="nephoscope-replay-") as name:
            folder = Path(name)
            path = Path(source)
            if not path.is_file():
                if path.suffix == ".zip":
                    raise UsageError(f"there is no bundle {path}", "give one that --record or nephoscope runs export wrote, or the id of a run")
                replaying.export(self._settings.home, self._at_hand(source).name, path := folder / "bundle.zip", self._plugins.versions)
            bundle = read_bundle(path)
            original, run_dir = (folder / kind / bundle.manifest.id for kind in ("original", "replay"))
            unpack(bundle, original)
            run_dir.mkdir(parents=True)
            before = replaying.report_of(bundle, path)
            after = self._again(original, run_dir, on_event)
            return replaying.compared(original, run_dir, before, after, {"nephoscope": __version__, **self._plugins.versions})

    def keep_case(self, source: str, replay: Replay, folder: Path) -> Path:
        """Keep a recorded run as a case that ``bench`` runs."""
        return replaying.keep_case(self._settings.home, source, replay, folder, self._plugins.versions)

    def _again(self, original: Path, run_dir: Path, on_event: OnEvent) -> Report:
        recorded_run = RunStore(original, readonly=True)
        try:
            settings, answers = replaying.as_recorded(self._settings, recorded_run), replaying.Answers(recorded_run)
            cassette = Cassette(recorded_run, replaying.identities_of(recorded_run))
            with recorded(run_dir) as store:
                replaying.begin(store, recorded_run)
                with self._conducting(Callbacks(on_event, answers.ask, answers.approve), settings, cassette) as conductor:
                    return conductor.run(store)
        finally:
            recorded_run.close()

    # -- inspections -----------------------------------------------------------------------------------------------

    def controls(self, order: InspectionOrder) -> Sequence[Control]:
        """The checks that an inspection would make; asks no cloud. Raises :class:`UsageError` for one that nobody has."""
        from nephoscope.knowledge.controls import select

        return select(self._plugins.controls, order)

    def take_findings(self, paths: Sequence[Path]) -> TakenFindings:
        """What other tools found; asks no cloud. Raises :class:`UsageError` for a file that nobody can read."""
        from nephoscope.knowledge.importing import take_in

        return take_in(paths, self._plugins.importers)

    def inspect(self, order: InspectionOrder, *, on_event: OnEvent) -> Inspection:
        """An account against a set of checks."""
        from nephoscope.inspecting import inspect

        cloud = self._cloud()
        controls = [one for one in self.controls(order) if one.card.cloud == cloud]
        if not controls:
            raise UsageError(f"none of these checks is about {cloud}", "see what there is: nephoscope inspect --list")
        with self._conducting(Callbacks(on_event)) as conductor, self._fresh() as store:
            store.put_all({"scopes": [self._settings.scope_of(cloud).model_dump(mode="json")]})
            return inspect(controls, store, conductor, conductor.attend)

    # -- the boundary by itself, and the machine -------------------------------------------------------------------

    def execute(self, order: Order) -> Execution:
        """Run a script or a command behind the boundary, in a record of its own or in that of an investigation."""
        from nephoscope.executing import execute

        run_dir = self._at_hand(order.investigation) if order.investigation else new_run(self._settings.home)
        with self._sharing.recorded(run_dir) as store, self._conducting(Callbacks()) as conductor:
            if not order.investigation:
                store.put("scopes", [self._settings.scope_of(self._cloud()).model_dump(mode="json")])
            return execute(order, store, conductor)

    def doctor(self, *, connect: bool = False) -> Sequence[Ailment]:
        """What holds on this machine; with ``connect`` also whether the cloud lets us in."""
        from nephoscope.health import examine

        return [*examine(self._settings, self._plugins), *(self._entrance() if connect else ())]

    def _entrance(self) -> Iterator[Ailment]:
        """Who we are in the chosen cloud, or why we are nobody there."""
        try:
            with self._scratch() as store, self._conducting(Callbacks()) as conductor:
                store.put("scopes", [self._settings.scope_of(self._cloud()).model_dump(mode="json")])
                with conductor.boundary(store) as (_, lease):
                    identities = lease.identities
        except NephoscopeError as error:
            yield Ailment(name="credentials", state="broken", detail=error.message, remedy=error.hint)
            return
        for one in identities:
            where = "no region chosen" if one.roaming else ", ".join(one.regions)
            yield Ailment(name="credentials", state="ok", detail=f"{one.cloud} account {one.account} as {one.principal}; {where}")

    def permits(self) -> Permits:
        """What is allowed and what has to be; asks no cloud."""
        from nephoscope.permitting import Permits

        return Permits(self._settings, self._plugins.policies)

    # -- parts -----------------------------------------------------------------------------------------------------

    def _begin(self, text: str, scope: Scope, callbacks: Callbacks, *, demo: bool, one_of_many: bool = False) -> Report:
        with self._conducting(callbacks, one_of_many=one_of_many) as conductor, self._fresh(alone=one_of_many) as store:
            long = self._write_down(text, scope, conductor, store)
            if long:
                notice = f"the problem text is long: its first {MOST_WORDS} characters are read"
                callbacks.on_event(Event(kind="notice", at=str(store.get("started_at")), data={"text": notice}))
            return conductor.run(store, demo=demo)

    def _write_down(self, text: str, scope: Scope, conductor: Conductor, store: RunStore) -> bool:
        """Record what is asked, once planner and models are known to be there; whether it is too long to be read in full."""
        from nephoscope.knowledge.reading import first_reading
        from nephoscope.replaying import scrubbed

        words = text.strip().encode("utf-8", "replace").decode()
        if not words:
            raise UsageError("there is no problem to look at", 'say what hurts: nephoscope investigate "..."')
        conductor.planner()
        conductor.seats()
        started = now()
        store.put_all(
            {
                "words": words[:MOST_WORDS],
                "started_at": started,
                "chosen": enlisting.choice(self._settings),
                "scopes": [scope.model_dump(mode="json")],
                "conditions": conditions(self._settings),
                "problem": first_reading(scrubbed(words[:MOST_WORDS]), started[:16] + ":00Z"),
            }
        )
        return len(words) > MOST_WORDS

    @contextlib.contextmanager
    def _conducting(
        self, callbacks: Callbacks, settings: Settings | None = None, cassette: Cassette | None = None, *, one_of_many: bool = False
    ) -> Iterator[Conductor]:
        self._conductor = Conductor(settings or self._settings, self._plugins, callbacks, cassette, one_of_many=one_of_many)
        if self._stop:
            self._conductor.request_stop()
        try:
            yield self._conductor
        finally:
            self._conductor = None

    @contextlib.contextmanager
    def _fresh(self, *, alone: bool = False) -> Iterator[RunStore]:
        """A new record; one that comes to no report is not kept. ``alone``: of this machine, whoever shares a database."""
        run_dir = new_run(self._settings.home)
        try:
            with recorded(run_dir) if alone else self._sharing.recorded(run_dir) as store:
                yield store
        except NephoscopeError:
            if not any((run_dir / name).exists() for name in (archive.REPORT, archive.INSPECTION)):
                shutil.rmtree(run_dir, ignore_errors=True)
                self._sharing.forget(run_dir.name)
            raise

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[RunStore]:
        """A record that is not kept."""
        run_dir = new_run(self._settings.home)
        try:
            with recorded(run_dir) as store:
                yield store
        finally:
            shutil.rmtree(run_dir, ignore_errors=True)

    def _at_hand(self, run_id: str) -> Path:
        """The directory of a run, brought here first where another machine did more of it. Raises :class:`UsageError`."""
        return self._settings.home / "runs" / self._sharing.at_hand(run_id)

    def _cloud(self) -> str:
        """The cloud to look at: the one set, or the only one installed. Raises :class:`UsageError`."""
        known = list(self._plugins.estates)
        wanted = self._settings.cloud
        if wanted in known:
            return wanted
        if wanted:
            raise UsageError(f"no pack for the cloud {wanted!r} is installed", f"installed: {', '.join(known) or 'none'}; see: nephoscope plugins")
        if not known:
            raise UsageError("no cloud pack is installed", "install one, and see: nephoscope plugins")
        if len(known) > 1:
            raise UsageError(f"{len(known)} clouds are installed", f"choose one with --cloud: {', '.join(known)}")
        return known[0]

    def _scenario(self, scenario_id: str | None) -> Scenario:
        known = load_scenarios(self._plugins.suites)
        if not known:
            raise UsageError("no demo account is installed", "install a pack that brings a suite: pip install 'nephoscope[demo]'")
        usual = next((one for one in known.values() if "demo" in one.tags), next(iter(known.values())))
        chosen = known.get(scenario_id) if scenario_id else usual
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
