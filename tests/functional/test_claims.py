"""
What is placed between two collections of usage, on a whole cloud: no pod gets more than its room.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from twisted.internet.defer import Deferred, gatherResults

from tests.functional.cloud import Cloud, CloudCase, Person, PodPlan, a_volume, pause, within

#: The two pods' pools have room for 20,000 GiB each; what is not kept free is room for 8 and 5 volumes of 100 GiB.
ROOM = {"Pod1": 8, "Pod2": 5}
SIZE = 100
PLANS = [
    PodPlan(
        name=name,
        section={"headroom": {"volume_gb": 1.0 - (volumes + 0.5) * SIZE / 20_000}},
        fake={"options": {"cinder": {"quota": {"volumes": -1, "gigabytes": -1}}}},
    )
    for name, volumes in ROOM.items()
]
#: Pods are filled one after the other.
IN_ORDER = {"scheduling": {"weighers": {"binding": 100.0, "creation_order": 1.0}}}


class ClaimsTests(CloudCase):
    """
    Pods that were asked for their usage once.
    """

    async def asked(self, daemons: int) -> Cloud:
        """
        The cloud, and each daemon knows how full both pods are.
        """
        cloud = await self.cloud(PLANS, daemons=0)
        cloud.keystone.add_user("trio2o", "trio2o-password", project="service", roles=["service", "admin"])
        first = await cloud.add_daemon(PLANS, {**IN_ORDER, "usage": {"interval_seconds": 0.2}})
        await within(15, self.known(cloud, 0))
        await first.stop()
        cloud.daemons.clear()
        for number in range(daemons):
            # the next collection is minutes away
            await cloud.add_daemon(PLANS, {**IN_ORDER, "usage": {"interval_seconds": 600.0}})
            await within(15, self.known(cloud, number))
        return cloud

    async def known(self, cloud: Cloud, daemon: int) -> None:
        """
        Wait until a daemon knows both pods' usage.
        """
        while "trio2o_pod_usage_age_seconds{" not in (text := await self.metrics(cloud, daemon)) or any(
            f'trio2o_pod_usage_age_seconds{{pod="{pod}"}}' not in text for pod in ROOM
        ):
            await pause(0.02)

    async def metrics(self, cloud: Cloud, daemon: int) -> str:
        """
        What a daemon shows.
        """
        return (await cloud.admin.at(daemon).admin.get("/metrics")).body.decode()

    async def claimed(self, cloud: Cloud, daemon: int, pod: str) -> float:
        """
        How much of a pod's volumes' room a daemon counts as placed.
        """
        start = f'trio2o_pod_room_claimed{{pod="{pod}",resource="volume_gb"}} '
        (line,) = [
            line for line in (await self.metrics(cloud, daemon)).splitlines() if line.startswith(start)
        ]
        return float(line.removeprefix(start))

    async def heard(self, cloud: Cloud, daemon: int, volumes: int) -> None:
        """
        Wait until a daemon counts so many in Pod1.
        """
        for _ in range(500):
            if await self.claimed(cloud, daemon, "Pod1") == volumes * SIZE:
                return
            await pause(0.02)
        self.fail(f"daemon {daemon} has not heard")

    async def burst(self, people: list[Person]) -> Counter[int]:
        """
        Volumes of all at once; how many creates ended with which status.
        """
        creates = [
            Deferred.fromCoroutine(
                person.volume.post("/v3/{project}/volumes", a_volume(f"v{number}", size=SIZE))
            )
            for number, person in enumerate(people)
        ]
        replies: list[Any] = await gatherResults(creates, consumeErrors=True)
        return Counter(reply.status for reply in replies)

    def made(self, cloud: Cloud) -> dict[str, int]:
        """
        How many creates each pod got.
        """
        return {name: len(cloud.pod(name).cinder.creates()) for name in ROOM}

    async def test_burst(self) -> None:
        """
        Of 20 creates at once, of as many projects, each pod gets as many as it has room for, and the others are refused.
        """
        cloud = await self.asked(1)

        statuses = await self.burst(cloud.projects(20))

        self.assertEqual(ROOM, self.made(cloud))
        self.assertEqual({202: 13, 503: 7}, dict(statuses))

    async def test_two_daemons(self) -> None:
        """
        What one daemon has placed another one counts, soon and without a collection.
        """
        cloud = await self.asked(2)
        people = cloud.projects(16)
        first = await self.burst(people[:6])
        self.assertEqual({202: 6}, dict(first))

        await self.heard(cloud, 1, 6)
        second = await self.burst([person.at(1) for person in people[6:]])

        self.assertEqual(ROOM, self.made(cloud))
        self.assertEqual({202: 7, 503: 3}, dict(second))
        await self.heard(cloud, 0, 8)

    async def test_given_back(self) -> None:
        """
        Creates that the pod refuses leave its room to others.
        """
        cloud = await self.asked(1)
        cinder = cloud.pod("Pod1").cinder
        fault = {"badRequest": {"code": 400, "message": "Invalid volume name."}}
        refusal = cinder.behave("status", method="POST", path="/volumes$", status=400, body=fault)

        refused = await self.burst(cloud.projects(5))
        cinder.frame.behaviours.remove(refusal)

        self.assertEqual({400: 5}, dict(refused))
        self.assertEqual(0.0, await self.claimed(cloud, 0, "Pod1"))
