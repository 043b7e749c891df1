"""Where scripts run: executors, the probes that say what an executor really holds, and the choice among them."""

from nephoscope.boundary.sandbox.bubblewrap import BubblewrapExecutor
from nephoscope.boundary.sandbox.choose import choose_executor
from nephoscope.boundary.sandbox.job import HOME, LISTENER_URL
from nephoscope.boundary.sandbox.self_test import Promise, contained, self_test
from nephoscope.boundary.sandbox.unsafe import NoneExecutor
from nephoscope.boundary.sandbox.userns import UsernsExecutor

__all__ = ["HOME", "LISTENER_URL", "BubblewrapExecutor", "NoneExecutor", "Promise", "UsernsExecutor", "choose_executor", "contained", "self_test"]
