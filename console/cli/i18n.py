"""Two languages, side by side: texts stand in pairs beside the code that says them.

The one idea: a help text holds both languages until the command line starts, and then only the reader's. No message catalogue, no
gettext: whoever changes a sentence sees its other half. Other sentences are ``policies.values.Text`` and are picked where they are said.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from policies.values import Text

_BETWEEN = "\x1f"
"""Unit separator: between the two halves of a help text."""

GLOBAL_OPTIONS = Text(
    "处处可用的选项：--workspace 目录 · --json（标准输出只有数据）· --lang zh|en",
    "Options everywhere: --workspace FOLDER · --json (stdout holds data only) · --lang zh|en",
)
EXAMPLE = Text("示例", "Example")
HELP = Text("显示本说明", "Show this text")
USAGE, DEFAULT, REQUIRED = Text("用法：", "Usage: "), Text("[缺省：{}]", "[default: {}]"), Text("[必填]", "[required]")
PLACES = (Text("[选项]", "[OPTIONS]"), Text("命令 [参数]…", "COMMAND [ARGS]..."))
"""What stands in a usage line for the options, and for a verb of a group."""
OPTIONS, ARGUMENTS, COMMANDS = Text("选项", "Options"), Text("参数", "Arguments"), Text("命令", "Commands")


def both(zh: str, en: str) -> str:
    """A help text in both languages, as one string for the command line library."""
    return f"{zh}{_BETWEEN}{en}"


def verb(zh: str, en: str, *examples: str) -> str:
    """The help of a verb: a sentence, then lines to type.

    Example:
        >>> half(verb("推进日期。", "Move the date.", "huimin tick"), "en").splitlines()[0]
        'Move the date.'
    """
    return both(_with_examples(zh, EXAMPLE.zh, examples), _with_examples(en, EXAMPLE.en, examples))


def _with_examples(sentence: str, heading: str, examples: tuple[str, ...]) -> str:
    lines = "\n\n".join(f"  {line}" for line in examples)
    return f"{sentence}\n\n{heading}:\n\n{lines}"


def half(text: str, language: str) -> str:
    """One language of a help text; the whole where it was written in one only."""
    zh, separator, en = text.partition(_BETWEEN)
    return en if separator and language == "en" else zh


def localised(command: Any, language: str) -> Any:
    """The same command tree with every help text in one language.

    Args:
        command: a command or group of typer's own click, changed in place (it is built anew at each start).
    """
    for holder, name in ((command, "help"), (command, "short_help"), *((p, "help") for p in command.params)):
        text = getattr(holder, name, None)
        if text:
            setattr(holder, name, half(text, language))
    command.epilog = GLOBAL_OPTIONS[language]
    command.options_metavar = PLACES[0][language]
    if hasattr(command, "subcommand_metavar"):
        command.subcommand_metavar = PLACES[1][language]
    for param in command.params:
        param.rich_help_panel = (ARGUMENTS if param.param_type_name == "argument" else OPTIONS)[language]
        _without_type(param)
    command.get_help_option = _help_option(command.get_help_option, language)
    command.get_usage = _usage(command.get_usage, language)
    for below in getattr(command, "commands", {}).values():
        below.rich_help_panel = COMMANDS[language]
        localised(below, language)
    return command


def _usage(original: Any, language: str) -> Any:
    """The maker of a command's usage line, in this language. It is the first of what help shows: what the library says beside each option
    is put into the language here too, so that only help waits for rich."""

    def make(context: Any) -> Any:
        from typer import rich_utils

        rich_utils.DEFAULT_STRING, rich_utils.REQUIRED_LONG_STRING = DEFAULT[language], REQUIRED[language]
        return original(context).replace(USAGE.en, USAGE[language], 1)

    return make


def _without_type(param: Any) -> None:
    """No type of the programming language stands in a help text: a number is N, a path PATH; a flag and an argument have none."""
    if param.param_type_name == "argument":
        param.display_type_rich = lambda ctx: None
    elif param.metavar is None:
        kind = param.type_descriptor.annotation
        param.metavar = "" if getattr(param, "is_flag", False) else "N" if kind in (int, float) else "PATH" if kind is Path else "TEXT"


def _help_option(original: Any, language: str) -> Any:
    """The maker of a command's ``--help``, which is made late, in this language."""

    def make(context: Any) -> Any:
        option = original(context)
        if option is not None:
            option.help, option.rich_help_panel = HELP[language], OPTIONS[language]
            _without_type(option)
        return option

    return make
