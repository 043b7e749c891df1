"""What this pack registers. Ray is imported only where it is used."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.interfaces import Engine
from nephoscope.plugin import hookimpl


@hookimpl
def nephoscope_register_engines() -> Sequence[Engine]:
    from nephoscope_engine_ray.engine import RayEngine

    return [RayEngine()]
