"""One small typed interface per role a plugin can play. Protocols: nothing to inherit."""

from nephoscope.interfaces.analyzer import Analyzer
from nephoscope.interfaces.cloud import Advisor, Emulator, Estate, Historian, Interpreter, Policy, Prover, Session, Stage, Wire
from nephoscope.interfaces.composer import Composer
from nephoscope.interfaces.control import Control
from nephoscope.interfaces.engine import Crew, Do, Ended, Engine
from nephoscope.interfaces.errors import (
    Ambiguous,
    BoundaryGone,
    BudgetError,
    CredentialsError,
    EndpointError,
    IsolationError,
    ModelError,
    NephoscopeError,
    Stopped,
    StoreLost,
    UsageError,
    WorkLost,
)
from nephoscope.interfaces.executor import Executor, ListenerReady, Overrun
from nephoscope.interfaces.generator import Generator
from nephoscope.interfaces.importer import Importer
from nephoscope.interfaces.llm import LLMBackend, Models
from nephoscope.interfaces.planner import Planner
from nephoscope.interfaces.store import Address, Database, Statement, Store
from nephoscope.interfaces.tracing import Tracer
from nephoscope.interfaces.validator import Judge, Rewriter
from nephoscope.interfaces.view import FactView, View

__all__ = [
    "Address",
    "Advisor",
    "Ambiguous",
    "Analyzer",
    "BoundaryGone",
    "BudgetError",
    "Composer",
    "Control",
    "CredentialsError",
    "Crew",
    "Database",
    "Do",
    "Emulator",
    "Ended",
    "EndpointError",
    "Engine",
    "Estate",
    "Executor",
    "FactView",
    "Generator",
    "Historian",
    "Importer",
    "Interpreter",
    "IsolationError",
    "Judge",
    "LLMBackend",
    "ListenerReady",
    "ModelError",
    "Models",
    "NephoscopeError",
    "Overrun",
    "Planner",
    "Policy",
    "Prover",
    "Rewriter",
    "Session",
    "Stage",
    "Statement",
    "Stopped",
    "Store",
    "StoreLost",
    "Tracer",
    "UsageError",
    "View",
    "Wire",
    "WorkLost",
]
