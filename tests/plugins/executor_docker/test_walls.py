"""Some of each kind of attack on the walls, through containers: the harness and the corpus are those of ``tests/attacks``."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nephoscope_executor_docker.executor import DockerExecutor

pytestmark = [pytest.mark.soak, pytest.mark.sandbox, pytest.mark.timeout(1200)]

SOME = """a file of the caller|by the root of the first process|by climbing|writing beside the caller's files|writing into the interpreter
making the root writable|another root|a device|disks and memory of the machine|variables of the caller|command lines of others
memory of the first process|tracing the first process|killing everybody|becoming root|capabilities|a user namespace|kernel programs|rings
a survivor|a survivor that holds the output|the world|a port of the machine|a socket of the machine|an abstract socket of the machine|packets
a fork bomb|threads|memory|memory of children|a disk in one file|a file of holes|time|a flood of output|a flood of statements|every descriptor
rubbish as statements|poisoned tools|a file for the next|memory for the next|a port for its neighbour""".replace("\n", "|").split("|")


def _harness() -> Any:
    path = Path(__file__).parents[2] / "attacks" / "test_walls.py"
    spec = importlib.util.spec_from_file_location("walls_of_containers", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module  # its data classes look themselves up
    spec.loader.exec_module(module)
    return module


HARNESS = _harness()
HARNESS.LIMITS = HARNESS.LIMITS.model_copy(update={"seconds": 25})  # engines take their time to end a container
bait = HARNESS.bait
BY_NAME = {each.name: each for each in HARNESS.CORPUS}


@pytest.fixture(scope="module")
def executor() -> Iterator[DockerExecutor]:
    made = DockerExecutor()
    if reason := made.available():
        pytest.skip(reason)
    yield made


def test_some_of_every_kind_has_no_effect_in_a_container(executor: DockerExecutor, bait: Any) -> None:
    async def siege() -> list[str]:
        await executor.open(())
        try:
            wrong = []
            for name in SOME:
                wrong += await HARNESS.attack(executor, BY_NAME[name], bait)
            after = await HARNESS.run(executor, "reached(); print('well')", bait)
            return wrong + ([] if after.output == "REACHED\nwell\n" else [f"afterwards: {after}"])
        finally:
            await executor.close()

    wrong = asyncio.run(siege())
    assert not wrong, "\n".join(wrong)
    assert (bait.folder / "canary").read_text() == bait.secret
    assert sorted(path.name for path in bait.folder.iterdir()) == ["canary", "door"]
