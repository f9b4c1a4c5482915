"""Django's django-import-export on the same file, in an environment of its own."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.data import STUDENTS, get_form
from form_schemas.kinds import FieldKind

_PACKAGES = ("django", "django-import-export", "tablib[xlsx]")
_LONGEST_SECONDS = 1500
_SCRIPT = Path(__file__).parents[1] / "peer_script.py"
_KINDS = {
    FieldKind.INTEGER: "integer",
    FieldKind.YEAR: "integer",
    FieldKind.DATE: "date",
    FieldKind.DECIMAL: "decimal",
    FieldKind.MONEY: "decimal",
    FieldKind.PERCENT: "decimal",
}


def full(workbook: str, rows: int) -> dict[str, float]:
    """Install the peer and let it import the workbook into SQLite."""
    with tempfile.TemporaryDirectory(prefix="tianbao-peer-") as name:
        folder = Path(name)
        python = folder / "venv" / "bin" / "python"
        _run(sys.executable, "-m", "venv", str(folder / "venv"))
        _run(str(python), "-m", "pip", "install", "--quiet", *_PACKAGES)
        fields = [
            {
                "id": field.id,
                "label": field.label,
                "kind": _KINDS.get(field.value_kind, "text"),
                "places": field.places or 0,
            }
            for field in get_form(STUDENTS).fields
        ]
        (folder / "fields.json").write_text(json.dumps(fields), "utf-8")
        answer = json.loads(_run(str(python), str(_SCRIPT), workbook, str(folder)))
    assert answer["rows"] == rows, answer
    return answer


def _run(*command: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_LONGEST_SECONDS
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-1500:])
    return done.stdout
