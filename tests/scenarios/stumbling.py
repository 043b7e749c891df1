"""A model for any account, without memory: each request is answered right or with one of the mistakes models make, by a hash of what it says.

Right is to take the checks that are offered, and to conclude with nothing of its own when none is left. Whoever asks again, with the
reasons for which an answer was sent back, asks something else and so gets another answer.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from erring import GOOD_SCRIPT

from nephoscope.testing.llm_server import Asked, Reply

SHARE = 0.45
"""Of requests to the planner that are answered with a mistake."""
WRITES = ("s3:DeleteBucket", "iam:DeleteRole", "lambda:UpdateFunctionConfiguration", "ec2:AuthorizeSecurityGroupIngress", "sqs:PurgeQueue")
BAD_SCRIPTS = (
    "import requests\nprint(requests.get('http://169.254.169.254/').text)\n",
    "import boto3\nboto3.client('s3').delete_bucket(Bucket='x')\n",
    "import boto3\nprint(boto3.client('sqs').list_queues(NoSuchParameter=1))\n",
    "import boto3\nfor queue in boto3.client('sqs').list_queues()['QueueUrls'\n",
)


class Stumbles:
    """Answers like a model that errs. ``made``: how often it made which mistake."""

    def __init__(self, share: float = SHARE) -> None:
        self._share = share
        self._lock = threading.Lock()
        self.made: Counter[str] = Counter()

    def __call__(self, asked: Asked) -> Reply:
        dice = hashlib.sha256(self.heard(asked).encode()).digest()
        if "You plan the troubleshooting" not in asked.text:
            bad = "Mend the script" not in asked.text
            self._note("bad script" if bad else "")
            return Reply(text=f"```python\n{BAD_SCRIPTS[dice[1] % len(BAD_SCRIPTS)]}```" if bad else GOOD_SCRIPT)
        if asked.partial or dice[0] / 256 >= self._share:
            return _right(asked)
        mistakes = list(MISTAKES)
        name = mistakes[dice[2] % len(mistakes)]
        self._note(name)
        return MISTAKES[name](asked, dice[3])

    def heard(self, asked: Asked) -> str:
        """What decides how it answers."""
        return asked.text

    def _note(self, mistake: str) -> None:
        with self._lock:
            self.made[mistake] += bool(mistake)


def _section(asked: Asked, name: str) -> str:
    sections = re.findall(rf'<data name="{name}"[^>]*>\n(.*?)\n</data>', asked.text, re.DOTALL)
    return sections[-1] if sections else ""


def _right(asked: Asked) -> Reply:
    offered = re.findall(r'\{"id": "((?:[^"\\]|\\.)+)"', _section(asked, "available"))
    if offered:
        return _decided(checks=[{"id": json.loads(f'"{one}"')} for one in offered[:5]])
    return _concluded([])


def _decided(**part: Any) -> Reply:
    (kind,) = part
    return Reply(value={"decision": kind, "hypotheses": [], **part})


def _concluded(claims: list[dict[str, Any]]) -> Reply:
    return _decided(conclusion={"stop": "nothing more would decide", "claims": claims})


def _claim(asked: Asked, fact: str, value: Any, resource: str) -> dict[str, Any]:
    causes = re.findall(r'"cause": "([\w.-]+)"', _section(asked, "playbooks")) or ["aws.s3.made-up"]
    return {
        "cause": causes[0],
        "title": "It is plainly this",
        "resources": [resource],
        "predicates": [{"fact": fact, "is_": "equals", "value": value}],
        "explanation": "It is always this.",
        "advice": "Delete it and make it again.",
    }


def _facts(asked: Asked) -> list[tuple[str, str]]:
    """Subjects and ids of the facts that are shown."""
    rows = re.findall(r'\{"subject": "(?:[^" ]+ )?([^"]+)", "facts": \[\["(f:[0-9a-f~]+)"', _section(asked, "facts"))
    return rows or [("nothing", "f:000000000000")]


def _read(operation: str, params: dict[str, Any]) -> Reply:
    service, _, name = operation.partition(":")
    return _decided(checks=[{"id": name, "intent": f"what {name} shows", "reads": [{"service": service, "operation": name, "params": params}]}])


def _false(asked: Asked, dice: int) -> Reply:
    subject, fact = _facts(asked)[dice % len(_facts(asked))]
    return _concluded([_claim(asked, fact, "no such value at all", subject)])


def _ghost(asked: Asked, dice: int) -> Reply:
    fact = _facts(asked)[dice % len(_facts(asked))][1]
    return _concluded([_claim(asked, fact, True, "arn:aws:iam::123123123123:role/ghost")])


MISTAKES: dict[str, Callable[[Asked, int], Reply]] = {
    "malformed": lambda _, dice: Reply(text='{"decision": "checks", "checks": [{"id": "x", "reads": [{"service": '[: 30 + dice % 40]),
    "prose": lambda *_: Reply(text="Let me think about this. The bucket is probably misconfigured; I would look at its policy first."),
    "cut": lambda asked, dice: _right(asked).model_copy(update={"cut": 20 + dice % 60}),
    "a write": lambda _, dice: _read(WRITES[dice % len(WRITES)], {}),
    "no such operation": lambda *_: _read("lambda:DescribeFunction", {"Name": "x"}),
    "no such parameter": lambda *_: _read("sqs:ListQueues", {"NoSuchParameter": "x"}),
    "an invented thing": lambda *_: _read("iam:GetRole", {"RoleName": "arn:aws:iam::123123123123:role/ghost"}),
    "a made-up check": lambda *_: _decided(checks=[{"id": "check-everything"}]),
    "a made-up fact": lambda asked, _: _concluded([_claim(asked, "f:0123456789ab", True, "x")]),
    "a false claim": _false,
    "a claim on a ghost": _ghost,
    "a script": lambda *_: _decided(checks=[{"id": "own", "intent": "which queues and topics there are, and who may use them", "script": True}]),
    "an early end": lambda *_: _concluded([]),
}
