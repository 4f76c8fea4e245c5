"""
Keeps secrets out of logs (I17), as a second line: code that logs is not to hand secrets over in the first
place.

What is found: values under names that mean a secret, however they are written (header, JSON, ``repr``, query,
DSN), Keystone's tokens by their form (Fernet, JWS), passwords in URLs, and secrets that the configuration
named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import field, frozen

#: What stands in a secret's place.
HIDDEN = "***"

#: How deep into nested values an event's field is followed.
_DEPTH = 8

_SECRET_NAME = re.compile(
    r"token|passw|adminpass|secret|authorization|cookie|credential|signature", re.IGNORECASE
)

_LABELLED = re.compile(
    r"""
    (?P<label>
        (?: x-[a-z]+-token | (?:proxy-)?authorization
          | (?: passw(?:or)?d | adminpass | secret ) [a-z_]*
          | (?<=["']) [a-z_]{0,40} token [a-z_]{0,40} (?=\\?["'])
          | token (?==)
        )
        (?: \\?["']?\s*[:=] | \\?["']\s*, )\s*     # header, JSON, query, DSN; a pair
        [\[(]?(?:b(?=["']))?                        # a list of values, bytes
    )
    (?: \\"(?:(?!\\").)*\\"                         # JSON inside of quoted text
      | "(?:[^"\\]|\\.)*(?:"|$)
      | '(?:[^'\\]|\\.)*(?:'|$)
      | (?:(?:basic|bearer)\s+)?[^\s,;&)\]}"'\\]+
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_COOKIES = re.compile(r"(?P<label>cookie['\"]?\s*[:=]\s*)[^\r\n]+", re.IGNORECASE)
_FERNET = re.compile(r"gAAAA[\w-]{20,}(?:={1,2}|(?:%3[Dd]){1,2})?")
_JWS = re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}")
_URL_PASSWORD = re.compile(r"(?P<user>://[^\s/:@]*:)[^\s/@]+@")

#: Paths that hold a secret as a segment: Nova's console tokens.
_SECRET_SEGMENT = re.compile(rb"(/os-console-auth-tokens/)[^/?]+")
#: A parameter whose name means a secret, or is percent-encoded so that it cannot be told.
_SECRET_PARAMETER = re.compile(
    rb"([?&;][^=&;]*(?:token|passw|secret|signature|credential|auth|%)[^=&;]*=)[^&;]*", re.IGNORECASE
)


def _long_enough(secrets: Iterable[str]) -> tuple[str, ...]:
    """
    Leave out what is so short that hiding it would take innocent text away.
    """
    return tuple(secret for secret in secrets if len(secret) >= 6)


@frozen
class Redactor:
    """
    Hides secrets in text and in the fields of log events.
    """

    #: Secrets that are known as such, of the configuration.
    known: tuple[str, ...] = field(default=(), converter=_long_enough, repr=False)

    def text(self, text: str) -> str:
        """
        The text with its secrets hidden.
        """
        for secret in self.known:
            text = text.replace(secret, HIDDEN)
        text = _FERNET.sub(HIDDEN, text)
        text = _JWS.sub(HIDDEN, text)
        text = _URL_PASSWORD.sub(rf"\g<user>{HIDDEN}@", text)
        text = _COOKIES.sub(rf"\g<label>{HIDDEN}", text)
        return _LABELLED.sub(rf"\g<label>{HIDDEN}", text)

    def value(self, name: str, value: Any, depth: int = _DEPTH) -> Any:
        """
        A field of an event as what JSON can hold, with its secrets hidden: by its own name, and by those
        within.
        """
        if value is None or isinstance(value, bool | int | float):
            return value
        if _SECRET_NAME.search(name):
            return HIDDEN
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes):
            return self.text(value.decode("utf-8", "replace"))
        if depth and isinstance(value, Mapping):
            return {
                self.text(str(key)): self.value(str(key), inner, depth - 1) for key, inner in value.items()
            }
        if depth and isinstance(value, Sequence | set | frozenset):
            if len(value) == 2 and isinstance(value, tuple) and isinstance(value[0], str | bytes):
                # A header field as a pair.
                first = value[0].decode("latin-1") if isinstance(value[0], bytes) else value[0]
                return [self.text(first), self.value(first, value[1], depth - 1)]
            return [self.value("", inner, depth - 1) for inner in value]
        return self.text(str(value))


def target_without_secrets(target: bytes) -> str:
    """
    Path and query of a request for the access log.
    """
    if b"?" in target:
        path, query = target.split(b"?", 1)
        target = path + _SECRET_PARAMETER.sub(rb"\1***", b"?" + query)
    if b"-tokens/" in target:
        target = _SECRET_SEGMENT.sub(rb"\1***", target)
    text = target.decode("latin-1")
    # Tokens by their form, wherever a client has put them; the look for their beginning costs next to nothing.
    if "gAAAA" in text:
        text = _FERNET.sub(HIDDEN, text)
    if "eyJ" in text:
        text = _JWS.sub(HIDDEN, text)
    return text
