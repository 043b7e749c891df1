"""``bedrock:MODEL-ID``, by the Converse operation."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nephoscope.interfaces import CredentialsError, UsageError
from nephoscope.models import Connection, Fault, FaultKind, FinishReason

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

ELSEWHERE_REGION = "us-east-1"
"""Another server cares for no region, but a signature needs one."""
_NO_KEY = "none"
_OWN_HOST = re.compile(r".+\.(amazonaws\.com(\.cn)?|api\.aws)")
_ENDS: Mapping[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "blocked",
    "content_filtered": "blocked",
    "refusal": "blocked",
}
_CODES: Mapping[str, FaultKind] = {
    **dict.fromkeys(("AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException"), "auth"),
    **dict.fromkeys(("ThrottlingException", "ModelNotReadyException", "TooManyRequestsException"), "rate"),
    **dict.fromkeys(("ModelTimeoutException", "ServiceUnavailableException", "InternalServerException", "ModelErrorException"), "transient"),
    **dict.fromkeys(("ModelStreamErrorException",), "transient"),
    "ServiceQuotaExceededException": "auth",
    "ResourceNotFoundException": "not_found",
    "ValidationException": "invalid",
}
_TOO_LONG = re.compile(r"too long|too many (input )?tokens|context (length|window)|maximum context", re.IGNORECASE)
_NO_MODEL = re.compile(r"model identifier is invalid|isn.t supported|not found", re.IGNORECASE)


class BedrockBackend:
    """Credentials and region come from where the AWS SDK looks for them; a key, when one is given, is a Bedrock API key."""

    @property
    def name(self) -> str:
        return "bedrock"

    @property
    def needs_key(self) -> bool:
        return False

    @property
    def local(self) -> bool:
        return False

    def chat_model(self, connection: Connection) -> BaseChatModel:
        """Raises ``CredentialsError`` and ``UsageError`` where the SDK's own places hold no credentials or no region."""
        from langchain_aws import ChatBedrockConverse

        base_url = re.sub(r"/v1/?$", "", connection.base_url)
        own = not base_url or _OWN_HOST.fullmatch(urlsplit(base_url).hostname or "") is not None
        parameters: dict[str, Any] = dict(connection.parameters)
        region = str(parameters.pop("region_name", "") or (_region() if own else ELSEWHERE_REGION))
        known = {field.alias or name for name, field in ChatBedrockConverse.model_fields.items()} | set(ChatBedrockConverse.model_fields)
        other = {name: value for name, value in parameters.items() if name not in known}
        return ChatBedrockConverse(
            model=connection.model,
            provider=str(parameters.pop("provider", "") or _maker(connection.model)),
            base_url=base_url or f"https://bedrock-runtime.{region}.{_domain(region)}",
            region_name=region,
            max_retries=0,
            timeout=max(1, round(connection.timeout)),
            cache=False,
            disable_streaming=False,
            additional_model_request_fields=other or None,
            **_access(connection, own, base_url, region),
            **{name: value for name, value in parameters.items() if name in known},
        )

    def finish(self, metadata: Mapping[str, Any]) -> FinishReason:
        return _ENDS.get(metadata.get("stopReason") or metadata.get("stop_reason") or "", "other")

    def fault(self, error: BaseException) -> Fault | None:
        """By the error's code: the status of several says something else than they mean."""
        from botocore import exceptions

        if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError | exceptions.TokenRetrievalError):
            return Fault(kind="auth", message=str(error))
        if isinstance(error, exceptions.SSOTokenLoadError | exceptions.UnauthorizedSSOTokenError):
            return Fault(kind="auth", message=f"{error}; log in with: aws sso login")
        if isinstance(error, ValueError) and "No 'output' key" in str(error):
            return Fault(kind="malformed", message="the reply is no Converse reply")
        if not isinstance(error, exceptions.ClientError):
            return None
        told = error.response.get("Error", {})
        code, message = str(told.get("Code", "")), " ".join(str(told.get("Message", "")).split())[:400]
        kind = _CODES.get(code[:1].upper() + code[1:])
        if kind == "invalid":
            kind = "context" if _TOO_LONG.search(message) else "not_found" if _NO_MODEL.search(message) else kind
        return Fault(kind=kind, message=f"{code}: {message}") if kind else None


def _region() -> str:
    import boto3

    region = boto3.Session().region_name
    if not region:
        raise UsageError("Bedrock needs a region, and none is set.", "set AWS_REGION, or name the endpoint with --model-base-url")
    return str(region)


def _domain(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


def _maker(model: str) -> str:
    """Who made the model: the first word of its id, behind the word for where it may run; of an ARN, that of what it names."""
    words = model.rpartition("/")[2].split(".")
    places = ("us", "us-gov", "eu", "apac", "jp", "au", "global", "ca", "sa")
    maker = words[1] if len(words) > 2 and words[0] in places else words[0]
    if model.startswith("arn:") and len(words) < 2:
        raise UsageError(f"Nothing in {model} says who made the model.", "add it to models.yaml with parameters: {provider: anthropic}, or its like")
    return maker


def _access(connection: Connection, own: bool, base_url: str, region: str) -> dict[str, Any]:
    """A key is a bearer's token where the line is encrypted. A server that is not the provider's gets a worthless signature: neither that
    of real credentials nor a session token goes there, whatever the environment holds."""
    if connection.key and not base_url.startswith("http:"):
        return {"api_key": connection.key, "aws_access_key_id": None, "aws_secret_access_key": None, "aws_session_token": None}
    if not own:
        return {"client": _stranger(connection, base_url, region), "bedrock_client": object()}
    import boto3

    if boto3.Session().get_credentials() is None and not os.environ.get("AWS_BEARER_TOKEN_BEDROCK"):
        raise CredentialsError("There are no AWS credentials for Bedrock.", "aws configure, aws sso login, or a Bedrock API key by --model-key")
    return {}


def _stranger(connection: Connection, base_url: str, region: str) -> Any:
    import boto3
    from botocore.config import Config

    signer = connection.key.get_secret_value() if connection.key else _NO_KEY
    seconds = max(1, round(connection.timeout))
    config = Config(signature_version="v4", connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 1})
    session = boto3.Session(aws_access_key_id=signer, aws_secret_access_key=_NO_KEY)
    return session.client("bedrock-runtime", region_name=region, endpoint_url=base_url, config=config)
