"""One typed table a form, built from the catalogue; one table serves all editions.

Every lookup by unit and round has its index. Unique keys are unique indexes rather
than constraints: both databases accept them as targets of foreign keys, and SQLite can
add one later without building the table anew.
"""

from collections.abc import Collection, Iterable, Iterator
from hashlib import sha256

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    false,
    literal_column,
)

from app.models.base import BIG_KEY, UtcDateTime
from app.storage.kept_tables import kept_with_catalogue
from app.storage.types import ExactDecimal, column_type
from form_schemas.catalogue import ARCHIVED, Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec

_SCOPE = ("_unit_id", "_round_id")
#: In so many words: neither database takes a partial index for a bound value.
IS_FAULTY = literal_column("_level") != literal_column("''")
#: PostgreSQL cuts names at 63 bytes.
_LONGEST_NAME = 60


class _FormTables(MetaData):
    """Tables that may be created on several databases.

    SQLAlchemy marks a foreign key that it adds after its table, and leaves it out of
    the table on the next database, where it would have to be in it: copies are marked.
    """

    def create_all(
        self,
        bind: Connection | Engine,
        tables: Collection[Table] | None = None,
        checkfirst: bool = True,
    ) -> None:
        copies = MetaData()
        for table in self.tables.values():
            copy = table.to_metadata(copies)
            # Of two indexes that serve alike SQLite takes the later one. A set would
            # have them in another order each time; later fields tell rows apart best.
            copy.indexes = sorted(copy.indexes, key=_find_place)
        names = self.tables if tables is None else [table.name for table in tables]
        chosen = [copies.tables[name] for name in names]
        copies.create_all(bind, tables=chosen, checkfirst=checkfirst)


def _find_place(index: Index) -> tuple[list[int], str]:
    """Where the columns of an index stand in its table."""
    order = {column.name: place for place, column in enumerate(index.table.c)}
    return [order[column.name] for column in index.columns], str(index.name)


@kept_with_catalogue
def build_metadata(catalogue: Catalogue) -> MetaData:
    """The tables of all forms of all editions, as the database has them."""
    metadata = _FormTables()
    for forms in group_editions(catalogue).values():
        _build_table(metadata, catalogue, forms)
    return metadata


@kept_with_catalogue
def table_for(catalogue: Catalogue, form: FormSpec) -> Table:
    """The table that holds the formal rows of a form, as the form names its columns.

    It has the columns of this form alone, by the ids of its fields: another edition may
    keep the values of the same id in another column.
    """
    whole = build_metadata(catalogue).tables[form.table_name]
    return Table(
        whole.name,
        MetaData(),
        *(
            Column(c.name, c.type, primary_key=c.primary_key, nullable=c.nullable)
            for c in whole.c
            if c.name.startswith("_")
        ),
        *(
            Column(item.column_name, whole.c[item.column_name].type, key=item.id)
            for item in form.fields
        ),
    )


def group_editions(catalogue: Catalogue) -> dict[str, tuple[FormSpec, ...]]:
    """Table name -> the editions of its form, oldest first."""
    groups: dict[str, list[FormSpec]] = {}
    for form in catalogue.all_forms:
        groups.setdefault(form.table_name, []).append(form)
    return {name: tuple(forms) for name, forms in groups.items()}


def list_unique(catalogue: Catalogue, form: FormSpec) -> tuple[tuple[str, ...], ...]:
    """Sets of fields of the form that the database keeps unique, beside its key."""
    forms = group_editions(catalogue)[form.table_name]
    ids = {item.column_name: item.id for item in form.fields}
    return tuple(
        tuple(ids[column] for column in columns)
        for columns in _find_unique(catalogue, _find_in_use(forms))
        if ids.keys() >= set(columns)
    )


def is_foreign_key(field: FieldSpec) -> bool:
    """Whether the database keeps the reference by itself."""
    reference = field.reference
    return reference is not None and reference.is_plain and not field.is_list


def _build_table(
    metadata: MetaData, catalogue: Catalogue, forms: tuple[FormSpec, ...]
) -> Table:
    name = forms[-1].table_name
    in_use = _find_in_use(forms)
    return Table(
        name,
        metadata,
        *_engine_columns(),
        # Of derived rows: the (first) source row that they follow from.
        *([Column("_origin", BIG_KEY)] if forms[-1].is_derived else []),
        *(Column(column, kind) for column, kind in _unite_types(forms).items()),
        PrimaryKeyConstraint("_id", name=f"pk_{name}"),
        *_indexes(name, catalogue, in_use),
        *_foreign_keys(name, catalogue, in_use),
        # Ids are never used twice: row_change names rows that are gone.
        sqlite_autoincrement=True,
    )


