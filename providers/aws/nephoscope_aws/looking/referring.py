"""What a name or identifier in a fact stands for."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from nephoscope.interfaces import FactView
from nephoscope.knowledge import templates
from nephoscope.models import Identity, ResourceRef
from nephoscope_aws.estate import AwsEstate


@cache
def estate() -> AwsEstate:
    """The reply tables, for what a name stands for."""
    return AwsEstate()


def referred(view: FactView, holder: ResourceRef, native_type: str, named: Any) -> Iterable[ResourceRef]:
    """The things that a value names: a string, or strings of a list."""
    for text in named if isinstance(named, list) else [named]:
        if isinstance(text, str) and text:
            ref = refer(view, holder, native_type, text)
            if ref is not None:
                yield ref


def refer(view: FactView, holder: ResourceRef, native_type: str, text: str) -> ResourceRef | None:
    """One thing by name or identifier, in the holder's account and region unless the identifier says otherwise."""
    whose = next((one for one in view.identities if one.account == holder.account), None) or Identity(
        cloud="aws", account=holder.account, principal="", regions=(holder.region,)
    )
    if text.startswith("arn:") and templates.recognise(estate().types[native_type].id, text) is None:
        return None  # of another type
    ref = estate().named(native_type, text, whose, holder.region or (whose.regions or ("",))[0])
    if ref is None or ref.account not in {one.account for one in view.identities} | {holder.account, ""}:
        return None
    if native_type == "iam:role":
        ref = ref.model_copy(update={"name": ref.name.rsplit("/", 1)[-1]})  # what stands before is its path
    return next((one for one in view.subjects(native_type) if one.key == ref.key), ref)
