"""
From plain values to the schema's classes: strict types, no unknown keys, and every error with its path.
"""

from __future__ import annotations

import enum
import math
from collections import abc
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.errors import (
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, override

from trio2o.config.checks import suggestion
from trio2o.config.option import about
from trio2o.config.secret import Credentials, Secret, SecretSources

#: How errors call what YAML gives.
_KINDS: Mapping[type, str] = {
    bool: "true or false",
    dict: "a mapping",
    float: "a number",
    int: "a whole number",
    list: "a list",
    str: "text",
    type(None): "nothing",
}


def make_converter(sources: SecretSources) -> Converter:
    """
    Make the converter for one file: relative paths and secrets depend on where it is.
    """
    converter = Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_structure_hook_factory(attrs.has, lambda section: _section_hook(section, converter))
    converter.register_structure_hook_func(_is_list, _list_hook(converter))
    converter.register_structure_hook_func(_is_mapping, _mapping_hook(converter))
    converter.register_structure_hook(str, _text)
    # An enumeration of strings is a str too; the hook of the nearest class is taken.
    converter.register_structure_hook(enum.StrEnum, _word)
    converter.register_structure_hook(bool, _boolean)
    converter.register_structure_hook(int, _whole_number)
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(Path, lambda given, _: sources.folder / Path(_text(given)).expanduser())
    converter.register_structure_hook(Secret, lambda given, _: Secret(sources.read(given)))
    converter.register_structure_hook(Credentials, lambda given, _: _credentials(given, sources))
    return converter


def problems(error: BaseException, path: str = "") -> Iterator[tuple[str, str]]:
    """
    The (path, message) pairs of all that cattrs found wrong.
    """
    match error:
        case ClassValidationError():
            noted, others = error.group_exceptions()
            for inner, note in noted:
                yield from problems(inner, f"{path}.{note.name}" if path else note.name)
            for inner in others:
                yield from problems(inner, path)
        case IterableValidationError():
            for inner, place in error.group_exceptions()[0]:
                index = place.index
                yield from problems(
                    inner, f"{path}[{index}]" if isinstance(index, int) else f"{path}.{index}"
                )
        case ForbiddenExtraKeysError():
            known = [attribute.name for attribute in attrs.fields(error.cl)]
            for key in sorted(error.extra_fields, key=str):
                yield (f"{path}.{key}" if path else str(key)), f"unknown key{suggestion(str(key), known)}"
        case KeyError():
            yield path, "is required"
        case _:
            yield path, str(error)


def _section_hook(section: type[Any], converter: Converter) -> Callable[[Any, Any], Any]:
    """
    Make the hook of one class of the schema. Options are checked as they are structured, so that no wrong one hides another.
    """
    attrs.resolve_types(section)
    hooks: dict[str, Any] = {
        each.name: override(struct_hook=_option_hook(each, converter)) for each in attrs.fields(section)
    }
    structure = make_dict_structure_fn(section, converter, _cattrs_forbid_extra_keys=True, **hooks)

    def hook(given: Any, wanted: Any) -> Any:
        # A section whose options are all commented out is there, and nothing.
        return structure({} if given is None else _mapping(given), wanted)

    return hook


def _option_hook(attribute: attrs.Attribute[Any], converter: Converter) -> Callable[[Any, Any], Any]:
    check, each = about(attribute).check, about(attribute).each
    kind: Any = attribute.type

    def hook(given: Any, _: Any) -> Any:
        value = converter.structure(given, kind)
        if each is not None:
            value = _every(enumerate(value), lambda _, item: each(item))
        return value if check is None or value is None else check(value)

    return hook


def _list_hook(converter: Converter) -> Callable[[Any, Any], Any]:
    def hook(given: Any, wanted: Any) -> tuple[Any, ...]:
        if given is None:
            return ()
        if not isinstance(given, list):
            raise TypeError(f"must be a list, not {_kind(given)}")
        kind = get_args(wanted)[0]
        return _every(enumerate(given), lambda _, item: converter.structure(item, kind))

    return hook


def _mapping_hook(converter: Converter) -> Callable[[Any, Any], Any]:
    def hook(given: Any, wanted: Any) -> dict[str, Any]:
        kind = get_args(wanted)[1]

        def value_of(key: Any, item: Any) -> Any:
            _text(key)
            return converter.structure(item, kind)

        items = _mapping(given).items()
        return dict(zip(given, _every(items, value_of), strict=True))

    return hook


def _credentials(given: Any, sources: SecretSources) -> Credentials:
    def value_of(key: Any, value: Any) -> Any:
        _text(key)
        return sources.read(value) if isinstance(value, dict) else value

    items = _mapping(given).items()
    return Credentials(dict(zip(given, _every(items, value_of), strict=True)))


def _every(items: Iterable[tuple[Any, Any]], structure: Callable[[Any, Any], Any]) -> tuple[Any, ...]:
    """
    Structure all items, and tell of all that are wrong.
    """
    done: list[Any] = []
    errors: list[Exception] = []
    for place, item in items:
        try:
            done.append(structure(place, item))
        except Exception as error:  # noqa: BLE001 - collected and raised again together
            error.add_note(IterableValidationNote("", place if isinstance(place, int) else str(place), None))
            errors.append(error)
    if errors:
        raise IterableValidationError("", errors, tuple)
    return tuple(done)


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), f"a {type(value).__name__}")


def _mapping(given: Any) -> dict[Any, Any]:
    if not isinstance(given, dict):
        raise TypeError(f"must be a mapping, not {_kind(given)}")
    return given


def _text(given: Any, _: Any = None) -> str:
    if not isinstance(given, str):
        hint = "" if isinstance(given, dict | list | None) else ": put it in quotes"
        raise TypeError(f"must be text, not {_kind(given)}{hint}")
    return given


def _boolean(given: Any, _: Any) -> bool:
    if not isinstance(given, bool):
        raise TypeError(f"must be true or false, not {_kind(given)}")
    return given


def _whole_number(given: Any, _: Any) -> int:
    if not isinstance(given, int) or isinstance(given, bool):
        raise TypeError(f"must be a whole number, not {_kind(given)}")
    return given


def _number(given: Any, _: Any) -> float:
    if not isinstance(given, int | float) or isinstance(given, bool):
        raise TypeError(f"must be a number, not {_kind(given)}")
    try:
        value = float(given)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


def _is_list(wanted: Any) -> bool:
    origin: Any = get_origin(wanted)
    return origin is tuple


def _is_mapping(wanted: Any) -> bool:
    origin: Any = get_origin(wanted)
    return origin is abc.Mapping


def _word(given: Any, wanted: type[enum.StrEnum]) -> enum.StrEnum:
    words = [str(word) for word in wanted]
    if _text(given) not in words:
        raise ValueError(f"must be one of {', '.join(words)}, not {given!r}{suggestion(given, words)}")
    return wanted(given)
