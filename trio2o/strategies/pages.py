"""
One page of one pod's list: asked for, its links made the top region's, its body parsed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from attrs import frozen

from trio2o.exchange import HeaderList, Inbound
from trio2o.model import Pod, RequestContext
from trio2o.strategies.deadline import Deadline
from trio2o.strategies.forwarding import Forwarder


@frozen(kw_only=True)
class PodPage:
    """
    A pod's answer to one ask.
    """

    status: int
    headers: HeaderList
    raw: bytes
    #: The parsed body of a 200; ``None`` for what is no JSON object, or lacks what was asked for.
    body: dict[str, Any] | None = None


async def page_of(
    pod: Pod,
    target: bytes | None,
    *,
    forwarder: Forwarder,
    inbound: Inbound,
    context: RequestContext,
    deadline: Deadline,
    usable: Callable[[dict[str, Any]], bool],
) -> PodPage:
    """
    Ask one pod.

    :param target: path and query; ``None`` for the client's own.
    :param usable: whether a body has what the list is about.
    :raises PodFailure: if there is no whole answer in time.
    """
    whole = await forwarder.whole(inbound, context, pod, deadline, target=target, body=None)
    assert isinstance(whole.body, bytes)
    body = object_in(whole.body) if whole.status == 200 else None
    return PodPage(
        status=whole.status,
        headers=whole.headers,
        raw=whole.body,
        body=body if body is not None and usable(body) else None,
    )


def says_no_marker(page: PodPage, marker: str) -> bool:
    """
    True for a pod that says of the id which it was asked after that nothing has it.
    """
    return page.status in (400, 404) and marker.encode("utf-8") in page.raw


def object_in(raw: bytes) -> dict[str, Any] | None:
    """
    The JSON object that a body is; ``None`` where it is anything else.
    """
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None
