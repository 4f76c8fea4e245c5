"""
The strategy ``follow``, and resources on their way out: routes that come, change and go though no request names them.
"""

from __future__ import annotations

from typing import Any

import orjson
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.strategies.absent import absent
from tests.unit.strategies.case import LIMIT, P1, P2, V1, V2, StrategyCase, a_context, a_volume, an_id
from tests.unit.strategies.doubles import Hang, Reply, Unreachable
from trio2o.errors import BadRequest, BodyTooLarge, NotFound, Unavailable
from trio2o.exchange import Answer
from trio2o.interfaces import IRequestBody
from trio2o.model import Kind, RequestContext
from trio2o.strategies.read_body import ReadBody

B1, T1, G1, G2, SNAP = (an_id(number) for number in range(20, 25))
ROOT = f"/v3/{P1}"
THEIRS = f"/v3/{P2}"
STRANGER = a_context("volume", project=P2)
ADMIN = a_context("volume", roles="admin")
#: Seconds after which nobody asks after anything any more.
LONG = 1000.0


def a_snapshot(identity: str, project: str = P1, **fields: Any) -> dict[str, Any]:
    """
    A snapshot as lists show it.
    """
    return {
        "id": identity,
        "created_at": "2026-01-01T00:00:01.000000",
        "os-extended-snapshot-attributes:project_id": project,
        **fields,
    }


class FollowCase(StrategyCase):
    """
    A volume, its backup and groups in Pod2.
    """

    def setUp(self) -> None:
        super().setUp()
        self.has_route(V1, self.pod2, kind=Kind.VOLUME)
        self.has_route(B1, self.pod2, kind=Kind.BACKUP)
        self.has_route(G1, self.pod2, kind=Kind.GROUP)
        self.pods.on("*", "GET", "*", absent)

    def sent(self, method: str, target: str, body: Any = b"", **more: Any) -> Answer:
        """
        The answer to a request of the volume surface.
        """
        return self.asked(method, target, body, **{"context": a_context("volume"), **more})

    def project_of(self, resource_id: str, kind: Kind = Kind.VOLUME) -> tuple[str, str] | None:
        """
        Pod and project of the stored route, if there is a live one.
        """
        route = self.stored_route(resource_id, kind)
        return None if route is None or route.deleted_at is not None else (route.pod_id, route.project_id)


class RestoreTests(FollowCase):
    """
    A backup is restored.
    """

    TARGET = f"{ROOT}/backups/{B1}/restore"

    def test_new_volume(self) -> None:
        """
        The volume that the pod made has its route, as its body shows it.
        """
        self.pods.on("Pod2", "POST", self.TARGET, Reply(202, {"restore": {"backup_id": B1, "volume_id": V2}}))
        self.pods.on("Pod2", "GET", f"{ROOT}/volumes/{V2}", Reply(200, {"volume": a_volume(4, "Pod2")}))

        answer = self.sent("POST", self.TARGET, {"restore": {"name": "r"}})

        self.assertEqual((202, V2), (answer.status, self.shown(answer)["restore"]["volume_id"]))
        self.assertEqual(("Pod2-id", P1), self.project_of(V2))
        route = self.stored_route(V2, Kind.VOLUME)
        assert route is not None
        self.assertIsNotNone(route.created_at)

    def test_volume_that_is_not_shown(self) -> None:
        """
        Where the volume cannot be looked at, its pod and the restorer's project are enough.
        """
        self.pods.on("Pod2", "POST", self.TARGET, Reply(202, {"restore": {"backup_id": B1, "volume_id": V2}}))
        self.sent("POST", self.TARGET, {"restore": {}})
        self.assertEqual(("Pod2-id", P1), self.project_of(V2))

    def test_without_project(self) -> None:
        """
        A token without a project asks by paths without one; the volume's body says whose it is.
        """
        target = f"/v3/backups/{B1}/restore"
        self.pods.on("Pod2", "POST", target, Reply(202, {"restore": {"volume_id": V2}}))
        self.pods.on("Pod2", "GET", f"/v3/volumes/{V2}", Reply(200, {"volume": a_volume(4, "Pod2")}))
        self.sent("POST", target, {"restore": {}}, context=a_context("volume", project="", roles="admin"))
        self.assertEqual(("Pod2-id", P1), self.project_of(V2))

    def test_silence_afterwards(self) -> None:
        """
        The answer is the restore's, whatever becomes of the questions after it.
        """
        self.pods.on("Pod2", "POST", self.TARGET, Reply(202, {"restore": {"volume_id": V2}}))
        self.pods.on("Pod2", "GET", f"{ROOT}/volumes/{V2}", Unreachable())
        self.assertEqual(202, self.sent("POST", self.TARGET, {"restore": {}}).status)

    def test_volume_of_another_pod(self) -> None:
        """
        A backup cannot be restored to a volume that another pod has (I6).
        """
        self.has_route(V2, self.pod3, kind=Kind.VOLUME)
        refused = self.refused(
            BadRequest, "POST", self.TARGET, {"restore": {"volume_id": V2}}, context=a_context("volume")
        )
        self.assertIn(B1, refused.message)
        self.assertIn(V2, refused.message)

    def test_refusal(self) -> None:
        """
        A refused restore makes no route.
        """
        self.pods.on(
            "Pod2", "POST", self.TARGET, Reply(400, {"badRequest": {}, "restore": {"volume_id": V2}})
        )
        self.sent("POST", self.TARGET, {"restore": {}})
        self.assertIsNone(self.project_of(V2))

    def test_large_body(self) -> None:
        """
        A body beyond the limit is refused before anything is sent.
        """
        self.refused(BodyTooLarge, "POST", self.TARGET, b"x" * (LIMIT + 1), context=a_context("volume"))
        self.assertEqual([], self.pods.calls)


