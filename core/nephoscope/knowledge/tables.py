"""An estate made of reply tables: base class for cloud packs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from nephoscope.knowledge import mentions, paths, templates
from nephoscope.knowledge.table_format import HELD, AskSpec, AttributeSpec, OperationSpec, TypeSpec, hints_of, load_tables, nouns_of
from nephoscope.models import Call, Check, Extract, FactQuery, IdentifierKind, Identity, JsonValue, Mention, Operation, Read, Reply, ResourceRef, Tier

REPLY = "reply"
"""Kind of the pseudo-resource whose fact ``document`` is a whole reply that no table reads."""
CONTAINS = "contains"
"""Attribute under which a thing lists those that only it can list."""
MOST_HOLDERS = 25
"""So many holders are asked what they contain before anything of them was named."""
INVENTORY = "inventory"
"""Native type of the pseudo-resource whose fact ``complete`` says that a type was listed to its end."""


def inventory_ref(cloud: str, native_type: str, region: str, account: str) -> ResourceRef:
    """The pseudo-resource that stands for "everything of that type in that account and region"."""
    return ResourceRef(
        cloud=cloud,
        kind=INVENTORY,
        native_type=INVENTORY,
        native_id=f"{native_type}@{account}/{region}",
        account=account,
        region=region,
        name=native_type,
    )


def question(name: str, params: Mapping[str, JsonValue]) -> str:
    """An operation with what was asked of it, whatever page."""
    given = sorted((key, value) for key, value in params.items() if key not in templates.PAGING)
    return f"{name}({', '.join(f'{key}={json.dumps(value, ensure_ascii=False, sort_keys=True)}' for key, value in given)})"


def document(call: Call) -> Extract:
    """The whole reply to a call as one fact, about the question that was put."""
    asked = question(call.name, call.params)
    subject = ResourceRef(
        cloud=call.identity.cloud,
        kind=REPLY,
        native_type=call.name,
        native_id=f"{asked}@{call.identity.account}/{call.region}",
        account=call.identity.account,
        region=call.region,
        name=asked,
    )
    return Extract(subject=subject, attribute="document", whole=True)


class TableEstate:
    """Facts, references to things, and checks, all read from the YAML files of some folders; what a later one says takes precedence."""

    cloud: str = ""

    def __init__(self, *folders: Path) -> None:
        files = [file for folder in folders for file in load_tables(folder)]
        self.types: Mapping[str, TypeSpec] = {spec.native_type: spec for file in files for spec in file.types}
        self.operations: Mapping[str, OperationSpec] = {f"{spec.service}:{spec.operation}": spec for file in files for spec in file.operations}
        self._called = {name.lower() for file in files for name in file.called}
        self._hints = hints_of(files)
        self._nouns = nouns_of(files)
        self._permissions = {f"{file.service}:{operation}": action for file in files for operation, action in file.permissions.items()}

    def identifiers(self) -> Sequence[IdentifierKind]:
        """A pack adds its own."""
        return ()

    # -- references ------------------------------------------------------------------------------------------------

    def placeholders(self, identity: Identity, region: str) -> dict[str, str]:
        """Values that every id template may use. A pack adds its own."""
        return {"account": identity.account, "region": region}

    def named(self, native_type: str, name: str, identity: Identity, region: str) -> ResourceRef | None:
        """The reference of a thing by name, or by the id itself where the name is one."""
        spec = self.types.get(native_type)
        if spec is None or not name:
            return None
        known = templates.recognise(spec.id, name) if spec.id != "{name}" else None
        if known is not None:
            return self._ref(spec, name, identity, known.get("region") or region, known.get("name", ""), known.get("account") or identity.account)
        other = next((found for form in spec.forms if (found := templates.recognise(form, name))), {"name": name})
        values = {**self.placeholders(identity, region), **other}
        native_id = templates.fill(spec.id, values.get)
        return self._ref(spec, native_id, identity, region, other.get("name", "")) if native_id else None

    def recognise(self, text: str, identity: Identity | None = None) -> ResourceRef | None:
        """The thing that a full identifier names, by the id templates that are more than a bare name."""
        for spec in sorted(self.types.values(), key=lambda one: -len(one.id)):
            if spec.id.startswith("{") or "#" in spec.id:
                continue
            known = templates.recognise(spec.id, text)
            if known is not None:
                account = known.get("account") or (identity.account if identity else "")
                return ResourceRef(
                    cloud=self.cloud,
                    kind=spec.kind,
                    native_type=spec.native_type,
                    native_id=text,
                    account=account,
                    region=known.get("region", ""),
                    name=known.get("name", ""),
                )
        return None

    def _ref(  # noqa: PLR0917
        self, spec: TypeSpec, native_id: str, identity: Identity, region: str, name: str, account: str = ""
    ) -> ResourceRef:
        return ResourceRef(
            cloud=self.cloud,
            kind=spec.kind,
            native_type=spec.native_type,
            native_id=native_id,
            account=account or identity.account,
            region="" if spec.everywhere else region,
            name=name,
        )

    def aliases(self, native_type: str) -> Sequence[str]:
        """Attributes whose value people use in place of the name."""
        spec = self.types.get(native_type)
        return spec.aliases if spec else ()

    def mentions(self, text: str) -> Sequence[Mention]:
        """Pieces of a problem text that may name things of this cloud."""
        found = mentions.find(text, self._nouns, self._hints)
        if addressed := tuple(name for name, spec in self.types.items() if spec.aliases):
            found += [Mention(text=word, native_types=addressed, start=start) for start, word in mentions.addresses(text)]
        if routed := tuple(name for name, spec in self.types.items() if spec.routed):
            found += [Mention(text=one, native_types=routed, start=at, exact=False, hint=True) for at, one in mentions.requested(text)]
        return [one for one in found if not self._unlike(one)]

    def _unlike(self, mention: Mention) -> bool:
        """Whether it is only a noun that makes a name of the word, and such a thing is never called so."""
        specs = [self.types[name] for name in mention.native_types]
        return mention.exact and mention.ref is None and any(one.unlike and re.fullmatch(one.unlike, mention.text) for one in specs)

    # -- replies → facts -------------------------------------------------------------------------------------------

    def facts(self, reply: Reply) -> Iterable[Extract]:
        """What the reply shows of which subject; a reply without a table gives one document."""
        spec = self.operations.get(reply.call.name)
        if spec is None:
            return self._document(reply)
        return self._absences(spec, reply) if reply.error else self._shown(spec, reply)

    def _document(self, reply: Reply) -> Iterator[Extract]:
        if not reply.error:
            yield document(reply.call)

    def _absences(self, spec: OperationSpec, reply: Reply) -> Iterator[Extract]:
        absence = spec.errors.get(reply.error or "")
        asked = self._asked(spec, reply) if absence else None
        if absence and asked:
            ask, subject = asked
            for attribute in spec.missing(ask, absence):
                yield Extract(subject=subject, attribute=attribute, absent=True, requires=absence.requires)

    def _shown(self, spec: OperationSpec, reply: Reply) -> Iterator[Extract]:
        asked = [(ask, bound) for ask in spec.ask if (bound := ask.fits(reply.call.params)) is not None]
        for ask, bound in asked:
            about = self._bound(ask, bound, reply)
            if about and ask.attributes:
                yield from self._attributes(about, ask.attributes, reply.document, "")
        if spec.subject is None:
            return
        found = list(paths.resolve(reply.document, f"{spec.items}/*" if spec.items else ""))
        subjects = [self._subject(spec, item, reply) for _, item in found]
        for (pointer, item), subject in zip(found, subjects, strict=True):
            if subject:
                yield from self._attributes(subject, spec.attributes, item, pointer)
        yield from self._collections(spec, reply, asked, [one for one in subjects if one])

    def _collections(
        self, spec: OperationSpec, reply: Reply, asked: Sequence[tuple[AskSpec, Mapping[str, str]]], subjects: Sequence[ResourceRef]
    ) -> Iterator[Extract]:
        ids: JsonValue = [one.native_id for one in subjects]
        where = f"/{spec.items}/*" if spec.items else ""
        for ask, bound in asked:
            about = self._bound(ask, bound, reply)
            if about and ask.collects:
                yield Extract(subject=about, attribute=ask.collects, pointer=where, value=(ids,), collection=True)
            elif about and spec.items and spec.subject and ask.about == spec.subject.type and about.key not in {one.key for one in subjects}:
                yield Extract(subject=about, attribute="exists", absent=True)
        if spec.inventory and spec.subject and not set(reply.call.params) - templates.PAGING:
            type_ = self.types.get(spec.subject.type)
            region = "" if type_ and type_.everywhere else reply.call.region
            everything = inventory_ref(self.cloud, spec.subject.type, region, reply.call.identity.account)
            yield Extract(subject=everything, attribute="complete", pointer=where, value=(ids,), collection=True)
            if type_ and type_.within and type_.parts:
                yield Extract(subject=everything, attribute=HELD, value=(type_.parts,))

    @staticmethod
    def _attributes(subject: ResourceRef, specs: Mapping[str, AttributeSpec], item: JsonValue, base: str) -> Iterator[Extract]:
        for attribute, spec in specs.items():
            place = paths.first(item, spec.path, base)
            if place is None:
                yield Extract(subject=subject, attribute=attribute, pointer=f"{base}/{spec.path}", absent=True)
            elif spec.const is not None:
                yield Extract(subject=subject, attribute=attribute, pointer=place[0], value=(spec.const,))
            else:
                yield Extract(subject=subject, attribute=attribute, pointer=place[0], decode="json" if spec.decode == "json" else "")

    def _subject(self, spec: OperationSpec, item: JsonValue, reply: Reply) -> ResourceRef | None:
        assert spec.subject is not None  # noqa: S101 - callers checked
        type_ = self.types.get(spec.subject.type)
        raw = self._text(spec.subject.id, item, reply)
        if type_ is None or not raw:
            return None
        name = self._text(spec.subject.name, item, reply) if spec.subject.name else None
        ref = self.named(type_.native_type, raw, reply.call.identity, reply.call.region)
        return ref.model_copy(update={"name": name}) if ref and name else ref

    def _text(self, source: str, item: JsonValue, reply: Reply) -> str | None:
        def value(name: str) -> str | None:
            if name.startswith("@"):
                found = paths.first(dict(reply.call.params), name[1:])
            elif name.startswith("/"):
                found = paths.first(item, name[1:])
            else:
                return self.placeholders(reply.call.identity, reply.call.region).get(name)
            return found[1] if found and isinstance(found[1], str) else None

        if "{" in source:
            return templates.fill(source, value)
        return value(source) if source.startswith("@") else value(f"/{source}")

    def sought(self, call: Call) -> Iterable[tuple[ResourceRef, str]]:
        """What a call would have shown: for telling what a refused or failed one leaves unseen."""
        spec = self.operations.get(call.name)
        if spec is None:
            return
        reply = Reply(call=call, status=0)
        for ask in spec.ask:
            bound = templates.unify(dict(ask.params), dict(call.params))
            about = self._bound(ask, bound, reply) if bound is not None else None
            if about:
                own = () if ask.collects or spec.subject is None or spec.subject.type != ask.about else tuple(spec.attributes)
                yield from ((about, attribute) for attribute in dict.fromkeys((*ask.attributes, *filter(None, [ask.collects]), *own)))
                return
        if spec.inventory and spec.subject:
            region = "" if self.types[spec.subject.type].everywhere else call.region
            yield inventory_ref(self.cloud, spec.subject.type, region, call.identity.account), "complete"
            return
        subject = self._subject(spec, None, reply) if spec.subject else None
        if subject:
            yield from ((subject, attribute) for attribute in spec.attributes)

    def _asked(self, spec: OperationSpec, reply: Reply) -> tuple[AskSpec | None, ResourceRef] | None:
        """Which question it answers, and the thing that was asked about."""
        for ask in spec.ask:
            bound = ask.fits(reply.call.params)
            about = self._bound(ask, bound, reply) if bound is not None else None
            if about:
                return ask, about
        subject = self._subject(spec, None, reply) if spec.subject else None
        return (None, subject) if subject else None

    def _bound(self, ask: AskSpec, bound: Mapping[str, str], reply: Reply) -> ResourceRef | None:
        type_ = self.types.get(ask.about)
        if type_ is None:
            return None
        identity, region = reply.call.identity, reply.call.region
        if "id" in bound:
            return self.named(ask.about, bound["id"], identity, region)
        values = {**self.placeholders(identity, region), **bound}
        if "name" in bound and templates.recognise(type_.id, bound["name"]) is not None:
            return self.named(ask.about, bound["name"], identity, region)
        native_id = (templates.fill(type_.parts, values.get) if type_.parts else None) or templates.fill(type_.id, values.get)
        return self.named(ask.about, native_id, identity, region) if native_id else None

    # -- needs → checks --------------------------------------------------------------------------------------------

    def listings(self, native_types: Sequence[str], identity: Identity, region: str) -> Sequence[Read]:
        """Reads that list everything of these types; of all cheap ones when none is given.

        With a type ``""`` of cheap ones as well; with ``*`` of few ones and of those that are looked through last.
        """
        typed = bool(native_types) and not {"", "*"} & set(native_types)
        if "*" in native_types:
            rare = [name for name, spec in self.types.items() if spec.last or (spec.few and not spec.cheap)]
            wanted = sorted(rare, key=lambda name: (self.types[name].last, not self.types[name].kind.startswith("compute.")))
        elif typed:
            wanted = list(native_types)
        else:
            wanted = [name for name, spec in self.types.items() if spec.cheap or name in native_types]
        known = [self.types[name] for name in wanted if name in self.types]
        pairs = [(spec, self.types.get(spec.within) if typed or not spec.listing else None) for spec in known]
        specs = [one for pair in pairs for one in pair if one and one.listing]
        return [self._read(spec.service, spec.listing, "" if spec.everywhere else region, identity, spec.listing_params) for spec in specs]

    def contents(self, native_types: Sequence[str], holders: Sequence[ResourceRef], identities: Sequence[Identity]) -> Sequence[Read]:
        """Reads that list what the holders contain, for spoken types that only those list."""
        sought = self.types if "*" in native_types else native_types
        within = {self.types[name].within for name in sought if name in self.types} - {""}
        asked = [ref for ref in holders if ref.native_type in within][:MOST_HOLDERS]
        queries = [FactQuery(subject=ref, attribute=CONTAINS) for ref in asked]
        return [read for query in queries for check in self.checks(query, identities)[:1] for read in check.reads]

    def _read(self, service: str, operation: str, region: str, identity: Identity, params: Mapping[str, JsonValue]) -> Read:
        return Read(cloud=self.cloud, service=service, operation=operation, region=region or (identity.regions or ("",))[0], params=params)

    def checks(self, query: FactQuery, identities: Sequence[Identity]) -> Sequence[Check]:
        """Checks whose reads provide the fact. Late placeholders (``{now}``, ``{fact:...}``) are left for the engine."""
        if query.subject is not None:
            return list(self._about(query, query.subject, identities))
        return list(self._listing_checks(query, identities))

    def _about(self, query: FactQuery, subject: ResourceRef, identities: Sequence[Identity]) -> Iterator[Check]:
        identity = next((one for one in identities if one.account == subject.account), identities[0] if identities else None)
        if identity is None:
            return
        for spec in self.operations.values():
            for ask in spec.ask:
                if ask.about == subject.native_type and self._provides(spec, ask, query.attribute):
                    check = self._check(spec, ask, subject, identity, query)
                    if check:
                        yield _as(check, identity, identities)

    @staticmethod
    def _provides(spec: OperationSpec, ask: AskSpec, attribute: str) -> bool:
        if attribute in ask.attributes or attribute == ask.collects:
            return True
        own = spec.subject is not None and spec.subject.type == ask.about and not ask.collects
        return own and (attribute in spec.attributes or any(attribute in one.absent for one in spec.errors.values()))

    def _check(self, spec: OperationSpec, ask: AskSpec, subject: ResourceRef, identity: Identity, query: FactQuery) -> Check | None:
        region = subject.region or (identity.regions or ("",))[0]
        type_ = self.types[subject.native_type]
        known = templates.recognise(type_.id, subject.native_id) or {}
        parts = (type_.parts and templates.recognise(type_.parts, subject.native_id)) or {}
        named = {"name": subject.name} if subject.name else {}
        values = {**self.placeholders(identity, region), **known, **named, **parts, "id": subject.native_id}
        wanted = {key: one for key, one in ask.params.items() if key not in ask.optional or templates.fill_all(one, values.get)[1]}
        params, complete = templates.fill_all(dict(wanted), lambda name: values.get(name) or None)
        if not complete or not isinstance(params, dict):
            return None
        read = self._read(spec.service, spec.operation, region, identity, params)
        return Check(
            id=f"{read.name}/{subject.label}", intent=f"{query.attribute} of {subject.label}", cloud=self.cloud, reads=(read,), serves=(query,)
        )

    def _listing_checks(self, query: FactQuery, identities: Sequence[Identity]) -> Iterator[Check]:
        for spec in self.operations.values():
            if not spec.inventory or spec.subject is None or query.kind not in (spec.subject.type, self.types[spec.subject.type].kind):
                continue
            if query.attribute in spec.attributes or query.attribute == "complete":
                type_ = self.types[spec.subject.type]
                pages = {key: value for key, value in type_.listing_params.items() if key in templates.PAGING}
                for identity in identities:
                    for region in identity.regions[:1] if type_.everywhere else identity.regions:
                        read = self._read(spec.service, spec.operation, region, identity, pages)
                        check = Check(
                            id=f"{read.name}@{read.region}",
                            intent=f"{query.attribute} of every {type_.native_type}",
                            cloud=self.cloud,
                            reads=(read,),
                            serves=(query,),
                        )
                        yield _as(check, identity, identities)

    def operation(self, name: str) -> Operation | None:
        """What the tables say of an operation. A pack that knows its cloud's whole API says more."""
        spec = self.operations.get(name)
        if spec is None:
            return None
        return Operation(service=spec.service, operation=spec.operation, params={key: "" for ask in spec.ask for key in ask.params}, tier=Tier.CONFIG)

    def operations_of(self, service: str) -> Sequence[str]:
        """Names of the operations in the tables."""
        if not service:
            return sorted({spec.service for spec in self.operations.values()})
        return sorted(spec.operation for spec in self.operations.values() if spec.service == service)

    def permission(self, operation: str) -> str:
        """The permission an operation needs, by the tables; the operation itself where they are silent."""
        return self._permissions.get(operation, operation)


def _as(check: Check, identity: Identity, identities: Sequence[Identity]) -> Check:
    """The check, asked as that identity; the first one is who asks unless another is named."""
    if identity.alias == identities[0].alias:
        return check
    reads = tuple(read.model_copy(update={"alias": identity.alias}) for read in check.reads)
    return check.model_copy(update={"id": f"{check.id} in {identity.account}", "reads": reads})
