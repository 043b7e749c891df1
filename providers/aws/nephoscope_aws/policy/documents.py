"""Policy documents: statements from calls, and the documents as Terraform or CloudFormation."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nephoscope.interfaces.errors import UsageError
from nephoscope.models import Call, Json, PolicyForm, Tier
from nephoscope_aws.permissions import UNVERIFIED, actions, verified
from nephoscope_aws.policy.resources import EVERY, reach

VERSION = "2012-10-17"
ROLE = "NephoscopeInspection"
SESSION_LIMIT = 2048
"""Characters of a session policy that STS accepts."""


def least(calls: Sequence[Call]) -> dict[str, Any]:
    """An identity policy that allows exactly these calls, each action on the resources its calls name."""
    where: dict[str, set[str]] = defaultdict(set)
    for call in calls:
        for action in actions(call.service, call.operation, call.params):
            where[action].update(reach(call, action).resources)
    grouped: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for action, resources in sorted(where.items()):
        wide = (EVERY,) if EVERY in resources else tuple(sorted(resources))
        grouped[action.partition(":")[0], wide].append(action)
    statements = [
        {"Sid": f"{_word(service)}{number}", "Effect": "Allow", "Action": names, "Resource": wide[0] if len(wide) == 1 else list(wide)}
        for number, ((service, wide), names) in enumerate(sorted(grouped.items()), 1)
    ]
    return {"Version": VERSION, "Statement": statements}


def remarks(calls: Iterable[Call]) -> list[str]:
    """What could not be narrower, and why; what nobody has verified."""
    told: set[str] = set()
    for call in calls:
        for action in actions(call.service, call.operation, call.params):
            found = reach(call, action)
            if EVERY in found.resources:
                told.add(f"{action} needs *: {found.why}")
            if not verified(call.service, call.operation):
                told.add(f"{action}{UNVERIFIED}: nobody has looked at what {call.name} needs")
    return sorted(told)


def session(tiers: Iterable[Tier]) -> dict[str, Any]:
    """Parameters of ``AssumeRole`` that narrow a session: AWS's own ReadOnlyAccess, less what in it gives out secrets or data.

    A session gets what its role *and* these policies allow. STS takes few characters, so this is the coarse wall and the gate the fine one.
    """
    wished = frozenset(tiers)
    denied = [*_READABLE_SECRETS, *(action for tier, names in _READABLE.items() if tier not in wished for action in names)]
    extra = sorted(action for tier, names in _BEYOND.items() if tier in wished for action in names)
    statements = [{"Effect": "Deny", "Action": denied, "Resource": EVERY}]
    statements += [{"Effect": "Allow", "Action": extra, "Resource": EVERY}] if extra else []
    return {"PolicyArns": [{"arn": READ_ONLY}], "Policy": json.dumps({"Version": VERSION, "Statement": statements}, separators=(",", ":"))}


READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
_READABLE_SECRETS = """acm:GetAcme*Credentials athena:GetResourceDashboard athena:GetSessionEndpoint cloudformation:BatchDescribe*
codepipeline:Get*JobDetails cognito-identity:Get*Credentials* cognito-identity:GetOpenId* cognito-idp:*UserImportJob*
cognito-idp:DescribeUserPoolClient cognito-idp:Get*Token*
cognito-idp:List*Secrets ec2:GetPasswordData ec2:GetVpnConnectionDeviceSample* ecr:GetAuth* ecr:GetDownload* kms:GetParam* s3:GetDataAccess
s3express:CreateSession ssm:GetAccessToken ssm:GetDeployable* sts:Get*Token wafv2:GetDecrypted* wafv2:ListAPIKeys secretsmanager:*Value
glue:Get*Connection* codeartifact:Get*Token redshift:Get*Credentials* sso:GetRoleCredentials lightsail:Get*Access*""".split()
"""What ReadOnlyAccess or one of its kind may hold of what is never allowed; a test compares."""
_READABLE: Mapping[Tier, Sequence[str]] = {
    Tier.DATA: """athena:Get*Code cloudfront:Get*Function cognito-identity:DescribeIdentity cognito-identity:ListIdentities
    cognito-identity:Lookup* cognito-idp:AdminGet* cognito-idp:AdminList* cognito-idp:*Device cognito-idp:*Devices
    cognito-idp:GetUser cognito-idp:GetUserAuth* cognito-idp:ListUsers* cognito-idp:ListUserS* cognito-idp:List*Credentials
    dynamodb:GetItem dynamodb:BatchGet* dynamodb:Query dynamodb:Scan dynamodb:Search* dynamodb:PartiQL*
    ec2:GetConsoleScr* ec2:GetInstanceUefiData glue:*Statement* kinesis:GetRecords kinesis:GetShard* lambda:Get*State logs:GetLogObject
    logs:GetLookup* s3:GetObject*Annot* s3:GetObject*Torrent sns:CheckIf* sns:GetEndpoint* sns:List*Endpoint* sns:ListPhone* sns:ListSMS*
    sqs:Receive*
    wafv2:ListSettle*""".split(),
    Tier.QUERY: """ce:* athena:GetQueryResults cloudtrail:StartQuery cloudtrail:GetQuery* cloudtrail:DescribeQuery config:Select*
    logs:StartQuery logs:StopQuery logs:GetQuery* logs:StartLive* xray:Start*""".split(),
    Tier.DIAGNOSTIC: "cloudformation:Detect* iam:Generate* servicequotas:Start*".split(),
}
"""``s3:GetObject`` is not among them: heads of objects need it."""
_BEYOND: Mapping[Tier, Sequence[str]] = {Tier.QUERY: ("athena:StartQueryExecution",), Tier.PROBE: ("ecr:ValidatePullThroughCacheRule",)}


def role(tiers: Iterable[Tier], form: PolicyForm) -> str:
    """A role for inspections, which the account itself may assume: read-only, with an explicit denial of what must not be read."""
    narrowed = session(tiers)
    denial = {**json.loads(narrowed["Policy"]), "Statement": _with_sids(json.loads(narrowed["Policy"])["Statement"])}
    managed = [each["arn"] for each in narrowed["PolicyArns"]]
    if form == "terraform":
        return _TERRAFORM_ROLE.format(role=ROLE, managed=managed[0], denial=_indented(_escaped(json.dumps(denial, indent=2)), 4))
    trust = {
        "Version": VERSION,
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": {"Ref": "TrustedPrincipal"}}, "Action": "sts:AssumeRole"}],
    }
    properties = {
        "RoleName": ROLE,
        "AssumeRolePolicyDocument": trust,
        "ManagedPolicyArns": managed,
        "Policies": [{"PolicyName": "NephoscopeNever", "PolicyDocument": denial}],
    }
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "A role to inspect an account with: reads configuration, never secrets",
        "Parameters": {"TrustedPrincipal": {"Type": "String", "Description": "ARN of the user, role or account that may assume it"}},
        "Resources": {ROLE: {"Type": "AWS::IAM::Role", "Properties": properties}},
        "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": [ROLE, "Arn"]}}},
    }
    return json.dumps(template if form == "cloudformation" else properties, indent=2) + "\n"


def _with_sids(statements: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"Sid": "Never" if each["Effect"] == "Deny" else "Granted", **each} for each in statements]


_TERRAFORM_ROLE = """variable "trusted_principal" {{
  type        = string
  description = "ARN of the user, role or account that may assume it"
}}

