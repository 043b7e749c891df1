"""``python -m nephoscope.testing.llm_server --script FILE --port 0``: prints its URL and serves until it is interrupted."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from pathlib import Path

from nephoscope.testing.llm_server.script import load_script
from nephoscope.testing.llm_server.server import REQUESTS, LLMServer

SHOWN = """{url}
OpenAI-compatible base URL {url}/v1; for the others {url}. Requests so far: {url}{requests}
"""


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m nephoscope.testing.llm_server", description="A scripted language model over real wire formats.")
    parser.add_argument("--script", type=Path, required=True, help="YAML: which request gets which reply")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--key", default="", help="refuse requests without it")
    options = parser.parse_args()
    try:
        script = load_script(options.script)
        server = LLMServer(script, port=options.port, key=options.key)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(SHOWN.format(url=server.url, requests=REQUESTS))
    sys.stdout.flush()
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    with contextlib.suppress(KeyboardInterrupt):
        over.wait()
    server.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
