"""Orders of files: what is to be made of which rows, kept before any row is read.

`exporting` makes the files.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from sqlalchemy import Engine, insert

from app.errors import Refused
from app.models import AuditAction, ExportJob, ExportKind, JobState
from app.models.base import now_utc
from app.services.workshop import Workshop
from app.storage.audit import AuditRecord, record
from app.storage.records import Filter, FilterOp, Query, Scope, Sort
from form_schemas.spec import FormSpec
from validators.conversion import from_json, to_json

_JOB = ExportJob.__table__


@dataclass(frozen=True)
class ExportOrder:
    """A file to be made."""

    kind: ExportKind
    forms: tuple[FormSpec, ...]
    scope: Scope
    #: id of the user
    actor_id: int
    query: Query = field(default_factory=Query)
    file_format: str = "xlsx"
    #: personal data in full; asks a reason, which is kept with the job
    is_unmasked: bool = False
    reason: str = ""
    #: the import whose workbook is to be marked
    import_id: int | None = None
    #: what else the kind of file has to know
    details: Mapping[str, object] = field(default_factory=dict)


def start_export(workshop: Workshop, order: ExportOrder) -> int:
    """Order a file; gives the id of the export."""
    return keep_order(workshop.engine, order, job_state=JobState.WAITING)


def keep_order(engine: Engine, order: ExportOrder, **state: object) -> int:
    """Write the order down as a job, and who takes out what and why; gives its id.

    Args:
        state: what the job has beyond its order.
    """
    if order.is_unmasked and not order.reason.strip():
        raise Refused("导出完整的个人信息要写明理由。")
    form = order.forms[0] if order.forms else None
    with engine.begin() as connection:
        result = connection.execute(
            insert(_JOB).values(
                unit_id=order.scope.unit_id,
                round_id=order.scope.round_id,
                department_id=order.scope.department_id,
                actor_id=order.actor_id,
                kind=order.kind,
                form_names=[form.full_name for form in order.forms],
                file_format=order.file_format,
                query=query_to_json(form, order.query) if form else {},
                import_id=order.import_id,
                details={
                    "unmasked": order.is_unmasked,
                    "reason": order.reason,
                    **order.details,
                },
                created_at=now_utc(),
                **state,
            )
        )
        job_id = result.inserted_primary_key[0]
        record(connection, _describe_order(order, job_id))
        return job_id


def _describe_order(order: ExportOrder, job_id: int) -> AuditRecord:
    names = [form.full_name for form in order.forms]
    one = order.forms[0] if len(order.forms) == 1 else None
    return AuditRecord(
        AuditAction.EXPORT_ORDERED,
        order.actor_id,
        order.scope.unit_id,
        order.scope.round_id,
        one.full_name if one else "",
        f"{one.code} {one.title}" if one else f"{len(names)} 张表",
        {
            "export_id": job_id,
            "kind": order.kind.value,
            "format": order.file_format,
            "forms": names,
            "department_id": order.scope.department_id,
            "personal": order.is_unmasked,
            "reason": order.reason,
            **order.details,
        },
    )


def query_to_json(form: FormSpec, query: Query) -> dict[str, object]:
    """A query as the job keeps it."""
    return {
        "search": query.search,
        "filters": [
            {
                "field_id": part.field_id,
                "op": part.op.value,
                "value": _value_to_json(form, part.field_id, part.value),
            }
            for part in query.filters
        ],
        "level": query.level,
        "ids": query.ids,
        "sort": None if query.sort is None else asdict(query.sort),
    }


def query_from_json(form: FormSpec, data: Mapping[str, object]) -> Query:
    """The query that `query_to_json` wrote."""
    return Query(
        search=data.get("search") or "",
        filters=tuple(
            Filter(
                part["field_id"],
                FilterOp(part["op"]),
                _value_from_json(form, part["field_id"], part["value"]),
            )
            for part in data.get("filters") or ()
        ),
        level=data.get("level") or "",
        ids=None if data.get("ids") is None else tuple(data["ids"]),
        sort=Sort(**data["sort"]) if data.get("sort") else None,
    )


def _value_to_json(form: FormSpec, field_id: str, value: object) -> object:
    if isinstance(value, tuple | list) and not form.by_id[field_id].is_list:
        return [to_json(form, {field_id: item})[field_id] for item in value]
    return to_json(form, {field_id: value})[field_id]


def _value_from_json(form: FormSpec, field_id: str, value: object) -> object:
    if isinstance(value, list) and not form.by_id[field_id].is_list:
        return tuple(from_json(form, {field_id: item})[field_id] for item in value)
    return from_json(form, {field_id: value})[field_id]
