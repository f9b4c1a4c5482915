"""Judges the imports of a module: direction, place, and which library it may use.

Only the syntax tree is read; nothing is imported. `tests/test_layers.py` applies this
to every module of the project.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

#: What each package of the project may import beside itself.
MAY_IMPORT = {
    "form_schemas": set(),
    "validators": {"form_schemas"},
    "renderers": {"form_schemas", "validators"},
    "exporters": {"form_schemas", "validators"},
    "app": {"form_schemas", "validators", "renderers", "exporters"},
    "migrations": {"form_schemas", "validators", "renderers", "exporters", "app"},
}
_ALL = set(MAY_IMPORT)
MAY_IMPORT |= {"tests": _ALL | {"benchmarks"}, "benchmarks": _ALL | {"tests"}}

#: Inside `app`: imports go to an earlier step only, siblings do not know each other.
APP_STEPS = (
    ("errors",),
    ("config",),
    ("extensions",),
    ("models",),
    ("policy",),
    ("permissions", "storage"),
    ("services",),
    ("jobs",),
    ("web", "cli"),
    ("factory",),
    ("wsgi",),
)

#: Where a library may be imported; names are modules, with all that is below them.
HOMES = {
    "wtforms": {"renderers", "app.web"},
    # CSRF protection is an extension of the whole application.
    "flask_wtf": {"renderers", "app.web", "app.extensions"},
    "jinja2": {"renderers", "app.web"},
    "markupsafe": {"renderers", "app.web"},
    "openpyxl": {"exporters"},
    "python_calamine": {"exporters"},
    "rustpy_xlsxwriter": {"exporters"},
    "marshmallow": {"validators"},
    "jsonschema": {"form_schemas", "validators"},
    # The dialect is judged at every start, which jsonschema alone makes slow.
    "jsonschema_rs": {"form_schemas", "validators"},
    # Engine and session are made in `extensions`, statements are not.
    "flask_sqlalchemy": {"app.extensions"},
    # Services select people, rounds and jobs; rows of forms only `storage` knows.
    "sqlalchemy": {
        "app.extensions",
        "app.models",
        "app.permissions",
        "app.services",
        "app.storage",
        "migrations",
    },
    "alembic": {"app.storage", "migrations"},
    "psycopg": {"app.storage", "migrations"},
    "sqlite3": {"app.storage", "migrations"},
    "flask": {"app"},
    "flask.request": {"app.web"},
    # Ours to avoid: the schema files are JSON.
    "yaml": set(),
}
#: These try everything out and may use any library.
_FREE = {"tests", "benchmarks"}


@dataclass(frozen=True)
class Import:
    """One imported name, as an absolute dotted path."""

    name: str
    line: int


def find_modules(root: Path) -> list[Path]:
    """All modules of the project's packages, relative to `root`."""
    return sorted(
        path.relative_to(root)
        for package in MAY_IMPORT
        for path in (root / package).rglob("*.py")
    )


def check_module(path: PurePosixPath | Path, source: str) -> Iterator[str]:
    """Yield a sentence for each import that stands or points where it must not."""
    tree = ast.parse(source, str(path))
    module = _name_module(path)
    for node in _find_hidden_imports(tree):
        yield (
            f"{path}:{node.lineno}: import inside a function: move it to the top of "
            "the file; if that makes a circle, something lives in the wrong file"
        )
    for imported in _find_imports(tree, path):
        for fault in _judge(module, imported.name):
            yield f"{path}:{imported.line}: {fault}"


def _judge(module: str, name: str) -> Iterator[str]:
    layer, target = module.partition(".")[0], name.partition(".")[0]
    if target in MAY_IMPORT:
        yield from _judge_layer(layer, target)
        if layer == target == "app":
            yield from _judge_step(module, name)
    elif layer not in _FREE:
        yield from _judge_library(module, name)


def _judge_layer(layer: str, target: str) -> Iterator[str]:
    if target == layer or target in MAY_IMPORT[layer]:
        return
    allowed = ", ".join(sorted(MAY_IMPORT[layer])) or "no other layer"
    yield f"{layer} imports {target}; it may import {allowed}"


def _judge_step(module: str, name: str) -> Iterator[str]:
    own, other = _find_part(module), _find_part(name)
    steps = {part: step for step, parts in enumerate(APP_STEPS) for part in parts}
    unknown = [part for part in (own, other) if part and part not in steps]
    if unknown:
        yield f"app.{unknown[0]} has no place in APP_STEPS of {__name__}: give it one"
    elif own != other and other and steps[other] >= steps.get(own, -1):
        yield f"{module} imports {name}; inside app the order is {_show_steps()}"


def _judge_library(module: str, name: str) -> Iterator[str]:
    for library, homes in HOMES.items():
        if _is_within(name, library) and not any(_is_within(module, h) for h in homes):
            allowed = ", ".join(sorted(homes)) or "no module of the product"
            yield f"{module} imports {name}; {library} belongs to {allowed}"


def _find_imports(tree: ast.Module, path: PurePosixPath | Path) -> Iterator[Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            origin = _resolve(node, path)
            for alias in node.names:
                yield Import(f"{origin}.{alias.name}", node.lineno)
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in HOMES:
            # `import flask` followed by `flask.request`.
            yield Import(ast.unparse(node), node.lineno)


def _find_hidden_imports(tree: ast.Module) -> Iterator[ast.stmt]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    hidden = {
        node
        for function in ast.walk(tree)
        if isinstance(function, functions)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    yield from sorted(hidden, key=lambda node: node.lineno)


def _resolve(node: ast.ImportFrom, path: PurePosixPath | Path) -> str:
    """The absolute name that `from ..x import y` in the file at `path` starts from."""
    if not node.level:
        return node.module or ""
    folders = path.parent.parts
    package = folders[: len(folders) - node.level + 1]
    return ".".join((*package, *filter(None, [node.module])))


def _name_module(path: PurePosixPath | Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _find_part(name: str) -> str:
    """The part of `app` that a name belongs to: `storage` of `app.storage.rows`."""
    return name.split(".")[1] if "." in name else ""


def _is_within(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


def _show_steps() -> str:
    return " <- ".join(", ".join(parts) for parts in APP_STEPS)
