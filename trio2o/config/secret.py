"""
Values that must not be seen: given in the file, in a file of their own, or in the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

#: What a file may hold at most; more is a mistake in the path.
_FILE_BYTES = 65536


@frozen
class Secret:
    """
    A string that no ``repr`` shows (I17).
    """

    #: The secret itself.
    value: str = field(repr=False)


@frozen
class Credentials:
    """
    The options of an authentication plugin, secrets among them.
    """

    options: Mapping[str, Any] = field(factory=dict, repr=False)


@frozen(kw_only=True)
class SecretSources:
    """
    Where secrets come from.
    """

    #: What relative paths start from.
    folder: Path
    environment: Mapping[str, str] = field(repr=False)

    def read(self, given: Any) -> str:
        """
        The secret that is written out, or that ``{file: PATH}`` or ``{env: NAME}`` points at.

        The last line end of a file is not part of the secret.

        :raises TypeError: if it is neither.
        :raises ValueError: if the file cannot be read or the variable is not set.
        """
        if isinstance(given, str):
            return given
        if isinstance(given, Mapping) and len(given) == 1:
            ((kind, name),) = given.items()
            if kind == "file" and isinstance(name, str):
                return self._from_file(name)
            if kind == "env" and isinstance(name, str):
                if name not in self.environment:
                    raise ValueError(f"the environment variable {name} is not set")
                return self.environment[name]
        raise TypeError("must be text, {file: PATH} or {env: NAME}")

    def _from_file(self, name: str) -> str:
        path = self.folder / Path(name).expanduser()
        try:
            with path.open("rb") as file:
                content = file.read(_FILE_BYTES + 1)
        except OSError as problem:
            raise ValueError(f"{path} cannot be read: {problem.strerror}") from None
        if len(content) > _FILE_BYTES:
            raise ValueError(f"{path} is larger than {_FILE_BYTES} bytes")
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"{path} is not UTF-8 text") from None
        return text.removesuffix("\n").removesuffix("\r")
