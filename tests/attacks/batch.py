"""Many small scripts in one sandbox, each in a process of its own: what it printed, and how it ended."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

RUNNER = """\
import base64, http.client, io, json, os, select, signal, socket, sys, threading, time, traceback, urllib.error, urllib.parse, urllib.request
import boto3
from botocore.config import Config

IDS = {ids!r}
LISTENER = ("127.0.0.1", int(os.environ["HTTP_PROXY"].rpartition(":")[2]))
LINES = "\\r\\n"
boto3.setup_default_session()

def c(service, **options):
    return boto3.client(service, **options)

def authorization(service, key=None):
    scope = (key or os.environ["AWS_ACCESS_KEY_ID"]) + "/20261124/eu-west-1/" + service + "/aws4_request"
    return "Authorization: AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=host, Signature=0a"

def raw(text):
    with socket.create_connection(LISTENER, 5) as line:
        line.settimeout(5)
        said = text if isinstance(text, bytes) else text.encode()
        if "CALLER_CANARY" in os.environ:  # nothing is in between: say whose request it is
            said = said.replace(b"HTTP/1.1\\r\\n", b"HTTP/1.1\\r\\nUser-Agent: app/" + os.environ["AWS_SDK_UA_APP_ID"].encode() + b"\\r\\n")
        line.sendall(said)
        line.shutdown(socket.SHUT_WR)
        said = b""
        while piece := line.recv(65536):
            said += piece
    print(said.decode("utf-8", "replace"))
    return said

def form(service, body, *headers, target="http://aws.neph/", method="POST"):
    kind = "Content-Type: application/x-www-form-urlencoded"
    lines = [method + " " + target + " HTTP/1.1", "Host: aws.neph", kind, authorization(service), *headers]
    if not any(line.lower().startswith(("transfer-encoding", "content-length")) for line in headers):
        lines.append("Content-Length: " + str(len(body)))
    return raw(LINES.join(lines) + LINES * 2 + body)

for service in {services!r}:
    try:
        c(service)  # reads its model once, for all of them
    except Exception:
        pass
for number, (name, source) in enumerate(json.loads({snippets!r}).items()):
    read, write = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if not child:
        os.dup2(write, 1), os.dup2(write, 2), os.close(read), os.close(write)
        status = 0
        os.environ["AWS_SDK_UA_APP_ID"] = "attack" + str(number)
        try:
            exec(compile(source, name, "exec"), dict(globals(), __name__="__main__"))
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except BaseException:
            traceback.print_exc()
            status = 1
        sys.stdout.flush()
        os._exit(status or 0)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        said = stream.read().decode("utf-8", "replace")
    print(json.dumps(dict(name=name, status=os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said=said[:20000])), flush=True)
"""


@dataclass(frozen=True)
class Snippet:
    """``says``: what its output must match.

    Without the boundary it must have its effect: ``bare`` is what is run there where the script itself would do damage,
    ``tame`` says why it has none in front of an emulated cloud.
    """

    name: str
    script: str
    says: str = ""
    bare: str = ""
    tame: str = ""


@dataclass(frozen=True)
class Ending:
    status: int
    said: str


def load(name: str) -> list[Snippet]:
    """A file of the corpus: names to scripts, or to ``{script, says}``."""
    document: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent / "corpus" / f"{name}.yaml").read_text(encoding="utf-8"))
    usual = {name: document[name] for name in ("says", "tame") if name in document}
    entries = {name: item if isinstance(item, dict) else {"script": item} for name, item in document["scripts"].items()}
    if name == "walls":  # which say more, to a harness of their own
        entries = {name: {"script": item["script"]} for name, item in entries.items()}
    return [Snippet(name, **{**usual, **item}) for name, item in entries.items()]


def runner(snippets: Sequence[Snippet], ids: Mapping[str, str]) -> str:
    """One script that runs them all."""
    services = sorted({name for each in snippets for name in re.findall(r"\bc\(\"([\w-]+)\"", each.script)})
    return RUNNER.format(ids=dict(ids), services=services, snippets=json.dumps({each.name: each.script for each in snippets}))


def endings(output: str) -> dict[str, Ending]:
    """What the runner told, by name."""
    told = [json.loads(line) for line in output.splitlines() if line.startswith('{"name"')]
    return {one["name"]: Ending(one["status"], one["said"]) for one in told}
