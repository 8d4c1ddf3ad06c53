"""Help texts in two languages: written in pairs, and reduced to the reader's language when the command line starts.

There is no message catalogue: both halves of a text stand side by side, so that nobody changes one and forgets the other. Sentences
outside of help are ``policies.values.Text``; each is put into the language where it is printed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from policies.values import Text

_BETWEEN = "\x1f"
"""The character between the two halves of a help text (unit separator)."""

GLOBAL_OPTIONS = Text(
    "处处可用的选项：--workspace 目录 · --json（标准输出只有数据）· --lang zh|en",
    "Options everywhere: --workspace FOLDER · --json (stdout holds data only) · --lang zh|en",
)
EXAMPLE = Text("示例", "Example")
HELP = Text("显示本说明", "Show this text")
USAGE, DEFAULT, REQUIRED = Text("用法：", "Usage: "), Text("[缺省：{}]", "[default: {}]"), Text("[必填]", "[required]")
PLACES = (Text("[选项]", "[OPTIONS]"), Text("命令 [参数]…", "COMMAND [ARGS]..."))
"""The words for options, and for a verb of a group, in a usage line."""
OPTIONS, ARGUMENTS, COMMANDS = Text("选项", "Options"), Text("参数", "Arguments"), Text("命令", "Commands")


def both(zh: str, en: str) -> str:
    """A help text in both languages, as one string for the command line library."""
    return f"{zh}{_BETWEEN}{en}"


def verb(zh: str, en: str, *examples: str) -> str:
    """The help of a verb in both languages: a sentence, then examples.

    Example:
        >>> half(verb("推进日期。", "Move the date.", "huimin tick"), "en").splitlines()[0]
        'Move the date.'
    """
    return both(_with_examples(zh, EXAMPLE.zh, examples), _with_examples(en, EXAMPLE.en, examples))


def _with_examples(sentence: str, heading: str, examples: tuple[str, ...]) -> str:
    lines = "\n\n".join(f"  {line}" for line in examples)
    return f"{sentence}\n\n{heading}:\n\n{lines}"


def half(text: str, language: str) -> str:
    """One language of a help text; the whole text where it has only one half."""
    zh, separator, en = text.partition(_BETWEEN)
    return en if separator and language == "en" else zh


def localise(command: Any, language: str) -> Any:
    """A command tree with every help text in one language.

    Args:
        command: a command or group of typer's own click; it is changed in place, for it is built anew at each start.
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
        localise(below, language)
    return command


def _usage(original: Any, language: str) -> Any:
    """A ``get_usage`` that gives the usage line in this language.

    Help calls it first. So the library's own words beside options are set here too: rich is imported only for help."""

    def make(context: Any) -> Any:
        from typer import rich_utils

        rich_utils.DEFAULT_STRING, rich_utils.REQUIRED_LONG_STRING = DEFAULT[language], REQUIRED[language]
        return original(context).replace(USAGE.en, USAGE[language], 1)

    return make


def _without_type(param: Any) -> None:
    """Replace the type of Python in a help text: a number is N, a path PATH; a flag and an argument have none."""
    if param.param_type_name == "argument":
        param.display_type_rich = lambda ctx: None
    elif param.metavar is None:
        kind = param.type_descriptor.annotation
        param.metavar = "" if getattr(param, "is_flag", False) else "N" if kind in (int, float) else "PATH" if kind is Path else "TEXT"


def _help_option(original: Any, language: str) -> Any:
    """A ``get_help_option`` that gives ``--help`` in this language; the library makes that option late."""

    def make(context: Any) -> Any:
        option = original(context)
        if option is not None:
            option.help, option.rich_help_panel = HELP[language], OPTIONS[language]
            _without_type(option)
        return option

    return make
