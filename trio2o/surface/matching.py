"""
Which operation a request is: the surface tables compiled for speed, and the same rows as Klein routes.

Paths are taken as Nova 34 and Cinder 29 take them (tried): percent-decoded before they are cut into segments, so that
``%2F`` separates; ``//`` is one slash; a trailing slash makes it another path, which has no row; ``HEAD`` is not ``GET``;
a project id is lower-case hexadecimal digits and dashes, and only such a segment is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from attrs import define, field

from trio2o.surface.operations import Operation

#: What Nova and Cinder take for a project id in a path, as a regular expression.
PROJECT_ID = "[0-9a-f-]+"

_TARGET = re.compile(rb"/+(v[0-9]+(?:\.[0-9]+)?)(?:/+([0-9a-f-]+)(?=/))?((?:/.*)?)", re.DOTALL)
_PARAMETER = re.compile(r"\{(\w+)\}")
#: Segments that a server may resolve to another path than the one that was looked at here.
_DOTS = re.compile(rb"/\.\.?(?=/|\Z)")


class Target(NamedTuple):
    """
    A request's path in three parts.
    """

    #: ``v2.1``
    version: str
    #: ``None`` where the path has none.
    project_id: str | None
    #: What stands below, percent-decoded, beginning with ``/`` or empty: what :meth:`Table.match` takes.
    rest: bytes


class Match(NamedTuple):
    """
    The row that a request is.
    """

    operation: Operation
    #: The path's parameters by name.
    ids: Mapping[str, str]
    #: The methods of rows that fit the path more closely and do not have this method: what a 405 would allow.
    passed: frozenset[str] = frozenset()


class MethodMissing(NamedTuple):
    """
    The path has rows, and none with this method.
    """

    allowed: frozenset[str]


def split(path: bytes) -> Target | None:
    """
    A path as it was sent, in parts; ``None`` when it has no version, or segments ``.`` or ``..``: whoever sends those
    looks for what lies beside the API at a pod.
    """
    if b"%" in path:
        path = unquote_to_bytes(path)
    if b"/." in path and _DOTS.search(path):
        return None
    found = _TARGET.fullmatch(path)
    if found is None:
        return None
    version, project_id, rest = found.groups()
    return Target(version.decode("ascii"), None if project_id is None else project_id.decode("ascii"), rest)


@define
class _Node:
    """
    What may follow a path so far.
    """

    literals: dict[bytes, _Node] = field(factory=dict)
    parameter: _Node | None = None
    #: Method to row and the names of its parameters: rows that end here.
    rows: dict[str, tuple[Operation, tuple[str, ...]]] = field(factory=dict)
    #: The same for rows that take everything below.
    below: dict[str, tuple[Operation, tuple[str, ...]]] = field(factory=dict)


class Table:
    """
    A surface's rows, compiled.

    :raises ValueError: if two rows are the same request, or a ``**`` is not the last segment.
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = tuple(operations)
        self._root = _Node()
        for operation in self.operations:
            self._add(operation)

    def match(self, method: str, path: bytes) -> Match | MethodMissing | None:
        """
        The row of a request, by the path below version and project id as :func:`split` gives it.

        Literal segments win over parameters, and both over ``**``; a row without the method is passed over.
        """
        node = self._root
        values: list[bytes] = []
        for segment in path.split(b"/")[1:]:
            child = node.literals.get(segment)
            if child is None:
                child = node.parameter
                if child is None or not segment:
                    break
                values.append(segment)
            node = child
        else:
            row = node.rows.get(method)
            if row is not None:
                try:
                    return Match(
                        row[0], {name: value.decode() for name, value in zip(row[1], values, strict=True)}
                    )
                except UnicodeDecodeError:
                    return None
        return self._searched(method, path)

    def _searched(self, method: str, path: bytes) -> Match | MethodMissing | None:
        """
        The same for paths whose first reading has no row.
        """
        *inner, last = path.split(b"/")[1:] or [b""]
        segments = [*filter(None, inner), last]
        passed: set[str] = set()
        for rows, values in _candidates(self._root, segments, 0, ()):
            row = rows.get(method)
            if row is None:
                passed.update(rows)
                continue
            try:
                ids = {name: value.decode() for name, value in zip(row[1], values, strict=True)}
            except UnicodeDecodeError:
                return None
            return Match(row[0], ids, frozenset(passed))
        return MethodMissing(frozenset(passed)) if passed else None

    def _add(self, operation: Operation) -> None:
        node = self._root
        names: list[str] = []
        segments = operation.path.strip("/").split("/") if operation.path.strip("/") else []
        for number, segment in enumerate(segments):
            parameter = _PARAMETER.fullmatch(segment)
            if segment == "**":
                if number != len(segments) - 1:
                    raise ValueError(f"{operation.path}: ** is not the last segment")
            elif parameter is not None:
                names.append(parameter.group(1))
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment.encode(), _Node())
        rows = node.below if segments and segments[-1] == "**" else node.rows
        for method in operation.methods:
            if method in rows:
                raise ValueError(f"two rows are {method} {operation.path}")
            rows[method] = (operation, tuple(names))


def klein_rules(operation: Operation) -> tuple[str, str]:
    """
    The row's path as rules for Klein, below the version: without and with project id.

    The second one needs a converter ``project`` with :data:`PROJECT_ID` as its expression. What ``**`` takes is the
    parameter ``below``.
    """
    path = _PARAMETER.sub(r"<\1>", operation.path)
    if path.endswith("/**"):
        path = path.removesuffix("**") + "<path:below>"
    return path, "/<project:project_id>" + path


def _candidates(
    node: _Node, segments: Sequence[bytes], at: int, values: tuple[bytes, ...]
) -> Iterator[tuple[dict[str, tuple[Operation, tuple[str, ...]]], tuple[bytes, ...]]]:
    """
    The rows that fit the segments from a place on, the closest first.
    """
    if at == len(segments):
        if node.rows:
            yield node.rows, values
        return
    segment = segments[at]
    literal = node.literals.get(segment)
    if literal is not None:
        yield from _candidates(literal, segments, at + 1, values)
    if node.parameter is not None and segment:
        yield from _candidates(node.parameter, segments, at + 1, (*values, segment))
    if node.below and segment:
        yield node.below, values
