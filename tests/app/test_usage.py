"""What the command line says when it is called in a wrong way."""

import re

import click
import pytest
from click.testing import CliRunner

from app.cli import main
from app.cli.console import OK, REFUSED, USAGE, group


def call(*arguments):
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["exprot"], "没有命令 exprot。是不是 export？"),
        (["schemas", "plna"], "没有命令 plna。是不是 plan？"),
        (
            ["round", "zzz"],
            "没有命令 zzz。可以写：open、extend、carry、list、close。",
        ),
        (["--colour"], "没有选项 --colour。"),
        (["roles", "--hlp"], "没有选项 --hlp。是不是 --help？"),
        (["import"], "少写了参数 FORM。"),
        (["import", "talent/0.1.1"], "少写了参数 FILE：要写可以读的文件。"),
        (["user", "add", "lin"], "少写了选项 --name。"),
        (
            ["import", "talent/0.1.1", "no.xlsx"],
            "参数 FILE 的值“no.xlsx”不对：要写可以读的文件。",
        ),
        (
            ["export", "talent/0.1.1", "--format", "pdf"],
            "选项 --format 的值“pdf”不对：可以写 xlsx、csv。",
        ),
        (
            ["serve", "--port", "70000"],
            "选项 --port 的值不对：要写 1 到 65535 的整数。",
        ),
        (
            ["audit", "search", "--from", "9月"],
            "选项 --from 的值“9月”不对：要写成 2024-09-06 的样子。",
        ),
        (["round", "close", "x"], "参数 ROUND_ID 的值“x”不对：要写整数。"),
        (["serve", "--demo=1"], "选项 --demo 不带值，只写选项本身。"),
        (["export", "--format"], "选项 --format 后面要写值。"),
        (["roles", "a", "b"], "多写了 a b。"),
    ],
)
def test_a_wrong_call_is_explained_in_chinese(arguments, sentence):
    answer = call(*arguments)
    assert answer.exit_code == USAGE
    assert answer.stdout == ""
    assert answer.stderr.splitlines()[0] == sentence


def test_a_wrong_call_is_told_how_to_call():
    answer = call("round", "close")
    assert answer.stderr.splitlines()[1:] == [
        "用法：main round close [OPTIONS] ROUND_ID",
        "说明：main round close --help",
    ]


def iterate_commands(command, path=()):
    yield command, path
    for name, inner in getattr(command, "commands", {}).items():
        yield from iterate_commands(inner, (*path, name))


@pytest.mark.parametrize(
    "path", [path for _, path in iterate_commands(main)], ids=" ".join
)
def test_no_command_answers_an_unknown_option_in_english(path):
    answer = call(*path, "--no-such-option")
    assert answer.exit_code == USAGE
    assert not re.search("No such|Error|Try|Usage", answer.output)


def test_groups_alone_show_their_help():
    answer = call("schemas")
    assert answer.exit_code == USAGE
    assert "lint" in answer.output
    assert call("schemas", "--help").exit_code == OK


def test_an_interrupted_command_says_so():
    @group()
    def commands():
        pass

    @commands.command()
    def wait():
        raise KeyboardInterrupt

    answer = CliRunner().invoke(commands, ["wait"])
    assert (answer.exit_code, answer.output) == (REFUSED, "已中断，没有做完。\n")


def test_every_kind_of_parameter_is_explained():
    kinds = {
        type(param.type)
        for command, _ in iterate_commands(main)
        for param in command.params
        if not getattr(param, "is_flag", False)
    }
    told = {type(click.STRING), type(click.INT), click.Choice, click.Path}
    assert kinds <= told | {click.IntRange, click.DateTime}
