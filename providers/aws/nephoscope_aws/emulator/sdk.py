"""The SDK as the emulator's own processes use it: worthless credentials, and one loader of service models for all clients."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.session import Session


def detach() -> None:
    """Nothing of this machine's own AWS set-up may take part."""
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "MOTO_AMIS_PATH": str(Path(__file__).parent / "images.json"),  # the default ones are thousands, for every region touched
    }


@cache
def sdk() -> Session:
    """One for the process: a model of a large service takes a tenth of a second to read."""
    from botocore.session import Session as SdkSession

    session = SdkSession()
    session.set_credentials("testing", "testing")
    return session
