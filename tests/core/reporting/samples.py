"""Reports as the engine would write them, made from the reference investigation (S3 notification to a function without permission)."""

from __future__ import annotations

from nephoscope.models.record import Explanation
from nephoscope.models.report import (
    AskedQuestion,
    LedgerSummary,
    NextBest,
    Notice,
    Observation,
    Report,
    ReportFact,
    ReportGap,
    ReportPolicy,
    ReportRecommendation,
    ReportScope,
    ReportStep,
    RootCause,
    RuledOut,
    Timings,
)

BUCKET = "aws|s3:bucket|arn:aws:s3:::orders-in"
FUNCTION = "aws|lambda:function|arn:aws:lambda:eu-west-1:123456789012:function:resize"
PRINCIPAL = "arn:aws:sts::123456789012:assumed-role/Reader/oncall"
NOTIFICATION = [{"LambdaFunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:resize", "Events": ["s3:ObjectCreated:*"]}]


def fact(id: str, subject: str, attribute: str, value: object, call: str, operation: str, pointer: str = "", grounding: str = "exact") -> ReportFact:
    return ReportFact.model_validate(
        {
            "id": id,
            "subject": subject,
            "name": subject.rsplit(":", 1)[-1],
            "attribute": attribute,
            "value": value,
            "grounding": grounding,
            "calls": (call,),
            "pointer": pointer,
            "operations": (operation,),
            "account": "123456789012",
            "principal": PRINCIPAL,
            "region": "eu-west-1",
            "observed_at": "2026-11-22T10:05:02+00:00",
        }
    )


def ruled_out(id: str, title: str, why: str, evidence: str) -> RuledOut:
    return RuledOut(id=id, title=title, why=why, evidence=(evidence,), decided_by="analyzer:event_delivery")


FACTS = (
    fact(
        "f:1",
        BUCKET,
        "notification.function",
        NOTIFICATION,
        "s1.c1",
        "s3:GetBucketNotificationConfiguration",
        "/LambdaFunctionConfigurations",
    ),
    fact("f:2", BUCKET, "notification.function.filter", None, "s1.c1", "s3:GetBucketNotificationConfiguration", grounding="absent"),
    fact("f:3", FUNCTION, "exists", True, "s2.c1", "lambda:GetFunctionConfiguration"),
    fact("f:4", FUNCTION, "policy", None, "s2.c2", "lambda:GetPolicy", grounding="absent"),
    fact("f:5", FUNCTION, "dead_letter", None, "s2.c1", "lambda:GetFunctionConfiguration", grounding="absent"),
)


