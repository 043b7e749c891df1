"""Interfaces as AWS keeps them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_an_interface_keeps_its_stages_and_tells_its_authorizers(client: Callable[[str], Any]) -> None:
    old, new = (f"arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_{name}" for name in ("Old", "New"))
    rest, http = client("apigateway"), client("apigatewayv2")
    api = rest.create_rest_api(name="shop")["id"]
    root = rest.get_resources(restApiId=api)["items"][0]["id"]
    rest.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    rest.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    rest.create_deployment(restApiId=api, stageName="prod", variables={"color": "blue"})
    second = rest.create_deployment(restApiId=api, stageName="prod")["id"]
    (stage,) = rest.get_stages(restApiId=api)["item"]
    assert (stage["deploymentId"], stage["variables"]) == (second, {"color": "blue"})

    made = rest.create_authorizer(restApiId=api, name="a", type="COGNITO_USER_POOLS", providerARNs=[old], identitySource="method.request.header.A")
    patches = [{"op": "add", "path": "/providerARNs", "value": new}, {"op": "remove", "path": "/providerARNs", "value": old}]
    rest.update_authorizer(restApiId=api, authorizerId=made["id"], patchOperations=patches)
    assert rest.get_authorizers(restApiId=api)["items"][0]["providerARNs"] == [new]

    named = http.create_api(Name="orders", ProtocolType="HTTP")["ApiId"]
    http.create_authorizer(ApiId=named, Name="b", AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"])
    assert [one["Name"] for one in http.get_authorizers(ApiId=named)["Items"]] == ["b"]
