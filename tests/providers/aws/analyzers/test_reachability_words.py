"""Who calls whom, on which port: what the words of a problem ask."""

from __future__ import annotations

import pytest

from nephoscope.knowledge import reading
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Fact, Identity, ResourceRef
from nephoscope_aws.analyzers.reach import journeys
from nephoscope_aws.analyzers.reach.balancing import asked_for
from nephoscope_aws.analyzers.reach.request import Request, requests
from nephoscope_aws.analyzers.reachability import ReachabilityAnalyzer
from nephoscope_aws.estate import AwsEstate

ESTATE = AwsEstate()
IDENTITY = Identity(cloud="aws", account="123456789012", principal="arn:aws:iam::123456789012:role/Reader", regions=("eu-west-1",))
ARN = "arn:aws:{}:eu-west-1:123456789012:{}"
THINGS = [
    ("ec2:instance", "i-0aaaaaaaaaaaaaaa1", "web-1"),
    ("ec2:instance", "i-0aaaaaaaaaaaaaaa2", "app-server"),
    ("ec2:instance", "i-0aaaaaaaaaaaaaaa3", "redis-cache"),
    ("ec2:subnet", "subnet-1", "private-a"),
    ("rds:db-instance", ARN.format("rds", "db:orders-db"), "orders-db"),
    ("elbv2:load-balancer", ARN.format("elasticloadbalancing", "loadbalancer/app/front/1"), "front"),
    ("lambda:function", ARN.format("lambda", "function:sync"), "sync"),
    ("efs:file-system", "fs-0aaaaaaaaaaaaaaa1", "shared-media"),
    ("elasticache:replication-group", ARN.format("elasticache", "replicationgroup:sessions-1"), "sessions-1"),
    ("ecs:service", ARN.format("ecs", "service/shop/checkout-api"), "checkout-api"),
    ("s3:bucket", "arn:aws:s3:::invoices-2026", "invoices-2026"),
    ("glue:database", ARN.format("glue", "database/clicks-lake"), "clicks-lake"),
]


def evidence(text: str) -> Evidence:
    def fact(native_type: str, native_id: str, name: str) -> Fact:
        kind = ESTATE.types[native_type].kind
        ref = ResourceRef(cloud="aws", kind=kind, native_type=native_type, native_id=native_id, account="123456789012", region="eu-west-1", name=name)
        known = {"attribute": "exists", "value": True, "grounding": "exact", "calls": ("s0.c1",), "pointer": "", "observed_at": ""}
        return Fact(id=native_id, subject=ref, identity=IDENTITY, **known)

    first = reading.first_reading(text, "2026-11-24T10:00Z")
    facts = [fact(*thing) for thing in THINGS]
    problem = reading.read(first, Evidence(first, facts), [ESTATE], [IDENTITY])
    return Evidence(problem, facts, identities=[IDENTITY])


