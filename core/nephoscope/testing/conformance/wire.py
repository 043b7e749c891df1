"""Suite for wires: one reading of every request, default deny, and replies that lose nothing but secrets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nephoscope.interfaces import Ambiguous, Wire
from nephoscope.models import Call, Identity, Tier, WireReply, WireRequest
from nephoscope.testing.conformance.base import Suite

FREE = frozenset({Tier.IDENTITY, Tier.CONFIG})
MOST_PLACES = 120
"""Places that are changed in one part of a request; longer parts are sampled evenly."""


@dataclass(frozen=True)
class Sample:
    """A request as an unchanged SDK sends it, what it asks, and replies to it: ``service:Operation`` and the service's own bytes."""

    request: WireRequest
    operation: str
    reply: WireReply
    error: WireReply
    secret: str = ""
    """A string in the reply that must be hidable."""


class WireSuite(Suite):
    """``reads`` and ``writes``: samples of both; ``identities``: at least two, whose keys sign the samples or not."""

    interface = Wire
    subject: Wire
    identities: Sequence[Identity] = ()
    reads: Sequence[Sample] = ()
    writes: Sequence[Sample] = ()

    def equivalent(self, original: WireRequest, changed: WireRequest) -> bool:
        """Whether two requests mean the same to the cloud, so that the same call may come out. Override and say precisely."""
        return False

    def test_reads_each_sample_in_one_way(self) -> None:
        """The operation is recognised, of this cloud, for the identity whose key it carries, and twice the same."""
        for sample in (*self.samples("reads"), *self.samples("writes")):
            call = self.subject.identify(sample.request, self.identities)
            assert call.name == sample.operation
            assert call.identity in self.identities
            assert call.identity.cloud == self.subject.cloud
            assert call == self.subject.identify(sample.request, self.identities)

    def test_a_changed_request_is_another_call_or_none(self) -> None:
        """Every header, parameter and byte counts: what is not accounted for could carry a second meaning."""
        for sample in (*self.samples("reads"), *self.samples("writes")):
            original = self.subject.identify(sample.request, self.identities)
            missed = [
                what
                for what, changed in changes(sample.request)
                if changed != sample.request and self._reading(changed) == original and not self.equivalent(sample.request, changed)
            ]
            assert missed == [], f"{sample.operation} is read the same after: {missed[:20]}"

    def test_a_key_that_stands_for_nobody_is_refused(self) -> None:
        """Without the identity in scope there is no call."""
        for sample in (*self.samples("reads"), *self.samples("writes")):
            mine = self.subject.identify(sample.request, self.identities).identity
            others = [identity.model_copy(update={"alias": f"{identity.alias}X"}) for identity in self.identities if identity == mine]
            assert self._reading(sample.request, others) is None
            assert self._reading(sample.request, []) is None

    def test_reads_are_free_writes_and_the_unknown_are_mutations(self) -> None:
        """Default deny, whatever the name of an operation promises."""
        for sample in self.samples("reads"):
            judged = self.subject.classify(self.subject.identify(sample.request, self.identities))
            assert judged.tier in FREE
            assert judged.permission
        for sample in self.samples("writes"):
            call = self.subject.identify(sample.request, self.identities)
            assert self.subject.classify(call).tier not in FREE
        known = self.subject.identify(self.reads[0].request, self.identities)
        for operation in ("GetNobodyKnowsThis", "", "ListEverything; DeleteAll", known.operation + "X", known.operation.lower() + " "):
            assert self.subject.classify(known.model_copy(update={"operation": operation})).tier == Tier.MUTATION
        assert self.subject.classify(known.model_copy(update={"service": "nobody-knows"})).tier == Tier.MUTATION

    def test_whose_thing_it_is_can_be_told(self) -> None:
        """Reads of the samples have an owner; one that is a thing can be looked up or named."""
        for sample in self.samples("reads"):
            owner = self.subject.owner(self.subject.identify(sample.request, self.identities))
            assert owner is not None
            assert owner if isinstance(owner, str) else owner.native_id

    def test_replies_become_documents_and_errors_have_codes(self) -> None:
        """Plain JSON, stable; an error says its code, a success none."""
        for call, sample in self._answered():
            good, bad = self.subject.parse(call, sample.reply), self.subject.parse(call, sample.error)
            assert (good.error, good.call) == (None, call)
            assert bad.error
            assert json.loads(json.dumps(good.document)) == good.document
            assert self.subject.parse(call, sample.reply) == good

    def test_hiding_reaches_every_string_and_nothing_else(self) -> None:
        """Hidden nowhere, the document is as before; hidden everywhere, no secret is left and the shape is the same."""
        for call, sample in self._answered():
            seen: list[str] = []
            same = self.subject.redact(call, sample.reply, _watching(seen, keep=True))
            assert self.subject.parse(call, same).document == self.subject.parse(call, sample.reply).document
            hidden = self.subject.redact(call, sample.reply, _watching(seen, keep=False))
            assert self.subject.parse(call, hidden).error is None
            if sample.secret:
                assert sample.secret in seen
                assert sample.secret not in repr(self.subject.parse(call, hidden).document)
                assert sample.secret.encode() not in hidden.body

    def test_a_refusal_is_an_error_with_our_reason(self) -> None:
        """The SDK raises it, and people read why."""
        for call, sample in self._answered():
            for known in (call, None):
                reply = self.subject.refuse(known, sample.request, "NotGranted", "say --grant data to allow it")
                assert reply.status >= 400
                assert b"say --grant data" in reply.body
            assert self.subject.parse(call, self.subject.refuse(call, sample.request, "NotGranted", "because")).error

    def test_a_page_chain_has_one_beginning(self) -> None:
        """The next page's call begins where this one's does."""
        for call, sample in self._answered():
            start = dict(self.subject.page_start(call))
            following = self.subject.next_page(self.subject.parse(call, sample.reply))
            if following is not None:
                after = call.model_copy(update={"params": dict(following)})
                assert dict(self.subject.page_start(after)) == start
                assert dict(following) != dict(call.params)

    def test_prices_are_known_or_said_to_be_unknown(self) -> None:
        """Never negative, always with a source."""
        for call, sample in self._answered():
            for price in (self.subject.price(call, None), self.subject.price(call, sample.reply)):
                assert price.source
                assert price.usd is None or price.usd >= 0

    def test_a_sandbox_gets_worthless_keys_and_the_listener(self) -> None:
        """The keys are the identities' aliases; the way out is the listener."""
        around = self.subject.surroundings(list(self.identities), "http://127.0.0.1:4566")
        text = repr((around.env, around.files))
        assert "127.0.0.1:4566" in text
        assert all(identity.alias in text for identity in self.identities[:1])
        assert all(not name.startswith("/") and ".." not in name for name in around.files)

    def _answered(self) -> Iterator[tuple[Call, Sample]]:
        for sample in self.samples("reads"):
            yield self.subject.identify(sample.request, self.identities), sample

    def _reading(self, request: WireRequest, identities: Sequence[Identity] | None = None) -> Call | None:
        try:
            return self.subject.identify(request, self.identities if identities is None else identities)
        except Ambiguous:
            return None


