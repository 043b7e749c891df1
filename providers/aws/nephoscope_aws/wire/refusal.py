"""Our refusals in the service's own error format, so that an unchanged SDK raises its ordinary exception."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

from nephoscope.models import Call, WireReply, WireRequest
from nephoscope_aws.wire.models import service_model

_STATUS = 403  # no SDK retries it
_XML = (("content-type", "text/xml"),)


def refuse(call: Call | None, request: WireRequest, code: str, reason: str) -> WireReply:
    """A reply with our code and reason. Without a call, the request's looks decide the format."""
    protocol = _protocol(call, request)
    if protocol in ("json", "rest-json"):
        return _json(code, reason, "application/json" if protocol == "rest-json" else "application/x-amz-json-1.1")
    inner = f"<Code>{escape(code)}</Code><Message>{escape(reason)}</Message>"
    match protocol:
        case "ec2":
            body = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>nephoscope</RequestID></Response>"
        case "s3":
            body = f"<Error>{inner}<RequestId>nephoscope</RequestId></Error>"
        case _:
            body = f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error><RequestId>nephoscope</RequestId></ErrorResponse>"
    return WireReply(status=_STATUS, headers=_XML, body=b"" if request.method == "HEAD" else body.encode())


def _json(code: str, reason: str, media_type: str) -> WireReply:
    body = json.dumps({"__type": code, "code": code, "message": reason, "Message": reason}).encode()
    return WireReply(status=_STATUS, headers=(("content-type", media_type), ("x-amzn-errortype", code)), body=body)


def _protocol(call: Call | None, request: WireRequest) -> str:
    model = service_model(call.service) if call else None
    if call is not None and model is not None:
        return "s3" if call.service == "s3" else str(model.resolved_protocol)
    if request.header("x-amz-target"):
        return "json"
    if (request.header("content-type") or "").startswith("application/x-www-form-urlencoded"):
        return "ec2" if b"Version=2016-11-15" in request.body else "query"
    return "s3" if "/s3/aws4_request" in (request.header("authorization") or "") else "rest-json"
