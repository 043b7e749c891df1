"""The engine ``ray``: each piece of work is a task, begun again elsewhere when the node it ran on is lost."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from nephoscope.interfaces import Crew, Do, Ended, UsageError, WorkLost
from nephoscope_engine_ray.cluster import joined
from nephoscope_engine_ray.desk import Desk, Host

MOST_LOST = 5
"""So often a piece of work is begun again."""
_LOOK_SECONDS = 1.0


class RayEngine:
    """``address``: of a cluster that this machine is part of; without one, a cluster of our own begins and ends with the work."""

    name = "ray"
    here = False

    @contextlib.contextmanager
    def opened(self, shared: object, *, jobs: int, address: str) -> Iterator[Crew]:
        """See :class:`nephoscope.interfaces.Engine`. Without ``jobs``, as many pieces at a time as the cluster has CPUs."""
        with joined(address, jobs) as ray:
            affinity = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
            here = affinity(ray.get_runtime_context().get_node_id(), soft=False)
            actor = ray.remote(Host).options(num_cpus=0, max_restarts=0, scheduling_strategy=here).remote(shared)
            yield _Tasks(ray, Desk(actor), jobs or max(1, int(ray.cluster_resources().get("CPU", 1))))


class _Tasks:
    def __init__(self, ray: Any, shared: Desk, jobs: int) -> None:
        self.shared = shared
        self._ray = ray
        self._jobs = jobs
        self._task = ray.remote(_carried_out).options(num_cpus=1, max_retries=0)

    def run(self, do: Do, work: Mapping[str, Any]) -> Iterator[Ended]:
        """See :class:`nephoscope.interfaces.Crew`."""
        ray, waiting, lost = self._ray, list(work)[::-1], dict.fromkeys(work, 0)
        sent = ray.put(do)
        running: dict[Any, str] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self._jobs:
                    name = waiting.pop()
                    running[self._task.remote(sent, work[name], self.shared)] = name
                ready, _ = ray.wait(list(running), num_returns=1, timeout=_LOOK_SECONDS)
                for reference in ready:
                    name = running.pop(reference)
                    ended = self._ended(name, reference, lost[name])
                    if ended is None:
                        lost[name] += 1
                        waiting.append(name)
                    else:
                        yield ended
        finally:
            for reference in running:
                with contextlib.suppress(Exception):
                    ray.cancel(reference, force=True)

    def _ended(self, name: str, reference: Any, lost: int) -> Ended | None:
        """How a piece ended; ``None``: its worker was lost, and it is to be begun again."""
        errors = self._ray.exceptions
        try:
            result, error = self._ray.get(reference)
            return Ended(name, result, error, lost)
        except errors.RayTaskError as error:
            why = str(error).strip().splitlines()[-1]
            refused = UsageError(f"a worker cannot do its work: {why}", "install the same packs and versions on every machine of the cluster")
            return Ended(name, error=refused, lost=lost)
        except errors.RayError as error:
            if lost < MOST_LOST:
                return None
            what = f"its worker was lost {lost + 1} times, at last: {type(error).__name__}"
            return Ended(name, error=WorkLost(what, "look at the machines of the cluster: ray status"), lost=lost)


def _carried_out(do: Do, piece: Any, shared: Desk) -> tuple[Any, BaseException | None]:
    """Runs as the task."""
    try:
        return do(piece, shared), None
    except Exception as error:
        return None, error
