"""
Rendered answers, kept until what they were made from changes.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field
from twisted.web.server import Request

from trio2o.sandbox.answers import Answer, Revision

_MOST = 20_000


@define
class KeptAnswer:
    """
    A rendered answer and what it depends on.
    """

    revision: Revision
    number: int
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    token: str


@define(eq=False)
class KeptAnswers:
    """
    The kept answers of one service, by everything of a request that they depend on.
    """

    _answers: dict[tuple[Any, ...], KeptAnswer] = field(factory=dict, init=False)

    def find(self, request: Request) -> KeptAnswer | None:
        """
        The answer kept for such a request, if it is still true.
        """
        key = _key(request)
        kept = self._answers.get(key)
        if kept is not None and kept.number != kept.revision.number:
            del self._answers[key]
            return None
        return kept

    def keep(self, request: Request, answer: Answer, headers: tuple[tuple[str, str], ...]) -> None:
        """
        Keep an answer that says what it depends on, if it is a 200 to a GET with a token. ``headers`` are
        those beside the answer's own.
        """
        token = request.getHeader("x-auth-token")
        revision = answer.depends_on
        if revision is None or answer.status != 200 or request.method != b"GET" or token is None:
            return
        if len(self._answers) >= _MOST:
            self._answers.clear()
        body = answer.rendered()
        sent = [*answer.headers, *headers]
        sent += [("Content-Type", answer.content_type), ("Content-Length", str(len(body)))]
        self._answers[_key(request)] = KeptAnswer(
            revision=revision,
            number=revision.number,
            status=answer.status,
            headers=[(name.encode("ascii"), value.encode("latin-1")) for name, value in sent],
            body=body,
            token=token,
        )


def _key(request: Request) -> tuple[Any, ...]:
    first = request.requestHeaders.getRawHeaders
    return (
        request.uri,
        first(b"x-auth-token", (None,))[-1],
        first(b"host", (None,))[-1],
        tuple(first(b"openstack-api-version", ())),
        first(b"x-openstack-nova-api-version", (None,))[-1],
    )
