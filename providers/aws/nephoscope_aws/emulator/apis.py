"""Interfaces as AWS keeps them: stages that are deployed to again, authorizers that are changed, and listed."""

from __future__ import annotations

import json
from typing import Any

from nephoscope_aws.emulator.wrapping import once, put


def amend() -> None:
    """Once per process is enough; a second time changes nothing."""
    from moto.apigateway.models import Authorizer, RestAPI
    from moto.apigatewayv2.responses import ApiGatewayV2Response

    once(Authorizer, "apply_operations", _patches_pools)
    once(RestAPI, "create_deployment", _keeps_stage)
    put(ApiGatewayV2Response, "get_authorizers", _lists_authorizers)


def _patches_pools(real: Any) -> Any:
    """User pools of an authorizer are added and removed one by one."""

    def apply_operations(self: Any, patch_operations: list[dict[str, Any]]) -> Any:
        for one in patch_operations:
            if one["path"] == "/providerARNs":
                kept = [arn for arn in self.provider_arns or [] if arn != one["value"]]
                self.provider_arns = kept if one["op"] == "remove" else [*kept, one["value"]]
        return real(self, [one for one in patch_operations if one["path"] != "/providerARNs"])

    return apply_operations


def _keeps_stage(real: Any) -> Any:
    """A stage that is deployed to again keeps its settings."""

    def create_deployment(self: Any, name: str, description: str, stage_variables: Any = None) -> Any:
        stage = self.stages.get(name)
        made = real(self, name, description, stage_variables)
        if stage is not None:
            stage.deployment_id = made.id
            stage.variables = stage_variables or stage.variables
            self.stages[name] = stage
        return made

    return create_deployment


def _lists_authorizers(self: Any) -> tuple[int, dict[str, str], str]:
    """All authorizers of an API are told at once."""
    api = self.apigatewayv2_backend.get_api(self.path.split("/")[-2])
    return 200, {}, json.dumps({"items": [one.to_json() for one in api.authorizers.values()]})
