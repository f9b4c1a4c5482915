"""Makes forms of texts that are to be published: whole editions, by the real reader.

What is read here, outside of any transaction, is compared once more with the files when
it is published (`Candidate.disk`): somebody may edit them meanwhile.
"""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from app.errors import BadRequest, Refused
from app.services.derivation_lint import lint_derivations
from app.services.schema_files import Texts, list_files, read_texts
from form_schemas.catalogue import Catalogue
from form_schemas.drafts import FOREIGN_BYTES
from form_schemas.faults import Fault
from form_schemas.lint import lint_edition
from form_schemas.loading import load_catalogue
from form_schemas.settings import COLLECTION_FILE
from validators.examples import lint_edition_examples

#: talent/2024/0.1.5.json: nothing that leads out of the folder
_FILE = re.compile(r"\w[\w-]{0,39}/\w[\w-]{0,19}/\w[\w.-]{0,39}\.json", re.ASCII)
_MOST_TOLD = 5


@dataclass(frozen=True, eq=False)
class Candidate:
    """Forms that are to be in use."""

    #: the files that change
    texts: Texts
    #: what they were made from
    bases: Texts
    #: all files of the editions concerned, as they lay on disk
    disk: Mapping[str, str | None]
    #: these editions with the new texts, beside the others as they are in use
    catalogue: Catalogue

    @property
    def editions(self) -> tuple[str, ...]:
        """`talent/2024` and so on: the editions concerned."""
        return list_editions(self.texts)


def read_candidate(
    folder: Path, in_use: Catalogue, texts: Texts, bases: Texts
) -> Candidate:
    """Read and lint the editions that texts belong to.

    Args:
        texts: path below the folder -> text, None for a file that goes.
        bases: the same paths -> text that they were made from, None where there was
            no file.

    Raises:
        BadRequest: a path is no place for a schema file.
        Refused: a file is another one by now, or the new files have faults.
    """
    _check_places(texts)
    disk = read_editions(folder, list_editions(texts))
    refuse_moved(texts, bases, disk)
    with tempfile.TemporaryDirectory() as made:
        trial = Path(made)
        _write_trial(trial, {**disk, **texts})
        _refuse_faulty(trial, list_editions(texts))
        found = load_catalogue(trial)
    return Candidate(texts, bases, disk, _join(in_use, found, list_editions(texts)))


def list_editions(texts: Texts) -> tuple[str, ...]:
    """The editions that files belong to."""
    return tuple(sorted({name.rpartition("/")[0] for name in texts}))


def read_editions(folder: Path, editions: tuple[str, ...]) -> dict[str, str | None]:
    """All files of editions as they lie on disk."""
    names = [name for edition in editions for name in list_files(folder, edition)]
    return read_texts(folder, names)


def refuse_moved(texts: Texts, bases: Texts, disk: Texts) -> None:
    """Raise Refused where files are not what the new texts were made from.

    What lies there already as it is to be does no harm.
    """
    moved = [
        name for name in texts if disk.get(name) not in (bases.get(name), texts[name])
    ]
    if moved:
        raise Refused(
            f"这些表单文件在您开始修改之后又被改过：{_name(moved)}。没有发布，您的修改"
            "还在。请先核对那边的改动，把它并进来，再重新看计划。"
        )


def _check_places(texts: Texts) -> None:
    if not texts:
        raise BadRequest("没有要发布的改动。")
    wrong = [name for name in texts if not _FILE.fullmatch(name)]
    if wrong:
        raise BadRequest(
            f"这些地方不能放表单文件：{_name(wrong)}。写法如 talent/2025/1.1.4.json。"
        )


def _write_trial(trial: Path, texts: Texts) -> None:
    """Write files that nobody else reads and that need not outlive a crash."""
    for name, text in texts.items():
        if text is not None:
            path = trial / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8", FOREIGN_BYTES))


def _refuse_faulty(trial: Path, editions: tuple[str, ...]) -> None:
    faults: list[Fault] = []
    for edition in editions:
        path = trial / edition
        if (path / COLLECTION_FILE).is_file():
            found = lint_edition(path) or lint_edition_examples(path)
            faults += found or lint_derivations(path)
        elif path.is_dir() and any(path.glob("*.json")):
            missing = f"这一版没有 {COLLECTION_FILE}，请一起发布。"
            faults.append(Fault(f"{edition}/{COLLECTION_FILE}", "", missing))
    if faults:
        told = "；".join(str(one).rstrip("。") for one in faults[:_MOST_TOLD])
        more = f" 等 {len(faults)} 处" if len(faults) > _MOST_TOLD else ""
        raise Refused(f"表单文件有错，没有发布：{told}{more}。请改正后再发布。")


def _join(in_use: Catalogue, found: Catalogue, editions: tuple[str, ...]) -> Catalogue:
    kept = [one for one in in_use.editions if one.name not in editions]
    joined = sorted([*kept, *found.editions], key=lambda one: one.order)
    broken = [
        one for one in in_use.broken if one.full_name.rpartition("/")[0] not in editions
    ]
    return replace(in_use, editions=tuple(joined), broken=tuple(broken), held=())


def _name(files: list[str]) -> str:
    more = f" 等 {len(files)} 个" if len(files) > _MOST_TOLD else ""
    return "、".join(files[:_MOST_TOLD]) + more