class TransferTests(FollowCase):
    """
    A transfer is accepted.
    """

    TARGET = f"{THEIRS}/volume-transfers/{T1}/accept"
    BODY: dict[str, Any] = {"accept": {"auth_key": "k"}}

    def has_accepted(self, pod: str) -> None:
        """
        A pod takes the key, and shows the volume and a snapshot to the new owner.
        """
        self.pods.on(pod, "POST", self.TARGET, Reply(202, {"transfer": {"id": T1, "volume_id": V1}}))
        shown = {**a_volume(3, pod), "os-vol-tenant-attr:tenant_id": P2}
        self.pods.on(pod, "GET", f"{THEIRS}/volumes/{V1}", Reply(200, {"volume": shown}))
        self.pods.on(
            pod, "GET", f"{THEIRS}/snapshots/detail", Reply(200, {"snapshots": [a_snapshot(SNAP, P2)]})
        )

    def test_known(self) -> None:
        """
        The volume and its snapshots are the other project's, and the transfer is no more.
        """
        self.has_route(T1, self.pod2, kind=Kind.TRANSFER)
        self.has_route(SNAP, self.pod2, kind=Kind.SNAPSHOT)
        self.has_accepted("Pod2")

        answer = self.sent("POST", self.TARGET, self.BODY, context=STRANGER)

        self.assertEqual(202, answer.status)
        self.assertEqual(("Pod2-id", P2), self.project_of(V1))
        self.assertEqual(("Pod2-id", P2), self.project_of(SNAP, Kind.SNAPSHOT))
        self.assertIsNone(self.project_of(T1, Kind.TRANSFER))
        self.assertEqual(f"volume_id={V1}", self.pods.last.query)

    def test_unknown(self) -> None:
        """
        Nobody shows the transfer to who may accept it, so the pods are tried until one has it.
        """
        self.pods.on("*", "POST", self.TARGET, Reply(404, {"itemNotFound": {}}))
        self.has_accepted("Pod2")

        answer = self.sent("POST", self.TARGET, self.BODY, context=STRANGER)

        self.assertEqual((202, ("Pod2",)), (answer.status, answer.pods))
        self.assertEqual(["Pod1", "Pod2"], self.pods.asked("POST"))
        self.assertEqual(("Pod2-id", P2), self.project_of(V1))

    def test_nobody_has_it(self) -> None:
        """
        Where every pod says 404, so does the answer.
        """
        self.pods.on("*", "POST", self.TARGET, Reply(404, {"itemNotFound": {}}))
        answer = self.sent("POST", self.TARGET, self.BODY, context=STRANGER)
        self.assertEqual(404, answer.status)
        self.assertEqual(["Pod1", "Pod2", "Pod3"], self.pods.asked("POST"))

    def test_wrong_key(self) -> None:
        """
        The pod that has the transfer decides; nobody is asked after it.
        """
        self.pods.on("*", "POST", self.TARGET, Reply(404, {"itemNotFound": {}}))
        self.pods.on("Pod2", "POST", self.TARGET, Reply(400, {"badRequest": {}}))
        self.assertEqual(400, self.sent("POST", self.TARGET, self.BODY, context=STRANGER).status)
        self.assertEqual(["Pod1", "Pod2"], self.pods.asked("POST"))
        self.assertEqual(("Pod2-id", P1), self.project_of(V1))

    def test_silent_pod(self) -> None:
        """
        A pod that cannot be reached may have it: 503, not 404.
        """
        self.pods.on("*", "POST", self.TARGET, Reply(404, {"itemNotFound": {}}))
        self.pods.on("Pod1", "POST", self.TARGET, Unreachable())
        self.refused(Unavailable, "POST", self.TARGET, self.BODY, context=STRANGER)

    def test_no_id(self) -> None:
        """
        What cannot be an id is 404 without trying anyone.
        """
        target = f"{THEIRS}/volume-transfers/x/accept"
        self.refused(NotFound, "POST", target, self.BODY, context=STRANGER)
        self.assertEqual([], self.pods.calls)


