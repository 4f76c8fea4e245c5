"""
Questions to pods that no client asked for, and what is put in order there, with the daemon's own token.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from attrs import define, field, frozen
from twisted.internet.interfaces import IReactorTime

from trio2o.exchange import PodCall
from trio2o.interfaces import IPodClient, IPodTokens, IServiceToken, ITokenValidator
from trio2o.model import Pod

#: What only those may list who see every project's resources: neither Nova nor Cinder says so otherwise, and a Cinder that is
#: asked by anybody else for all projects' volumes gives those of one, without a word.
_ADMINS_ONLY = {"compute": "/v2.1/os-services", "volume": "/v3/{project_id}/os-services"}

#: For how many seconds a pod's no is believed: an operator who gives the daemon's user a role waits no longer.
_REFUSED_SECONDS = 60.0
#: Statuses that say nothing of the next time.
_PASSING = frozenset({401, 408, 425, 429})


@frozen(kw_only=True)
class _Verdict:
    """
    Whether the daemon's user is an admin at a pod's service, as it was found.
    """

    #: The pod as it was set up then.
    pod: Pod
    #: The token that was asked with.
    token: bytes
    #: Why not; empty where it is.
    obstacle: str
    #: By the clock; ``None`` for as long as the token is used.
    until: float | None

    def holds(self, pod: Pod, token: bytes, now: float) -> bool:
        """
        Whether it need not be asked once more.
        """
        return (pod, token) == (self.pod, self.token) and (self.until is None or now < self.until)


@frozen(kw_only=True)
class Said:
    """
    What a pod answered.
    """

    status: int
    #: The body's JSON value; ``None`` for a body that is none.
    body: Any = None


@define(kw_only=True)
class PodQuestions:
    """
    Requests with the daemon's own token; one that a pod refuses is replaced once.
    """

    _pods: IPodClient
    _own: IServiceToken
    _tokens: ITokenValidator
    _pod_tokens: IPodTokens
    _clock: IReactorTime
    #: The largest answer that is read, in bytes.
    _answer_limit: int
    #: Seconds until the head of an answer must be there; ``None`` for the pod's own answer timeout.
    _budget: float | None = None
    #: By pod id and service.
    _verdicts: dict[tuple[str, str], _Verdict] = field(factory=dict, init=False, repr=False)

    async def get(self, pod: Pod, service: str, path: str, *, version: str = "") -> Said:
        """
        Ask one pod.

        :param path: below the pod's root, percent-encoded; ``{project_id}`` becomes the project of the daemon's user.
        :param version: the microversion, as ``OpenStack-API-Version`` has it; empty for none.
        :raises PodFailure: if there is no whole answer in time.
        :raises GatewayError: if there is no token to ask with.
        """
        return await self._request(b"GET", pod, service, path, version)

    async def delete(self, pod: Pod, service: str, path: str) -> Said:
        """
        Have one pod delete what is at a path.

        :raises PodFailure: as :meth:`get`; it may be deleted all the same.
        :raises GatewayError: as :meth:`get`.
        """
        return await self._request(b"DELETE", pod, service, path, "")

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
        Have one pod do something.

        :param path: as for :meth:`get`, and so the version.
        :param body: sent as JSON; ``None`` for no body.
        :raises PodFailure: as :meth:`get`; unless nothing was sent, it may be done all the same.
        :raises GatewayError: as :meth:`get`.
        """
        return await self._request(method.encode("ascii"), pod, service, path, version, body)

    async def obstacle(self, pod: Pod, service: str) -> str:
        """
        Why the daemon's user is not sure to be shown all that the pod's service has; empty when it is. What a pod said is
        remembered: a yes while the token is used, a no for a minute of that, and both while the pod is set up as it was.

        :raises PodFailure: as :meth:`get`.
        :raises GatewayError: as :meth:`get`.
        """
        known = self._verdicts.get((pod.id, service))
        if known is not None and known.holds(pod, await self._own.token(), self._clock.seconds()):
            return known.obstacle
        said = await self.get(pod, service, _ADMINS_ONLY[service])
        obstacle = f"it answers {said.status} when asked for its services"
        if said.status == 200 and isinstance(said.body, dict) and isinstance(said.body.get("services"), list):
            obstacle = ""
        elif said.status == 403:
            obstacle = (
                "the daemon's user needs the role admin there: it is not shown other projects' resources"
            )
        if not obstacle or (400 <= said.status < 500 and said.status not in _PASSING):
            self._verdicts[pod.id, service] = _Verdict(
                pod=pod,
                token=await self._own.token(),
                obstacle=obstacle,
                until=self._clock.seconds() + _REFUSED_SECONDS if obstacle else None,
            )
        else:
            self._verdicts.pop((pod.id, service), None)
        return obstacle

    async def _request(
        self,
        method: bytes,
        pod: Pod,
        service: str,
        path: str,
        version: str,
        body: Mapping[str, Any] | None = None,
    ) -> Said:
        raw = None if body is None else orjson.dumps(body)
        token = await self._own.token()
        said = await self._ask(method, pod, service, path, version, raw, token)
        if said.status == 401:
            self._own.invalidate(token)
            said = await self._ask(method, pod, service, path, version, raw, await self._own.token())
        return said

    async def _ask(
        self, method: bytes, pod: Pod, service: str, path: str, version: str, raw: bytes | None, token: bytes
    ) -> Said:
        identity = self._tokens.peek(token) or await self._tokens.validate(token)
        sent = self._pod_tokens.peek(token, identity, pod)
        if sent is None:
            sent = await self._pod_tokens.pod_token(token, identity, pod)
        project = f"/{identity.project_id}" if identity.project_id else ""
        headers = [(b"Accept", b"application/json"), (b"User-Agent", b"trio2o"), (b"X-Auth-Token", sent)]
        if version:
            headers.append((b"OpenStack-API-Version", version.encode("ascii")))
        if raw is not None:
            headers.append((b"Content-Type", b"application/json"))
        call = PodCall(
            service=service,
            method=method,
            target=path.replace("/{project_id}", project).encode("ascii"),
            headers=headers,
            body=raw,
            budget=self._budget,
            fresh=method != b"GET",
        )
        answer = await self._pods.call(pod, call)
        said = await answer.read(self._answer_limit)
        try:
            return Said(status=answer.status, body=orjson.loads(said))
        except orjson.JSONDecodeError:
            return Said(status=answer.status)
