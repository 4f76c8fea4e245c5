"""
Creates of Block Storage beside those of volumes and snapshots: each goes where its parents are (I6).
"""

from __future__ import annotations

import base64
from typing import Any

import orjson

from tests.unit.strategies.case import P1, S1, V1, V2, StrategyCase, a_context, an_id
from tests.unit.strategies.doubles import Reply
from trio2o.errors import BadRequest
from trio2o.exchange import Answer
from trio2o.model import Kind

BASE = f"/v3/{P1}"
MADE, PARENT = an_id(40), an_id(41)
USER = a_context("volume")


class CreateTests(StrategyCase):
    """
    A volume is in Pod2, and everybody takes what it is sent.
    """

    def setUp(self) -> None:
        super().setUp()
        self.is_bound(self.pod1)
        self.has_route(V1, self.pod2, kind=Kind.VOLUME)

    def sent(self, path: str, body: dict[str, Any], single: str, status: int = 202) -> Answer:
        """
        A create that its pod takes.
        """
        made = {"id": MADE, "name": "n", "availability_zone": "nova"}
        self.pods.on("*", "POST", BASE + path, Reply(status, {single: made}))
        return self.asked("POST", BASE + path, body, context=USER)

    def goes_to(self, pod: str, kind: Kind) -> None:
        """
        One pod got it, and the route says so; the project's binding is as it was.
        """
        self.assertEqual([pod], self.pods.asked("POST"))
        route = self.stored_route(MADE, kind)
        assert route is not None
        self.assertEqual((f"{pod}-id", P1), (route.pod_id, route.project_id))
        self.assertEqual(["Pod1"], self.bound_pods())

    def test_of_a_volume(self) -> None:
        """
        Backups, transfers and attachments go where the volume is.
        """
        for path, body, single, kind in (
            ("/backups", {"backup": {"volume_id": V1}}, "backup", Kind.BACKUP),
            ("/volume-transfers", {"transfer": {"volume_id": V1}}, "transfer", Kind.TRANSFER),
            ("/os-volume-transfer", {"transfer": {"volume_id": V1}}, "transfer", Kind.TRANSFER),
            ("/attachments", {"attachment": {"volume_uuid": V1}}, "attachment", Kind.ATTACHMENT),
            ("/manageable_snapshots", {"snapshot": {"volume_id": V1}}, "snapshot", Kind.SNAPSHOT),
            ("/os-snapshot-manage", {"snapshot": {"volume_id": V1}}, "snapshot", Kind.SNAPSHOT),
        ):
            with self.subTest(path=path):
                self.pods.calls.clear()
                self.database.routes.pop((MADE, kind), None)
                self.state.forget_route(kind, MADE)
                self.sent(path, body, single)
                self.goes_to("Pod2", kind)

    def test_of_groups(self) -> None:
        """
        Snapshots of groups go where the group is.
        """
        self.everybody_says(200, f"{BASE}/snapshots/detail", {"snapshots": []})
        for path, single, key, parent, kind in (
            ("/group_snapshots", "group_snapshot", "group_id", Kind.GROUP, Kind.GROUP_SNAPSHOT),
            (
                "/cgsnapshots",
                "cgsnapshot",
                "consistencygroup_id",
                Kind.CONSISTENCY_GROUP,
                Kind.CONSISTENCY_GROUP_SNAPSHOT,
            ),
        ):
            with self.subTest(path=path):
                self.pods.calls.clear()
                self.has_route(PARENT, self.pod2, kind=parent)
                self.sent(path, {single: {key: PARENT}}, single)
                self.goes_to("Pod2", kind)

    def test_attachment_of_two_pods(self) -> None:
        """
        A server of another pod cannot have the volume: 400, with both ids.
        """
        self.has_route(S1, self.pod3)
        body = {"attachment": {"volume_uuid": V1, "instance_uuid": S1}}
        refused = self.refused(BadRequest, "POST", f"{BASE}/attachments", body, context=USER)
        self.assertIn(V1, refused.message)
        self.assertIn(S1, refused.message)

    def test_attachment_to_what_is_no_server(self) -> None:
        """
        Cinder takes any id for what a volume is attached to; one that is no server's narrows nothing.
        """
        self.everybody_says(404, f"/v2.1/servers/{S1}")
        self.sent("/attachments", {"attachment": {"volume_uuid": V1, "instance_uuid": S1}}, "attachment")
        self.goes_to("Pod2", Kind.ATTACHMENT)

    def test_group(self) -> None:
        """
        A group that names nothing goes where the project is bound, with the pod's own zone; its answer has the top's.
        """
        answer = self.sent("/groups", {"group": {"group_type": "g", "availability_zone": "az1"}}, "group")
        self.goes_to("Pod1", Kind.GROUP)
        self.assertEqual("nova", orjson.loads(self.pods.last.body)["group"]["availability_zone"])
        self.assertEqual("az1", self.shown(answer)["group"]["availability_zone"])

    def test_unknown_zone_of_groups(self) -> None:
        """
        An unknown zone of a group is refused in the words that Cinder has there.
        """
        for path, single in (("/groups", "group"), ("/consistencygroups", "consistencygroup")):
            body = {single: {"availability_zone": "nowhere"}}
            refused = self.refused(BadRequest, "POST", BASE + path, body, context=USER)
            self.assertEqual(
                "Invalid input received: Availability zone 'nowhere' is invalid.", refused.message
            )

    def test_zone_of_backups(self) -> None:
        """
        A backup's zone is made the pod's; one that nobody knows is sent as it is, since Cinder takes it and fails later.
        """
        for zone, sent in (("az1", "nova"), ("nowhere", "nowhere")):
            self.sent("/backups", {"backup": {"volume_id": V1, "availability_zone": zone}}, "backup")
            self.assertEqual(sent, orjson.loads(self.pods.last.body)["backup"]["availability_zone"])

    def test_backup_elsewhere(self) -> None:
        """
        A backup in a zone of another pod than its volume's is refused.
        """
        body = {"backup": {"volume_id": V1, "availability_zone": "az2"}}
        self.refused(BadRequest, "POST", f"{BASE}/backups", body, context=USER)

    def imported(self, **record: Any) -> None:
        """
        An exported backup is brought back.
        """
        url = base64.b64encode(orjson.dumps(record)).decode()
        body = {"backup-record": {"backup_service": "s", "backup_url": url}}
        self.sent("/backups/import_record", body, "backup", 201)
        self.assertEqual(body, orjson.loads(self.pods.last.body))

    def test_import(self) -> None:
        """
        A record goes where its volume is.
        """
        self.everybody_says(404, f"{BASE}/backups/{MADE}")
        self.imported(id=MADE, volume_id=V1)
        self.goes_to("Pod2", Kind.BACKUP)

    def test_import_of_nothing_known(self) -> None:
        """
        One whose volume is nowhere goes where the project is bound.
        """
        for path in (f"/backups/{MADE}", f"/volumes/{V2}"):
            self.everybody_says(404, BASE + path)
        self.imported(id=MADE, volume_id=V2)
        self.goes_to("Pod1", Kind.BACKUP)
