"""
The domain's exceptions. Each knows its HTTP status; ``trio2o.web.faults`` gives it the shape of the surface that was asked.

``message`` is for every user and never names a pod (I5). ``admin_detail`` is added for admins only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar


class GatewayError(Exception):
    """
    The base of everything that a client is told about.
    """

    status: ClassVar[int] = 500

    def __init__(
        self,
        message: str,
        *,
        admin_detail: str = "",
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.admin_detail = admin_detail
        #: Further response headers, such as ``Retry-After``.
        self.headers = tuple(headers)


class BadRequest(GatewayError):
    """
    The request is malformed or contradicts itself.
    """

    status = 400


class Unauthorized(GatewayError):
    """
    No token, or one that Keystone does not know; answered with ``WWW-Authenticate``.
    """

    status = 401


class Forbidden(GatewayError):
    """
    The caller is known and may not do this.
    """

    status = 403


class NotFound(GatewayError):
    """
    No such resource for this caller, or no such path.
    """

    status = 404


class MethodNotAllowed(GatewayError):
    """
    The path exists, with other methods.
    """

    status = 405


class NotAcceptable(GatewayError):
    """
    A microversion outside of the advertised range.
    """

    status = 406


class Conflict(GatewayError):
    """
    The state of the thing does not allow this: it exists already, is in use, or is being changed.
    """

    status = 409


class BodyTooLarge(GatewayError):
    """
    A body that must be read whole is larger than the configured limit (I2).
    """

    status = 413


class OverLimit(GatewayError):
    """
    More than a project may have, as Cinder says it: with ``Retry-After: 0``.
    """

    status = 413

    def __init__(self, message: str) -> None:
        super().__init__(message, headers=[(b"Retry-After", b"0")])


class Unprocessable(GatewayError):
    """
    Well-formed, and a field's value cannot be accepted (Admin API only).
    """

    status = 422


class BadGateway(GatewayError):
    """
    A pod broke off or answered with what is not HTTP or not JSON.
    """

    status = 502


class Unavailable(GatewayError):
    """
    Cannot be served now: database, Keystone or the pod is away. Worth trying again.
    """

    status = 503


class GatewayTimeout(GatewayError):
    """
    A pod did not answer within its time budget.
    """

    status = 504


class NoValidPod(GatewayError):
    """
    No pod may take the new resource.

    :ivar reasons: pod name to why it was dropped; for admins and the log.
    """

    status = 503

    def __init__(self, message: str, *, reasons: Mapping[str, str]) -> None:
        told = "; ".join(f"{name}: {why}" for name, why in sorted(reasons.items()))
        super().__init__(message, admin_detail=told, headers=[(b"Retry-After", b"30")])
        self.reasons = dict(reasons)


class PodFailure(Exception):
    """
    A call to a pod had no answer. Strategies turn it into a :class:`GatewayError`, or go on without the pod.

    :ivar pod_name: for the log and for admins.
    :ivar sent: False only when surely nothing of the request reached the pod, so that another may be tried (I13).
    """

    def __init__(self, pod_name: str, reason: str, *, sent: bool) -> None:
        super().__init__(f"{pod_name}: {reason}")
        self.pod_name = pod_name
        self.reason = reason
        self.sent = sent


class PodUnreachable(PodFailure):
    """
    No connection or no TLS handshake, the breaker is open, or the pod's endpoint is unknown.
    """


class PodTimeout(PodFailure):
    """
    The time budget passed.
    """


class PodBroken(PodFailure):
    """
    The connection ended, or what came is not HTTP.
    """


class Unreadable(Exception):
    """
    A pod answered, and does not show what it was asked for: a refusal, or an answer of another form.
    """


class NotYet(Exception):
    """
    What a pod is to have names another thing that it does not have yet.
    """


class DatabaseUnavailable(Exception):
    """
    The database cannot be reached or did not answer in time (I15).
    """


class AlreadyExists(Exception):
    """
    A stored thing with the same name or key exists.
    """


class InUse(Exception):
    """
    A stored thing is referred to by others.

    :ivar what: what refers to it, such as ``3 routes, 1 active binding``.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Missing(Exception):
    """
    No stored thing has this id.
    """


class WrongState(Exception):
    """
    The state of a stored thing does not allow what is wanted.

    :ivar state: the one that it has.
    """

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class JobRetry(Exception):
    """
    A job could not be done, and is to be tried again.

    :ivar after: in how many seconds, half a second at the least; ``None`` for what the worker thinks right by then.
    """

    def __init__(self, words: str, after: float | None = None) -> None:
        super().__init__(words)
        self.after = after


class JobHopeless(Exception):
    """
    A job that is refused for ever, as far as anybody can tell: it becomes a dead letter.
    """


class ConfigErrors(Exception):
    """
    Everything that is wrong with a configuration file, each with its path.

    :ivar errors: lines such as ``trio2o.yaml: pods[1].regoin: unknown key``.
    """

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)
