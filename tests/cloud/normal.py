"""
Answers made comparable: what differs between any two clouds, or any two runs, gets a placeholder.

Ids are numbered in the order in which a run shows them, so that "the same id again" is compared too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from attrs import define, field

from tests.cloud.wire import Reply

_REQUEST = re.compile(r"req-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])"
)
_PLAIN = (
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{56}(?![0-9a-f])"), "<host id>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?"), "<time>"),
    (re.compile(r"\b10\.\d{1,3}\.\d{1,3}\.\d{1,3}\b"), "<address>"),
    (re.compile(r"\bfa:16:[0-9a-f]{2}(?::[0-9a-f]{2}){3}\b"), "<mac>"),
    (re.compile(r"\bpod\d-(compute|storage|network)\b"), r"<\1 host>"),
    (re.compile(r"\binstance-[0-9a-f]{8}\b"), "<instance name>"),
    (re.compile(r"\br-[a-z0-9]{8}\b"), "<reservation>"),
    (re.compile(r"\bside-by-side-[0-9a-f]{12}\b"), "<own name>"),
)
#: Values that a service invents, by their keys.
_INVENTED = frozenset(
    {"adminPass", "private_key", "public_key", "fingerprint", "auth_key", "salt", "crypt_hash"}
)
#: Fields of the connection, not of the answer.
_OF_THE_CONNECTION = frozenset(
    {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding", "via"}
)


@define
class Normaliser:
    """
    One run at one place.

    """

    #: Scheme, host and port of each service, to its placeholder.
    _roots: Mapping[str, str]
    #: Whole values, such as the name of the zone, to their placeholders.
    _values: Mapping[str, str]
    _ids: dict[str, str] = field(factory=dict, init=False)

    def know(self, identifier: str, name: str) -> None:
        """
        Give an id that is known beforehand a name instead of a number.
        """
        self._ids[identifier.lower()] = f"<{name}>"

    def text(self, text: str) -> str:
        """
        A string with its placeholders.
        """
        for root, name in self._roots.items():
            text = text.replace(root, name)
        for value, name in self._values.items():
            text = re.sub(
                rf"(availability_zone=|--availability-zone |availability zone '){re.escape(value)}\b",
                rf"\1{name}",
                text,
            )
        text = _REQUEST.sub("<request>", text)
        text = _ID.sub(self._numbered, text)
        for pattern, placeholder in _PLAIN:
            text = pattern.sub(placeholder, text)
        # a backup's container begins with a part of its id
        return re.sub(r"\b[0-9a-f]{2}/[0-9a-f]{2}/(?=<)", "<part of id>/", text)

    def value(self, value: Any) -> Any:
        """
        A JSON value with its placeholders.
        """
        if isinstance(value, dict):
            # sorted, since the order of an object's keys says nothing but would number ids differently
            return {
                self.text(key): self._invented(value[key]) if key in _INVENTED else self.value(value[key])
                for key in sorted(value)
            }
        if isinstance(value, list):
            return [self.value(each) for each in value]
        if isinstance(value, str):
            return self._values.get(value) or self.text(value)
        return value

    def reply(self, reply: Reply) -> dict[str, Any]:
        """
        An answer as one value to compare: its status, fields and body.
        """
        fields: dict[str, Any] = {}
        for name, content in reply.fields:
            key = name.lower()
            if key not in _OF_THE_CONNECTION:
                fields.setdefault(key, []).extend(self.text(part.strip()) for part in content.split(","))
        for name, parts in fields.items():
            fields[name] = ", ".join(sorted(parts) if name in ("vary", "allow") else parts)
        try:
            body = self.value(_ordered(json.loads(reply.body))) if reply.body else ""
        except ValueError:
            body = self.text(reply.body.decode("utf-8", "replace"))
        return {"status": reply.status, "fields": fields, "body": body}

    def _numbered(self, match: re.Match[str]) -> str:
        found = match[0].lower()
        return self._ids.setdefault(found, f"<id {len(self._ids) + 1}>")

    @staticmethod
    def _invented(value: Any) -> str:
        return f"<{type(value).__name__}>"


def differences(left: Any, right: Any, path: str = "") -> list[tuple[str, str, str]]:
    """
    Where two values differ: the path, what is left and what is right, each as text.
    """
    if isinstance(left, dict) and isinstance(right, dict):
        found = []
        for key in sorted({*left, *right}):
            found += differences(
                left.get(key, _NOTHING), right.get(key, _NOTHING), f"{path}.{key}" if path else key
            )
        return found
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        return [
            each
            for at, (one, other) in enumerate(zip(left, right, strict=True))
            for each in differences(one, other, f"{path}[{at}]")
        ]
    if type(left) is type(right) and left == right:
        return []
    return [(path, _shown(left), _shown(right))]


def _ordered(body: Any) -> Any:
    """
    A summary of volumes with each key's metadata values in one order: Cinder tells a set of them.
    """
    summary = body.get("volume-summary") if isinstance(body, dict) else None
    metadata = summary.get("metadata") if isinstance(summary, dict) else None
    if isinstance(metadata, dict):
        for values in metadata.values():
            values.sort()
    return body


class _Nothing:
    """
    A key that is absent.
    """

    def __repr__(self) -> str:
        return "(absent)"


_NOTHING = _Nothing()


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 300 else text[:300] + "…"