def confirmed() -> Report:
    """TRACE's investigation, concluded."""
    return Report(
        id="r-7k2",
        problem="uploads to bucket orders-in no longer trigger function resize",
        started_at="2026-11-22T10:05:00+00:00",
        ended_at="2026-11-22T10:05:04.200000+00:00",
        status="concluded",
        scopes=(ReportScope(cloud="aws", account="123456789012", principal=PRINCIPAL, regions=("eu-west-1",)),),
        isolation="bubblewrap",
        verdict="confirmed",
        root_causes=(
            RootCause(
                id="aws.lambda.permission-missing",
                title="The bucket may not invoke the function",
                explanation="orders-in notifies resize for s3:ObjectCreated:*, but resize has no resource policy that lets the bucket invoke it.",
                confidence=0.97,
                resources=(FUNCTION,),
                evidence=("f:1", "f:3", "f:4"),
                decided_by="analyzer:event_delivery",
            ),
        ),
        ruled_out=(
            ruled_out("aws.s3.notification-missing", "notification missing", "one entry, and it names resize", "f:1"),
            ruled_out("aws.s3.filter-mismatch", "filter keeps keys out", "the entry has no filter", "f:2"),
            ruled_out("aws.lambda.destination-deleted", "function deleted", "it answers", "f:3"),
        ),
        gaps=(
            ReportGap(
                what="reserved concurrency of resize",
                subject=FUNCTION,
                reason="access_denied",
                blocks=("aws.lambda.concurrency-zero",),
                operation="lambda:GetFunctionConcurrency",
                needs="lambda:GetFunctionConcurrency",
                calls=("s2.c3",),
            ),
        ),
        also_noticed=(Notice(title="resize has no dead-letter target", resources=(FUNCTION,), evidence=("f:5",)),),
        grants=("configuration",),
        recommendations=(
            ReportRecommendation(
                title="Let the bucket invoke the function",
                why="The notification is in place; only the permission is missing.",
                commands=(
                    "aws lambda add-permission --function-name resize --statement-id s3-orders-in --action lambda:InvokeFunction \\\n"
                    "  --principal s3.amazonaws.com --source-arn arn:aws:s3:::orders-in --source-account 123456789012",
                ),
                risk="low",
                undo="aws lambda remove-permission --function-name resize --statement-id s3-orders-in",
                cost="0 USD/month",
                verify="upload one file, then: nephoscope verify r-7k2",
                proof="not_proven",
                proof_note="re-running the analyzers with this mended clears the symptom's path; the change itself was not rehearsed",
            ),
        ),
        impact=("orders-in → resize; no other target",),
        facts=FACTS,
        steps=(
            ReportStep(index=1, intent="notification of orders-in", script="scripts/9f3c.py", status="ok", seconds=0.07),
            ReportStep(
                index=2, intent="configuration, policy and concurrency of resize", script="scripts/77aa.py", attempts=2, status="ok", seconds=0.21
            ),
        ),
        ledger=LedgerSummary(
            calls=7,
            upstream=7,
            by_operation={
                "sts:GetCallerIdentity": 1,
                "s3:ListBuckets": 1,
                "lambda:ListFunctions": 1,
                "s3:GetBucketNotificationConfiguration": 1,
                "lambda:GetFunctionConfiguration": 1,
                "lambda:GetPolicy": 1,
                "lambda:GetFunctionConcurrency": 1,
            },
            usd=0.00003,
        ),
        policies=(
            ReportPolicy(
                cloud="aws",
                format="aws-iam",
                document={"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["lambda:GetPolicy"], "Resource": "*"}]},
            ),
        ),
        timings=Timings(plan=0.1, generate=0.0, validate_=0.4, execute=0.3, upstream=0.2),
        versions={"nephoscope-core": "0.1.0", "nephoscope-aws": "0.1.0"},
        run_dir="/home/ada/.local/state/nephoscope/runs/r-7k2",
    )


def inconclusive() -> Report:
    """The same symptom where the permission itself could not be read."""
    gap = ReportGap(
        what="policy of resize",
        subject=FUNCTION,
        reason="access_denied",
        blocks=("aws.lambda.permission-missing",),
        operation="lambda:GetPolicy",
        needs="lambda:GetPolicy",
        calls=("s2.c2",),
    )
    return confirmed().model_copy(
        update={
            "verdict": "inconclusive",
            "root_causes": (),
            "recommendations": (),
            "gaps": (gap,),
            "facts": FACTS[:3],
            "also_noticed": (),
            "next_best": (NextBest(observation="Read the policy of resize.", needs="lambda:GetPolicy"),),
        }
    )


def healthy() -> Report:
    """Every hop seen in order."""
    return confirmed().model_copy(
        update={
            "verdict": "no_fault_found",
            "root_causes": (),
            "recommendations": (),
            "gaps": (),
            "also_noticed": (),
            "observations": (
                Observation(id="aws.s3.seen-notification", what="orders-in notifies resize", evidence=("f:1",)),
                Observation(id="aws.lambda.seen-function", what="resize exists", evidence=("f:3",)),
            ),
            "facts": FACTS[:3],
        }
    )


def waiting() -> Report:
    """Stopped at a question that nobody answered."""
    return inconclusive().model_copy(
        update={"status": "waiting", "questions": (AskedQuestion(text="Which of the two queues named orders is meant?"),)}
    )


def explanation() -> Explanation:
    """What is behind line 1 of :func:`confirmed`."""
    return Explanation(
        number=1,
        fact=FACTS[0],
        call="s1.c1",
        operation="s3:GetBucketNotificationConfiguration",
        params={"Bucket": "orders-in"},
        document={"LambdaFunctionConfigurations": NOTIFICATION, "Other": "after"},
        rule="reply table s3:GetBucketNotificationConfiguration",
    )
