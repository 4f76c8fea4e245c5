"""
What a connection gives for a request: the head of a response, its body still to come.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IProtocol
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH, IResponse
from zope.interface import implementer

from trio2o.exchange import HeaderList


@implementer(IResponse)
class PodResponse:
    """
    A response as treq and Twisted know it, with what a proxy needs besides.
    """

    __slots__ = (
        "_deliver",
        "_drop",
        "code",
        "complete",
        "fields",
        "length",
        "phrase",
        "previousResponse",
        "request",
        "version",
    )

    def __init__(
        self,
        *,
        version: tuple[bytes, int, int],
        code: int,
        phrase: bytes,
        fields: HeaderList,
        length: int | None,
        complete: bool,
        deliver: Callable[[IProtocol], None],
        drop: Callable[[], None],
        request: object = None,
    ) -> None:
        self.version = version
        self.code = code
        self.phrase = phrase
        #: Every field in the order of the pod, names in lower case.
        self.fields = fields
        #: ``UNKNOWN_LENGTH`` where the pod does not tell.
        self.length = UNKNOWN_LENGTH if length is None else length
        #: True when the whole body has come and the connection serves others.
        self.complete = complete
        self.request = request
        self.previousResponse: IResponse | None = None
        self._deliver = deliver
        self._drop = drop

    @property
    def headers(self) -> Headers:
        """
        The fields as Twisted has them.
        """
        headers = Headers()
        for name, value in self.fields:
            headers.addRawHeader(name, value)
        return headers

    def setPreviousResponse(self, response: IResponse) -> None:
        self.previousResponse = response

    def deliverBody(self, protocol: IProtocol) -> None:
        self._deliver(protocol)

    def drop(self) -> None:
        """
        Abort the connection, if it is still busy with this response.
        """
        self._drop()
