"""
What is known of a request once it is over: the one thing that the access log and the metrics are fed with.
"""

from __future__ import annotations

from attrs import define


@define(kw_only=True)
class RequestRecord:
    """
    Filled while a request runs; read when it ends. Holds no token and no body.
    """

    surface: str
    method: bytes
    #: Path and query as they were sent.
    target: bytes
    client: str
    request_id: str
    global_request_id: str = ""
    #: The id that a pod gave the request, where the client was told that one.
    pod_request_id: str = ""
    #: The table's path, such as ``/servers/{id}``; empty before a match.
    operation: str = ""
    strategy: str = ""
    project_id: str = ""
    user_id: str = ""
    #: 499 where the client left before there was an answer.
    status: int = 0
    #: Bytes of the answer's body.
    sent: int = 0
    #: False when the answer was cut short.
    whole: bool = True
    pods: tuple[str, ...] = ()
    #: Pods that were left out.
    missing: tuple[str, ...] = ()
    #: Seconds until the handler had its answer: mostly the waiting for pods.
    pod_seconds: float = 0.0
    #: Seconds from the request's head to the answer's end.
    duration: float = 0.0
    #: What went wrong, for the log alone: may name pods.
    detail: str = ""
