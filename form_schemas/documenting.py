"""The documentation of an edition, made from its schema files: what its forms ask for.

`document_form` says it of one form, `document_edition` gives the contents. Pages and
workbooks place it; fillers, and whoever sends data from another system, read it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from form_schemas.catalogue import Catalogue, Edition
from form_schemas.codelists import CodeList, offered
from form_schemas.derivation_words import name_parts, say_derivation
from form_schemas.derivations import Derivation
from form_schemas.earlier_words import say_earlier_field, say_earlier_form
from form_schemas.field_spec import FieldSpec, PlacedField
from form_schemas.field_words import (
    Saying,
    say_kind,
    say_limits,
    say_marks,
    say_need,
    say_sources,
)
from form_schemas.form_words import say_notes, say_period, say_shape
from form_schemas.rule_listing import list_example_rows
from form_schemas.rule_spec import LEVEL_WORDS, RuleSpec
from form_schemas.spec import FormSpec
from form_schemas.wording import Names, describe_condition


@dataclass(frozen=True)
class FieldDoc:
    """A field, and what is to be known of it."""

    #: from 1, in the order of the form
    number: int
    field: FieldSpec
    #: how deep it stands under a whole that it is a part of
    depth: int
    kind: str
    need: str
    limits: tuple[str, ...]
    sources: tuple[Saying, ...]
    marks: tuple[str, ...]
    #: the list of codes it takes, with how many of them
    codelist: CodeList | None
    codes_offered: int
    #: forms whose rows it picks
    targets: tuple[FormSpec, ...]
    #: what it was in the edition before, in words; empty: the same, or new
    earlier: str


@dataclass(frozen=True)
class GroupDoc:
    """Fields that stand together."""

    title: str
    fields: tuple[FieldDoc, ...]


@dataclass(frozen=True)
class ExampleDoc:
    """A row that breaks a rule."""

    name: str
    #: whose row, and what it holds
    rows: tuple[Saying, ...]


@dataclass(frozen=True)
class RuleDoc:
    """A rule, and what is to be known of it."""

    rule: RuleSpec
    level: str
    #: labels of the fields it is about
    labels: tuple[str, ...]
    #: when it applies, and what is to be true then; empty: always, people see to it
    when: str
    check: str
    examples: tuple[ExampleDoc, ...]


@dataclass(frozen=True)
class FormDoc:
    """A form, and what is to be known of it."""

    form: FormSpec
    period: str
    #: one row, or many and by what they are told apart
    shape: str
    #: who supplies which rows
    departments: tuple[Saying, ...]
    #: further sentences about the whole
    notes: tuple[str, ...]
    groups: tuple[GroupDoc, ...]
    rules: tuple[RuleDoc, ...]
    #: how its rows follow from others, and how some of them can be generated
    derived: tuple[str, ...]
    generated: tuple[str, ...]
    #: forms with the labels of their fields that pick rows of this one
    referring: tuple[tuple[FormSpec, tuple[str, ...]], ...]
    #: forms whose rows follow from rows of this one
    deriving: tuple[FormSpec, ...]
    #: forms whose rules or computed fields look through its rows
    counting: tuple[FormSpec, ...]
    #: code and title in the edition before, where they were others
    earlier: str

    @property
    def fields(self) -> Iterator[FieldDoc]:
        for group in self.groups:
            yield from group.fields


@dataclass(frozen=True)
class SectionDoc:
    """Forms under one heading of an edition."""

    titles: tuple[str, ...]
    forms: tuple[FormSpec, ...]


@lru_cache(maxsize=512)
def document_form(catalogue: Catalogue, form: FormSpec) -> FormDoc:
    """All that a form asks for."""
    edition = catalogue.edition_of(form)
    return FormDoc(
        form=form,
        period=say_period(edition, form),
        shape=say_shape(form),
        departments=tuple(
            (name, form.department_scope.get(name, "")) for name in form.departments
        ),
        notes=tuple(say_notes(form)),
        groups=tuple(_list_groups(catalogue, form)),
        rules=tuple(_document_rule(edition, form, rule) for rule in form.rules),
        derived=_say_rows(edition, form, form.derive),
        generated=_say_rows(edition, form, form.generate),
        referring=_find_referring(catalogue, form),
        deriving=tuple(one for one in edition.forms if _follows(one, form)),
        counting=tuple(one for one in edition.forms if _counts(one, form)),
        earlier=say_earlier_form(catalogue, form),
    )


def document_edition(edition: Edition) -> tuple[SectionDoc, ...]:
    """The contents: forms under their headings, in the order of the edition."""
    return list_sections(edition.forms)


def list_sections(forms: tuple[FormSpec, ...]) -> tuple[SectionDoc, ...]:
    """Forms under their headings; the order stays."""
    sections: dict[tuple[str, ...], list[FormSpec]] = {}
    for form in forms:
        sections.setdefault(form.section, []).append(form)
    return tuple(SectionDoc(titles, tuple(own)) for titles, own in sections.items())


# The form as a whole.


def _say_rows(
    edition: Edition, form: FormSpec, derivation: Derivation | None
) -> tuple[str, ...]:
    if derivation is None:
        return ()
    names = name_parts(form, derivation, edition.by_code)
    return tuple(say_derivation(derivation, names))


def _find_referring(
    catalogue: Catalogue, form: FormSpec
) -> tuple[tuple[FormSpec, tuple[str, ...]], ...]:
    found: dict[FormSpec, list[str]] = {}
    for other, field in catalogue.referring(form):
        found.setdefault(other, []).append(field.label)
    return tuple((other, tuple(labels)) for other, labels in found.items())


def _follows(other: FormSpec, form: FormSpec) -> bool:
    """Whether rows of the other form are derived or generated from this one's."""
    return any(
        form.code in _read_by(derivation)
        for derivation in (other.derive, other.generate)
        if derivation is not None
    )


