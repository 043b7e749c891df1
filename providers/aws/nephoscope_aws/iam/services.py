"""May a cloud service use a resource, by the resource's own policy?"""

from __future__ import annotations

from nephoscope_aws.iam.evaluation import Evaluation, evaluate
from nephoscope_aws.iam.request import Context, Policy, PolicySet, Principal, Request

_NEVER_SENT_BY_SERVICES = frozenset({"aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:multifactorauthpresent"})


def allows_service(  # noqa: PLR0917 - reads like a sentence, and callers write it as one
    policy_doc: object, service_principal: str, action: str, resource: str, source_arn: str = "", source_account: str = "", source_owner: str = ""
) -> Evaluation:
    """Evaluate the policy of a function, queue, topic or key for a service that acts on behalf of ``source_arn``.

    ``source_owner`` is the account that the service comes as, where it does: topics let their owner in by default.
    ``policy_doc`` is the decoded document, or ``None`` when it is known that there is no policy.
    """
    known = {
        key: (value,)
        for key, value in (("aws:sourcearn", source_arn), ("aws:sourceaccount", source_account), ("aws:sourceowner", source_owner))
        if value
    }
    policies = () if policy_doc is None else (Policy("resource policy", policy_doc),)
    request = Request(Principal(service=service_principal), action, resource, context=Context(known, _NEVER_SENT_BY_SERVICES))
    return evaluate(request, PolicySet(resource=policies))
