"""Opening a scope: which credentials, who they are, where they may look."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nephoscope.interfaces.errors import CredentialsError, EndpointError, UsageError
from nephoscope.models import Identity, Scope, Tier
from nephoscope_aws.errors import EXPIRED_CODES, REFUSED_CODES, configure, readable, sign_in
from nephoscope_aws.policy.documents import session
from nephoscope_aws.regions import home_region
from nephoscope_aws.session import AwsSession, make_client

if TYPE_CHECKING:
    from botocore.session import Session as SdkSession

_ROLE_SECONDS = 3600
_USUAL = (
    "us-east-1",
    "us-west-2",
    "eu-west-1",
    "eu-central-1",
    "us-east-2",
    "ap-southeast-1",
    "ap-northeast-1",
    "ap-southeast-2",
    "eu-west-2",
    "us-west-1",
)
"""Most accounts live in one of these: they are looked at first."""


def connect(scope: Scope) -> Sequence[AwsSession]:
    """One session per profile and role (or the caller itself), each proven by ``sts:GetCallerIdentity``; the same principal twice is one.

    Raises ``UsageError`` when an account is opened that was not meant.
    """
    options = scope.options
    opened = [each for profile in _words(options.get("profile")) or [""] for each in _opened(options, profile)]
    sessions = list({each.identity.alias: each for each in opened}.values())
    found, meant = {each.identity.account for each in sessions}, set(_words(options.get("account")))
    if meant and found != meant:
        wrong = f"account {', '.join(sorted(found - meant))} was opened and is not meant" if found - meant else ""
        absent = f"account {', '.join(sorted(meant - found))} was meant and nothing opens it" if meant - found else ""
        raise UsageError("; ".join(filter(None, (wrong, absent))), "check --profile and --role-arn against --account")
    return sessions


def _opened(options: Mapping[str, Any], profile: str) -> list[AwsSession]:
    """The sessions of one profile."""
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session as SdkSession

    endpoint = _endpoint(options.get("endpoint_url"))
    try:
        sdk = SdkSession(profile=profile or None)
        chosen = _regions(options, sdk)
        _credentials(sdk, profile, endpoint)
        first = (*chosen, home_region(()))[0]
        roles, narrowed = _words(options.get("role_arn")), _narrowed(options)
        assumed = [(_assumed(sdk, role, first, endpoint, profile, narrowed=narrowed), _account_of(role)) for role in roles]
        sessions = assumed or [(sdk, _configured(sdk))]
        found = [(each, _identity(each, (first,), endpoint, profile), expected) for each, expected in sessions]
        for _, one, expected in found:
            if expected and one.account != expected:
                told = f"profile {profile}" if profile else "the credentials here"
                raise UsageError(f"{told} should open account {expected}, and opened {one.account}", configure(profile))
        about = {"roaming": not chosen, "emulated": _stand_in(endpoint)}
        wide = [(each, one.model_copy(update={**about, "regions": chosen or _enabled(each, endpoint)})) for each, one, _ in found]
        return [AwsSession(each, identity, endpoint, profile) for each, identity in wide]
    except BotoCoreError as error:
        raise readable(error, profile, endpoint) from error


def _account_of(role: str) -> str:
    """The account in a role's ARN."""
    parts = role.split(":")
    return parts[4] if len(parts) > 5 and parts[4].isdigit() else ""


def _configured(sdk: SdkSession) -> str:
    """The account that the profile itself says it opens, where it does."""
    settings = sdk.get_scoped_config()
    return str(settings.get("sso_account_id") or "") or _account_of(str(settings.get("role_arn") or ""))


def alias(account: str, principal: str) -> str:
    """The worthless access key id that stands for an identity inside the sandbox."""
    return "NEPH" + hashlib.sha256(f"{account}|{principal}".encode()).hexdigest()[:16].upper()


def _credentials(sdk: SdkSession, profile: str, endpoint: str | None) -> None:
    """The SDK's own credentials; for an endpoint on this machine only a profile named on purpose, else keys that open nothing."""
    if endpoint is not None and not profile and _loopback(endpoint):
        sdk.set_credentials("testing", "testing")
    elif sdk.get_credentials() is None:
        raise CredentialsError("no AWS credentials were found", f"{configure(profile)}, or {sign_in(profile)}, or name a profile with --profile")


