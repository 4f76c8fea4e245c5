"""
From the text of a YAML file to plain values, with the lines where it is wrong.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml
from attrs import field, frozen


@frozen(kw_only=True)
class Document:
    """
    What a file says.
    """

    #: ``None`` when it could not be read.
    content: Any
    #: What is wrong with it as YAML, each with its line.
    problems: tuple[str, ...] = field(default=())


class _Loader(yaml.SafeLoader):
    """
    The safe loader, which notes keys that are there twice; YAML forbids them and PyYAML takes the last.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.duplicates: list[str] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """
        As :meth:`yaml.SafeLoader.construct_mapping`.
        """
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                continue
            line = key.start_mark.line + 1
            if key.value in lines:
                self.duplicates.append(
                    f"line {line}: {key.value}: is there twice, first on line {lines[key.value]}"
                )
            else:
                lines[key.value] = line
        return super().construct_mapping(node, deep=deep)


def read_document(text: str) -> Document:
    """
    Read one YAML document; an empty one is an empty mapping.
    """
    try:
        loader = _Loader(text)
        content = loader.get_single_data()
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        where = f"line {mark.line + 1}: " if mark is not None else ""
        return Document(content=None, problems=(f"{where}not YAML: {_told(problem)}",))
    except yaml.reader.ReaderError as problem:
        line = text.count("\n", 0, problem.position) + 1
        return Document(content=None, problems=(f"line {line}: not YAML: {problem.reason}",))
    except ValueError:
        return Document(
            content=None, problems=("not YAML: something looks like a date or number and is none",)
        )
    except RecursionError:
        return Document(content=None, problems=("not YAML: nested too deeply",))
    return Document(content={} if content is None else content, problems=tuple(loader.duplicates))


def _told(problem: yaml.MarkedYAMLError) -> str:
    """
    What PyYAML says, but where it would repeat a word of the file, which may be a password without quotes.
    """
    match problem:
        case yaml.composer.ComposerError() if "alias" in (problem.problem or ""):
            return "what begins with * refers to nothing; text that does needs quotes"
        case yaml.constructor.ConstructorError() if "tag" in (problem.problem or ""):
            return "what begins with ! is not known; text that does needs quotes"
    return problem.problem or problem.context or "not understood"
