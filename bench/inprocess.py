"""The whole loop over emulated accounts in one process: real graph, ledger, memory and provers; no broker, no sandbox, no scripts.

A run takes a second or two where the real command takes ten. Nothing of safety is measured here, only what the loop makes of an account.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from nephoscope import archive
from nephoscope.comparison.scenario import Scenario, load_scenarios
from nephoscope.comparison.trial import Trial, scored
from nephoscope.engine.analysis import Analysis
from nephoscope.engine.composing import compose
from nephoscope.engine.driving import Driver
from nephoscope.interfaces import Estate
from nephoscope.knowledge.playbooks import PlaybookAnalyzer, load_playbooks
from nephoscope.knowledge.reading import first_reading
from nephoscope.models import Call, Check, Identity, Read, Script
from nephoscope.models.report import Report
from nephoscope.plugin.manager import Plugins, load_plugins
from nephoscope.store.memory import Memory
from nephoscope.store.run import RunStore
from nephoscope.testing.fakes import Answer, LedgerBoundary, context_for, source_of
from nephoscope_aws.emulator.seed import Seed, named
from nephoscope_aws.emulator.server import Server
from nephoscope_aws.estate import AwsEstate
from nephoscope_aws.proving.hands import Hands
from nephoscope_aws.wire.pages import next_page

ACCOUNT, REGION = "123456789012", "eu-west-1"
MOST_PAGES = 200


class PlainEstate(AwsEstate):
    """Its checks are run as they are, without a script."""

    def script(self, check: Check, now: str) -> Script | None:
        return Script(source=source_of(check.reads), check=check, cloud=self.cloud, author="template:plain")


class Accounts:
    """One emulator for all accounts, one after the other. ``prove``: try fixes too."""

    def __init__(self, *, prove: bool = False) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.plugins: Plugins = load_plugins()
        self.scenarios: Mapping[str, Scenario] = load_scenarios(self.plugins.suites)
        self.who = Identity(cloud="aws", account=ACCOUNT, principal=f"arn:aws:iam::{ACCOUNT}:role/Reader", regions=(REGION,))
        self._server: Server | None = None
        self._provers: Mapping[str, Any] = {cloud: type(one)() for cloud, one in self.plugins.provers.items()} if prove else {}

    @cached_property
    def _estate(self) -> Estate:
        return PlainEstate()

    @cached_property
    def _playbooks(self) -> Mapping[str, Any]:
        return load_playbooks(self.plugins.playbooks)

    def seed(self, scenario: Scenario, variant: str) -> None:
        """The emulator becomes this account."""
        seed = Seed.model_validate(scenario.seed(variant))
        if self._server is None:
            self._server = Server(seed)
        else:
            self._server.become(seed)

    def investigate(self, words: str, home: Path | None = None, who: Identity | None = None, keep: Path | None = None) -> Report:
        """The loop from words to report. ``home``: where earlier runs are remembered; ``keep``: where the run stays."""
        assert self._server is not None
        identity = who or self.who
        hands = Hands(self._server.endpoint)
        with tempfile.TemporaryDirectory(prefix="nephoscope-bench-") as scratch:
            folder = Path(tempfile.mkdtemp(prefix="r-", dir=keep or scratch))
            store = RunStore(folder)
            with closing(store), closing(LedgerBoundary(folder, identity, _Cloud(hands, identity))) as boundary:
                now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ")  # accounts tell their moments from the real one
                store.put_all({"words": words, "opened": [identity.model_dump(mode="json")]})
                store.put("problem", first_reading(words, now))
                context = context_for(
                    store,
                    boundary,
                    self._estate,
                    identity,
                    words,
                    planner=self.plugins.planners["playbook"],
                    analysis=Analysis([*self.plugins.analyzers, PlaybookAnalyzer(self._playbooks)]),
                    playbooks=self._playbooks,
                    memory=Memory(home, 30) if home else None,
                    provers=self._provers,
                )
                report = compose(context, Driver(context).run())
                archive.write_report(report, folder)
                return report

    def trial(self, scenario: Scenario, variant: str, **more: Any) -> tuple[Trial, Report]:
        """One variant, seeded, investigated, scored."""
        self.seed(scenario, variant)
        words = scenario.words(variant)
        report = self.investigate(words, **more)
        assert self._server is not None
        truth = scenario.truth(variant).resolved(named(self._server.names))
        blank = Trial(scenario=scenario.id, family=scenario.family, variant=variant, words=words, truth=truth)
        return scored(blank, report), report

    def close(self) -> None:
        for one in self._provers.values():
            one.close()


class _Cloud:
    """Answers reads with every page, as the account would."""

    def __init__(self, hands: Hands, who: Identity) -> None:
        self._hands = hands
        self._who = who

    def __call__(self, read: Read) -> Sequence[Answer]:
        return list(self._pages(read))

    def _pages(self, read: Read) -> Iterator[Answer]:
        params: Mapping[str, Any] | None = dict(read.params)
        whole = not any(name in read.params for name in ("MaxResults", "Limit", "limit", "MaxKeys", "MaxItems"))
        for _ in range(MOST_PAGES if whole else 1):
            call = Call(identity=self._who, region=read.region or REGION, service=read.service, operation=read.operation, params=params or {})
            reply = self._hands.call(call)
            yield Answer(reply.document, reply.status, reply.error)
            params = next_page(reply)
            if params is None:
                return


@contextmanager
def accounts(*, prove: bool = False) -> Iterator[Accounts]:
    """Accounts with whatever they started ended afterwards."""
    with closing(Accounts(prove=prove)) as made:
        yield made