def _read_by(derivation: Derivation) -> frozenset[str]:
    joined = {derivation.source, *(join.table for join in derivation.joins)}
    counted = (expression.tables for expression in derivation.expressions)
    return frozenset(joined).union(*counted)


def _counts(other: FormSpec, form: FormSpec) -> bool:
    """Whether a rule or a computed field of the other form looks through this one."""
    if other is form:
        return False
    rules = (part for rule in other.rules for part in (rule.check, rule.when))
    computed = (field.computed for field in other.fields)
    return any(
        form.code in expression.tables
        for expression in (*rules, *computed)
        if expression is not None
    )


# Fields.


def _list_groups(catalogue: Catalogue, form: FormSpec) -> Iterator[GroupDoc]:
    numbers = {field.id: number for number, field in enumerate(form.fields, 1)}
    for group in form.groups:
        yield GroupDoc(
            group.title,
            tuple(
                _document_field(catalogue, form, place, numbers[place.id])
                for place in group.fields
            ),
        )


def _document_field(
    catalogue: Catalogue, form: FormSpec, place: PlacedField, number: int
) -> FieldDoc:
    field = form.by_id[place.id]
    codelist = catalogue.codelist_for(field)
    return FieldDoc(
        number=number,
        field=field,
        depth=place.depth,
        kind=say_kind(field),
        need=say_need(form, field),
        limits=tuple(say_limits(field)),
        sources=tuple(say_sources(catalogue, form, field)),
        marks=tuple(say_marks(form, field)),
        codelist=codelist,
        codes_offered=len(offered(codelist, field.pattern)) if codelist else 0,
        targets=catalogue.targets(form, field),
        earlier=say_earlier_field(catalogue, form, field),
    )


# Rules.


def _document_rule(edition: Edition, form: FormSpec, rule: RuleSpec) -> RuleDoc:
    names = Names(edition.by_code, form)
    return RuleDoc(
        rule=rule,
        level=LEVEL_WORDS[rule.level],
        labels=tuple(form.by_id[name].label for name in rule.fields),
        when="" if rule.when is None else describe_condition(rule.when.root, names),
        check="" if rule.check is None else describe_condition(rule.check.root, names),
        examples=tuple(
            ExampleDoc(
                example.name,
                tuple(list_example_rows(form, example, edition.by_code)),
            )
            for example in form.examples
            if rule.id in example.breaks
        ),
    )
