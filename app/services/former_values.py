"""Values that the history of rows tells of, as the form in use would have them.

An import that was passed before a field got another name notes it by the name of then.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.errors import Refused
from app.services.former_editions import Step, recall_steps
from app.services.schema_changes.conversions import carry_json
from app.services.workshop import Workshop
from form_schemas.codelists import CodeList
from form_schemas.spec import FormSpec

Values = Mapping[str, object]


@dataclass(frozen=True, eq=False)
class _Stage:
    """What a publication made of the form."""

    step: Step
    former: FormSpec
    form: FormSpec


@dataclass(frozen=True, eq=False)
class FormerValues:
    """Leads values of some day to the form as it is."""

    form: FormSpec
    codelists: Mapping[str, CodeList]
    #: the oldest first
    stages: tuple[_Stage, ...]

    def bring(self, values: Values, at: datetime) -> dict[str, object]:
        """Values in JSON form that were noted at a moment, as the form has them since.

        Raises:
            Refused: nobody can tell what became of one.
        """
        for stage in self.stages:
            if stage.step.publication.at > at:
                _refuse_untold(stage, values)
                values = carry_json(
                    values, stage.former, stage.form, stage.step.lineage, self.codelists
                )
        if unknown := values.keys() - self.form.by_id.keys():
            raise Refused(
                f"{self.form.title}的表样后来改过，说不出“{min(unknown)}”现在是哪一栏，"
                "不能整批撤回。请逐行改回，或者重新导入正确的文件。"
            )
        return dict(values)


def recall_values(workshop: Workshop, form: FormSpec, since: datetime) -> FormerValues:
    """Read what became of a form's fields since a moment.

    It reads on a connection of its own: not within a transaction that writes.
    """
    edition = workshop.catalogue.edition_of(form)
    steps = recall_steps(workshop.engine, workshop.catalogue, edition.name, after=since)
    stages = tuple(_trace_back(form.code, steps))
    return FormerValues(form, workshop.catalogue.codelists, stages[::-1])


def _trace_back(code: str, steps: Iterable[Step]) -> Iterable[_Stage]:
    for step in reversed(tuple(steps)):
        form = step.lineage.after.get(code)
        former = None if form is None else step.lineage.form_before(form)
        if form is None or former is None:
            return
        yield _Stage(step, former, form)
        code = former.code


def _refuse_untold(stage: _Stage, values: Values) -> None:
    """Refuse what was computed from such values, or moved to another form."""
    lineage, former = stage.step.lineage, stage.former
    for form in lineage.after.values():
        for item in form.fields:
            origin = lineage.origin_of(form, item.id)
            if origin is None or origin.form is not former:
                continue
            read = () if origin.expression is None else origin.expression.fields
            has_left = origin.field is not None and form is not stage.form
            names = (*read, *([origin.field.id] if origin.field and has_left else []))
            for name in names:
                if name in values:
                    label = former.by_id[name].label
                    raise Refused(
                        f"“{label}”的值在这次导入之后由第 {stage.step.publication.id} "
                        f"次发布换算或移到“{item.label}”，不能整批撤回。"
                        "请逐行改回，或者重新导入正确的文件。"
                    )
