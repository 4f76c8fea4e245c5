"""
How the schema writes down one option.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from attrs import frozen

#: Takes a value of the option's type and gives it back, normalised.
#: :raises ValueError: if it is not accepted; the message completes "this option …".
Check = Callable[[Any], Any]

#: The key in the metadata of an attribute of the schema.
KEY = "trio2o.option"


@frozen(kw_only=True)
class About:
    """
    What the documentation and the checks know of an option beyond its type.
    """

    help: str
    check: Check | None = None
    #: Checks each item of a list, so that all wrong ones are told.
    each: Check | None = None
    #: What stands in the sample configuration for an option without a useful default.
    example: Any = None
    #: True for what nearly every configuration says; the sample has it in force, not in a comment.
    usual: bool = False


def option(
    help: str,
    *,
    check: Check | None = None,
    each: Check | None = None,
    example: Any = None,
    usual: bool = False,
    default: Any = attrs.NOTHING,
    factory: Callable[[], Any] | None = None,
) -> Any:
    """
    Make an attribute of a section; without ``default`` and ``factory`` it is required.
    """
    about = About(help=help, check=check, each=each, example=example, usual=usual)
    if factory is not None:
        return attrs.field(factory=factory, metadata={KEY: about})
    return attrs.field(default=default, metadata={KEY: about})


def about(attribute: attrs.Attribute[Any]) -> About:
    """
    What was written down of an attribute of the schema.
    """
    found: About = attribute.metadata[KEY]
    return found