def changes(request: WireRequest) -> Iterator[tuple[str, WireRequest]]:
    """Every way to change one thing in a request, with a word on it."""
    for field in ("method", "host", "path", "query"):
        for what, value in _altered(getattr(request, field)):
            if field != "host" or value == value.lower():  # the broker hands hosts on in lower case
                yield f"{field} {what}", request.model_copy(update={field: value})
    yield "scheme", request.model_copy(update={"scheme": "https" if request.scheme == "http" else "http"})
    for method in {"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"} - {request.method}:
        yield f"method {method}", request.model_copy(update={"method": method})
    for extra in ("Action=DeleteEverything", "x=1", "delete", "after=a"):
        yield f"query +{extra}", request.model_copy(update={"query": f"{request.query}&{extra}".lstrip("&")})
    for number, (name, value) in enumerate(request.headers):
        rest = (request.headers[:number], request.headers[number + 1 :])
        yield f"header -{name}", request.model_copy(update={"headers": rest[0] + rest[1]})
        for what, other in _altered(value):
            yield f"header {name} {what}", request.model_copy(update={"headers": (*rest[0], (name, other), *rest[1])})
    for extra in ("x-http-method-override", "x-original-url", "x-forwarded-host", "x-unheard-of"):
        yield f"header +{extra}", request.model_copy(update={"headers": (*request.headers, (extra, "DELETE"))})
    for what, text in _altered(request.body.decode("latin-1")):
        yield f"body {what}", request.model_copy(update={"body": text.encode("latin-1")})


def _altered(text: str) -> Iterator[tuple[str, str]]:
    places = range(0, len(text), max(1, len(text) // MOST_PLACES))
    for place in places:
        before, here, after = text[:place], text[place], text[place + 1 :]
        yield f"without {place}", before + after
        yield f"other at {place}", before + ("b" if here == "a" else "a") + after
        yield f"doubled {place}", before + here + here + after
        yield f"case at {place}", before + here.swapcase() + after
    yield "longer", text + "a"
    yield "slash", text + "/"
    yield "empty", ""


def _watching(seen: list[str], *, keep: bool) -> Callable[[str, str], str]:
    def hide(path: str, value: str) -> str:
        seen.append(value)
        return value if keep else "hidden"

    return hide
