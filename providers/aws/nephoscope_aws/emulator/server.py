"""The emulator's process: an emulated AWS with the front before it, on loopback."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from nephoscope.testing.front import Answer, Front
from nephoscope_aws.emulator.amends import amend
from nephoscope_aws.emulator.dialect import AwsDialect
from nephoscope_aws.emulator.managed import keep_managed_policies, policies_named
from nephoscope_aws.emulator.sdk import detach
from nephoscope_aws.emulator.seed import DEFAULT_ACCOUNT, Seed, plant

if TYPE_CHECKING:
    from werkzeug.serving import BaseWSGIServer


class Server:
    """Serves on a thread of its own from construction on. ``names`` holds what the seed's references resolve to."""

    def __init__(self, seed: Seed, port: int = 0) -> None:
        self._seed = seed
        self.names: dict[str, Any] = {}
        _prepare(seed.account)
        amend()
        keep_managed_policies(policies_named(seed.model_dump_json()))
        self._front = Front(_application(), AwsDialect(), self.reset)
        self._server = _listen(self._front, port)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, name="emulator", daemon=True).start()
        self._plant()

    def reset(self) -> None:
        """Forget everything and seed again."""
        from moto.moto_api._internal.models import moto_api_backend

        moto_api_backend.reset()
        self._plant()

    def become(self, seed: Seed) -> None:
        """Another seed, of the same account."""
        keep_managed_policies(policies_named(seed.model_dump_json()))
        self._seed = seed
        self.reset()

    def _plant(self) -> None:
        if self._seed.random is not None:
            from moto.moto_api._internal import mock_random

            mock_random.seed(self._seed.random)
        self._front.apply(Seed().rules({}))
        self.names = plant(self._seed, self.endpoint)
        rules = self._seed.rules(self.names)
        self._front.apply(rules.model_copy(update={"answer": [*rules.answer, _EMPTY_TRAIL]}))


_EMPTY_TRAIL = Answer(operation="cloudtrail:LookupEvents", document={"Events": []})
"""The emulation keeps no trail of what is done in it: its account has none, unless the seed says otherwise."""


def _prepare(account: str) -> None:
    """Detached from this machine's own set-up, and set to run no function in a container."""
    detach()
    if account != DEFAULT_ACCOUNT:
        os.environ["MOTO_ACCOUNT_ID"] = account  # it rules out steps in further accounts, so it is set only where needed
    from moto.core.config import default_user_config

    default_user_config["lambda"] = {"use_docker": False}
    default_user_config["batch"] = {"use_docker": False}
    default_user_config["iam"] = {"load_aws_managed_policies": True}


def _application() -> Any:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    return DomainDispatcherApplication(create_backend_app)


def _listen(front: Front, port: int) -> BaseWSGIServer:
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    class Quiet(MotoRequestHandler):
        def log(self, *_: object) -> None:
            """Requests are in the front's log."""

    return make_server("127.0.0.1", port, front, threaded=True, request_handler=Quiet)
