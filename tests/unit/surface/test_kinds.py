"""
How each kind of resource is asked for and read.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import Kind
from trio2o.surface import references
from trio2o.surface.kinds import (
    KINDS,
    UNROUTED,
    canonical_id,
    names_missing,
    read_project,
    read_time,
    route_from_body,
)
from trio2o.surface.surfaces import SURFACES

ID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
THEN = datetime(2026, 11, 22, 4, 35, 10, tzinfo=UTC)


class IdTests(SynchronousTestCase):
    """
    `canonical_id`.
    """

    def test_ids(self) -> None:
        """
        A UUID is one in any case, and is kept in lower case.
        """
        self.assertEqual(ID, canonical_id(ID))
        self.assertEqual(ID, canonical_id(ID.upper()))

    def test_others(self) -> None:
        """
        Everything else is none.
        """
        for text in (
            "",
            "x",
            ID[:-1],
            ID + "0",
            f" {ID}",
            f"{ID}\n",
            ID.replace("-", ""),
            ID.replace("0", "g"),
            f"{{{ID}}}",
        ):
            with self.subTest(text=text):
                self.assertIsNone(canonical_id(text))


class MissingTests(SynchronousTestCase):
    """
    By which words a service says that it has no such resource.
    """

    def test_named(self) -> None:
        """
        A 404 counts that names the id, however it is spelled.
        """
        for kind, facts in KINDS.items():
            if facts.service == "network":
                continue
            for spelled in (ID, ID.upper()):
                with self.subTest(kind=kind):
                    message = facts.missing.replace("{id}", spelled)
                    body = orjson.dumps({"itemNotFound": {"code": 404, "message": message}})
                    self.assertTrue(names_missing(body, ID))

    def test_others(self) -> None:
        """
        What names no id, or stands in no such fault, says nothing of it.
        """
        for body in (
            b"",
            b"{",
            b"[]",
            b'{"itemNotFound": null}',
            b'{"itemNotFound": {"message": 1}}',
            b'{"itemNotFound": {"message": "The resource could not be found."}}',
            b'{"error": {"message": "no route for /v2.1/servers/%s"}}' % ID.encode(),
        ):
            with self.subTest(body=body):
                self.assertFalse(names_missing(body, ID))


class TimeTests(SynchronousTestCase):
    """
    `read_time`.
    """

    def test_forms(self) -> None:
        """
        Nova's, Cinder's and Neutron's forms are the same moment, in UTC.
        """
        for text in (
            "2026-11-22T04:35:10Z",
            "2026-11-22T04:35:10.000000",
            "2026-11-22T04:35:10",
            "2026-11-22T05:35:10+01:00",
        ):
            with self.subTest(text=text):
                moment = read_time(text)
                self.assertEqual((THEN, UTC), (moment, moment and moment.tzinfo))

    def test_none(self) -> None:
        """
        What is no time is none.
        """
        for value in (None, "", "yesterday", 7, [], "2026-13-01T00:00:00Z"):
            with self.subTest(value=value):
                self.assertIsNone(read_time(value))


class RouteTests(SynchronousTestCase):
    """
    `route_from_body`.
    """

    def test_server(self) -> None:
        """
        A server's route has its project, time, and what a list shows of it when its pod is silent.
        """
        body = {
            "id": ID.upper(),
            "tenant_id": "p1",
            "user_id": "u1",
            "created": "2026-11-22T04:35:10Z",
            "flavor": {"id": "1"},
            "image": "",
            "OS-EXT-AZ:availability_zone": "az1",
            "name": "not kept",
        }

        route = route_from_body(Kind.SERVER, body, "pod1")

        assert route is not None
        self.assertEqual(
            (ID, "pod1", "p1", THEN), (route.resource_id, route.pod_id, route.project_id, route.created_at)
        )
        self.assertEqual({"user_id": "u1", "flavor": {"id": "1"}, "az": "az1"}, dict(route.details))

    def test_others(self) -> None:
        """
        Other kinds name project and time in their own words.
        """
        for kind, project, created in (
            (Kind.VOLUME, "os-vol-tenant-attr:tenant_id", "created_at"),
            (Kind.SNAPSHOT, "os-extended-snapshot-attributes:project_id", "created_at"),
            (Kind.BACKUP, "os-backup-project-attr:project_id", "created_at"),
            (Kind.GROUP, "project_id", "created_at"),
            (Kind.SERVER_GROUP, "project_id", ""),
            (Kind.PORT, "tenant_id", "created_at"),
        ):
            body: dict[str, Any] = {"id": ID, project: "p1"}
            if created:
                body[created] = "2026-11-22T04:35:10.000000"
            with self.subTest(kind=kind):
                route = route_from_body(kind, body, "pod1")
                assert route is not None
                self.assertEqual(
                    ("p1", THEN if created else None, {}),
                    (route.project_id, route.created_at, dict(route.details)),
                )

    def test_project(self) -> None:
        """
        What the caller knows of the project counts only where the body names none.
        """
        for body, project in (
            ({"id": ID, "tenant_id": "p1"}, "p1"),
            ({"id": ID, "tenant_id": ""}, "p2"),
            ({"id": ID, "tenant_id": None}, "p2"),
            ({"id": ID}, "p2"),
        ):
            route = route_from_body(Kind.SERVER, body, "pod1", project_id="p2")
            self.assertEqual(project, route and route.project_id)
        self.assertEqual("", read_project(Kind.TRANSFER, {"project_id": "p1"}))

    def test_no_id(self) -> None:
        """
        Without an id there is no route.
        """
        for body in ({}, {"id": None}, {"id": ""}, {"id": 7}):
            self.assertIsNone(route_from_body(Kind.SERVER, body, "pod1"))


class TableTests(SynchronousTestCase):
    """
    `KINDS`.
    """

    def test_paths(self) -> None:
        """
        Each kind is asked for at a service, under a version, by its id.
        """
        for kind, facts in KINDS.items():
            with self.subTest(kind=kind):
                self.assertIn(facts.service, ("compute", "volume", "network"))
                self.assertRegex(facts.path, r"^/v[0-9.]+/.*\{id\}$")
                self.assertIn("{id}", facts.missing)
                self.assertTrue(facts.noun and facts.single)

    def test_what_bodies_name(self) -> None:
        """
        Whatever kind a create's body may name can be looked for.
        """
        named = {
            each.kind
            for reader in references._READERS
            for each in references.references(reader, EVERYTHING[reader])
        }

        self.assertLessEqual(named, set(KINDS))
        self.assertLessEqual(
            {
                Kind.SERVER,
                Kind.VOLUME,
                Kind.SNAPSHOT,
                Kind.BACKUP,
                Kind.PORT,
                Kind.NETWORK,
                Kind.SERVER_GROUP,
                Kind.GROUP,
            },
            named,
        )

    def test_what_tables_name(self) -> None:
        """
        So can whatever kind a row names, and a row's list can be read.
        """
        for surface in SURFACES.values():
            for operation in surface.operations:
                mates = {mate for _, _, mate in operation.options.get("mates", ())}
                self.assertLessEqual(mates | ({operation.kind} - {None}), set(KINDS), operation)

    def test_unrouted(self) -> None:
        """
        What several pods may have at once gets no route: Neutron's.
        """
        self.assertEqual({kind for kind, facts in KINDS.items() if facts.service == "network"}, UNROUTED)


#: A body with all that is looked at, for each kind.
EVERYTHING: dict[Kind, dict[str, Any]] = {
    Kind.SERVER: {
        "server": {
            "block_device_mapping": [{"volume_id": ID, "snapshot_id": ID}],
            "block_device_mapping_v2": [
                {"source_type": "volume", "uuid": ID},
                {"source_type": "snapshot", "uuid": ID},
            ],
            "networks": [{"uuid": ID}, {"port": ID}],
            "security_groups": [{"name": ID}],
        },
        "os:scheduler_hints": {"group": ID, "same_host": [ID], "different_host": ID},
    },
    Kind.VOLUME: {
        "volume": {
            "snapshot_id": ID,
            "source_volid": ID,
            "source_replica": ID,
            "backup_id": ID,
            "group_id": ID,
            "consistencygroup_id": ID,
        },
        "OS-SCH-HNT:scheduler_hints": {"same_host": [ID], "local_to_instance": ID},
    },
    Kind.SNAPSHOT: {"snapshot": {"volume_id": ID}},
    Kind.BACKUP: {"backup": {"volume_id": ID, "snapshot_id": ID}},
    Kind.TRANSFER: {"transfer": {"volume_id": ID}},
    Kind.ATTACHMENT: {"attachment": {"volume_uuid": ID, "instance_uuid": ID}},
    Kind.GROUP: {"create-from-src": {"group_snapshot_id": ID, "source_group_id": ID}},
    Kind.GROUP_SNAPSHOT: {"group_snapshot": {"group_id": ID}},
    Kind.CONSISTENCY_GROUP: {"consistencygroup-from-src": {"cgsnapshot_id": ID, "source_cgid": ID}},
    Kind.CONSISTENCY_GROUP_SNAPSHOT: {"cgsnapshot": {"consistencygroup_id": ID}},
}
