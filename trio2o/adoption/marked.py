"""
What a keyed create made in a pod: found by the metadata item that it carries, and freed of it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from attrs import define, evolve
from twisted.internet.interfaces import IReactorTime

from trio2o.adoption.listings import LISTINGS
from trio2o.adoption.pages import BadList, PagedList
from trio2o.adoption.questions import PodQuestions, Said
from trio2o.intents import ITEM, Intent
from trio2o.model import Kind, Pod
from trio2o.surface.kinds import KINDS, canonical_id, read_time

#: How many are listed at once, and at most.
_PAGE, _MOST = 200, 20_000
#: How far a pod's clock may be behind ours.
_SKEW = timedelta(minutes=10)
#: From this version on Nova tells administrators the reservation that a server is of.
_RESERVATIONS = "compute 2.3"
#: From this one on it lists the services of cells that are down.
_DOWN_CELLS = "compute 2.69"


class Unclear(Exception):
    """
    A pod does not tell; the message says why.
    """


@define(kw_only=True)
class MarkedResources:
    """
    Asks pods for what carries an intent's item. Nova has no filter by metadata, and Cinder's is asked in other words by
    each release, so it is the project's newest resources that are read, back to the time of the create.
    """

    _questions: PodQuestions
    _clock: IReactorTime

    async def find(self, intent: Intent, pod: Pod) -> list[dict[str, Any]]:
        """
        What was made, the first one first; empty where it is not there, or not yet.

        :raises Unclear: if the pod does not show all there is.
        :raises PodFailure: if there is no answer.
        :raises GatewayError: if the daemon has no token.
        """
        service = KINDS[intent.kind].service
        obstacle = await self._questions.obstacle(pod, service)
        if obstacle:
            raise Unclear(obstacle)
        begun = datetime.fromtimestamp(self._clock.seconds() - intent.age, UTC) - _SKEW
        way = LISTINGS[intent.kind][-1]
        project = intent.scope.project_id
        if project:
            way = evolve(way, everybody=f"{way.everybody}&project_id={quote(project, safe='')}")
        version = _version(intent)

        async def ask(path: str) -> Said:
            return await self._questions.get(pod, service, path, version=version)

        found: list[dict[str, Any]] = []
        seen = 0
        try:
            async for page in PagedList(way=way, size=_PAGE, ask=ask).pages():
                found += [item for item in page if _carries(item, intent.id)]
                if _ends(page[-1], intent.kind, begun):
                    break
                seen += len(page)
                if seen >= _MOST:
                    raise Unclear(f"the project has made more than {_MOST} since")
        except BadList as error:
            raise Unclear(str(error)) from error
        if not found and intent.kind is Kind.SERVER:
            await self._whole(pod)
        return found[::-1]

    async def unmark(self, intent: Intent, pod: Pod) -> bool:
        """
        Take the item off; True when it is on nothing any more. Nova lets nobody do so while a server is built, is locked or is
        in an error.

        :raises Unclear: as :meth:`find`, or if the pod does not let the daemon do it.
        :raises PodFailure: as :meth:`find`.
        :raises GatewayError: as :meth:`find`.
        """
        ids = [intent.resource_id]
        if not intent.resource_id:
            ids = [str(item["id"]) for item in await self.find(intent, pod)]
        service = KINDS[intent.kind].service
        obstacle = await self._questions.obstacle(pod, service)
        if obstacle:
            raise Unclear(obstacle)
        done = True
        for resource_id in ids:
            path = KINDS[intent.kind].path.replace("{id}", resource_id)
            said = await self._questions.delete(pod, service, f"{path}/metadata/{ITEM}")
            if said.status not in (200, 204, 404):
                done = False
            if said.status in (401, 403) or said.status >= 500:
                raise Unclear(f"it answers {said.status} where metadata is to be removed")
        return done

    async def _whole(self, pod: Pod) -> None:
        """
        Make sure that a list of servers lacked nothing: Nova leaves those of a cell that is down out without a word, and says
        so in the list of its services alone.

        :raises Unclear: if it did.
        """
        said = await self._questions.get(pod, "compute", "/v2.1/os-services", version=_DOWN_CELLS)
        if said.status == 406:
            # too old to leave any out
            return
        services = said.body.get("services") if said.status == 200 and isinstance(said.body, dict) else None
        if not isinstance(services, list):
            raise Unclear(f"it answers {said.status} when asked for its services")
        if any(isinstance(service, dict) and service.get("status") == "UNKNOWN" for service in services):
            raise Unclear("one of its cells is down")


def _ends(last: dict[str, Any], kind: Kind, begun: datetime) -> bool:
    """
    True where all that comes after this one is too old. What is still built may come first in Nova's lists whatever its age.
    """
    made = read_time(last.get(KINDS[kind].created_key))
    return made is not None and made < begun and last.get("status") != "BUILD"


def _carries(item: dict[str, Any], intent_id: str) -> bool:
    metadata = item.get("metadata")
    named = isinstance(metadata, dict) and metadata.get(ITEM) == intent_id
    return named and canonical_id(str(item.get("id"))) is not None


def _version(intent: Intent) -> str:
    """
    Servers are read for what all versions tell; of volumes and snapshots the answer is what the client's version shows.
    """
    if intent.kind is Kind.SERVER:
        return _RESERVATIONS
    asked = intent.request.get("version")
    return f"volume {asked}" if asked else ""