class GroupTests(FollowCase):
    """
    Groups that are copied and deleted.
    """

    def copied(self, path: str, body: dict[str, Any], single: str) -> Answer:
        """
        A group is made of another one; Pod2 has two volumes in it.
        """
        volumes = [a_volume(number, "Pod2") for number in (31, 32)]
        self.pods.on("Pod2", "POST", ROOT + path, Reply(202, {single: {"id": G2, "name": "n"}}))
        self.pods.on("Pod2", "GET", f"{ROOT}/volumes/detail", Reply(200, {"volumes": volumes}))
        return self.sent("POST", ROOT + path, body)

    def test_copy(self) -> None:
        """
        A copied group goes where its source is, and has its route, as have its volumes.
        """
        answer = self.copied("/groups/action", {"create-from-src": {"source_group_id": G1}}, "group")

        self.assertEqual(202, answer.status)
        self.assertEqual(["Pod2"], self.pods.asked("POST"))
        self.assertEqual(("Pod2-id", P1), self.project_of(G2, Kind.GROUP))
        self.assertEqual(("Pod2-id", P1), self.project_of(an_id(31)))
        self.assertEqual(("Pod2-id", P1), self.project_of(an_id(32)))
        self.assertEqual(f"group_id={G2}", self.pods.last.query)

    def test_consistency_group(self) -> None:
        """
        Likewise of a consistency group, whose create has another path and key.
        """
        self.has_route(G1, self.pod2, kind=Kind.CONSISTENCY_GROUP)
        self.copied(
            "/consistencygroups/create_from_src",
            {"consistencygroup-from-src": {"source_cgid": G1}},
            "consistencygroup",
        )
        self.assertEqual(("Pod2-id", P1), self.project_of(G2, Kind.CONSISTENCY_GROUP))
        self.assertEqual(("Pod2-id", P1), self.project_of(an_id(31)))

    def test_consistency_group_as_a_group(self) -> None:
        """
        A pod that has the id as a consistency group says 400: as a group nobody has it.
        """
        target = f"{ROOT}/groups/{G2}"
        self.pods.on("Pod2", "GET", target, Reply(400, {"badRequest": {}}))
        self.refused(NotFound, "GET", target, context=a_context("volume"))

    def deleted(self, options: dict[str, Any]) -> None:
        """
        The group, which has one volume, is deleted.
        """
        target = f"{ROOT}/groups/{G1}/action"
        self.pods.on("Pod2", "POST", target, Reply(202))
        self.pods.on("Pod2", "GET", f"{ROOT}/volumes/detail", Reply(200, {"volumes": [a_volume(3, "Pod2")]}))
        self.sent("POST", target, {"delete": options})
        self.clock.pump([1.0] * 4)

    def test_delete_with_volumes(self) -> None:
        """
        The routes of the group and of its volumes end.
        """
        self.deleted({"delete-volumes": True})
        self.assertIsNone(self.project_of(G1, Kind.GROUP))
        self.assertIsNone(self.project_of(V1))

    def test_delete_without(self) -> None:
        """
        The volumes stay where they are not deleted.
        """
        self.deleted({"delete-volumes": False})
        self.assertIsNone(self.project_of(G1, Kind.GROUP))
        self.assertEqual(("Pod2-id", P1), self.project_of(V1))

    def test_snapshot(self) -> None:
        """
        The snapshots that a group's snapshot is made of have routes with it, and lose them with it; others keep theirs.
        """
        other = an_id(41)
        for path, single, kind, parent, field in (
            ("/group_snapshots", "group_snapshot", Kind.GROUP_SNAPSHOT, Kind.GROUP, "group_id"),
            (
                "/cgsnapshots",
                "cgsnapshot",
                Kind.CONSISTENCY_GROUP_SNAPSHOT,
                Kind.CONSISTENCY_GROUP,
                "consistencygroup_id",
            ),
        ):
            with self.subTest(path=path):
                self.has_route(G1, self.pod2, kind=parent)
                self.has_route(other, self.pod2, kind=Kind.SNAPSHOT)
                snapshots = [
                    a_snapshot(SNAP, group_snapshot_id=G2.upper()),
                    a_snapshot(other, group_snapshot_id=None),
                    a_snapshot(an_id(42), group_snapshot_id=G1),
                ]
                self.pods.on("Pod2", "GET", f"{ROOT}/snapshots/detail", Reply(200, {"snapshots": snapshots}))
                self.pods.on("Pod2", "POST", ROOT + path, Reply(202, {single: {"id": G2}}))
                self.pods.on("Pod2", "DELETE", f"{ROOT}{path}/{G2}", Reply(202))

                self.sent("POST", ROOT + path, {single: {field: G1}})

                self.assertEqual(("Pod2-id", P1), self.project_of(G2, kind))
                self.assertEqual(("Pod2-id", P1), self.project_of(SNAP, Kind.SNAPSHOT))
                self.assertIsNone(self.project_of(an_id(42), Kind.SNAPSHOT))

                self.sent("DELETE", f"{ROOT}{path}/{G2}")
                self.clock.pump([1.0] * 4)

                self.assertIsNone(self.project_of(G2, kind))
                self.assertIsNone(self.project_of(SNAP, Kind.SNAPSHOT))
                self.assertEqual(("Pod2-id", P1), self.project_of(other, Kind.SNAPSHOT))

    def test_volumes_of_another_pod(self) -> None:
        """
        Volumes of another pod cannot come into the group, whichever of the named it is (I6).
        """
        self.has_route(V2, self.pod3, kind=Kind.VOLUME)
        for path, kind, single in (
            ("/groups", Kind.GROUP, "group"),
            ("/consistencygroups", Kind.CONSISTENCY_GROUP, "consistencygroup"),
        ):
            self.has_route(G1, self.pod2, kind=kind)
            body = {single: {"add_volumes": f"{V1},{V2}"}}
            target = f"{ROOT}{path}/{G1}"
            refused = self.refused(BadRequest, "PUT", target, body, context=a_context("volume"))
            self.assertIn(V2, refused.message)
            self.pods.on("Pod2", "PUT", target, Reply(202))
            body[single]["add_volumes"] = V1
            self.assertEqual(202, self.sent("PUT", target, body).status)

    def test_other_action(self) -> None:
        """
        An action that deletes nothing is followed by nothing.
        """
        target = f"{ROOT}/groups/{G1}/action"
        self.pods.on("Pod2", "POST", target, Reply(202))
        self.sent("POST", target, {"reset_status": {"status": "available"}})
        self.clock.pump([1.0] * 4)
        self.assertEqual(("Pod2-id", P1), self.project_of(G1, Kind.GROUP))


