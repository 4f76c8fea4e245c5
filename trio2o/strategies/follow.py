"""
The strategy ``follow``: a request is carried out by another strategy, and what the pod did beyond it is taken over.

A restore makes a volume, a copied group makes several, an accepted transfer gives a volume and its snapshots to another
project, a delete with ``cascade`` takes snapshots along: resources whose routes come, change and go though no request
names them.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from attrs import define, evolve
from twisted.logger import Logger
from zope.interface import implementer

from trio2o.errors import GatewayError, NotFound, PodFailure, PodUnreachable
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IState, IStrategy
from trio2o.model import Kind, Pod, PodState, RequestContext
from trio2o.strategies.concurrently import Shield
from trio2o.strategies.departures import Departures
from trio2o.strategies.followed import Followed, as_object, told_in
from trio2o.strategies.forwarding import Forwarder, told
from trio2o.strategies.locating import Locator
from trio2o.strategies.read_body import ReadBody
from trio2o.surface.kinds import canonical_id, route_from_body

_log = Logger()

#: The options of a row that are this strategy's; the others are those of the one that carries it out.
OWN_OPTIONS = frozenset({"by", "then", "unseen", "ends"})

#: The microversion from which on volumes can be listed by their group, and snapshots show the group's that they are of.
_OF_GROUPS = "volume 3.14"

_GROUP_SNAPSHOTS = frozenset({Kind.GROUP_SNAPSHOT, Kind.CONSISTENCY_GROUP_SNAPSHOT})


@implementer(IStrategy)
@define(kw_only=True)
class FollowStrategy:
    """
    Carries out the row's ``by``, and then what its ``then`` names.
    """

    #: The strategies that a row may be carried out by.
    _inner: Mapping[str, IStrategy]
    _forwarder: Forwarder
    _shield: Shield
    _locator: Locator
    _state: IState
    _departures: Departures
    #: Seconds that a pod has to answer a question of ours.
    _budget: float
    #: The largest request body that is read whole, in bytes.
    _body_limit: int

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`. Once the body is read, all of it runs to its end whoever still listens.
        """
        raw = await inbound.body.read(self._body_limit)
        return await self._shield.run(
            self._carried_out(Followed(evolve(inbound, body=ReadBody(raw)), context, as_object(raw)))
        )

    async def _carried_out(self, followed: Followed) -> Answer:
        options = followed.inbound.operation.options
        before, after = _STEPS[options["then"]]
        if before is not None:
            await before(self, followed)
        answer = await self._answer(followed)
        pod = self._state.pod_named(answer.pods[0]) if answer.pods else None
        if pod is not None and 200 <= answer.status < 300:
            try:
                await after(self, followed, answer, pod)
            except (PodFailure, GatewayError) as error:
                # the request itself succeeded; what is not known now is found by asking the pods
                _log.info("what {pod} did is not known yet: {error}", pod=pod.name, error=str(error))
        return answer

    async def _answer(self, followed: Followed) -> Answer:
        operation, inbound, context = followed.inbound.operation, followed.inbound, followed.context
        if "unseen" in operation.options:
            try:
                await self._locator.owner(followed.kind, inbound.ids["id"], inbound, context)
            except NotFound as absent:
                return await self._tried(followed, absent)
        theirs = {name: value for name, value in operation.options.items() if name not in OWN_OPTIONS}
        inner = evolve(inbound, operation=evolve(operation, options=theirs))
        return await self._whole(await self._inner[operation.options["by"]].carry_out(inner, context))

    async def _whole(self, answer: Answer) -> Answer:
        """
        The answer with its body here, and not on its way from the pod any more.
        """
        if isinstance(answer.body, bytes):
            return answer
        body = await self._forwarder.read(answer.body)
        if answer.transform is not None:
            body = answer.transform.feed(body) + answer.transform.flush()
        return evolve(answer, body=body, transform=None)

    async def _tried(self, followed: Followed, absent: NotFound) -> Answer:
        """
        Send what nobody shows the caller to one pod after the other: the one that has it does not say 404, and one that
        says so has changed nothing.

        :raises NotFound: if every pod says 404.
        :raises GatewayError: if a pod that may have it does not answer.
        """
        inbound, context = followed.inbound, followed.context
        if canonical_id(inbound.ids["id"]) is None:
            raise absent
        last: Answer | None = None
        unreached: PodFailure | None = None
        for pod in self._state.pods():
            if pod.state is PodState.DISABLED:
                continue
            try:
                answer = await self._forwarder.send(inbound, context, pod)
            except PodFailure as failure:
                if isinstance(failure, PodUnreachable) and not failure.sent:
                    unreached = unreached or failure
                    continue
                raise told(failure) from failure
            last = await self._forwarder.whole_answer(inbound, context, pod, answer)
            if last.status != 404:
                return last
        if unreached is not None:
            raise told(unreached) from unreached
        if last is None:
            raise absent
        return last

    # What is known before.

    async def _find_snapshots(self, followed: Followed) -> None:
        """
        The snapshots that go along: of a volume deleted with ``cascade``, and of a group's snapshot.
        """
        query = dict(parse_qsl((followed.inbound.query or b"").decode("latin-1")))
        path = "/snapshots/detail"
        if followed.kind is Kind.VOLUME and "cascade" in query:
            await self._note_leaving(
                followed, Kind.SNAPSHOT, "snapshots", f"{path}?volume_id={followed.resource_id}"
            )
        elif followed.kind in _GROUP_SNAPSHOTS:
            await self._note_leaving(
                followed, Kind.SNAPSHOT, "snapshots", path, of_group=followed.resource_id.lower()
            )

    async def _find_volumes(self, followed: Followed) -> None:
        """
        The volumes that the delete of a group takes along.
        """
        if followed.deletes_volumes():
            await self._note_leaving(
                followed, Kind.VOLUME, "volumes", f"/volumes/detail?group_id={followed.resource_id}"
            )

    async def _note_leaving(
        self, followed: Followed, kind: Kind, plural: str, path: str, *, of_group: str = ""
    ) -> None:
        """
        :param of_group: only those that a group's snapshot of this id is made of.
        """
        pod = self._locator.at_hand(followed.kind, followed.resource_id)
        if pod is None or canonical_id(followed.resource_id) is None:
            # nobody knows of what hangs on something that was not asked for lately
            return
        try:
            items = await self._listed(followed, pod, plural, path)
        except (PodFailure, GatewayError):
            return
        followed.leaving[kind] = [
            str(item.get("id")).lower() for item in items if not of_group or _is_of(item, of_group)
        ]

    # What is taken over afterwards.

    async def _deleted(self, followed: Followed, answer: Answer, pod: Pod) -> None:
        left = {followed.kind: [followed.resource_id.lower()], **followed.leaving}
        self._departures.watch(left, pod, followed.inbound, followed.context)

    async def _ended(self, followed: Followed, answer: Answer, pod: Pod) -> None:
        """
        An action that ends its resource is a delete.
        """
        if any(action in followed.asked for action in followed.inbound.operation.options["ends"]):
            await self._deleted(followed, answer, pod)

    async def _emptied(self, followed: Followed, answer: Answer, pod: Pod) -> None:
        if followed.kind is Kind.CONSISTENCY_GROUP or "delete" in followed.asked:
            await self._deleted(followed, answer, pod)

    async def _restored(self, followed: Followed, answer: Answer, pod: Pod) -> None:
        """
        The volume that a backup was restored to; a new one, where none was named.
        """
        await self._learn_volume(followed, pod, told_in(answer, "restore").get("volume_id"))

    async def _accepted(self, followed: Followed, answer: Answer, pod: Pod) -> None:
        """
        A volume and, mostly, its snapshots are another project's.
        """
        self._locator.gone(Kind.TRANSFER, followed.resource_id)
        volume_id = told_in(answer, "transfer").get("volume_id")
        await self._learn_volume(followed, pod, volume_id)
        if isinstance(volume_id, str) and canonical_id(volume_id) is not None:
            await self._learn_listed(
                followed, pod, Kind.SNAPSHOT, "snapshots", f"/snapshots/detail?volume_id={volume_id}"
            )

    async def _copied(self, followed: Followed, answer: Answer, pod: Pod) -> None:
        """
        The volumes of a group that was made of another one or of its snapshot.
        """
        group_id = told_in(answer, followed.inbound.operation.single).get("id")
        if isinstance(group_id, str) and canonical_id(group_id) is not None:
            await self._learn_listed(
                followed, pod, Kind.VOLUME, "volumes", f"/volumes/detail?group_id={group_id}"
            )

    async def _snapped(self, followed: Followed, answer: Answer, pod: Pod) -> None:
        """
        The snapshots of a group's volumes, which its snapshot is made of. Cinder takes no filter for them.
        """
        group_snapshot = told_in(answer, followed.inbound.operation.single).get("id")
        if isinstance(group_snapshot, str):
            items = await self._listed(followed, pod, "snapshots", "/snapshots/detail")
            await self._learn_items(
                pod, Kind.SNAPSHOT, [item for item in items if _is_of(item, group_snapshot.lower())]
            )

    async def _made(self, followed: Followed, answer: Answer, pod: Pod) -> None:
        """
        What was there already, and is Cinder's from now on.
        """
        resource = told_in(answer, followed.inbound.operation.single)
        route = route_from_body(followed.kind, resource, pod.id, project_id=followed.context.project_id)
        if route is not None:
            await self._locator.learn([route])

    async def _learn_volume(self, followed: Followed, pod: Pod, volume_id: object) -> None:
        if not isinstance(volume_id, str) or canonical_id(volume_id) is None:
            return
        project = followed.context.project_id
        resource: dict[str, Any] = {"id": volume_id}
        target = f"{followed.root}/volumes/{volume_id}".encode("ascii")
        status, raw = await self._forwarder.ask(
            followed.inbound, followed.context, pod, "volume", target, budget=self._budget
        )
        if status == 200:
            resource = {**as_object(raw).get("volume", {}), **resource}
        route = route_from_body(Kind.VOLUME, resource, pod.id, project_id=project)
        if route is not None:
            await self._locator.learn([route])

    async def _learn_listed(self, followed: Followed, pod: Pod, kind: Kind, plural: str, path: str) -> None:
        await self._learn_items(pod, kind, await self._listed(followed, pod, plural, path))

    async def _learn_items(self, pod: Pod, kind: Kind, items: Sequence[dict[str, Any]]) -> None:
        routes = [route_from_body(kind, item, pod.id) for item in items]
        await self._locator.learn([route for route in routes if route is not None and route.project_id])

    async def _listed(self, followed: Followed, pod: Pod, plural: str, path: str) -> list[dict[str, Any]]:
        """
        One page of a list of the caller's in one pod: as many as Cinder gives at once.

        :raises PodFailure: if there is no whole answer in time.
        """
        status, raw = await self._forwarder.ask(
            followed.inbound,
            followed.context,
            pod,
            "volume",
            f"{followed.root}{path}".encode("ascii"),
            budget=self._budget,
            version=_OF_GROUPS,
        )
        items = as_object(raw).get(plural) if status == 200 else None
        return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


_Before = Callable[[FollowStrategy, Followed], Coroutine[Any, Any, None]]
_After = Callable[[FollowStrategy, Followed, Answer, Pod], Coroutine[Any, Any, None]]

#: What a row's ``then`` names: what is found out before the request is sent, and what is done when it succeeded.
_STEPS: Mapping[str, tuple[_Before | None, _After]] = {
    "accepted": (None, FollowStrategy._accepted),
    "copied": (None, FollowStrategy._copied),
    "deleted": (FollowStrategy._find_snapshots, FollowStrategy._deleted),
    "emptied": (FollowStrategy._find_volumes, FollowStrategy._emptied),
    "ended": (None, FollowStrategy._ended),
    "made": (None, FollowStrategy._made),
    "restored": (None, FollowStrategy._restored),
    "snapped": (None, FollowStrategy._snapped),
}


def _is_of(snapshot: dict[str, Any], group_snapshot: str) -> bool:
    return str(snapshot.get("group_snapshot_id")).lower() == group_snapshot
