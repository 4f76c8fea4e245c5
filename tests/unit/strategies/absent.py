"""
A pod that has nothing of what it is asked for.
"""

from __future__ import annotations

from tests.unit.strategies.doubles import Reply
from trio2o.exchange import PodCall


def absent(call: PodCall) -> Reply:
    """
    The services' 404 for the id that ends the path: for the script of a pod.
    """
    resource_id = call.target.partition(b"?")[0].rpartition(b"/")[2].decode()
    message = f"Resource {resource_id} could not be found."
    return Reply(404, {"itemNotFound": {"code": 404, "message": message}})
