"""
The ids by which the services and their clients name requests.
"""

from __future__ import annotations

import re

from trio2o.exchange import HeaderList

#: The headers that tell one.
REQUEST_IDS = frozenset({b"x-openstack-request-id", b"x-compute-request-id"})

#: What the services' middleware (oslo.middleware) takes for a request id of a client.
_REQUEST_ID = re.compile(rb"req-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def global_id(sent: bytes) -> str:
    """
    The request id that was sent; empty for what is none, as the services have it: it goes into logs.
    """
    return sent.decode("ascii") if _REQUEST_ID.fullmatch(sent) else ""


def pods_id(said: HeaderList) -> str:
    """
    The request id in a pod's answer; empty where there is none.
    """
    return next((global_id(value) for name, value in said if name.lower() in REQUEST_IDS), "")
