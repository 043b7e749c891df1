"""Settings of one AWS scope; the command line makes options of the fields."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class AwsOptions(BaseModel):
    """Where to look in AWS, and as whom."""

    model_config = ConfigDict(extra="forbid")

    profile: str | None = Field(default=None, description="named profile of the shared AWS configuration")
    region: str | None = Field(default=None, description="region, or several separated by commas; default: the profile's")
    endpoint_url: str | None = Field(default=None, description="talk to this endpoint instead of AWS, an emulator for instance")
    role_arn: str | None = Field(default=None, description="role to assume before looking")
    session_policy: str | None = Field(
        default=None, description="kinds of access to narrow the assumed role's session to, such as config,telemetry; needs a role"
    )
