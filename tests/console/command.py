"""``huimin`` within the process of the tests, for every test that runs a verb without asking what a process of its own does.

typer makes the commands of all verbs anew at each run of its runner, which takes longer than most verbs take; here they are made once.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import typer.testing
from typer.testing import CliRunner

from console.cli.main import application, command

command_tree = cache(command)
"""The commands of all verbs with their help in a language."""
_application = cache(application)
# Its runner calls this name, and offers no other way to keep what it makes.
typer.testing._get_command = cache(typer.main.get_command)  # type: ignore[attr-defined]  # not among its exports


def run_command(*words: Any, **options: Any) -> Any:
    """Run ``huimin`` with these words.

    Args:
        options: of click's runner: ``env``, ``input``.

    Returns:
        click's result: exit code, both outputs.
    """
    return CliRunner().invoke(_application(), [str(word) for word in words], **options)
