"""Usage errors in the reader's language: unknown verbs and options, missing arguments, wrong values.

The command line library finds the mistake, and this module writes the sentence. The library's own sentence is used only for a mistake
that is not handled here. The value of an argument is never repeated, for it may be an identity number; file names are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typer.core import TyperGroup

from console.cli.i18n import half
from policies.problems.problems import HuiminError, suggestion, value_text
from policies.values import Text

EVERYWHERE = ("--workspace", "--json", "--lang")
"""Options that may stand anywhere on the line."""
PLACES: Mapping[str, Text] = {
    "does not exist.": Text("没有 {path}。", "There is no {path}."),
    "is a directory.": Text("{path} 是目录，这里要写文件。", "{path} is a folder; a file was expected."),
    "is a file.": Text("{path} 是文件，这里要写目录。", "{path} is a file; a folder was expected."),
    "is not readable.": Text("{path} 无权读取。", "{path} may not be read."),
    "is not writable.": Text("{path} 无权写入。", "{path} may not be written."),
}
"""What is wrong with a path, by the end of the library's message."""


class VerbGroup(TyperGroup):
    """A group of verbs; an unknown verb is reported in a sentence."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        word = args[0]
        if self.get_command(ctx, word) is None and not word.startswith("-"):
            near = suggestion(word, self.commands)
            raise _usage(Text(f"没有命令 {value_text(word)}。{near.zh}", f"There is no command {value_text(word)}.{near.en}"), ctx)
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and not hasattr(command, "commands"):
            from console.cli.guard import guard

            guard(command)
        return name, command, rest


def is_usage_error(error: BaseException) -> bool:
    """Is it a usage error of the command line library?"""
    return hasattr(error, "exit_code") and hasattr(error, "show")


def usage_error(error: Any) -> HuiminError | None:
    """The library's usage error as a ``HuiminError``; None where it only means that help is shown.

    The library's classes are recognised by name: their module is not public and has moved between versions.
    """
    match type(error).__name__:
        case "NoArgsIsHelpError":
            return None
        case "NoSuchOption":
            text = _option(error)
        case "MissingParameter":
            text = _parameter_text(error.param, Text("缺少 {name}（{help}）。", "{name} is missing ({help})."))
        case "BadOptionUsage":
            text = valueless(error.option_name, "not take" in str(error))
        case "BadParameter" if error.param is not None:
            text = _value(error)
        case "UsageError" if "extra argument" in str(error):
            text = _too_many(error)
        case _:
            text = Text(f"用法不对：{error.format_message()}", f"Wrong usage: {error.format_message()}")
    return _usage(text, error.ctx)


def valueless(option: str, flag: bool = False) -> Text:
    """The message about an option without its value, or a flag with one."""
    if flag:
        return Text(f"{option} 后面不能写值。", f"{option} takes no value.")
    return Text(f"{option} 后面要写值。", f"{option} needs a value.")


def _usage(text: Text, context: Any) -> HuiminError:
    """A usage error that also names the verb's own help."""
    if context is None:
        return HuiminError(text, 2)
    path = context.command_path
    return HuiminError(Text(f"{text.zh}用法见 {path} --help。", f"{text.en} See {path} --help."), 2)


def _option(error: Any) -> Text:
    options = [name for parameter in error.ctx.command.params for name in parameter.opts if name.startswith("-")] if error.ctx else []
    word, near = value_text(error.option_name), suggestion(error.option_name, [*options, *EVERYWHERE])
    return Text(f"没有选项 {word}。{near.zh}", f"There is no option {word}.{near.en}")


def _typed_form(parameter: Any) -> str:
    """A parameter as a person types it."""
    return str(parameter.metavar or parameter.name) if parameter.param_type_name == "argument" else str(parameter.opts[-1])


def _parameter_text(parameter: Any, form: Text) -> Text:
    helps = [half(parameter.help or "", language) for language in ("zh", "en")]
    return Text(form.zh.format(name=_typed_form(parameter), help=helps[0]), form.en.format(name=_typed_form(parameter), help=helps[1]))


def _value(error: Any) -> Text:
    """The message about a wrong value, with what was expected."""
    for ending, form in PLACES.items():
        if error.message.endswith(ending):
            path = error.message.partition("'")[2].rpartition("'")[0]
            return Text(form.zh.format(path=path), form.en.format(path=path))
    least, most = getattr(error.param, "min", None), getattr(error.param, "max", None)
    if least is not None and most is not None:
        return _parameter_text(
            error.param, Text(f"{{name}} 应为 {least} 到 {most} 的整数。", f"{{name}} must be a whole number from {least} to {most}.")
        )
    if least is not None:
        return _parameter_text(
            error.param, Text(f"{{name}} 应为不小于 {least} 的整数。", f"{{name}} must be a whole number, {least} or more.")
        )
    if "integer" in error.message:
        return _parameter_text(error.param, Text("{name} 应为整数。", "{name} must be a whole number."))
    return _parameter_text(error.param, Text("{name} 的值不对（{help}）。", "The value of {name} is wrong ({help})."))


def _too_many(error: Any) -> Text:
    asked = " ".join(_typed_form(p) for p in error.ctx.command.params if p.param_type_name == "argument")
    if not asked:
        return Text("多写了参数，这个命令不需要。", "There are words too many: this command takes none.")
    return Text(f"多写了参数，只要 {asked}。", f"There are words too many: it takes {asked}.")