class ManageTests(FollowCase):
    """
    What lies in a pod's storage becomes Cinder's.
    """

    def test_managed(self) -> None:
        """
        The pod that has the host takes it, and the volume has its route.
        """
        target = f"{ROOT}/manageable_volumes"
        self.pods.on("*", "POST", target, Reply(400, {"badRequest": {}}))
        self.pods.on("Pod2", "POST", target, Reply(202, {"volume": a_volume(4, "Pod2")}))

        answer = self.sent("POST", target, {"volume": {"host": "h@files", "ref": {}}}, context=ADMIN)

        self.assertEqual((202, V2), (answer.status, self.shown(answer)["volume"]["id"]))
        self.assertEqual(("Pod2-id", P1), self.project_of(V2))

    def test_zone(self) -> None:
        """
        Only pods of the zone that is named are asked, by their own name for it; the volume shows the top's.
        """
        for path in ("/manageable_volumes", "/os-volume-manage"):
            for zone, sent, asked in (
                ("az1", "nova", ["Pod1", "Pod2"]),
                ("elsewhere", "elsewhere", ["Pod1", "Pod2"]),
                ("az2", None, ["Pod3"]),
            ):
                with self.subTest(path=path, zone=zone):
                    self.pods.calls.clear()
                    self.pods.on("*", "POST", ROOT + path, Reply(400, {"badRequest": {}}))
                    volume = a_volume(4, asked[-1], availability_zone=sent or "nova")
                    self.pods.on(asked[-1], "POST", ROOT + path, Reply(202, {"volume": volume}))
                    body = {"volume": {"host": "h@files", "ref": {}, "availability_zone": zone}}

                    answer = self.sent("POST", ROOT + path, body, context=ADMIN)

                    posted = [call for call in self.pods.calls if call.call.method == b"POST"]
                    self.assertEqual(asked, [call.pod for call in posted])
                    self.assertEqual(
                        {sent},
                        {orjson.loads(call.body)["volume"].get("availability_zone") for call in posted},
                    )
                    top = "az2" if asked == ["Pod3"] else "az1"
                    self.assertEqual(top, self.shown(answer)["volume"]["availability_zone"])

    def test_malformed(self) -> None:
        """
        What is no such body is a pod's to refuse.
        """
        target = f"{ROOT}/manageable_volumes"
        self.pods.on("*", "POST", target, Reply(400, {"badRequest": {"message": "no"}}))
        for body in (b"{", b"[]", {"volume": []}, {"volume": {"availability_zone": 1}}):
            with self.subTest(body=body):
                self.assertEqual(400, self.sent("POST", target, body, context=ADMIN).status)