def _find_in_use(forms: tuple[FormSpec, ...]) -> tuple[FormSpec, ...]:
    """Those that rows are still written for.

    A column that only archived editions have must hold nobody's rows.
    """
    return tuple(form for form in forms if ARCHIVED not in form.edition) or forms


def _engine_columns() -> Iterator[Column]:
    yield Column("_id", BIG_KEY, nullable=False, autoincrement=True)
    # No foreign keys to units and rounds: these are never deleted, and every one
    # would be looked up once a row of a bulk load.
    yield Column("_unit_id", Integer, nullable=False)
    yield Column("_round_id", Integer, nullable=False)
    yield Column("_department_id", Integer)
    yield Column("_version", Integer, nullable=False)
    yield Column("_key", Text, nullable=False)
    yield Column("_initials", Text)
    # What the checks found when the row was stored: '', warning or error.
    yield Column("_level", Text, nullable=False, server_default="")
    # Carried forward from the last round, and not touched since.
    yield Column("_inherited", Boolean, nullable=False, server_default=false())
    yield Column("_created_at", UtcDateTime, nullable=False)
    yield Column("_created_by", Integer)
    yield Column("_updated_at", UtcDateTime, nullable=False)
    yield Column("_updated_by", Integer)


def _unite_fields(forms: tuple[FormSpec, ...]) -> dict[str, FieldSpec]:
    """Column -> the newest field that it holds, of all editions."""
    return {item.column_name: item for form in forms for item in form.fields}


def _unite_types(forms: tuple[FormSpec, ...]) -> dict[str, object]:
    """Types of columns that hold the values of all editions."""
    types: dict[str, object] = {}
    for form in forms:
        for item in form.fields:
            kind, earlier = column_type(item), types.get(item.column_name)
            if isinstance(kind, ExactDecimal) and isinstance(earlier, ExactDecimal):
                kind = ExactDecimal(max(kind.places, earlier.places))
            types[item.column_name] = kind
    return types


def _indexes(
    name: str, catalogue: Catalogue, forms: tuple[FormSpec, ...]
) -> Iterator[Index]:
    yield Index(f"uq_{name}_key", *_SCOPE, "_key", unique=True)
    # Pages in the order of entry, and their count, without reading the table.
    yield Index(f"ix_{name}_page", *_SCOPE, "_id", "_department_id")
    yield _index_levels(name)
    if forms[-1].is_derived:
        yield Index(f"ix_{name}_origin", *_SCOPE, "_origin")
    unique = _find_unique(catalogue, forms)
    for columns in unique:
        yield Index(_name("uq", name, columns), *_SCOPE, *columns, unique=True)
    for column, field in _unite_fields(forms).items():
        is_single = field.reference is not None and not field.is_list
        if is_single and (column,) not in unique:
            yield Index(_name("ix", name, (column,)), *_SCOPE, column)


def _index_levels(name: str) -> Index:
    """Faulty rows alone: counted and paged without reading the table."""
    columns = (*_SCOPE, "_level", "_id", "_department_id")
    return Index(
        _name("ix", name, ("_level",)),
        *columns,
        sqlite_where=IS_FAULTY,
        postgresql_where=IS_FAULTY,
    )


@kept_with_catalogue
def _find_unique(
    catalogue: Catalogue, forms: tuple[FormSpec, ...]
) -> tuple[tuple[str, ...], ...]:
    """Sets of columns that are unique: declared, or target of a foreign key."""
    newest = forms[-1]
    found = {
        tuple(newest.by_id[name].column_name for name in names): None
        for names in newest.unique
    }
    for edition in forms:
        for _form, field in catalogue.referring(edition):
            target = edition.by_id.get(field.reference.field)
            if is_foreign_key(field) and target is not None:
                found[target.column_name,] = None
    return tuple(found)


def _foreign_keys(
    name: str, catalogue: Catalogue, forms: tuple[FormSpec, ...]
) -> Iterator[ForeignKeyConstraint]:
    # Derived rows hold nobody's rows: they follow.
    fields = {
        item.column_name: (form, item)
        for form in forms
        for item in form.fields
        if is_foreign_key(item) and not forms[-1].is_derived
    }
    for column, (form, item) in fields.items():
        for target in catalogue.targets(form, item):
            picked = target.by_id[item.reference.field].column_name
            yield ForeignKeyConstraint(
                [*_SCOPE, column],
                [f"{target.table_name}.{own}" for own in (*_SCOPE, picked)],
                name=_name("fk", name, (column,)),
                # PostgreSQL wants the unique index first, which follows the table.
                use_alter=target.table_name == name,
            )


def _name(prefix: str, table: str, columns: Iterable[str]) -> str:
    name = "_".join((prefix, table, *columns))
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[: _LONGEST_NAME - 9]}_{sha256(name.encode()).hexdigest()[:8]}"
