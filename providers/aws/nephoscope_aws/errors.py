"""The SDK's troubles in words: what happened, and the command to type next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nephoscope.interfaces.errors import CredentialsError, EndpointError, NephoscopeError
from nephoscope.models import Call

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError

EXPIRED_CODES = frozenset(("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"))
REFUSED_CODES = frozenset(
    (
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "IncompleteSignature",
        "AuthFailure",
        "InvalidAccessKeyId",
        "MissingAuthenticationToken",
    )
)
_NO_CREDENTIALS = frozenset(["NoCredentialsError", "PartialCredentialsError", "ConfigNotFound", "CredentialRetrievalError", "ConfigParseError"])
_SIGN_IN = frozenset(["UnauthorizedSSOTokenError", "SSOTokenLoadError", "SSOError", "TokenRetrievalError", "LoginRefreshRequired"])


def sign_in(profile: str) -> str:
    """The command that renews a sign-in session."""
    return f"aws sso login --profile {profile}" if profile else "aws sso login"


def configure(profile: str) -> str:
    """The command that stores credentials."""
    return f"aws configure --profile {profile}" if profile else "aws configure"


def readable(error: BotoCoreError, profile: str, endpoint_url: str | None, call: Call | None = None) -> NephoscopeError:
    """A :class:`CredentialsError` or :class:`EndpointError` for what the SDK raised."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    what = str(error).splitlines()[0]
    return _credentials(kinds, what, profile) or _endpoint(kinds, what, endpoint_url, call)


def _credentials(kinds: set[str], what: str, profile: str) -> CredentialsError | None:
    if kinds & _SIGN_IN:
        return CredentialsError(f"the sign-in session is missing or has expired ({what})", sign_in(profile), expired=True)
    if "ProfileNotFound" in kinds:
        return CredentialsError(what, f"{configure(profile)}, or name another with --profile")
    if kinds & _NO_CREDENTIALS:
        return CredentialsError(f"no usable AWS credentials ({what})", f"{configure(profile)}, or {sign_in(profile)}")
    return None


def _endpoint(kinds: set[str], what: str, endpoint_url: str | None, call: Call | None) -> EndpointError:
    if "EndpointConnectionError" in kinds and call is not None and endpoint_url is None:
        hint = "is the service offered in that region, and is there a network?"
        return EndpointError(f"{call.service} cannot be reached in {call.region}: {what}", hint)
    if kinds & {"HTTPClientError", "ConnectionError"}:
        return EndpointError(f"{endpoint_url or 'AWS'} cannot be reached: {what}", "check the network, the proxy settings and --endpoint-url")
    if call is not None:
        return EndpointError(f"{call.name} could not be sent in {call.region}: {what}")
    return EndpointError(f"{endpoint_url or 'AWS'}: {what}")
