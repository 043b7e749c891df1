"""One inheritable suite per interface. A pack's test is a subclass that says what to test and with which samples.

    class TestNoNaps(JudgeSuite):
        subject = NoNaps()
        accepted = ("import time\\ntime.sleep(1)\\n",)
        rejected = ("import time\\ntime.sleep(60)\\n",)

Needs pytest: ``pip install nephoscope-core[testing]``.
"""

from nephoscope.testing.conformance.analyzer import AnalyzerSuite, Case
from nephoscope.testing.conformance.backend import BackendSuite
from nephoscope.testing.conformance.composer import ComposerSuite
from nephoscope.testing.conformance.control import ControlCase, ControlSuite
from nephoscope.testing.conformance.emulator import EmulatorSuite
from nephoscope.testing.conformance.engine import EngineSuite
from nephoscope.testing.conformance.estate import EstateSuite
from nephoscope.testing.conformance.executor import ExecutorSuite
from nephoscope.testing.conformance.generator import GeneratorSuite
from nephoscope.testing.conformance.importer import ImporterSuite
from nephoscope.testing.conformance.planner import PlannerSuite
from nephoscope.testing.conformance.policy import PolicySuite
from nephoscope.testing.conformance.prover import ProverSuite
from nephoscope.testing.conformance.store import StoreSuite
from nephoscope.testing.conformance.tracer import TracerSuite
from nephoscope.testing.conformance.validator import JudgeSuite, RewriterSuite
from nephoscope.testing.conformance.view import StillView
from nephoscope.testing.conformance.wire import Sample, WireSuite

__all__ = [
    "AnalyzerSuite",
    "BackendSuite",
    "Case",
    "ComposerSuite",
    "ControlCase",
    "ControlSuite",
    "EmulatorSuite",
    "EngineSuite",
    "EstateSuite",
    "ExecutorSuite",
    "GeneratorSuite",
    "ImporterSuite",
    "JudgeSuite",
    "PlannerSuite",
    "PolicySuite",
    "ProverSuite",
    "RewriterSuite",
    "Sample",
    "StillView",
    "StoreSuite",
    "TracerSuite",
    "WireSuite",
]
