"""Says in Chinese what click found wrong with the words of a command.

click explains itself in English; here its errors are told by their class and by the
parameter they name, so that commands declare nothing of this.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import click
from click.exceptions import NoArgsIsHelpError

_QUOTED = re.compile(r"'(.*?)'(?: |$)")
_IN_BRACKETS = re.compile(r"\((.*)\)")
#: Shows how a moment is written; no time zone: it is by the clock on the wall.
_MOMENT = datetime(2024, 9, 6, 18, 0)


def describe_usage(error: click.UsageError) -> str:
    """How the command is called, and what is wrong with this call."""
    sentence = _describe(error)
    if error.ctx is None or isinstance(error, NoArgsIsHelpError):
        return sentence
    command = error.ctx.command
    words = " ".join(command.collect_usage_pieces(error.ctx))
    path = error.ctx.command_path
    return f"{sentence}\n用法：{path} {words}\n说明：{path} --help"


def _describe(error: click.UsageError) -> str:
    for kind, describe in _BY_KIND.items():
        if isinstance(error, kind):
            return describe(error)
    extra = _IN_BRACKETS.search(error.message)
    return f"多写了 {extra[1]}。" if extra else f"写法不对：{error.message}"


def _describe_missing(error: click.MissingParameter) -> str:
    if error.param is None:
        return "少写了参数。"
    hint = _describe_type(error.param.type)
    return f"少写了{_name(error)}{f'：{hint}' if hint else ''}。"


def _describe_bad_value(error: click.BadParameter) -> str:
    # What was typed stands in click's sentence only.
    typed = _QUOTED.search(error.message)
    hint = _describe_type(error.param.type) if error.param else ""
    value = f"“{typed[1]}”" if typed else ""
    return f"{_name(error)} 的值{value}不对：{hint or error.message}。"


def _describe_option(error: click.NoSuchOption) -> str:
    return f"没有选项 {error.option_name}。{_suggest(error.possibilities)}"


def _describe_command(error: click.NoSuchCommand) -> str:
    group = error.ctx.command if error.ctx else None
    known = tuple(group.commands) if isinstance(group, click.Group) else ()
    hint = _suggest(error.possibilities) or f"可以写：{'、'.join(known)}。"
    return f"没有命令 {error.command_name}。{hint}"


def _describe_option_use(error: click.BadOptionUsage) -> str:
    # Raised while words are split, before click knows the parameter.
    is_flag = "does not take" in error.message
    what = "不带值，只写选项本身" if is_flag else "后面要写值"
    return f"选项 {error.option_name} {what}。"


_BY_KIND: Mapping[type[click.UsageError], Callable[..., str]] = {
    NoArgsIsHelpError: lambda error: error.message,
    click.MissingParameter: _describe_missing,
    click.BadParameter: _describe_bad_value,
    click.NoSuchOption: _describe_option,
    click.NoSuchCommand: _describe_command,
    click.BadOptionUsage: _describe_option_use,
}


def _describe_type(kind: click.ParamType) -> str:
    """What may be written; empty where anything may."""
    for known, describe in _BY_TYPE.items():
        if isinstance(kind, known):
            return describe(kind)
    return ""


def _describe_range(kind: click.IntRange) -> str:
    if kind.min is None or kind.max is None:
        return "要写整数"
    return f"要写 {kind.min} 到 {kind.max} 的整数"


def _describe_moment(kind: click.DateTime) -> str:
    return f"要写成 {_MOMENT.strftime(kind.formats[0])} 的样子"


_BY_TYPE: Mapping[type[click.ParamType], Callable[..., str]] = {
    click.Choice: lambda kind: f"可以写 {'、'.join(map(str, kind.choices))}",
    click.IntRange: _describe_range,
    type(click.INT): lambda kind: "要写整数",
    click.DateTime: _describe_moment,
    click.Path: lambda kind: "要写可以读的文件" if kind.exists else "要写文件的路径",
}


def _name(error: click.BadParameter) -> str:
    """The parameter as its user knows it: `参数 FILE`, `选项 --role`."""
    if error.param is None or error.ctx is None:
        return "参数"
    if isinstance(error.param, click.Option):
        return f"选项 {max(error.param.opts, key=len)}"
    return f"参数 {error.param.make_metavar(error.ctx).strip('[]')}"


def _suggest(near: Sequence[str] | None) -> str:
    return f"是不是 {'、'.join(near)}？" if near else ""
