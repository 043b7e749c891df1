"""One small typed interface per role a plugin can play. Protocols: nothing to inherit."""

from nephoscope.interfaces.analyzer import Analyzer
from nephoscope.interfaces.cloud import Emulator, Estate, Policy, Session, Wire
from nephoscope.interfaces.errors import (
    Ambiguous,
    BoundaryGone,
    CredentialsError,
    EndpointError,
    IsolationError,
    NephoscopeError,
    UsageError,
)
from nephoscope.interfaces.executor import Executor, ListenerReady
from nephoscope.interfaces.generator import Generator
from nephoscope.interfaces.planner import Planner
from nephoscope.interfaces.validator import Judge, Rewriter
from nephoscope.interfaces.view import FactView, View

__all__ = [
    "Ambiguous",
    "Analyzer",
    "BoundaryGone",
    "CredentialsError",
    "Emulator",
    "EndpointError",
    "Estate",
    "Executor",
    "FactView",
    "Generator",
    "IsolationError",
    "Judge",
    "ListenerReady",
    "NephoscopeError",
    "Planner",
    "Policy",
    "Rewriter",
    "Session",
    "UsageError",
    "View",
    "Wire",
]
