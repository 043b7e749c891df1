"""Where scripts run: executors, the probes that say what an executor really holds, and the choice among them."""

from nephoscope.boundary.sandbox.bubblewrap import BubblewrapExecutor
from nephoscope.boundary.sandbox.job import HOME, LISTENER_URL

__all__ = ["HOME", "LISTENER_URL", "BubblewrapExecutor"]
