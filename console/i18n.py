"""Two languages, side by side: texts stand in pairs beside the code that says them.

The one idea: a help text holds both languages until the command line starts, and then only the reader's. No message catalogue, no
gettext: whoever changes a sentence sees its other half. Other sentences are ``policies.values.Text`` and are picked where they are said.
"""

from __future__ import annotations

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
    zh, found, en = text.partition(_BETWEEN)
    return en if found and language == "en" else zh


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
    for param in command.params:
        param.rich_help_panel = (ARGUMENTS if param.param_type_name == "argument" else OPTIONS)[language]
    command.get_help_option = _help_option(command.get_help_option, language)
    for below in getattr(command, "commands", {}).values():
        below.rich_help_panel = COMMANDS[language]
        localised(below, language)
    return command


def _help_option(made: Any, language: str) -> Any:
    """The maker of a command's ``--help``, which is made late, in this language."""

    def make(context: Any) -> Any:
        option = made(context)
        if option is not None:
            option.help, option.rich_help_panel = HELP[language], OPTIONS[language]
        return option

    return make