resource "aws_iam_role" "nephoscope_inspection" {{
  name = "{role}"
  assume_role_policy = jsonencode({{
    Version   = "2012-10-17"
    Statement = [{{ Effect = "Allow", Principal = {{ AWS = var.trusted_principal }}, Action = "sts:AssumeRole" }}]
  }})
}}

resource "aws_iam_role_policy_attachment" "nephoscope_read" {{
  role       = aws_iam_role.nephoscope_inspection.name
  policy_arn = "{managed}"
}}

resource "aws_iam_role_policy" "nephoscope_never" {{
  name   = "NephoscopeNever"
  role   = aws_iam_role.nephoscope_inspection.id
  policy = <<-JSON
{denial}
  JSON
}}
"""


def text(document: Json, form: PolicyForm, name: str) -> str:
    """The document as a file: JSON, or one role policy for Terraform or CloudFormation."""
    if not isinstance(document, Mapping):
        raise UsageError("this is not a policy document", "give one that nephoscope policy printed")
    if form == "terraform":
        body = json.dumps(document, indent=2)
        return f'resource "aws_iam_policy" "{name.lower()}" {{\n  name   = "{name}"\n  policy = <<-JSON\n{_indented(_escaped(body), 4)}\n  JSON\n}}\n'
    if form == "cloudformation":
        policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": name, "PolicyDocument": document}}
        return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {_word(name): policy}}, indent=2) + "\n"
    return json.dumps(document, indent=2) + "\n"


def _escaped(body: str) -> str:
    """Terraform reads ``${`` and ``%{`` inside text."""
    return body.replace("${", "$${").replace("%{", "%%{")


def _indented(body: str, width: int) -> str:
    return "\n".join(" " * width + line for line in body.splitlines())


def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", text.title())
