"""A real Ray cluster of several nodes on this machine; its head does no work, so that any other node may be lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

MEMORY = 80 * 1024 * 1024


class Nodes:
    """``address`` is that of the head."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self._cluster: Any = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": MEMORY, "include_dashboard": False}
        )  # fmt: skip
        self.address: str = self._cluster.address

    def add(self, cpus: int = 2) -> Any:
        return self._cluster.add_node(num_cpus=cpus, object_store_memory=MEMORY)

    def kill(self, node: Any) -> None:
        """Its processes are killed as they are."""
        self._cluster.remove_node(node, allow_graceful=False)

    def close(self) -> None:
        self._cluster.shutdown()


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    pytest.importorskip("ray", reason="Ray is not installed here: pip install 'nephoscope[ray]'; it has no wheels for every version of Python")
    found = Nodes()
    try:
        yield found
    finally:
        found.close()
