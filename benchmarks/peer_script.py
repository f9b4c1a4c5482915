"""Imports a workbook with django-import-export; runs in the peer's own environment.

Bulk mode, no history, no transaction a row: the fastest way its guide describes.
Arguments: the workbook, a folder with fields.json.
"""

import json
import resource
import sys
import time
from pathlib import Path

import django
import import_export
import tablib
from django.conf import settings

WORKBOOK, FOLDER = Path(sys.argv[1]), Path(sys.argv[2])

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": FOLDER / "peer.sqlite",
        }
    },
    INSTALLED_APPS=["import_export"],
    USE_TZ=True,
)
django.setup()

from django.db import connection, models  # noqa: E402 - Django wants settings first
from import_export import fields, resources, widgets  # noqa: E402

FIELDS = json.loads((FOLDER / "fields.json").read_text("utf-8"))
COLUMNS = {
    "text": lambda _field: models.TextField(null=True, blank=True),
    "integer": lambda _field: models.IntegerField(null=True),
    "date": lambda _field: models.DateField(null=True),
    "decimal": lambda field: models.DecimalField(
        max_digits=18, decimal_places=field["places"], null=True
    ),
}
WIDGETS = {
    "text": widgets.CharWidget,
    "integer": widgets.IntegerWidget,
    "date": widgets.DateWidget,
    "decimal": widgets.DecimalWidget,
}

Student = type(
    "Student",
    (models.Model,),
    {
        "__module__": "peer",
        "Meta": type("Meta", (), {"app_label": "peer"}),
        **{field["id"]: COLUMNS[field["kind"]](field) for field in FIELDS},
    },
)
Resource = type(
    "Resource",
    (resources.ModelResource,),
    {
        "Meta": type(
            "Meta",
            (),
            {
                "model": Student,
                "import_id_fields": (FIELDS[0]["id"],),
                "use_bulk": True,
                "batch_size": 1000,
                "skip_diff": True,
                "force_init_instance": True,
                "fields": [field["id"] for field in FIELDS],
            },
        ),
        **{
            field["id"]: fields.Field(
                column_name=field["label"],
                attribute=field["id"],
                widget=WIDGETS[field["kind"]](),
            )
            for field in FIELDS
        },
    },
)


def main() -> None:
    with connection.schema_editor() as editor:
        editor.create_model(Student)
    start = time.perf_counter()
    data = tablib.Dataset().load(WORKBOOK.read_bytes(), format="xlsx")
    read = time.perf_counter()
    result = Resource().import_data(data, raise_errors=True)
    end = time.perf_counter()
    assert not result.has_errors()
    answer = {
        "seconds": end - start,
        "reading": read - start,
        "rows": Student.objects.count(),
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "django": django.get_version(),
        "import_export": import_export.__version__,
    }
    print(json.dumps(answer))


main()
