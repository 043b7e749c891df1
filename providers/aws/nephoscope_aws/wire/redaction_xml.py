"""The XML half of :mod:`redaction`: elements are matched to the output shape the way the SDK's parsers match them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from nephoscope_aws.wire.bodies import local
from nephoscope_aws.wire.hiding import Hider
from nephoscope_aws.wire.models import Shape

if TYPE_CHECKING:
    from botocore.model import OperationModel

_VERBATIM = frozenset(("Code", "Type", "RequestId", "RequestID", "HostId", "requestId"))
_STRINGS = ("string", "blob", "")


def redact_xml(operation: OperationModel, shape: Shape, body: bytes, hider: Hider) -> bytes:
    """The document with its texts judged; the very same bytes when nothing was hidden."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise ValueError("the reply declares a document type")
    root = ElementTree.fromstring(body)  # noqa: S314 - nothing declared, nothing expands
    walker = _Walker(hider)
    wrapper = shape.serialization.get("resultWrapper") if shape is not None else None
    top = next((child for child in root if local(child.tag) == wrapper), root)
    walker.node(top, shape, "")
    return _written(root) if walker.changed else body


def _written(root: ElementTree.Element) -> bytes:
    """The document with its own namespace as the default one, as the service writes it."""
    space = root.tag.partition("}")[0].removeprefix("{") if "}" in root.tag else ""
    if space:
        for node in root.iter():
            node.tag = node.tag.removeprefix(f"{{{space}}}")
        root.set("xmlns", space)
    return bytes(ElementTree.tostring(root, encoding="utf-8"))


class _Walker:
    def __init__(self, hider: Hider) -> None:
        self._hider = hider
        self.changed = False

    def node(self, node: ElementTree.Element, shape: Shape, path: str) -> None:
        kind = shape.type_name if shape is not None else ""
        if kind == "list" and not len(node):
            return
        if kind == "list":
            texts = [child.text for child in node]
            for index, child in enumerate(node):
                self.node(child, shape.member, self._hider.place(path, texts, index))
        elif kind == "map":
            for child in node:
                self._entry(child, shape, path)
        elif kind == "structure" or len(node):
            self._structure(node, shape if kind == "structure" else None, path)
        elif kind in _STRINGS:
            self._leaf(node, shape, path)

    def _structure(self, node: ElementTree.Element, shape: Shape, path: str) -> None:
        known = {_wire_name(child, member): (member, child) for member, child in shape.members.items()} if shape is not None else {}
        told = self._hider.pair({local(child.tag): child.text for child in node if not len(child)})
        seen: Counter[str] = Counter()
        for child in node:
            name = local(child.tag)
            member, inner = known.get(name, (name, None))
            here = f"{path}/{told.get(name, member)}"
            if self._hider.is_token(path, member) or (shape is None and name in _VERBATIM):
                continue
            if inner is None or not inner.serialization.get("flattened"):
                self.node(child, inner, here)
            elif inner.type_name == "map":
                self._entry(child, inner, here)
            else:
                self.node(child, inner.member, f"{here}/{seen[name]}")
                seen[name] += 1
        if not len(node) and (node.text or "").strip():
            self._leaf(node, None, path or "/" + "".join(member for member, _ in known.values()))  # a document that is one text

    def _entry(self, node: ElementTree.Element, shape: Shape, path: str) -> None:
        parts = {local(child.tag): child for child in node}
        key = parts.get(shape.key.serialization.get("name", "key"))
        value = parts.get(shape.value.serialization.get("name", "value"))
        if key is not None and value is not None:
            self.node(value, shape.value, f"{path}/{key.text or ''}")

    def _leaf(self, node: ElementTree.Element, shape: Shape, path: str) -> None:
        text = node.text or ""
        hidden = self._hider.leaf(shape, path, text) if text.strip() else text
        if hidden != text:
            node.text = hidden
            self.changed = True


def _wire_name(shape: Shape, member: str) -> str:
    if shape.type_name == "list" and shape.serialization.get("flattened"):
        own = shape.member.serialization.get("name")
        if own is not None:
            return str(own)
    return str(shape.serialization.get("name", member))
