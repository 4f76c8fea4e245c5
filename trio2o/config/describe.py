"""
The schema for people: the list of options, the sample file and the reference page.
"""

from __future__ import annotations

import enum
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

import attrs
import yaml
from attrs import frozen

from trio2o.config.checks import Range
from trio2o.config.option import about
from trio2o.config.schema import Config
from trio2o.config.secret import Credentials, Secret

#: Types whose fields are not options.
_VALUES = (Credentials, Secret)
_WIDTH = 100


@frozen(kw_only=True)
class Described:
    """
    One option, or the head of a section.
    """

    #: Its place: ``pods[].name``.
    path: str
    #: How deep it stands.
    depth: int
    #: What it does; of a section, what the section is about.
    help: str
    is_section: bool = False
    is_list: bool = False
    required: bool = False
    #: The default as YAML has it; ``None`` for none.
    default: Any = None
    example: Any = None
    usual: bool = False
    #: Between which numbers it is, in words; empty where nothing is said of that.
    limits: str = ""

    @property
    def key(self) -> str:
        """
        The last part of the path.
        """
        return self.path.rpartition(".")[2].removesuffix("[]")

    @property
    def default_text(self) -> str:
        """
        The default in words: ``60 seconds``, ``none``.
        """
        if self.default is None or self.default == {}:
            return "none"
        unit = next((word for word in ("seconds", "bytes") if self.key.endswith(f"_{word}")), "")
        return f"{as_yaml(self.default)} {unit}".rstrip()

    def fallback(self, quote: str = "") -> str:
        """
        The sentence on what holds without the option, and between which numbers it is.
        """
        limits = self.limits and f", {self.limits}"
        if self.required:
            return f"Required{limits}."
        quote = "" if self.default_text == "none" else quote
        return f"Default: {quote}{self.default_text}{quote}{limits}."


def options() -> Iterator[Described]:
    """
    Every option and section, in the order of the sample file.
    """
    return _of_class(Config, "", 0)


def sample() -> str:
    """
    A configuration file with every option: what it does, its default and its unit. What is in force is what nearly everyone sets.
    """
    lines = [
        "# Every option of Trio2o. What stands in a comment without a blank (#option: value) is the default, or an example",
        "# where there is none. Durations are seconds, sizes bytes. Secrets may be {file: PATH} or {env: NAME}; relative paths",
        "# start from this file's folder. `trio2o config check FILE` tells everything that is wrong with a file.",
    ]
    begun = False
    for each in options():
        indent = "  " * each.depth
        if each.is_section:
            lines += ["", *_comment(each.help, indent), f"{indent}{each.key}:"]
            begun = each.is_list
            continue
        lines += ["", *_comment(f"{each.help} {each.fallback()}", indent)]
        shown = (
            each.default if each.default not in (None, "", [], {}) or each.example is None else each.example
        )
        written = as_yaml(shown)
        if each.usual or each.required:
            start = f"{indent[:-2]}- " if begun else indent
            lines += _in_force(each.key, shown, start, indent)
            begun = False
        else:
            lines.append(f"{indent}#{each.key}: {written}")
    return "\n".join(lines) + "\n"


def reference() -> str:
    """
    All options as reStructuredText.
    """
    lines = [".. Made by `trio2o config options --format rst`; change trio2o/config instead.", ""]
    top = [each for each in options() if not each.is_section and each.depth == 0]
    lines += ["At the top", "----------", ""]
    for each in top:
        lines += _definition(each)
    for each in options():
        if each.is_section:
            title = f"``{each.path}``"
            lines += [
                title,
                ("-" if each.depth == 0 else "~") * len(title),
                "",
                *textwrap.wrap(each.help, _WIDTH),
                "",
            ]
        elif each.depth > 0:
            lines += _definition(each)
    return "\n".join(lines).rstrip() + "\n"


def listing() -> str:
    """
    All options as plain text, a paragraph each.
    """
    paragraphs = []
    for each in options():
        if not each.is_section:
            told = textwrap.wrap(
                f"{each.help} {each.fallback()}", _WIDTH, initial_indent="    ", subsequent_indent="    "
            )
            paragraphs.append("\n".join([each.path, *told]))
    return "\n".join(paragraphs) + "\n"


def as_yaml(value: Any) -> str:
    """
    A value on one line of YAML.
    """
    return (
        yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
        .removesuffix("\n...\n")
        .strip()
    )


def _of_class(section: type[Any], prefix: str, depth: int) -> Iterator[Described]:
    attrs.resolve_types(section)
    for attribute in attrs.fields(section):
        path = f"{prefix}{attribute.name}"
        kind, is_list = _section_of(attribute.type)
        if kind is None:
            yield _described(attribute, path, depth)
            continue
        told = " ".join((inspect.getdoc(kind) or "").replace("``", "`").split())
        path = f"{path}[]" if is_list else path
        yield Described(path=path, depth=depth, help=told, is_section=True, is_list=is_list)
        yield from _of_class(kind, f"{path}.", depth + 1)


def _described(attribute: attrs.Attribute[Any], path: str, depth: int) -> Described:
    facts = about(attribute)
    default: Any = attribute.default
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # a class to the type checker's stubs only
        default = default.factory()
    required = default is attrs.NOTHING
    return Described(
        path=path,
        depth=depth,
        help=facts.help,
        required=required,
        default=None if required else _plain(default),
        example=facts.example,
        usual=facts.usual,
        limits=str(facts.check) if isinstance(facts.check, Range) else "",
    )


def _section_of(kind: Any) -> tuple[type[Any] | None, bool]:
    """
    The class behind a type, if it is a section, and whether it is a list of such.
    """
    origin: Any = get_origin(kind)
    if origin is tuple:
        kind = get_args(kind)[0]
    is_section = not isinstance(kind, UnionType) and attrs.has(kind) and kind not in _VALUES
    return (kind, origin is tuple) if is_section else (None, False)


def _plain(value: Any) -> Any:
    """
    A default as YAML writes it.
    """
    match value:
        case Credentials():
            return dict(value.options)
        case Path() | enum.StrEnum():
            return str(value)
        case tuple():
            return [_plain(item) for item in value]
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case float() if value.is_integer():
            return int(value)
    return value


def _comment(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")


def _in_force(key: str, value: Any, start: str, indent: str) -> list[str]:
    if isinstance(value, Mapping):
        inner = [f"{indent}  {name}: {as_yaml(item)}" for name, item in value.items()]
        return [f"{start}{key}:", *inner]
    return [f"{start}{key}: {as_yaml(value)}"]


def _definition(each: Described) -> list[str]:
    told = textwrap.wrap(f"{_literals(each.help)} {each.fallback('``')}", _WIDTH, break_on_hyphens=False)
    return [f"``{each.key}``", *(f"    {line}" for line in told), ""]


def _literals(text: str) -> str:
    """
    Text whose literals are marked as reStructuredText does it.
    """
    return text.replace("`", "``")
