"""The policy language, evaluated: pure, three-valued, and safe on malformed documents."""

from nephoscope_aws.iam.evaluation import Decision, Evaluation, evaluate
from nephoscope_aws.iam.request import Context, Policies, Policy, PolicySet, Principal, Request
from nephoscope_aws.iam.services import allows_service

__all__ = ["Context", "Decision", "Evaluation", "Policies", "Policy", "PolicySet", "Principal", "Request", "allows_service", "evaluate"]
