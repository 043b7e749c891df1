"""Laws that hold for all policies."""

from __future__ import annotations

import fnmatch
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from nephoscope_aws.iam import Context, Policy, PolicySet, Principal, Request, evaluate
from nephoscope_aws.iam.patterns import glob

ME = Principal("arn:aws:iam::123456789012:role/app", "123456789012")
actions = st.sampled_from(["*", "s3:*", "s3:Get*", "s3:GetObject", "s3:PutObject", "kms:Decrypt"])
resources = st.sampled_from(["*", "arn:aws:s3:::a/*", "arn:aws:s3:::a/x", "arn:aws:s3:::b/*", "arn:aws:s3:::${aws:PrincipalTag/t}/*"])
principals = st.sampled_from(
    ["*", {"AWS": ME.arn}, {"AWS": "arn:aws:iam::123456789012:root"}, {"AWS": "999999999999"}, {"Service": "s3.amazonaws.com"}]
)
conditions = st.sampled_from(
    [{}, {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, {"Odd": {"k": "v"}}]
)


def statements(effect, *, principal):
    fields = {"Effect": effect, "Action": actions, "Resource": resources, "Condition": conditions}
    return st.fixed_dictionaries(fields | ({"Principal": principals} if principal else {}))


def layer(*, principal=False):
    entries = st.lists(statements(st.sampled_from(["Allow", "Deny"]), principal=principal), max_size=3)
    return st.none() | entries.map(lambda listed: (Policy("p", {"Version": "2012-10-17", "Statement": listed}),))


policy_sets = st.builds(
    PolicySet,
    identity=layer(),
    boundary=layer() | st.just(()),
    session=st.just(()),
    resource=layer(principal=True) | st.just(()),
    scps=st.just(()),
    resource_required=st.booleans(),
)
requests = st.builds(
    Request,
    st.just(ME),
    st.sampled_from(["s3:GetObject", "s3:PutObject"]),
    st.sampled_from(["arn:aws:s3:::a/x", "arn:aws:s3:::b/*"]),
    st.sampled_from(["123456789012", "999999999999"]),
    st.sampled_from([Context(), Context({"aws:requestedregion": ("eu-west-1",)}, frozenset({"aws:multifactorauthpresent"}))]),
)
RANK = {"explicit_deny": 0, "implicit_deny": 0, "unknown": 1, "allow": 2}


def extended(documents, **layers):
    return PolicySet(**{name: getattr(documents, name) for name in PolicySet.__slots__} | layers)


def one(effect, action, **more):
    return (Policy("added", {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": "*", **more}]}),)


@settings(max_examples=300)
@given(requests, policy_sets)
def test_an_explicit_deny_always_wins(request_, documents):
    for name, more in (("identity", {}), ("boundary", {}), ("resource", {"Principal": "*"})):
        added = (getattr(documents, name) or ()) + one("Deny", "s3:*", **more)
        assert evaluate(request_, extended(documents, **{name: added})).decision == "explicit_deny"


@settings(max_examples=300)
@given(requests, policy_sets, statements(st.just("Deny"), principal=False))
def test_adding_a_deny_never_widens(request_, documents, deny):
    if documents.identity is None:
        return
    after = extended(documents, identity=(*documents.identity, Policy("d", {"Version": "2012-10-17", "Statement": deny})))
    assert RANK[evaluate(request_, after).decision] <= RANK[evaluate(request_, documents).decision]


@settings(max_examples=300)
@given(requests, policy_sets, statements(st.just("Allow"), principal=False))
def test_adding_an_allow_to_a_known_layer_never_narrows(request_, documents, allow):
    if documents.identity is None or allow["Condition"].get("Odd"):
        return
    after = extended(documents, identity=(*documents.identity, Policy("a", {"Version": "2012-10-17", "Statement": allow})))
    assert RANK[evaluate(request_, after).decision] >= RANK[evaluate(request_, documents).decision]


@settings(max_examples=200)
@given(requests, policy_sets)
def test_hiding_a_layer_never_turns_a_denial_into_an_allow_or_back(request_, documents):
    seen = evaluate(request_, documents).allowed
    for name in ("identity", "boundary", "resource", "scps"):
        assert evaluate(request_, extended(documents, **{name: None})).allowed in (seen, None)


texts = st.text(alphabet="ab:/", max_size=8)


@given(st.text(alphabet="ab:/*?", max_size=8), texts)
def test_wildcards_agree_with_a_reference(pattern, value):
    assert glob(pattern, value) is bool(re.fullmatch(fnmatch.translate(pattern), value, re.DOTALL))


@given(st.text(alphabet="ab*?", max_size=6), st.text(alphabet="ab*", max_size=5), texts)
def test_a_set_is_covered_only_when_all_its_members_match(pattern, asked, filling):
    member = asked.replace("*", filling)
    verdict = glob(pattern, asked)
    if verdict is not None:
        assert glob(pattern, member) is verdict


names = st.sampled_from(["Version", "Statement", "Effect", "Action", "Resource", "Principal", "Condition", "StringEquals", "NotAction"])
leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
documents = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=12)


@settings(max_examples=300)
@given(documents)
def test_no_document_crashes_it(document):
    policies = PolicySet(identity=(Policy("x", document),), resource=(Policy("y", document),))
    assert evaluate(Request(ME, "s3:GetObject", "arn:aws:s3:::a/x", ME.account), policies).reason
