"""
How pods are asked: what is needed of :class:`trio2o.adoption.questions.PodQuestions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from trio2o.model import Pod


class Said(Protocol):
    """
    What a pod answered.
    """

    @property
    def status(self) -> int:
        """
        The status.
        """

    @property
    def body(self) -> Any:
        """
        The body's JSON value.
        """


class Asks(Protocol):
    """
    Requests to a pod with the daemon's own token.
    """

    async def get(self, pod: Pod, service: str, path: str, *, version: str = "") -> Said:
        """
        Ask.

        :raises PodFailure: if there is no whole answer in time.
        :raises GatewayError: if there is no token to ask with.
        """


class Sends(Asks, Protocol):
    """
    Those that change something, too.
    """

    async def send(
        self,
        method: str,
        pod: Pod,
        service: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        version: str = "",
    ) -> Said:
        """
        Have something done.

        :raises PodFailure: if there is no whole answer in time.
        :raises GatewayError: if there is no token to ask with.
        """
