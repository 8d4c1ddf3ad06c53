"""Problems of a document (what is wrong, where, and how to mend it), and the base of every error of Huimin.

A message says what happened, to what, what was expected and how to mend it, in the reader's language; its code says whose fault it was. All
problems of a document come at once. Source: the errors of Elm and openfisca-core, read as style.

The tree (whose fault, whether trying again helps):

- ``HuiminError``  any failure told to a person; exit code 1
    - ``Invalid``     the author of a document; mend the document; 3
    - ``Conflict``    two people or two versions disagree; look at the present state, then decide again; 5
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from policies.problems.characters import lines
from policies.problems.places import chinese
from policies.values import Text

_MOST_NAMES = 300
Severity: TypeAlias = Literal["error", "warning"]
Word: TypeAlias = Text | str | int
"""What may fill a place in a sentence: the same in both languages, or a text in each."""
Sentences: TypeAlias = Mapping[str, tuple[Severity, str, str]]
"""By code: severity, Chinese, English; ``{name}`` stands for a word."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a document, at its place.

    Args:
        code: stable name of the kind of problem, such as ``field-unknown``.
        path: the node in the document, such as ``criteria.all[2].op``.
        text: what happened, what was expected, how to mend it.
    """

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    path: str
    text: Text

    def render(self, language: str = "zh") -> str:
        """One line for a person: ``file:line:column path: message``; the path in Chinese for whoever reads that."""
        place = f"{self.file}:{self.line}:{self.column}"
        where = self.path if language == "en" else chinese(self.path)
        return f"{place} {where}{Text('：', ': ')[language]}{self.text[language]}" if where else f"{place}: {self.text[language]}"


class HuiminError(Exception):
    """Base of every error a person is told.

    Args:
        text: what happened, what was expected, how to mend it.
        exit_code: 1 failure, 2 usage, 3 validation, 4 unreachable, 5 conflict (6: ``console.cli.ending``).
    """

    def __init__(self, text: Text, exit_code: int = 1) -> None:
        super().__init__(text.en)
        self.text = text
        self.exit_code = exit_code

    def __reduce__(self) -> tuple[Any, ...]:
        return _error_again, (type(self), self.args, self.__dict__)  # subclasses have arguments of their own


def _error_again(kind: type[HuiminError], args: tuple[object, ...], attributes: dict[str, object]) -> HuiminError:
    """An error as it was in another process."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


class Invalid(HuiminError):
    """A document that cannot be used, with every problem found in it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(Text(self._lines_in("zh"), self._lines_in("en")), 3)

    def _lines_in(self, language: str) -> str:
        return lines(problem.render(language) for problem in self.problems)


class Conflict(HuiminError):
    """A step that the present state does not allow."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 5)


def sentence(sentences: Sentences, code: str, words: Mapping[str, Word]) -> tuple[Severity, Text]:
    """The severity and the filled sentence of a code.

    Example:
        >>> sentence({"x": ("error", "没有{name}", "no {name}")}, "x", {"name": Text("户", "household")})
        ('error', Text(zh='没有户', en='no household'))
    """
    severity, zh, en = sentences[code]
    return severity, Text(_sentence_text(zh, words, "zh"), _sentence_text(en, words, "en"))


def _sentence_text(form: str, words: Mapping[str, Word], language: str) -> str:
    return form.format_map({name: word[language] if isinstance(word, Text) else word for name, word in words.items()})


def suggestion(word: object, choices: Iterable[str]) -> Text:
    """The "did you mean" that ends a sentence; empty where nothing is near, and where there are too many to compare with each.

    Example:
        >>> suggestion("hukuo", ["hukou", "income"]).en
        ' Did you mean hukou?'
    """
    names = sorted(set(choices))
    near = difflib.get_close_matches(str(word)[:80], names, n=3, cutoff=0.6) if len(names) <= _MOST_NAMES else []
    return Text(f"是否指 {'、'.join(near)}？", f" Did you mean {' or '.join(near)}?") if near else Text("", "")


def comma_list(choices: Iterable[object], limit: int = 12) -> str:
    """Choices as a list for a sentence, cut at ``limit``."""
    words = [str(choice) for choice in choices]
    return ", ".join(words[:limit]) + (", …" if len(words) > limit else "")


def value_text(value: object) -> str:
    """A value of a document as a sentence may quote it: short, on one line, as YAML writes it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "{" + ", ".join(f"{value_text(key)}: …" for key in list(value)[:3]) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(value_text(item) for item in value[:3]) + (", …]" if len(value) > 3 else "]")
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else text[:57] + "…"
