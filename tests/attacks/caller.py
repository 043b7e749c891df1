"""Somebody who uses the real command: with credentials of their own around, which nothing of it may show."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

CREDENTIALS: Mapping[str, str] = {
    "AWS_ACCESS_KEY_ID": "AKIA2ENVCANARY7XKQ4Z",
    "AWS_SECRET_ACCESS_KEY": "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",
    "AWS_SESSION_TOKEN": "eNvCaNaRyToKeN9Kq2vRt7LmBn4wXz8Ys6Pc1Jd",
}
IN_FILE: Mapping[str, str] = {
    "aws_access_key_id": "AKIA2FILECANARY9WQ3R",
    "aws_secret_access_key": "fIlEcAnArYsEcReT0kEy8Zt3Kx9Vn2Lw5Rm4Qb7Ys",
    "aws_session_token": "fIlEcAnArYtOkEn6mYt8QwR3xKz5VnL9cPb4Ws2",
}
OWN: Mapping[str, str] = {"NO_COLOR": "1", "CALLER_CANARY": "caller-9Kq2vRt7", "NEPHOSCOPE_LIMITS__SECONDS": "30"}
CANARIES = (OWN["CALLER_CANARY"], *CREDENTIALS.values(), *IN_FILE.values())


@dataclass
class Caller:
    """``home`` holds their credentials file; runs are recorded below ``records``. ``said``: everything any command printed."""

    home: Path
    endpoint: str
    profile: str = "canary"
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        folder = self.home / ".aws"
        folder.mkdir(parents=True)
        keys = "\n".join(f"{name} = {value}" for name, value in IN_FILE.items())
        (folder / "credentials").write_text(f"[canary]\n{keys}\n")
        self.work.mkdir()

    @property
    def records(self) -> Path:
        return self.home / "records"

    @property
    def work(self) -> Path:
        """The folder they stand in."""
        return self.home / "work"

    def execute(self, source: str, *options: str, profile: bool = True, seconds: float = 100) -> subprocess.CompletedProcess[str]:
        """``nephoscope exec``, with the real command, sandbox and broker."""
        script = self.work / f"script-{len(self.said)}.py"
        script.write_text(source)
        whose = ["--profile", self.profile] if profile else []
        return self.run("exec", *self.where(), *options, *whose, "--", "python", str(script), seconds=seconds)

    def investigate(self, text: str, *options: str, seconds: float = 110) -> subprocess.CompletedProcess[str]:
        return self.run("investigate", *self.where(), *options, "--profile", self.profile, text, seconds=seconds)

    def run(self, *words: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(Path(sys.executable).with_name("nephoscope")), *words],
            capture_output=True, text=True, errors="replace", cwd=self.work, env=self._environment(), timeout=seconds, check=False, stdin=subprocess.DEVNULL,  # noqa: E501
        )  # fmt: skip
        self.said += [done.stdout, done.stderr]
        return done

    def leaks(self, secrets: Iterable[str]) -> list[str]:
        """Where any of the secrets can be read: what was printed, and every file of every run, databases and blobs included."""
        places = {f"printed {number}": text.encode() for number, text in enumerate(self.said)}
        places |= {str(path.relative_to(self.records)): path.read_bytes() for path in self.records.rglob("*") if path.is_file()}
        return [
            f"{secret[:6]}… in {place}" for secret in secrets for place, text in places.items() if any(each in text for each in _spellings(secret))
        ]

    def where(self) -> list[str]:
        return ["--endpoint-url", self.endpoint, "--region", "eu-west-1"]

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "NEPHOSCOPE_", "XDG_"))}
        return {**inherited, **CREDENTIALS, "HOME": str(self.home), "NEPHOSCOPE_HOME": str(self.records), **OWN}


def _spellings(secret: str) -> set[bytes]:
    """The ways in which a script could have written it."""
    import base64

    raw = secret.encode()
    return {raw, raw.hex().encode(), base64.b64encode(raw).rstrip(b"=")[:-1], raw[::-1]}
