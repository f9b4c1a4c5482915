"""Publishes forms: one transaction changes the database and keeps the files' texts.

The files themselves follow after the commit (`schema_files`), and every running process
takes the new forms as the generation rises (`keeping`). What lies on disk already is
published by `publish_files`, as the command line does.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, insert, update

from app.errors import Refused
from app.models import AuditAction, PublicationState, SchemaPublication
from app.models.base import now_utc
from app.permissions import Actor, require
from app.policy import Action
from app.services.designing.draft_acts import end_draft
from app.services.publications import (
    Publication,
    get_publication,
    make_reverse_texts,
)
from app.services.schema_candidates import (
    Candidate,
    read_candidate,
    read_editions,
    refuse_moved,
)
from app.services.schema_changes.applying import apply_in
from app.services.schema_changes.operations import Plan, to_plain
from app.services.schema_files import (
    Texts,
    complete_files,
    read_texts,
    refuse_unwritable,
    try_completing,
    write_unwritten,
)
from app.services.schema_hashes import hash_catalogue
from app.services.standing_rounds import keep_standing_rounds
from app.services.workshop import Workshop
from app.storage.audit import AuditRecord, record
from app.storage.backups import backed_up
from app.storage.generations import hold_generation, raise_generation
from app.storage.schema import begin_schema_change
from form_schemas.catalogue import Catalogue
from form_schemas.rewriting import rewrite_schema
from form_schemas.settings import COLLECTION_FILE
from form_schemas.spec import FormSpec
from form_schemas.writer import format_schema

_PUBLICATION = SchemaPublication.__table__
_MOST_TOLD = 5
_LONGEST_REASON = 2000


@dataclass(frozen=True)
class Consent:
    """What somebody agreed to, having read the plan."""

    plan_hash: str
    #: id of an operation -> why its loss is accepted
    accept: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


def read_publishable(workshop: Workshop, texts: Texts, bases: Texts) -> Candidate:
    """The forms that texts would make, read and linted: what is planned for.

    Args:
        texts: path below the folder of schemas -> text, None for a file that goes.
        bases: the same paths -> what they were made from, None: there was no file.

    Raises:
        Refused: the files changed since, or the new ones have faults.
    """
    complete_files(workshop.engine, workshop.schema_folder)
    folder, in_use = workshop.schema_folder, workshop.catalogue
    candidate = read_candidate(folder, in_use, texts, bases)
    _refuse_unapplied(in_use, candidate)
    return candidate


def publish(
    workshop: Workshop,
    actor: Actor,
    candidate: Candidate,
    consent: Consent,
    *,
    draft_id: int | None = None,
) -> Publication:
    """Put the new forms to use, all of them or none; the files are written afterwards.

    Args:
        draft_id: the draft that they come from, which ends.

    Raises:
        Refused: files, forms or data changed since the plan was made, or the plan has
            what nobody agreed to; nothing was changed.
    """
    require(actor, Action.DESIGN_FORMS)
    return _publish(workshop, actor, candidate, consent, draft_id=draft_id)


def revert(
    workshop: Workshop, actor: Actor, publication_id: int, consent: Consent
) -> Publication:
    """Take a publication back by another one; both stay in the history.

    Raises:
        Refused: as with `publish`; or it was taken back already.
    """
    require(actor, Action.DESIGN_FORMS)
    candidate = read_reverse(workshop, publication_id)
    return _publish(workshop, actor, candidate, consent, reverts=publication_id)


def read_reverse(workshop: Workshop, publication_id: int) -> Candidate:
    """The forms as they were before a publication: what its reverse is planned for."""
    found = get_publication(workshop.engine, publication_id)
    if found.is_reverted:
        raise Refused(
            f"第 {found.id} 次发布已由第 {found.reverted_by} 次撤销，不用再撤销。"
        )
    return read_publishable(workshop, *make_reverse_texts(found))


def publish_files(
    workshop: Workshop,
    catalogue: Catalogue,
    consent: Consent,
    actor_id: int | None = None,
) -> Publication:
    """Put the files to use as they lie on disk.

    Args:
        workshop: with the forms in use.
        catalogue: the forms as the files say.
    """
    folder, in_use = workshop.schema_folder, workshop.catalogue
    _refuse_long(consent)
    names = _find_changed_files(in_use, catalogue)
    after = read_texts(folder, names)
    before = {name: _recall_text(in_use, name, after[name]) for name in names}
    with (
        backed_up(workshop.engine, consent.plan_hash) as backup,
        begin_schema_change(workshop.engine) as connection,
    ):
        former = hold_generation(connection)
        made = apply_in(
            connection,
            catalogue,
            consent.plan_hash,
            consent.accept,
            actor_id,
            generation=former + 1,
        )
        keep_standing_rounds(connection, catalogue)
        number = raise_generation(connection, hash_catalogue(catalogue))
        kept = _Kept(before, after, number, PublicationState.WRITTEN, backup)
        publication_id = _keep(connection, consent, made, kept, actor_id)
    return get_publication(workshop.engine, publication_id)


def _publish(
    workshop: Workshop,
    actor: Actor,
    candidate: Candidate,
    consent: Consent,
    *,
    draft_id: int | None = None,
    reverts: int | None = None,
) -> Publication:
    engine, folder = workshop.engine, workshop.schema_folder
    _refuse_long(consent)
    refuse_unwritable(folder, candidate.texts)
    with (
        backed_up(engine, consent.plan_hash) as backup,
        begin_schema_change(engine) as connection,
    ):
        former = hold_generation(connection)
        _refuse_outdated(former, workshop.catalogue)
        write_unwritten(connection, folder)
        _refuse_edited(workshop, candidate)
        made = apply_in(
            connection,
            candidate.catalogue,
            consent.plan_hash,
            consent.accept,
            actor.user_id,
            back=reverts is not None,
            generation=former + 1,
        )
        keep_standing_rounds(connection, candidate.catalogue)
        number = raise_generation(connection, hash_catalogue(candidate.catalogue))
        before, after = _list_texts(workshop.catalogue, candidate)
        kept = _Kept(before, after, number, PublicationState.COMMITTED, backup)
        publication_id = _keep(
            connection, consent, made, kept, actor.user_id, reverts, draft_id
        )
    try_completing(engine, folder)
    return get_publication(engine, publication_id)


# What stands in the way.


def _refuse_long(consent: Consent) -> None:
    for reason in (consent.reason, *consent.accept.values()):
        if len(reason.strip()) > _LONGEST_REASON:
            raise Refused(
                f"理由有 {len(reason.strip())} 个字，最多 {_LONGEST_REASON} 个字，"
                "没有做任何改动。请缩短。"
            )


def _refuse_outdated(generation: int, in_use: Catalogue) -> None:
    """Whoever made the plan read forms that somebody changed since."""
    if in_use.generation not in (0, generation):
        raise Refused(
            "别人刚刚发布了表单，没有做任何改动。您的修改还在，请重新看计划，再发布。"
        )


def _refuse_edited(workshop: Workshop, candidate: Candidate) -> None:
    """Files may have been edited since they were read; nobody locks an editor."""
    disk = read_editions(workshop.schema_folder, candidate.editions)
    refuse_moved(candidate.texts, candidate.bases, disk)
    if disk != candidate.disk:
        raise Refused(
            "表单文件在看计划之后又被改过，没有做任何改动。请重新看计划，再发布。"
        )


def _refuse_unapplied(in_use: Catalogue, candidate: Candidate) -> None:
    """What somebody wrote into neighbouring files must not slip in unseen."""
    waiting = [
        name
        for name, text in candidate.disk.items()
        if name not in candidate.texts
        and (form := _find_form(in_use, name)) is not None
        and not _says(text, form)
    ]
    if waiting:
        more = f" 等 {len(waiting)} 个" if len(waiting) > _MOST_TOLD else ""
        raise Refused(
            f"磁盘上的这些文件改过，还没有启用：{'、'.join(waiting[:_MOST_TOLD])}{more}"
            "。请先用 tianbao schemas plan 和 apply 启用它们，或把文件放回去，再发布。"
        )


# Texts before and after.


def _list_texts(in_use: Catalogue, candidate: Candidate) -> tuple[Texts, Texts]:
    """An edition that was not in use yet comes as a whole, so that it can go so."""
    after = dict(candidate.texts)
    known = {edition.name for edition in in_use.editions}
    for name, text in candidate.disk.items():
        if name.rpartition("/")[0] not in known:
            after.setdefault(name, text)
    before = {
        name: _recall_text(in_use, name, candidate.disk.get(name)) for name in after
    }
    return before, after


def _recall_text(in_use: Catalogue, name: str, on_disk: str | None) -> str | None:
    """The text of a file in use; where another lies on disk, near to that."""
    edition, _, file = name.rpartition("/")
    if edition not in {one.name for one in in_use.editions}:
        return None
    if file == COLLECTION_FILE:
        return on_disk
    form = _find_form(in_use, name)
    if form is None:
        return None
    if on_disk is None:
        return format_schema(form.schema)
    try:
        return rewrite_schema(on_disk, form.schema)
    except ValueError:
        return format_schema(form.schema)


def _find_changed_files(in_use: Catalogue, catalogue: Catalogue) -> list[str]:
    """Files of forms that are new, changed or gone."""
    names = []
    for form in catalogue.all_forms:
        known = in_use.find(form.full_name)
        if known is None or known.schema != form.schema:
            names.append(f"{form.full_name}.json")
    present = {form.full_name for form in catalogue.all_forms}
    present |= {broken.full_name for broken in catalogue.broken}
    names += [
        f"{form.full_name}.json"
        for edition in in_use.editions
        if not edition.is_archived
        for form in edition.forms
        if form.full_name not in present
    ]
    known_editions = {edition.name for edition in in_use.editions}
    names += [
        f"{edition.name}/{COLLECTION_FILE}"
        for edition in catalogue.editions
        if edition.name not in known_editions
    ]
    return sorted(names)


def _find_form(catalogue: Catalogue, name: str) -> FormSpec | None:
    return catalogue.find(name.removesuffix(".json"))


def _says(text: str | None, form: FormSpec) -> bool:
    try:
        return text is not None and json.loads(text) == form.schema
    except ValueError:
        return False


# The record of it.


@dataclass(frozen=True)
class _Kept:
    before: Texts
    after: Texts
    generation: int
    state: PublicationState
    #: copy of the database; empty: none
    backup: str


def _keep(
    connection: Connection,
    consent: Consent,
    made: Plan,
    kept: _Kept,
    actor_id: int | None,
    reverts: int | None = None,
    draft_id: int | None = None,
) -> int:
    publication_id = connection.execute(
        insert(_PUBLICATION).values(
            at=now_utc(),
            actor_id=actor_id,
            reason=consent.reason.strip(),
            generation=kept.generation,
            plan_hash=made.hash,
            operations=to_plain(made.operations),
            accepted=dict(consent.accept),
            texts_before=dict(kept.before),
            texts_after=dict(kept.after),
            state=kept.state,
            backup=kept.backup,
        )
    ).inserted_primary_key[0]
    if reverts is not None:
        _note_reverted(connection, reverts, publication_id)
    if draft_id is not None:
        end_draft(connection, draft_id)
    details: dict[str, object] = {
        "publication": publication_id,
        "operations": len(made.operations),
        "files": list(kept.after),
    }
    if reverts is not None:
        details["reverts"] = reverts
    subject = "、".join(dict.fromkeys(n.rpartition("/")[0] for n in kept.after))
    record(
        connection,
        AuditRecord(
            AuditAction.SCHEMA_PUBLISHED, actor_id, subject=subject, details=details
        ),
    )
    return publication_id


def _note_reverted(connection: Connection, reverted: int, by: int) -> None:
    done = connection.execute(
        update(_PUBLICATION)
        .where(_PUBLICATION.c.id == reverted, _PUBLICATION.c.reverted_by.is_(None))
        .values(reverted_by=by)
    )
    if not done.rowcount:
        raise Refused(f"第 {reverted} 次发布刚刚被撤销，不用再撤销。")
