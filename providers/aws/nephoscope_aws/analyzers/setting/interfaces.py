"""Interfaces: whom their authorizers believe, and which web pages may call them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from nephoscope.models import FactQuery, JsonValue, ResourceRef
from nephoscope_aws.analyzers.delivering.mending import known as read
from nephoscope_aws.analyzers.setting.conditions import Judge, Judging, named_judge
from nephoscope_aws.analyzers.setting.containers import lost
from nephoscope_aws.iam.truth import Truth, any_of
from nephoscope_aws.looking.look import UNKNOWN, hidden, mend, rows
from nephoscope_aws.looking.referring import refer

_POOL = re.compile(r"(?:userpool/|https://cognito-idp\.[a-z0-9-]+\.amazonaws\.com/)(?P<pool>[a-z0-9-]+_[A-Za-z0-9]+)/?\Z")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?")
_PAGES = re.compile(
    r"(?<![\w./@-])(?:(?:(?:from|origin|pages? (?:of|on)|(?:web ?)?site|front ?end)\s+[\"'`“‘]?)|(?=www\.))"
    r"(?P<host>(?:[a-z0-9-]+\.)+[a-z]{2,})(?![\w-]|\.\w)",
    re.IGNORECASE,
)
"""A host of pages as people write it, without its scheme: pages are served by https today."""
_EXACT_ORIGIN = re.compile(r"\*|https?://(?:\*\.)?[A-Za-z0-9.*-]+(?::(?:\d+|\*))?|https?://\*")


def _pool(judging: Judging, text: str) -> ResourceRef | None:
    """The user pool that an identifier or an issuer's address names."""
    match = _POOL.search(text)
    return refer(judging.view, judging.subject, "cognito-idp:user-pool", match["pool"]) if match else None


def api_pool_deleted(judging: Judging) -> Truth:
    """Every user pool that an authorizer believes is gone."""
    authorizers = judging.look.value(judging.subject, "authorizers")
    if authorizers is UNKNOWN:
        return None
    found: list[Truth] = []
    for one in rows(authorizers):
        issuer = (one.get("JwtConfiguration") or {}).get("Issuer")
        named = [str(arn) for arn in one.get("providerARNs") or ()] or ([str(issuer)] if issuer else [])
        pools = [_pool(judging, text) for text in named]
        if pools and all(pools):
            judging.details["authorizer"] = str(one.get("name") or one.get("Name"))
            gone = lost(judging, pools) if len(pools) == 1 else None
            if gone and not _replaced(judging, one, str(judging.details["missing_id"])):
                return None
            found.append(gone)
            if gone:
                break
    return any_of(found)


def _replaced(judging: Judging, authorizer: Mapping[str, Any], gone: str) -> bool:
    """What the authorizer is to believe instead, where there is but one other pool, and one stage; ``False`` while that may still be asked."""
    kind, region, account = "cognito-idp:user-pool", judging.subject.region, judging.subject.account
    if judging.view.complete(kind, region) is None and judging.awaits(FactQuery(kind=kind, attribute="complete")):
        return False
    if judging.view.fact(judging.subject, "stages") is None and judging.awaits(FactQuery(subject=judging.subject, attribute="stages")):
        return False
    listed, stages = judging.view.complete(kind, region), rows(read(judging.view, judging.subject, "stages"))
    pools = [one for one in judging.view.subjects(kind) if (one.region, one.account) == (region, account) and read(judging.view, one, "exists")]
    named = [str(arn) for arn in authorizer.get("providerARNs") or () if f":{region}:{account}:" in str(arn)]
    whole = listed is not None and listed.subject.account == account and bool(listed.value)
    if not whole or len(pools) != 1 or len(stages) != 1 or len(named) != 1:
        return True
    fresh = named[0].replace(gone, pools[0].native_id)
    judging.details |= {"authorizer_id": str(authorizer.get("id")), "old_pool": named[0], "only_pool": pools[0].label, "new_pool": fresh}
    judging.details["stage"] = str(stages[0].get("stageName"))
    return True


