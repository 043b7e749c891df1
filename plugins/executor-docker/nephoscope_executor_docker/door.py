"""The first process of a container: ``python -I door.py SOCKET``. It fetches its descriptors through the door, forks the script and reaps.

Over SOCKET, a path that only this container has and that is removed once it has been used, come the script's job and channels. Standard
library only.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import bootstrap  # type: ignore[import-not-found]
import launcher  # type: ignore[import-not-found]

COUNT = 5


def main() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.connect(sys.argv[1])
        _, (job, control, statements, report, output), _, _ = socket.recv_fds(door, 16, COUNT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    script = os.fork()
    if not script:
        sys.argv = [sys.argv[0], *map(str, (job, control, statements, report))]
        bootstrap.main()
        return
    launcher.libc.prctl(launcher.SET_DUMPABLE, 0, 0, 0, 0)
    os.closerange(0, 1 << 20)
    os._exit(launcher.wait_for(script))


if __name__ == "__main__":
    main()