def told(request: Request) -> str:
    source = request.source.ref.label if request.source else ("stated outside" if request.stated else "somebody")
    beyond = f"{request.beyond.label}, wherever" if request.beyond else ""
    target = request.target.ref.label if request.target else beyond or request.service or request.peer.label
    return f"{source} > {target}: {request.asked.traffic.told}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I can't SSH into web-1", ["somebody > web-1: tcp 22"]),
        ("web-1 reaches neither app-server on 8443 nor redis-cache on 6379", ["web-1 > app-server: tcp 8443", "web-1 > redis-cache: tcp 6379"]),
        ("web-1 cannot reach app-server and redis-cache on 8443", ["web-1 > app-server: tcp 8443", "web-1 > redis-cache: tcp 8443"]),
        ("ssh 198.51.100.7 -> web-1 = timeout", ["stated outside > web-1: tcp 22"]),
        ("web-1 -> 198.51.100.7:8443 times out", ["web-1 > 198.51.100.7: tcp 8443"]),
        ("web-1 -> https api of the reseller: timeout", ["web-1 > the internet: tcp 443"]),
        ("from web-1 curl https://mirror.example hangs", ["web-1 > the internet: tcp 443"]),
        ("web-1 gets connect timeouts for app-server:8443", ["web-1 > app-server: tcp 8443"]),
        ("web-1:8443 times out for app-server", ["app-server > web-1: tcp 8443"]),
        ("web-1 sees timeouts for app-server", ["web-1 > app-server: any tcp port"]),
        ("web-1 times out for app-server", ["app-server > web-1: any tcp port"]),
        ("web-1 cannot call https://api.partner.example, it hangs", ["web-1 > the internet: tcp 443"]),
        ("the laptop => web-1:8443 hangs", ["stated outside > web-1: tcp 8443"]),
        ("web-1 -> orders-db: connection timed out", ["web-1 > orders-db: any tcp port"]),
        ("Public server web-1 unreachable", ["stated outside > web-1: any tcp port"]),
        ("web-1 cannot be reached from 198.51.100.7 on port 8443", ["stated outside > web-1: tcp 8443"]),
        ("redis-cache does not answer", ["somebody > redis-cache: any tcp port"]),
        ("Our site on web-1 times out", ["somebody > web-1: tcp 80, 443"]),
        ("app-server can't ping web-1", ["app-server > web-1: icmp"]),
        ("orders-db is not reachable from app-server", ["app-server > orders-db: any tcp port"]),
        ("we can't connect to the orders-db database from app-server", ["app-server > orders-db: any tcp port"]),
        ("web-1 is unreachable from app-server", ["app-server > web-1: any tcp port"]),
        ("connection from web-1 to app-server on port 8080 times out", ["web-1 > app-server: tcp 8080"]),
        ("web-1 and app-server are unreachable", ["somebody > web-1: any tcp port", "somebody > app-server: any tcp port"]),
        ("web-1 and app-server cannot talk to each other", ["web-1 > app-server: any tcp port"]),
        ("web-1 cannot reach the internet", ["web-1 > the internet: any tcp port"]),
        ("app-server can no longer download packages from the internet", ["app-server > the internet: tcp 80, 443"]),
        ("nobody on the internet can reach web-1", ["stated outside > web-1: any tcp port"]),
        ("web-1 cannot connect to 198.51.100.7 on port 443", ["web-1 > 198.51.100.7: tcp 443"]),
        ("instances in subnet private-a have no internet", ["private-a > the internet: any tcp port"]),
        ("function sync times out when calling an external API", ["sync > the internet: tcp 80, 443"]),
        ("Lambda sync cannot connect to orders-db", ["sync > orders-db: any tcp port"]),
        ("sync hangs when it talks to Secrets Manager", ["sync > secretsmanager: any tcp port"]),
        ("My laptop can't reach the postgres database orders-db", ["stated outside > orders-db: tcp 5432"]),
        ("front returns 502 although app-server behind it is up", ["somebody > front: any tcp port"]),
        ("web-1 is unreachable but app-server works fine", ["somebody > web-1: any tcp port"]),
        ("web-1 does not resolve names, DNS lookups time out", []),
        ("DNS queries to web-1 time out", ["somebody > web-1: udp 53"]),
        ("the invoice is wrong", []),
        ("web-1 hangs when it mounts shared-media", ["web-1 > shared-media: any tcp port"]),
        ("shared-media can't be mounted from web-1", ["web-1 > shared-media: any tcp port"]),
        ("sync times out on sessions-1", ["sync > sessions-1: any tcp port"]),
        ("sessions-1 is unreachable", ["somebody > sessions-1: any tcp port"]),
        ("checkout-api times out connecting to orders-db", ["checkout-api > orders-db: any tcp port"]),
        ("front times out for checkout-api", ["somebody > front: any tcp port"]),
        ("requests to checkout-api time out", []),
        ("web-1 times out on invoices-2026", ["web-1 > s3: any tcp port"]),
        ("web-1 cannot connect to clicks-lake", ["web-1 > clicks-lake, wherever: any tcp port"]),
        ("web-1 can't connect to the search thing", ["web-1 > web-1, wherever: any tcp port"]),
        ("web-1 hangs when we connect to it", ["somebody > web-1: any tcp port"]),
        ("web-1 times out when users connect", ["stated outside > web-1: any tcp port"]),
        ("web-1 gets no answer from app-server on port 8123, hangs", ["web-1 > app-server: tcp 8123"]),
        ("app-server cannot fetch anything from web-1", ["app-server > web-1: any tcp port"]),
        ("app-server times out while reading from redis-cache", ["app-server > redis-cache: any tcp port"]),
        ("web-1 gets no connections from app-server", ["app-server > web-1: any tcp port"]),
        ("web-1 never answers requests from app-server", ["app-server > web-1: any tcp port"]),
        ("web-1 can't send anything out any more", ["web-1 > the internet: any tcp port"]),
        ("web-1 cannot deliver mails", ["web-1 > web-1, wherever: any tcp port"]),
        ("web-1 doesn't send an answer", ["somebody > web-1: any tcp port"]),
        ("web-1 web ui on 8081 does not load", ["somebody > web-1: tcp 8081"]),
        ("web-1 is cut off, it can't fetch any page from the web", ["web-1 > the internet: tcp 80, 443"]),
        ("web-1 stopped sending mails this morning", ["web-1 > web-1, wherever: any tcp port"]),
        ("web-1 lost its way to the world", ["web-1 > the internet: any tcp port"]),
        ("web-1 is down and we can't fetch a thing", ["somebody > web-1: any tcp port"]),
        ("web-1 is cut off, it can't pull or push anything", ["web-1 > web-1, wherever: any tcp port"]),
        ("checkout-api tasks: unable to pull registry auth, i/o timeout", ["checkout-api > ecr.api: any tcp port"]),
        ("users can't connect to web-1", ["stated outside > web-1: any tcp port"]),
    ],
)
def test_words_become_conversations(text: str, expected: list[str]) -> None:
    assert [told(request) for request in requests(evidence(text).problem)] == expected


