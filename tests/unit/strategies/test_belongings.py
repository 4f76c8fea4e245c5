"""
What servers bring to life and take with them.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.strategies.absent import absent
from tests.unit.strategies.case import P1, S1, S2, V1, V2, X1, StrategyCase, a_server
from tests.unit.strategies.doubles import Reply, Unreachable
from trio2o.model import Kind
from trio2o.strategies.belongings import makes_volumes
from trio2o.strategies.unknown import leaves

SERVERS = "/v2.1/servers"
ONE = f"{SERVERS}/{S1}"
VOLUMES = "os-extended-volumes:volumes_attached"
BOOT = [{"boot_index": 0, "source_type": "image", "destination_type": "volume", "uuid": X1}]


def shown(*volumes: Any, **fields: Any) -> Reply:
    """
    A server as its pod shows it.
    """
    attached = [each if isinstance(each, dict) else {"id": each} for each in volumes]
    return Reply(200, {"server": {**a_server(1), "id": S1, VOLUMES: attached, **fields}})


class BodyTests(SynchronousTestCase):
    """
    Which creates may make volumes.
    """

    def test_bodies(self) -> None:
        """
        Those that turn an image, a snapshot or nothing into one; an existing volume is none, and what is malformed neither.
        """
        device = {"source_type": "image", "destination_type": "volume"}
        for server, makes in (
            ({}, False),
            ({"block_device_mapping_v2": [device]}, True),
            ({"block_device_mapping_v2": [{**device, "source_type": "blank"}]}, True),
            ({"block_device_mapping_v2": [{**device, "source_type": "volume"}]}, False),
            ({"block_device_mapping_v2": [{**device, "destination_type": "local"}]}, False),
            ({"block_device_mapping_v2": ["x", 1]}, False),
            ({"block_device_mapping_v2": 1, "block_device_mapping": 1}, False),
            ({"block_device_mapping": [{"volume_id": V1}, "x"]}, False),
            ({"block_device_mapping": [{"snapshot_id": V1}]}, True),
        ):
            with self.subTest(server=server):
                self.assertEqual(makes, makes_volumes(server))


class BelongingsCase(StrategyCase):
    """
    Servers that are followed.
    """

    follows_servers = True

    def tearDown(self) -> None:
        self.departures.stopService()
        super().tearDown()

    def pod_of(self, resource_id: str, kind: Kind) -> str | None:
        """
        The pod that the stored route names.
        """
        route = self.stored_route(resource_id, kind)
        return None if route is None or route.deleted_at is not None else route.pod_id


class MadeTests(BelongingsCase):
    """
    Volumes that come with a server.
    """

    def setUp(self) -> None:
        super().setUp()
        self.pods.on("*", "POST", SERVERS, Reply(202, {"server": {"id": S1}}))

    def boot(self, **fields: Any) -> None:
        """
        Make a server.
        """
        self.asked("POST", SERVERS, {"server": {"block_device_mapping_v2": BOOT, **fields}})

    def test_boot_from_volume(self) -> None:
        """
        Its volume gets a route, with the project that the server's body names, as soon as the server shows it.
        """
        self.pods.on("Pod1", "GET", ONE, shown(status="BUILD"), shown(V1))
        self.boot()
        self.clock.advance(2)
        self.assertIsNone(self.pod_of(V1, Kind.VOLUME))
        self.clock.advance(4)

        self.assertEqual(self.pod1.id, self.pod_of(V1, Kind.VOLUME))
        self.assertEqual(P1, self.stored_route(V1, Kind.VOLUME).project_id)  # type: ignore[union-attr]

    def test_done(self) -> None:
        """
        A server that is built, has failed or is gone is not asked after any more; nor is one with no new volume.
        """
        for reply in (shown(V1), shown(status="ERROR"), absent):
            self.pods.on("Pod1", "GET", ONE, reply)
            self.boot()
            before = len(self.pods.calls)
            self.clock.pump([2, 100, 100, 100])
            self.assertEqual(1, len(self.pods.calls) - before)
        before = len(self.pods.calls)
        self.boot(block_device_mapping_v2=[])
        self.clock.pump([2, 100])
        self.assertEqual(1, len(self.pods.calls) - before)

    def test_silent(self) -> None:
        """
        A pod that is silent is asked again, and not without end.
        """
        self.pods.on("Pod1", "GET", ONE, Unreachable(), shown(V1))
        self.boot()
        self.clock.pump([2, 4])
        self.assertEqual(self.pod1.id, self.pod_of(V1, Kind.VOLUME))

        self.pods.on("Pod1", "GET", ONE, shown(status="BUILD"))
        before = len(self.pods.calls)
        self.boot()
        self.clock.pump([60] * 20)
        self.assertEqual(1 + 7, len(self.pods.calls) - before)

    def test_known(self) -> None:
        """
        What is known of a volume is not replaced.
        """
        self.has_route(V1, self.pod2, kind=Kind.VOLUME)
        self.pods.on("Pod1", "GET", ONE, shown(V1, V2, "x", {}))
        self.boot()
        self.clock.advance(2)

        self.assertEqual([self.pod2.id, self.pod1.id], [self.pod_of(each, Kind.VOLUME) for each in (V1, V2)])

    def test_several(self) -> None:
        """
        Each server of one create is followed.
        """
        listed = [{**a_server(1), "id": each} for each in (S1, S2)]
        self.pods.on("Pod1", "GET", f"{SERVERS}/detail", Reply(200, {"servers": listed}))
        self.pods.on("Pod1", "GET", ONE, shown(V1))
        self.pods.on("Pod1", "GET", f"{SERVERS}/{S2}", shown(V2))
        self.pods.on("Pod1", "POST", SERVERS, Reply(202, {"reservation_id": "r-1"}))
        self.boot(min_count=2)
        self.clock.advance(2)

        self.assertEqual([self.pod1.id] * 2, [self.pod_of(each, Kind.VOLUME) for each in (V1, V2)])


class DeletedTests(BelongingsCase):
    """
    What goes with a server.
    """

    def setUp(self) -> None:
        super().setUp()
        self.has_route(S1, self.pod1)
        for volume in (V1, V2):
            self.has_route(volume, self.pod1, kind=Kind.VOLUME)
            self.pods.on("Pod1", "GET", f"/v3/{P1}/volumes/{volume}", absent)
        self.pods.on("Pod1", "DELETE", ONE, Reply(204))

    def test_ended(self) -> None:
        """
        The server's route and those of the volumes that go with it end though nobody asks; others stay.
        """
        self.pods.on(
            "Pod1",
            "GET",
            ONE,
            shown({"id": V1, "delete_on_termination": True}, {"id": V2, "delete_on_termination": False}),
            absent,
        )
        self.asked("DELETE", ONE)
        self.assertEqual(b"compute 2.3", self.pods.last.header(b"openstack-api-version"))
        self.clock.advance(1)

        self.assertEqual(
            [None, None, self.pod1.id],
            [self.pod_of(S1, Kind.SERVER), self.pod_of(V1, Kind.VOLUME), self.pod_of(V2, Kind.VOLUME)],
        )

    def test_tombstone(self) -> None:
        """
        The tombstone tells when the server was created, and it is not shown as UNKNOWN while it leaves.
        """
        self.pods.on("Pod1", "GET", ONE, shown(), absent)
        self.asked("DELETE", ONE)
        route = self.stored_route(S1)
        assert route is not None
        self.assertTrue(leaves(route))
        self.assertEqual("az1", route.details["az"])
        self.clock.advance(1)

        (tombstone,) = self.done(self.route_store.routes_of_id(S1))
        self.assertEqual((True, True), (tombstone.deleted_at is not None, tombstone.created_at is not None))

    def test_still_there(self) -> None:
        """
        A server keeps its route as long as its pod shows it.
        """
        self.pods.on("Pod1", "GET", ONE, shown())
        self.asked("DELETE", ONE)
        self.clock.pump([10] * 30)

        self.assertEqual(self.pod1.id, self.pod_of(S1, Kind.SERVER))

    def test_silent(self) -> None:
        """
        A pod that falls silent keeps nobody waiting, and the route stays until it says something.
        """
        self.pods.on("Pod1", "GET", ONE, Unreachable(), Unreachable(), absent)
        self.assertEqual(204, self.asked("DELETE", ONE).status)
        self.clock.advance(1)
        self.assertEqual(self.pod1.id, self.pod_of(S1, Kind.SERVER))
        self.clock.advance(2)

        self.assertIsNone(self.pod_of(S1, Kind.SERVER))

    def test_refused(self) -> None:
        """
        A delete that was refused is not followed.
        """
        self.pods.on("Pod1", "DELETE", ONE, Reply(409))
        self.asked("DELETE", ONE)

        self.assertEqual(1, len(self.pods.calls))

    def test_forced(self) -> None:
        """
        The action that deletes at once is a delete.
        """
        self.pods.on("Pod1", "POST", f"{ONE}/action", Reply(202))
        self.pods.on("Pod1", "GET", ONE, absent)
        self.asked("POST", f"{ONE}/action", {"forceDelete": None})
        self.clock.advance(1)

        self.assertIsNone(self.pod_of(S1, Kind.SERVER))


class ImagedTests(BelongingsCase):
    """
    Images of servers.
    """

    def setUp(self) -> None:
        super().setUp()
        self.has_route(S1, self.pod1)
        self.pods.on("Pod1", "POST", f"{ONE}/action", Reply(202))
        self.path = f"/v3/{P1}/snapshots/detail"

    def image(self) -> None:
        """
        Make an image.
        """
        self.asked("POST", f"{ONE}/action", {"createImage": {"name": "n"}})

    def test_snapshots(self) -> None:
        """
        The snapshots of a server's volumes get routes; where it has none nobody asks Cinder.
        """
        listed = [
            {"id": X1, "os-extended-snapshot-attributes:project_id": P1},
            {"id": S2, "name": "whose it is is not told"},
            {"name": "no id"},
        ]
        self.pods.on("Pod1", "GET", ONE, shown(), shown(V1))
        self.pods.on("Pod1", "GET", self.path, Reply(200, {"snapshots": listed}), service="volume")
        self.image()
        self.assertIsNone(self.pod_of(X1, Kind.SNAPSHOT))
        self.image()

        self.assertEqual(self.pod1.id, self.pod_of(X1, Kind.SNAPSHOT))
        self.assertEqual(f"volume_id={V1}", self.pods.last.query)
        self.assertIsNone(self.pod_of(S2, Kind.SNAPSHOT))

    def test_not_told(self) -> None:
        """
        What cannot be read is adopted later.
        """
        for reply in (
            Unreachable(),
            Reply(500),
            Reply(200, b"x"),
            Reply(200, []),
            Reply(200, {"snapshots": 1}),
        ):
            self.pods.on("Pod1", "GET", ONE, shown(V1))
            self.pods.on("Pod1", "GET", self.path, reply)
            self.image()
            self.pods.on("Pod1", "GET", ONE, reply)
            self.image()

    def test_other_actions(self) -> None:
        """
        Nothing is asked after any other action.
        """
        self.asked("POST", f"{ONE}/action", {"reboot": {"type": "SOFT"}})

        self.assertEqual(1, len(self.pods.calls))
