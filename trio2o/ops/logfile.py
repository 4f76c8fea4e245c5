"""
Where log lines go: standard output, or a file that logrotate may move away.
"""

from __future__ import annotations

import os
from typing import BinaryIO

from attrs import define, field

#: The descriptor itself: twistd puts something of its own in the place of ``sys.stdout``.
_STANDARD_OUTPUT = 1


@define(eq=False)
class LogFile:
    """
    Appends whole lines, unbuffered.

    :param path: ``None`` for standard output.
    """

    path: str | None = None
    _file: BinaryIO = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._file = self._open()

    def write(self, lines: bytes) -> None:
        """
        Append bytes that end with a newline.

        :raises OSError: if not all could be written: a full disk, a closed pipe, a terminal that does not
            keep up.
        """
        ahead = memoryview(lines)
        while ahead:
            written = self._file.write(ahead)
            if not written:
                raise BlockingIOError("the log's reader does not keep up")
            ahead = ahead[written:]

    def reopen(self) -> None:
        """
        Open the path again, after logrotate moved the file. Standard output stays.

        :raises OSError: if it cannot be opened; the old file then stays in use.
        """
        if self.path is None:
            return
        old, self._file = self._file, self._open()
        old.close()

    def close(self) -> None:
        """
        Close the file; standard output stays open.
        """
        if self.path is not None:
            self._file.close()

    def _open(self) -> BinaryIO:
        if self.path is None:
            return open(_STANDARD_OUTPUT, "wb", buffering=0, closefd=False)
        # 0640: client addresses and project ids are not for every user of the host.
        return open(self.path, "ab", buffering=0, opener=lambda path, flags: os.open(path, flags, 0o640))