def api_audience_unknown(judging: Judging) -> Truth:
    """The audience that an authorizer wants is no client of the pool that issues its tokens."""
    authorizers = judging.look.value(judging.subject, "authorizers")
    if authorizers is UNKNOWN:
        return None
    found: list[Truth] = []
    for one in rows(authorizers):
        settings = one.get("JwtConfiguration") or {}
        pool, audience = _pool(judging, str(settings.get("Issuer"))), [str(name) for name in settings.get("Audience") or ()]
        if pool is None or not audience or judging.look.exists(pool) is False:
            continue
        clients = judging.look.value(pool, "clients")
        if clients is UNKNOWN or hidden(audience) or hidden(clients):
            found.append(None)
            continue
        known = {str(client.get("ClientId")): str(client.get("ClientName")) for client in rows(clients)}
        found.append(not set(audience) & known.keys())
        if found[-1]:
            judging.details |= {
                "authorizer": str(one.get("Name")),
                "audience": ", ".join(audience),
                "pool": pool.label,
                "clients": ", ".join(known.values()) or "none",
            }
            if len(known) == 1:
                tokens: JsonValue = {**settings, "Audience": list[JsonValue](known)}
                judging.details |= {"authorizer_id": str(one.get("AuthorizerId")), "tokens": tokens, "client": next(iter(known.values()))}
                mended = [{**each, "JwtConfiguration": tokens} if each is one else dict(each) for each in rows(authorizers)]
                judging.suppose.append(mend(judging.subject, "authorizers", mended))
            else:
                judging.suppose.append(mend(pool, "clients", [{"ClientId": name} for name in audience]))
            break
    return any_of(found)


def _allowed(judging: Judging) -> list[str] | None:
    """Origins that the interface answers; ``None`` while nobody has looked."""
    settings = judging.look.value(judging.subject, "cors")
    if settings is UNKNOWN:
        return None
    return [str(one) for one in settings.get("AllowOrigins") or ()] if isinstance(settings, dict) else []


def api_origin_not_allowed(judging: Judging) -> Truth:
    """The page's origin is not among those allowed; where the words name none, one is written as no browser ever sends it."""
    allowed = _allowed(judging)
    if not allowed:
        return None if allowed is None else False
    spoken = list(_spoken(judging.view.problem.text))
    wrong = [origin for origin in spoken if not any(_fits(one, each) for one in allowed for each in _both(judging.view.problem.text, origin))]
    odd = [one for one in allowed if not _EXACT_ORIGIN.fullmatch(one)]
    if not wrong and (spoken or not odd):
        return False
    meant = wrong[0] if wrong else odd[0].rstrip("/")
    why = next((f"{one} ends with a slash, which no browser sends" for one in odd if one.rstrip("/") == meant), "")
    judging.details |= {"origin": meant, "origins": list[JsonValue](allowed), "why": why or "origins are compared literally, with scheme and port"}
    cors, whole = (read(judging.view, judging.subject, name) for name in ("cors", "configuration"))
    fitting: JsonValue = {**(cors if isinstance(cors, dict) else {}), "AllowOrigins": [*(one for one in allowed if one not in odd), meant]}
    judging.details["cors"] = fitting
    judging.suppose.append(mend(judging.subject, "cors", fitting))
    if isinstance(whole, dict):
        judging.suppose.append(mend(judging.subject, "configuration", {**whole, "CorsConfiguration": fitting}))
    return True


def _spoken(text: str) -> Iterator[str]:
    for match in _ORIGIN.finditer(text):
        if ".execute-api." not in match[0]:
            yield match[0].rstrip(".")
    for match in _PAGES.finditer(text):
        yield f"https://{match['host'].rstrip('.')}"


def _both(text: str, origin: str) -> tuple[str, ...]:
    """An origin that was told with its scheme is just that; one without may be either."""
    return (origin,) if origin in text else (origin, origin.replace("https://", "http://", 1))


def _fits(pattern: str, origin: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), origin) is not None


JUDGES: Mapping[str, Judge] = named_judge(api_pool_deleted, api_audience_unknown, api_origin_not_allowed)
