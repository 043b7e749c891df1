"""Settings of one AWS scope; the command line makes options of the fields."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator


class AwsOptions(BaseModel):
    """Where to look in AWS, and as whom."""

    model_config = ConfigDict(extra="forbid")

    profile: tuple[str, ...] = Field(default=(), description="named profile of the shared AWS configuration; repeat it to look at several accounts")
    region: str | None = Field(default=None, description="region, or several separated by commas; default: the profile's")
    endpoint_url: str | None = Field(default=None, description="talk to this endpoint instead of AWS, an emulator for instance")
    session_policy: str | None = Field(
        default=None, description="kinds of access to narrow the assumed role's session to, such as config,telemetry; needs a role"
    )
    role_arn: tuple[str, ...] = Field(default=(), description="role to assume before looking; repeat it for several accounts")
    account: tuple[str, ...] = Field(default=(), description="account that must be the one looked at; anything else is an error; may be repeated")

    @field_validator("profile", "role_arn", "account", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        given = [value] if isinstance(value, str) else value
        return [word for text in given for word in str(text).replace(",", " ").split()] if isinstance(given, list | tuple) else given
