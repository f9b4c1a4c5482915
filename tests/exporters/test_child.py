"""The process that every upload starts, and waits for."""

import subprocess
import sys


def test_a_child_that_reads_rows_loads_neither_openpyxl_nor_the_catalogue():
    slow = "{'openpyxl', 'jsonschema', 'form_schemas.catalogue'}"
    code = f"import sys, exporters.child; print({slow} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
