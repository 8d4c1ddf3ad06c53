"""The text of a document that a person wrote and saved: a policy, cases, a contract, units.

Called by the verbs that take such a file and by ``infra.workspace.workspace``. A file that is not UTF-8 is refused, with what it looks
like: in another encoding its Chinese would be other Chinese. ``DamagedFile`` is the error of all other files that cannot be read back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from connectors.limits import LARGEST_DOCUMENT
from policies.problems.problems import HuiminError
from policies.values import Text
from streams.disk.files import write_whole

_MARKS = {
    b"\xff\xfe": Text("UTF-16（记事本的“Unicode”）", 'UTF-16 ("Unicode" in Notepad)'),
    b"\xfe\xff": Text("UTF-16（大端）", "UTF-16 (big-endian)"),
    b"PK\x03\x04": Text("Word 或 Excel 文件", "a Word or Excel file"),
    b"\xd0\xcf\x11\xe0": Text("旧版 Word、Excel 或 WPS 文件", "an old Word, Excel or WPS file"),
    b"%PDF": Text("PDF 文件", "a PDF file"),
}
"""Kinds of files by their first bytes."""
_CHINESE = Text("GB18030（记事本的“ANSI”）", 'GB 18030 ("ANSI" in a Chinese Notepad)')


NO_TEXT = "\udcff"
"""In place of the text of a document that cannot be read: no YAML has this character."""


class DamagedFile(HuiminError):
    """A file of a workspace does not hold what belongs in it (operator: restore or mend it; 1)."""

    def __init__(self, path: Path, why: Text, way_out: Text, exit_code: int = 1) -> None:
        super().__init__(Text(f"{path} {why.zh}。{way_out.zh}", f"{path} {why.en}. {way_out.en}"), exit_code)


def text_of(path: Path) -> str:
    """The text of a file, without a byte order mark.

    Raises:
        HuiminError: it cannot be read, or is not UTF-8; says what it looks like and how to save it.
        FileNotFoundError: there is no such file.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_DOCUMENT + 1)
    except FileNotFoundError:
        raise
    except IsADirectoryError:
        zh = f"{path} 是一个目录，这里应是一个文件。请把它移走，放回原来的文件。"
        raise HuiminError(Text(zh, f"{path} is a folder; a file is to be there. Move it away, and put the file back."), 3) from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        zh = f"{path} 读不出来（{why}）。请检查它的权限和磁盘。"
        raise HuiminError(Text(zh, f"{path} cannot be read ({why}). Look at its permissions and at the disk."), 3) from None
    if len(data) > LARGEST_DOCUMENT:
        size = f"{LARGEST_DOCUMENT >> 20} MB"
        zh, en = (
            f"{path} 超过 {size}（上限），不像人写的文件。请核对路径。",
            f"{path} has more than {size}, the most there may be. Check the path.",
        )
        raise HuiminError(Text(zh, en), 3)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        looks = _looks(data)
    zh = f"{path} 不是 UTF-8 文本{f'，看来是 {looks.zh}' if looks else ''}。请用文本编辑器打开，另存为时把编码选为 UTF-8。"
    en = f"{path} is not UTF-8 text{f'; it looks like {looks.en}' if looks else ''}. Open it in a text editor; save it as UTF-8."
    raise HuiminError(Text(zh, en), 3)


def text_at_all(path: Path) -> str:
    """The text of a file; ``NO_TEXT`` where it cannot be read or is not UTF-8."""
    try:
        return text_of(path)
    except HuiminError:
        return NO_TEXT


def _looks(data: bytes) -> Text | None:
    for mark, name in _MARKS.items():
        if data.startswith(mark):
            return name
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return None
    return _CHINESE


@contextmanager
def as_file(text: str, name: str = "draft.yaml") -> Iterator[Path]:
    """A text as a file of this name in a folder of its own, for whatever reads files."""
    with TemporaryDirectory(prefix="huimin-") as folder:
        path = Path(folder) / name
        write_whole(path, text)
        yield path
