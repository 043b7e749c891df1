"""``python -m nephoscope_aws.proving``: the child that tries fixes out. A job a line on standard input, an answer a line on standard output."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nephoscope.interfaces.errors import UsageError
from nephoscope.models import Call, Reply, texts
from nephoscope_aws.emulator.seed import Seed
from nephoscope_aws.proving.hands import Elsewhere, Hands
from nephoscope_aws.proving.naming import Names

if TYPE_CHECKING:
    from nephoscope_aws.emulator.server import Server


def main() -> int:
    """Begins to load while the first job is still being made; ends with its owner, or when a job takes too long."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the emulated services print is no answer
    _load()
    stage = Stage()
    for text in sys.stdin:
        job = json.loads(text)
        signal.alarm(int(job["seconds"]) + 1)
        try:
            answer = stage.done(job)
        except Exception as error:
            answer = {"trouble": f"{type(error).__name__}: {error}"[:500]}
        signal.alarm(0)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    return 0


def _load() -> None:
    """What takes seconds to import."""
    import botocore.session  # noqa: F401
    import moto.moto_server.werkzeug_app  # noqa: F401

    import nephoscope_aws.emulator.server  # noqa: F401


class Stage:
    """The emulator of this process. Nothing of one job is left for the next."""

    def __init__(self) -> None:
        self._server: Server | None = None
        self._account = ""

    def done(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """What came of one job."""
        copy = Copy(Hands(self._empty(job)), job["account"], job["region"])
        lacking = copy.build(job["steps"])
        before = copy.read(job["reads"])
        refused = copy.change(job["changes"], job["spellings"])
        return {"lacking": lacking, "refused": refused, "before": before, "after": copy.read(job["reads"]), "given": copy.told}

    def _empty(self, job: Mapping[str, Any]) -> str:
        from nephoscope_aws.emulator.managed import keep_managed_policies, policies_named
        from nephoscope_aws.emulator.server import Server

        if self._server is None:
            self._server, self._account = Server(Seed(account=job["account"], region=job["region"])), job["account"]
        if self._account != job["account"]:
            raise UsageError("one emulator stands for one account")
        keep_managed_policies(policies_named(json.dumps(job)))
        self._server.reset()
        return self._server.endpoint


class Copy:
    """The emulated account, spoken of in the identifiers of the real one."""

    def __init__(self, hands: Hands, account: str, region: str) -> None:
        self._hands = hands
        self._region = region
        self._account = account
        self._names = Names()
        self._given: dict[str, str] = {}
        self.told: list[str] = []
        """What the changes gave, as the account would write it."""

    def build(self, steps: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Run the steps. What could not be made, and why."""
        failed = {}
        for step in steps:
            reply = self._call(step)
            if reply.error and not step.get("may_fail"):
                failed[str(step["about"])] = f"{step['service']}:{step['operation']}: {_said(reply)}"
            for where, name in step.get("makes", {}).items():
                self._names.learn(str(name), str(_look(self._names.there(where), reply.document) or ""))
        return failed

    def change(self, changes: Sequence[Mapping[str, Any]], spellings: Mapping[str, Mapping[str, str]]) -> str:
        """Make the changes, up to the first that is not taken; that one and why."""
        for change in changes:
            taken = {name: value for name, value in self._given.items() if name in change.get("takes", ())}
            reply = self._call({**change, "params": _spelt(_filled(change["params"], taken), spellings.get(change["service"], {}))})
            if reply.error:
                return f"{change['service']}:{change['operation']}: {_said(reply)}"
            for name, where in change.get("gives", {}).items():
                self._given[name] = str(_look(where, reply.document) or "")
            self.told += texts(self._names.back(reply.document)) if change.get("gives") else ()
        return ""

    def read(self, reads: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Ask the recorded questions again."""
        told = []
        for read in reads:
            reply = self._call(read)
            told.append({"id": read["id"], "status": reply.status, "error": reply.error, "document": self._names.back(reply.document)})
        return told

    def _call(self, asked: Mapping[str, Any]) -> Reply:
        identity = {"cloud": "aws", "account": asked.get("account") or self._account, "principal": "", "regions": ()}
        call = Call(
            identity=identity,  # type: ignore[arg-type]
            region=asked.get("region") or self._region,
            service=asked["service"],
            operation=asked["operation"],
            params=self._names.there(dict(asked.get("params", {}))),
        )
        account = str(asked.get("account") or "")
        try:
            return self._hands.call(call, account if account != self._account else "")
        except Elsewhere:
            raise
        except Exception as error:  # the SDK's own checks, and an emulator that breaks
            return Reply(call=call, status=0, error=type(error).__name__, document={"Error": {"Message": str(error)[:300]}})


def _said(reply: Reply) -> str:
    told = reply.document.get("Error", {}) if isinstance(reply.document, dict) else {}
    message = told.get("Message", "") if isinstance(told, dict) else ""
    return f"{reply.error}{f' ({message})' if message else ''}"[:300]


def _look(where: str, document: Any) -> Any:
    import jmespath

    return jmespath.search(where, document)


def _filled(value: Any, given: Mapping[str, str]) -> Any:
    """Parameters with ``$NAME`` replaced by what an earlier change gave."""
    if isinstance(value, Mapping):
        return {key: _filled(member, given) for key, member in value.items()}
    if isinstance(value, list):
        return [_filled(member, given) for member in value]
    return given.get(value[1:], value) if isinstance(value, str) and value.startswith("$") else value


def _spelt(value: Any, spellings: Mapping[str, str]) -> Any:
    """Parameters with whole identifiers in the form that the emulator takes."""
    if isinstance(value, Mapping):
        return {key: _spelt(member, spellings) for key, member in value.items()}
    if isinstance(value, list):
        return [_spelt(member, spellings) for member in value]
    if isinstance(value, str):
        return next((re.sub(pattern, form, value) for pattern, form in spellings.items() if re.fullmatch(pattern, value)), value)
    return value


if __name__ == "__main__":
    sys.exit(main())
