"""
Reading a configuration file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from attrs import frozen
from cattrs import Converter
from cattrs.errors import BaseValidationError

from trio2o.config.checks import unknown_names
from trio2o.config.document import read_document
from trio2o.config.schema import Config, IdentitySection
from trio2o.config.secret import SecretSources
from trio2o.config.structure import make_converter, problems
from trio2o.config.usage_section import UsageSection
from trio2o.errors import ConfigErrors

T = TypeVar("T")

#: A place in the file, and what is wrong there.
Problem = tuple[str, str]


@frozen(kw_only=True)
class Known:
    """
    What the rest of the program knows of names and values that the schema alone cannot judge; ``None`` leaves them unjudged.
    """

    filters: Collection[str] | None = None
    weighers: Collection[str] | None = None
    #: Judges the daemon's credentials.
    credentials: Callable[[IdentitySection], Iterable[Problem]] | None = None
    #: Judges a policy file; gives whole lines.
    policy: Callable[[Path], Iterable[str]] | None = None


def load(path: Path, *, known: Known = Known(), environment: Mapping[str, str] = os.environ) -> Config:
    """
    Read a file. Secrets and other files that it names are read too.

    :raises ConfigErrors: with everything that is wrong, each line beginning with the path as it was given.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as problem:
        raise ConfigErrors([f"{path}: cannot be read: {problem.strerror}"]) from None
    except UnicodeDecodeError as problem:
        line = problem.object.count(b"\n", 0, problem.start) + 1
        raise ConfigErrors([f"{path}: line {line}: not UTF-8 text"]) from None
    return parse(text, name=str(path), folder=path.absolute().parent, known=known, environment=environment)


def parse(
    text: str,
    *,
    name: str,
    folder: Path,
    known: Known = Known(),
    environment: Mapping[str, str] = os.environ,
) -> Config:
    """
    Read the text of a file; errors call it ``name``, relative paths start from ``folder``.

    :raises ConfigErrors: with everything that is wrong.
    """
    document = read_document(text)
    errors = list(document.problems)
    config: Config | None = None
    others: list[str] = []
    if isinstance(document.content, dict):
        converter = make_converter(SecretSources(folder=folder, environment=environment))
        try:
            config = converter.structure(document.content, Config)
        except BaseValidationError as wrong:
            errors += [f"{path}: {message}" for path, message in problems(wrong)]
        errors += [f"{path}: {message}" for path, message in _contradictions(document.content, known)]
        identity = _if_right(converter, document.content.get("identity"), IdentitySection)
        if identity is not None and known.credentials is not None and not _any_at(errors, "identity"):
            errors += [f"{path}: {message}" for path, message in known.credentials(identity)]
        policy_file = _if_right(converter, document.content.get("policy_file"), Path)
        if policy_file is not None and known.policy is not None and not _any_at(errors, "policy_file"):
            others += known.policy(policy_file)
    elif document.content is not None:
        errors.append("must be a mapping of sections")
    if errors or others or config is None:
        raise ConfigErrors([*(f"{name}: {error}" for error in errors), *others])
    return config


def _if_right(converter: Converter, given: Any, wanted: type[T]) -> T | None:
    """
    A part of the file, judged alone, so that what is wrong elsewhere does not keep it from being judged further.
    """
    if given is None:
        return None
    try:
        return converter.structure(given, wanted)
    except (BaseValidationError, TypeError, ValueError):
        return None


def _any_at(errors: Iterable[str], place: str) -> bool:
    return any(re.match(rf"{place}[.:]", error) for error in errors)


def _contradictions(content: Mapping[Any, Any], known: Known) -> Iterator[Problem]:
    """
    What is wrong between options; from the plain values, so that it is told beside errors of single options.
    """
    yield from _pod_names(content)
    yield from _credentials(content)
    yield from _endpoints(content)
    yield from _usage_in_time(content)
    yield from _unified_limits(content)
    scheduling = _section(content, "scheduling")
    filters, weighers = scheduling.get("filters"), scheduling.get("weighers")
    if known.filters is not None and isinstance(filters, list):
        places = {value: index for index, value in enumerate(filters) if isinstance(value, str)}
        for value, message in unknown_names("filter", places, known.filters):
            yield f"scheduling.filters[{places[value]}]", message
    if known.weighers is not None and isinstance(weighers, dict):
        names = [value for value in weighers if isinstance(value, str)]
        for value, message in unknown_names("weigher", names, known.weighers):
            yield f"scheduling.weighers.{value}", message


def _section(content: Mapping[Any, Any], key: str) -> Mapping[Any, Any]:
    section = content.get(key)
    return section if isinstance(section, dict) else {}


def _usage_in_time(content: Mapping[Any, Any]) -> Iterator[Problem]:
    usage, defaults = _section(content, "usage"), UsageSection()
    interval = usage.get("interval_seconds", defaults.interval_seconds)
    stale = usage.get("stale_seconds", defaults.stale_seconds)
    if isinstance(interval, int | float) and isinstance(stale, int | float) and 0 < stale <= interval:
        yield "usage.stale_seconds", f"must be more than interval_seconds, {interval:g}: {stale:g}"


def _unified_limits(content: Mapping[Any, Any]) -> Iterator[Problem]:
    quotas, auth_type = _section(content, "quotas"), _section(content, "identity").get("auth_type")
    if quotas.get("source") == "keystone" and quotas.get("compute"):
        yield "quotas.compute", "cannot stand beside source: keystone"
    if quotas.get("keystone_scope") == "system" and "applicationcredential" in str(auth_type):
        yield "quotas.keystone_scope", "cannot be system with an application credential, which is a project's"


def _pod_names(content: Mapping[Any, Any]) -> Iterator[Problem]:
    region = content.get("region", "RegionOne")
    pods = content.get("pods")
    first: dict[str, int] = {}
    for index, pod in enumerate(pods if isinstance(pods, list) else ()):
        name = pod.get("name") if isinstance(pod, dict) else None
        if not isinstance(name, str):
            continue
        if name == region:
            yield f"pods[{index}].name", f"{name} is the top region"
        if name in first:
            yield f"pods[{index}].name", f"{name} is pods[{first[name]}] already"
        first.setdefault(name, index)


def _credentials(content: Mapping[Any, Any]) -> Iterator[Problem]:
    if not isinstance(content.get("identity"), dict | None):
        return
    identity = _section(content, "identity")
    if identity.get("cloud") is not None:
        for key in ("auth_url", "auth_type", "auth"):
            if identity.get(key) is not None:
                yield f"identity.{key}", "cannot stand beside identity.cloud"
        return
    if identity.get("clouds_file") is not None:
        yield "identity.cloud", "is required with clouds_file"
    elif "identity" in content and identity.get("auth_url") is None:
        yield "identity.auth_url", "is required, or identity.cloud"
    if identity.get("auth_url") is not None and not identity.get("auth"):
        yield "identity.auth", "is required with auth_url"


def _endpoints(content: Mapping[Any, Any]) -> Iterator[Problem]:
    used: dict[str, str] = {}
    listen = _section(content, "listen")
    for surface in ("compute", "volume", "admin"):
        endpoints = _section(listen, surface).get("endpoints")
        for index, endpoint in enumerate(endpoints if isinstance(endpoints, list) else ()):
            # At port 0 the system chooses a free one.
            if not isinstance(endpoint, str) or re.match(r"tcp6?:0(:|$)", endpoint):
                continue
            if endpoint in used:
                yield (
                    f"listen.{surface}.endpoints[{index}]",
                    f"is an endpoint of listen.{used[endpoint]} already",
                )
            used.setdefault(endpoint, surface)
