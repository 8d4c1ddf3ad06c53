"""The errors of this layer, and whose fault each is.

All are ``policies.problems.problems.HuiminError``:

    Invalid             the author of a document (units, contract, coverage): every problem at once, exit code 3
    UnreadableFile      the unit that delivered a file, or who saved it in another form: mend the file, deliver again, exit code 3
    Interrupted         the operator, or us: a delivery that stopped half-way; stored rows stay, the same file again resumes, exit code 1
    TokenCollision      nobody: two subjects with one 64-bit token; the delivery is refused, trying again does not help, exit code 5
    DamagedSnapshot     the operator: a snapshot that is not what its manifest says, exit code 3
    DamagedVault        the operator: a file of the vault is missing, added, changed or cannot be read: restore a backup, exit code 1

No message holds a cell of a record: row, column and class of value only.
"""

from __future__ import annotations

from policies.problems.problems import HuiminError
from policies.values import Text


class UnreadableFile(HuiminError):
    """A file that is not what its contract says."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 3)


class InterruptedDelivery(HuiminError):
    """A delivery that stopped half-way, with the number of stored data rows; no row of the failed batch is stored."""

    def __init__(self, file: str, row: int, error: Exception) -> None:
        match error:
            case HuiminError():
                why = error.text
            case MemoryError():
                why = Text(
                    "内存不够。请给它更多内存，或停掉同机的其他程序。",
                    "There is not enough memory: give it more, or stop what else runs here.",
                )
            case _:  # its message may quote a record
                why = Text(f"出错了（{type(error).__name__}）。", f"Something failed ({type(error).__name__}).")
        stored = Text("一行也没有收下", "No row is stored")
        if row:
            stored = Text(f"前 {row:,} 行数据已收下", f"The first {row:,} data rows are stored")
        super().__init__(Text(
            f"{file} 没有收完：{stored.zh}，其后的都没有。{why.zh}之后照原样再收一次同一个文件，就从断处继续。",
            f"{file} was not taken in to its end: {stored.en}, and nothing behind. {why.en} Then deliver the same file again, in the same "
            "way: it goes on from there.",
        ))  # fmt: skip


class TokenCollision(HuiminError):
    """Two different identifiers with one token."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 5)


class DamagedSnapshot(HuiminError):
    """A snapshot that differs from its manifest."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 3)


class DamagedVault(HuiminError):
    """A file of the vault that cannot be trusted.

    Args:
        file: its path, relative to the workspace.
    """

    def __init__(self, file: str, text: Text) -> None:
        super().__init__(text)
        self.file = file
