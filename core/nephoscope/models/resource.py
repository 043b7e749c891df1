"""References to things in a cloud."""

from __future__ import annotations

from nephoscope.models.base import Frozen


class ResourceRef(Frozen):
    """One thing in one cloud.

    ``native_id`` is the identifier the cloud itself uses to tell it from every other thing of its ``native_type``;
    two references are the same thing when their :attr:`key` is equal, whatever else is known of them.
    """

    cloud: str
    kind: str
    """Cross-cloud kind, such as ``compute.function``."""
    native_type: str
    """The cloud's own type, ``<service>:<type>`` in lower case."""
    native_id: str
    account: str = ""
    region: str = ""
    name: str = ""

    @property
    def key(self) -> str:
        """Identity of the thing as text: cloud, native type and native id."""
        return f"{self.cloud}|{self.native_type}|{self.native_id}"

    @property
    def label(self) -> str:
        """What a person calls it."""
        return self.name or self.native_id
