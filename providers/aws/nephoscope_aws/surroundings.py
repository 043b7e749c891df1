"""What makes an unchanged SDK in the sandbox talk to the broker: a host that exists nowhere, a proxy, worthless keys."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.models import Identity, Surroundings
from nephoscope_aws.wire.message import BASE_HOST

_SECRET = "worthless"  # noqa: S105 - that is the point of it


def surroundings(identities: Sequence[Identity], listener: str) -> Surroundings:
    """The first identity is the default; every identity has a profile named after its alias and, where they do not repeat, its account."""
    first = identities[0]
    proxies = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"), listener)
    direct = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
    env = {
        "AWS_ENDPOINT_URL": f"http://{BASE_HOST}",
        "AWS_ACCESS_KEY_ID": first.alias,
        "AWS_SECRET_ACCESS_KEY": _SECRET,
        "AWS_REGION": first.regions[0],
        "AWS_DEFAULT_REGION": first.regions[0],
        "AWS_CONFIG_FILE": "~/.aws/config",
        "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_RETRY_MODE": "standard",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
        "AWS_PAGER": "",
    }
    names = dict([*_profiles(identities), *((each.alias, each) for each in identities)]).items()
    config = [_section("default", first, "")] + [_section(name, each, "profile ") for name, each in names]
    keys = [_keys("default", first)] + [_keys(name, each) for name, each in names]
    return Surroundings(env=env | proxies | direct, files={".aws/config": "\n".join(config), ".aws/credentials": "\n".join(keys)})


def _profiles(identities: Sequence[Identity]) -> list[tuple[str, Identity]]:
    accounts = [each.account for each in identities]
    return [(each.account if accounts.count(each.account) == 1 else each.alias, each) for each in identities]


def _section(name: str, identity: Identity, kind: str) -> str:
    return f"[{kind}{name}]\nregion = {identity.regions[0]}\n"


def _keys(name: str, identity: Identity) -> str:
    return f"[{name}]\naws_access_key_id = {identity.alias}\naws_secret_access_key = {_SECRET}\n"
