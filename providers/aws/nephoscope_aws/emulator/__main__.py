"""``python -m nephoscope_aws.emulator``: run an emulator by hand, or as the child of :class:`AwsEmulator`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from nephoscope.interfaces.errors import NephoscopeError
from nephoscope_aws.emulator.seed import Seed, named
from nephoscope_aws.emulator.server import Server


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints one JSON line with the endpoint, then serves until standard input ends (as a child) or it is interrupted."""
    options = _options(arguments)
    try:
        document = json.loads(sys.stdin.readline()) if options.child else seed_of(options.seed, options.variant)
        server = Server(Seed.model_validate(document), options.port)
    except (NephoscopeError, ValueError, OSError) as error:
        _say({"error": str(error)})
        return 2
    _say({"endpoint": server.endpoint, "names": sorted(server.names), "made": named(server.names)})
    if options.child:
        _fall_silent()
        sys.stdin.read()
    else:
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    return 0


def _say(document: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def _fall_silent() -> None:
    """Nobody reads on after the greeting: what the emulated services print must not fill or break the pipe."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m nephoscope_aws.emulator", description="An AWS on this machine, seeded from a scenario file.")
    parser.add_argument("--seed", type=Path, help="a scenario file, or a file with steps")
    parser.add_argument("--variant", default="fault", help="which variant of the scenario (default: fault)")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if not options.child:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})  # waited for, not handled
    return options


def seed_of(path: Path | None, variant: str) -> Mapping[str, Any]:
    """The seed of one variant: the steps common to all, then its own."""
    if path is None:
        return {}
    document = yaml.safe_load(path.read_text("utf-8")) or {}
    if "variants" not in document:
        return {key: document[key] for key in Seed.model_fields if key in document}
    if variant not in document["variants"]:
        raise ValueError(f"{path} has no variant {variant!r}; it has {', '.join(document['variants'])}")
    chosen = document["variants"][variant] or {}
    shared = {key: document[key] for key in ("region", "account", "vars") if key in document}
    return {
        **shared,
        "steps": [*(document.get("base") or []), *(chosen.get("steps") or [])],
        "front": chosen.get("front") or document.get("front") or {},
    }


if __name__ == "__main__":
    sys.exit(main())
