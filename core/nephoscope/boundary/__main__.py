"""``python -m nephoscope.boundary --fd N``: started by the engine with one end of a socket pair, never by hand."""

from __future__ import annotations

import argparse

from nephoscope.boundary.process import Parts, run


def _installed() -> Parts:
    from nephoscope.plugin.manager import load_plugins

    arguments = _arguments()
    plugins = load_plugins(arguments.blocked)
    return Parts(plugins.wires, plugins.executors, tuple(plugins.preloads))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m nephoscope.boundary", description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="inherited end of the socket pair")
    parser.add_argument("--blocked", action="append", default=[], metavar="PACK", help="pack that is not loaded")
    return parser.parse_args()


if __name__ == "__main__":
    run(_arguments().fd, _installed)