def test_a_number_is_exact_and_a_word_is_not() -> None:
    by_number, by_word = (requests(evidence(text).problem)[0].asked for text in ("orders-db refuses port 5433", "cannot psql orders-db"))
    assert by_number.exact
    assert by_number.traffic.each
    assert not by_word.exact


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("everything under /api on front answers 503", ("/api", "")),
        ("https://shop.acme.example/cart/pay answers 502, says front", ("/cart/pay", "shop.acme.example")),
        ("the home page of front is a 503", ("/", "")),
        ("front answers 502/503 for web-1", ("", "")),
    ],
)
def test_the_path_and_host_of_a_request_are_in_the_words_or_not_known(text: str, asked: tuple[str, str]) -> None:
    assert asked_for(evidence(text).problem) == asked


@pytest.mark.parametrize("text", ["role deploy is denied s3:GetObject on web-1", "uploads no longer trigger function sync", "web-1 costs too much"])
def test_other_families_problems_are_left_alone(text: str) -> None:
    assert not ReachabilityAnalyzer().analyze(evidence(text))


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("web-1 never receives a request from app-server", True),
        ("web-1 can't fetch anything from app-server", True),
        ("web-1 gets access denied from app-server", False),
        ("sync is never invoked by web-1", False),
    ],
)
def test_nothing_that_gets_from_one_machine_to_another_is_ours_unless_an_answer_is_told(text: str, ours: bool) -> None:
    assert bool(ReachabilityAnalyzer().analyze(evidence(text))) is ours


def test_what_a_machine_shows_or_holds_is_no_matter_of_packets() -> None:
    assert not ReachabilityAnalyzer().analyze(evidence("web-1 shows a certificate warning"))
    assert not ReachabilityAnalyzer().analyze(evidence("the disk of web-1 is full"))
    assert ReachabilityAnalyzer().analyze(evidence("something is wrong with web-1"))


def test_an_open_way_to_a_service_is_half_the_matter_unless_packets_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journeys, "to_service", lambda *_: [])  # an open way
    half, lost = (ReachabilityAnalyzer().analyze(evidence(f"web-1 {said} s3")) for said in ("fails to download from", "times out on"))
    assert "aws.ec2.seen-let-in" in {one.cause for one in half}
    assert "aws.ec2.seen-let-in" not in {one.cause for one in lost}


def test_two_ends_are_ours_whatever_the_words_for_it() -> None:
    assert ReachabilityAnalyzer().analyze(evidence("web-1 and app-server cannot talk to each other"))


def test_nothing_known_is_unknown_with_needs_never_no() -> None:
    findings = ReachabilityAnalyzer().analyze(evidence("I can't SSH into web-1"))
    assert findings
    assert all(finding.holds == "unknown" and finding.needs and not finding.because for finding in findings)
