"""What all commands share: the installation, messages, exit codes, refusals.

Results go to standard output, progress and messages to standard error.
"""

import sys
from collections.abc import Callable
from functools import partial
from typing import NoReturn

import click

from app.cli.usage import describe_usage
from app.config import Config, ConfigError, load_config
from app.errors import AppError
from app.services.installation import open_installation
from app.services.queueing import DatabaseAway
from app.services.rejudging import Tell
from app.services.workshop import Workshop
from form_schemas.catalogue import Catalogue, UnknownFormError
from form_schemas.spec import FormSpec

OK, PROBLEMS, USAGE, REFUSED = 0, 1, 2, 3

_TOLD_EVERY = 100_000

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Group(click.Group):
    """Turns what was refused into a sentence and an exit code."""

    def make_context(self, *args, **kwargs) -> click.Context:
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            fail(describe_usage(error), USAGE)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            fail(describe_usage(error), USAGE)
        except (click.Abort, KeyboardInterrupt):
            fail("已中断，没有做完。")
        except UnknownFormError as error:
            near = "、".join(error.suggestions)
            hint = f"是不是：{near}？" if near else "写法如 talent/1.1.4。"
            fail(f"没有表单“{error.name}”。{hint}", USAGE)
        except AppError as error:
            fail(error.message)
        except ConfigError as error:
            fail(f"设置不对：{error}")
        except DatabaseAway as error:
            fail(f"数据库用不了：{str(error.orig).strip()}")
        except BrokenPipeError:
            # Whoever read the output has seen enough.
            sys.stderr.close()
            sys.exit(OK)
        except OSError as error:
            fail(f"文件读写出错：{error.strerror}（{error.filename or ''}）")


group = partial(click.group, cls=_Group, context_settings=CONTEXT)


def fail(message: str, code: int = REFUSED) -> NoReturn:
    """Say why nothing was done, and end."""
    click.echo(message, err=True)
    sys.exit(code)


def tell(message: str) -> None:
    """A message beside the result."""
    click.echo(message, err=True)


def open_console() -> tuple[Config, Workshop]:
    """The installation that the environment names."""
    config = load_config()
    workshop = open_installation(config, tell_rejudging())
    close_afterwards(workshop.engine)
    return config, workshop


def close_afterwards(engine) -> None:
    """Close the database when the command ends, however it ends."""
    click.get_current_context().call_on_close(engine.dispose)


def get_form(catalogue: Catalogue, name: str) -> FormSpec:
    """The form by `talent/1.1.4` or `talent/2024/1.1.4`."""
    return catalogue.get(name)


def tell_rejudging() -> Tell:
    """Tells of rows that are judged anew: at the first of a form, and now and then."""
    told: dict[str, int] = {}

    def count(form: FormSpec, rows: int) -> None:
        before = told.get(form.full_name, -1)
        if before < 0:
            tell(f"{form.full_name} 的表单文件有改动，重新检查已有的行。")
        elif before < rows // _TOLD_EVERY:
            tell(f"{form.full_name} 已检查 {rows} 行。")
        told[form.full_name] = rows // _TOLD_EVERY

    return count


def show_progress(template: str) -> Callable[[int], None]:
    """A counter on the terminal; silent where nobody watches."""
    if not sys.stderr.isatty():
        return lambda count: None
    return lambda count: click.echo(f"\r{template.format(count)}", nl=False, err=True)


def end_progress() -> None:
    if sys.stderr.isatty():
        click.echo("", err=True)
