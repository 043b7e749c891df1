"""Nephoscope: iterative, evidence-first troubleshooting of clouds."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nephoscope.library import investigate

__version__ = "0.1.0"
__all__ = ["__version__", "investigate"]


def __getattr__(name: str) -> Any:
    """``investigate`` on first use: importing the package must stay light."""
    if name == "investigate":
        return importlib.import_module("nephoscope.library").investigate
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