def _narrowed(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """What ``AssumeRole`` is told besides: the session policy for the tiers that were named. Raises ``UsageError``."""
    named = _words(options.get("session_policy"))
    if not named:
        return {}
    unknown = sorted(set(named) - {tier.value for tier in Tier})
    if unknown:
        raise UsageError(f"a session policy knows no kind of access {', '.join(unknown)}", "name some of: config, telemetry, data, query")
    if not _words(options.get("role_arn")):
        raise UsageError("a session policy needs a role to assume: nobody's own credentials can be narrowed", "name one with --role-arn")
    return session(Tier(name) for name in named)


def _assumed(sdk: SdkSession, role: str, region: str, endpoint: str | None, profile: str, *, narrowed: Mapping[str, Any]) -> SdkSession:
    from botocore.session import Session as SdkSession

    client = make_client(sdk, "sts", region, endpoint)
    name = f"nephoscope-{hashlib.sha256(role.encode()).hexdigest()[:8]}"
    reply = _ask(lambda: client.assume_role(RoleArn=role, RoleSessionName=name, DurationSeconds=_ROLE_SECONDS, **narrowed), profile, endpoint)
    keys = reply["Credentials"]
    assumed = SdkSession()
    assumed.set_credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    return assumed


def _identity(sdk: SdkSession, regions: Sequence[str], endpoint: str | None, profile: str) -> Identity:
    client = make_client(sdk, "sts", regions[0], endpoint)
    reply = _ask(client.get_caller_identity, profile, endpoint)
    account, principal = reply.get("Account"), reply.get("Arn")
    if not account or not principal:
        raise EndpointError(f"{endpoint or 'the endpoint'} does not answer like AWS", "check --endpoint-url")
    return Identity(cloud="aws", account=account, principal=principal, regions=tuple(regions), alias=alias(account, principal))


def _ask(question: Any, profile: str, endpoint: str | None) -> Any:
    """Put one question to STS; what goes wrong is told as a matter of credentials or of the endpoint."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return question()
    except ClientError as error:
        code, text = error.response.get("Error", {}).get("Code", ""), str(error)
        if code in EXPIRED_CODES:
            raise CredentialsError("the AWS session has expired", sign_in(profile), expired=True) from error
        if code in REFUSED_CODES or "AccessDenied" in code:
            raise CredentialsError(f"AWS refused the credentials: {text}", f"{configure(profile)}, or {sign_in(profile)}") from error
        raise EndpointError(f"{endpoint or 'AWS'} did not accept the first call: {text}", "check --endpoint-url") from error
    except BotoCoreError as error:
        raise readable(error, profile, endpoint) from error
    except Exception as error:  # an SDK parser may fail in any way on a page that is not AWS's
        raise EndpointError(f"{endpoint or 'the endpoint'} does not answer like AWS: {error}", "check --endpoint-url") from error


def _regions(options: Any, sdk: SdkSession) -> tuple[str, ...]:
    """The regions that were chosen; none when nobody chose."""
    named = _words(options.get("regions")) or _words(options.get("region")) or _words(sdk.get_config_variable("region"))
    known = {region for name in sdk.get_available_partitions() for region in sdk.get_available_regions("ec2", name)}
    strange = [region for region in named if region not in known]
    if strange:
        raise UsageError(f"unknown AWS region: {', '.join(strange)}", "the SDK knows, for instance, eu-west-1 and us-east-1")
    return tuple(dict.fromkeys(named))


def _enabled(sdk: SdkSession, endpoint: str | None) -> tuple[str, ...]:
    """Every region that is enabled for the account, the usual ones first; where that cannot be asked, those the SDK knows."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        reply = make_client(sdk, "ec2", home_region(()), endpoint).describe_regions()
        found = [str(one["RegionName"]) for one in reply.get("Regions", [])]
    except (BotoCoreError, ClientError):
        found = sdk.get_available_regions("ec2")
    return tuple(sorted(found, key=lambda name: (_USUAL.index(name) if name in _USUAL else len(_USUAL), name)))


def _words(value: Any) -> list[str]:
    pieces = value if isinstance(value, list | tuple) else str(value or "").replace(",", " ").split()
    return [str(piece) for piece in pieces if str(piece)]


def _endpoint(value: Any) -> str | None:
    if not value:
        return None
    parts = urlsplit(str(value))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise UsageError(f"{value!r} is not the address of an endpoint", "it looks like http://127.0.0.1:5000")
    return str(value)


def _stand_in(endpoint: str | None) -> bool:
    """Whether somebody else than AWS answers at the endpoint."""
    host = urlsplit(endpoint).hostname or "" if endpoint else ""
    return bool(host) and not host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws"))


def _loopback(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
