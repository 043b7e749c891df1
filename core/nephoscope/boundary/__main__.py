"""``python -m nephoscope.boundary --fd N``: started by the engine with one end of a socket pair, never by hand."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from nephoscope.boundary.process import run
from nephoscope.interfaces import Executor, Wire


def _installed() -> tuple[Mapping[str, Wire], Mapping[str, Executor]]:
    from nephoscope.plugin.manager import load_plugins

    arguments = _arguments()
    plugins = load_plugins(arguments.blocked)
    return plugins.wires, plugins.executors


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m nephoscope.boundary", description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="inherited end of the socket pair")
    parser.add_argument("--blocked", action="append", default=[], metavar="PACK", help="pack that is not loaded")
    return parser.parse_args()


if __name__ == "__main__":
    run(_arguments().fd, _installed)