class DepartureTests(FollowCase):
    """
    Deletes that pods have accepted.
    """

    SHOW = f"{ROOT}/volumes/{V1}"

    def deleted(self, *shows: Any, query: str = "", context: RequestContext | None = None) -> None:
        """
        The volume is deleted; later it is shown as given.
        """
        self.pods.on("Pod2", "DELETE", self.SHOW, Reply(202))
        if shows:
            self.pods.on("Pod2", "GET", self.SHOW, *shows)
        self.sent("DELETE", self.SHOW + query, context=context or a_context("volume"))

    def test_delete(self) -> None:
        """
        The route ends when the pod does not have the volume any more, and no sooner; then nobody asks again.
        """
        self.deleted(Reply(200, {"volume": a_volume(3, "Pod2", status="deleting")}), absent)
        self.clock.pump([1.0])
        self.assertEqual(("Pod2-id", P1), self.project_of(V1))
        self.clock.pump([2.0])
        self.assertIsNone(self.project_of(V1))
        asked = len(self.pods.calls)
        self.clock.pump([10.0] * 60)
        self.assertEqual(asked, len(self.pods.calls))

    def test_cascade(self) -> None:
        """
        Its snapshots' routes end with it.
        """
        self.has_route(SNAP, self.pod2, kind=Kind.SNAPSHOT)
        self.pods.on("Pod2", "GET", f"{ROOT}/snapshots/detail", Reply(200, {"snapshots": [a_snapshot(SNAP)]}))
        self.deleted(query="?cascade=true")
        self.clock.pump([1.0])
        self.assertIsNone(self.project_of(SNAP, Kind.SNAPSHOT))
        self.assertIsNone(self.project_of(V1))

    def test_without_cascade(self) -> None:
        """
        Nobody looks for snapshots where none goes along.
        """
        self.deleted()
        self.assertEqual([], self.pods.asked("GET"))

    def test_delete_that_failed(self) -> None:
        """
        What stays in the pod keeps its route, and is not asked after for ever.
        """
        self.deleted(Reply(200, {"volume": a_volume(3, "Pod2", status="error_deleting")}))
        self.clock.pump([10.0] * 100)
        asked = len(self.pods.calls)
        self.clock.pump([10.0] * 100)
        self.assertEqual(asked, len(self.pods.calls))
        self.assertEqual(("Pod2-id", P1), self.project_of(V1))

    def test_other_words(self) -> None:
        """
        A 404 that does not name the volume ends no route; it is asked after again.
        """
        self.deleted(Reply(404, {"itemNotFound": {"message": "The resource could not be found."}}), absent)
        self.clock.pump([1.0])
        self.assertEqual(("Pod2-id", P1), self.project_of(V1))
        self.clock.pump([2.0])
        self.assertIsNone(self.project_of(V1))

    def test_actions_that_end(self) -> None:
        """
        What is deleted by force, or given out of Cinder's hands, loses its route; other actions end nothing.
        """
        target = f"{self.SHOW}/action"
        self.pods.on("Pod2", "POST", target, Reply(202))
        for action, stays in (("os-extend", True), ("os-unmanage", False), ("os-force_delete", False)):
            self.has_route(V1, self.pod2, kind=Kind.VOLUME)
            self.sent("POST", target, {action: {}})
            self.clock.pump([1.0])
            self.assertEqual(stays, self.project_of(V1) is not None, action)

    def test_refused_delete(self) -> None:
        """
        Nothing is asked after a delete that was refused.
        """
        self.pods.on("Pod2", "DELETE", self.SHOW, Reply(400, {"badRequest": {}}))
        self.sent("DELETE", self.SHOW)
        self.clock.pump([LONG])
        self.assertEqual([], self.pods.asked("GET"))

    def test_silent_pod(self) -> None:
        """
        A pod that is silent for a while is asked again.
        """
        self.deleted(Unreachable(), Hang(), absent)
        self.clock.pump([1.0, 2.0, 20.0, 4.0])
        self.assertIsNone(self.project_of(V1))

    def test_ended_token(self) -> None:
        """
        With a token that has ended nobody asks any more, and nothing ends.
        """
        self.deleted(Reply(401))
        self.clock.pump([1.0])
        asked = len(self.pods.calls)
        self.clock.pump([10.0] * 60)
        self.assertEqual(asked, len(self.pods.calls))
        self.assertEqual(("Pod2-id", P1), self.project_of(V1))

    def test_moved_meanwhile(self) -> None:
        """
        A route that names another pod by then is left alone.
        """
        self.deleted()
        self.has_route(V1, self.pod3, kind=Kind.VOLUME)
        self.clock.pump([1.0])
        self.assertEqual(("Pod3-id", P1), self.project_of(V1))

    def test_too_many(self) -> None:
        """
        Beyond its bound nothing more is asked after.
        """
        self.departures._most = 0
        self.deleted()
        self.clock.pump([LONG])
        self.assertEqual([], self.pods.asked("GET"))

    def test_stop(self) -> None:
        """
        A daemon that stops leaves nothing waiting.
        """
        self.deleted()
        self.departures.stopService()
        self.assertEqual([], self.clock.getDelayedCalls())


class ReadBodyTests(SynchronousTestCase):
    """
    A body that was read already.
    """

    def test_body(self) -> None:
        """
        It can be read again, and given to a pod; an empty one is none.
        """
        body = ReadBody(b"{}")
        verifyObject(IRequestBody, body)
        self.assertEqual((2, b"{}"), (body.length, self.successResultOf(body.read(1))))
        self.assertIsNone(ReadBody(b"").producer())
