"""
From pods to routes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import CancelledError, Deferred

from tests.unit.adoption.case import CINDER_SERVICES, NOVA_SERVICES, OWN, AdoptionCase, a_route
from tests.unit.strategies.case import P1, a_server, a_volume, an_id
from tests.unit.strategies.doubles import Broken, Hang, PodList, Reply, Unreachable
from trio2o.adoption.listings import LISTINGS
from trio2o.adoption.report import Tally
from trio2o.adoption.sweep import Sweep, all_kinds
from trio2o.errors import DatabaseUnavailable
from trio2o.model import Kind

SERVERS, VOLUMES = "/v2.1/servers/detail", f"/v3/{OWN}/volumes/detail"


class SweepCase(AdoptionCase):
    """
    Pods that have nothing, unless a test says what.
    """

    def setUp(self) -> None:
        super().setUp()
        for ways in LISTINGS.values():
            path = ways[0].path.replace("{project_id}", OWN)
            self.pods.on("*", "GET", path, Reply(body={ways[0].plural: []}))
        self.told: list[str] = []

    def sweep(self, **more: Any) -> Sweep:
        """
        One that is not begun.
        """
        known = {
            "questions": self.questions,
            "pods": self.pods,
            "routes": self.routes,
            "clock": self.clock,
            "highest": lambda pod_id, service: (2, 104) if service == "compute" else (3, 71),
            "pod_ids": frozenset(self.database.pods),
            "dry_run": False,
            "page": 2,
            "told": lambda tally: self.told.append(f"{tally.pod} {tally.kind} {tally.seen}"),
        }
        return Sweep(**{**known, **more})

    def swept(self, kinds: Sequence[Kind] = (), **more: Any) -> dict[tuple[str, Kind], Tally]:
        """
        The tallies of one that needs no waiting.
        """
        sweep = self.sweep(**more)
        self.now(sweep.run([self.pod1, self.pod2], kinds or all_kinds()))
        return {(tally.pod, tally.kind): tally for tally in sweep.tallies}

    def has(self, pod: str, path: str, *items: dict[str, Any], plural: str = "servers") -> PodList:
        """
        Let a pod have these.
        """
        listed = PodList(plural, items)
        self.pods.on(pod, "GET", path, listed)
        return listed


class SweepTests(SweepCase):
    """
    The whole of it.
    """

    def test_adopted(self) -> None:
        """
        What has no route gets one, in every pod, page by page; the second time all is known and nothing is written.
        """
        listed = self.has("Pod1", SERVERS, *[a_server(number) for number in range(5, 0, -1)])
        self.has("Pod2", VOLUMES, a_volume(7, "Pod2"), plural="volumes")

        tallies = self.swept()

        self.assertEqual((5, 5, 0), _numbers(tallies["Pod1", Kind.SERVER]))
        self.assertEqual((1, 1, 0), _numbers(tallies["Pod2", Kind.VOLUME]))
        found = self.route(an_id(3))
        assert found is not None
        self.assertEqual(("Pod1-id", P1, "az1"), (found.pod_id, found.project_id, found.details["az"]))
        self.assertEqual("Pod2-id", (self.route(an_id(7), Kind.VOLUME) or found).pod_id)
        self.assertEqual(["2"], listed.queries[0]["limit"])
        self.assertEqual({("1",)}, {tuple(query["all_tenants"]) for query in listed.queries})
        sent = next(call for call in self.pods.calls if call.path == SERVERS)
        self.assertEqual(b"compute 2.47", sent.header(b"openstack-api-version"))

        self.routes.calls.clear()
        tallies = self.swept()
        self.assertEqual((5, 0, 5), _numbers(tallies["Pod1", Kind.SERVER]))
        self.assertEqual({"find_routes"}, {name for name, _ in self.routes.calls})
        self.assertTrue(all(tally.finished and not tally.problem for tally in tallies.values()))

    def test_every_kind(self) -> None:
        """
        Every kind is asked for in each pod, in the way of its release.
        """
        self.swept()
        wanted = {ways[0].path.replace("{project_id}", OWN) for ways in LISTINGS.values()}
        for pod in ("Pod1", "Pod2"):
            asked = {call.path for call in self.pods.calls if call.pod == pod}
            self.assertEqual(wanted | {NOVA_SERVICES, CINDER_SERVICES}, asked)

    def test_some(self) -> None:
        """
        Only the kinds that are wanted are asked for.
        """
        tallies = self.swept([Kind.VOLUME])
        self.assertEqual({("Pod1", Kind.VOLUME), ("Pod2", Kind.VOLUME)}, set(tallies))
        self.assertEqual({CINDER_SERVICES, VOLUMES}, {call.path for call in self.pods.calls})

    def test_dry_run(self) -> None:
        """
        A dry run counts the same and writes nothing.
        """
        self.has("Pod1", SERVERS, a_server(1), a_server(2))
        tallies = self.swept(dry_run=True)
        self.assertEqual((2, 2, 0), _numbers(tallies["Pod1", Kind.SERVER]))
        self.assertEqual({}, self.database.routes)

    def test_conflict(self) -> None:
        """
        A resource whose live route leads to another pod keeps it, and is told.
        """
        self.record(a_route(1, pod="Pod2-id"))
        self.has("Pod1", SERVERS, a_server(1))
        tally = self.swept()["Pod1", Kind.SERVER]
        self.assertEqual((1, 0, 0), _numbers(tally))
        self.assertEqual(["Pod2-id"], [conflict.routed_to for conflict in tally.examples])
        self.assertEqual("Pod2-id", getattr(self.route(an_id(1)), "pod_id", None))

    def test_forgotten_pod(self) -> None:
        """
        A route to a pod that is registered no more gives way.
        """
        self.record(a_route(1, pod="gone"))
        self.has("Pod1", SERVERS, a_server(1))
        self.assertEqual((1, 1, 0), _numbers(self.swept()["Pod1", Kind.SERVER]))
        self.assertEqual("Pod1-id", getattr(self.route(an_id(1)), "pod_id", None))

    def test_attachments(self) -> None:
        """
        An attachment has the project of its volume, which was read before.
        """
        self.has("Pod1", VOLUMES, a_volume(5), plural="volumes")
        attached = {"id": an_id(1), "volume_id": an_id(5), "status": "attached"}
        self.has("Pod1", f"/v3/{OWN}/attachments/detail", attached, plural="attachments")
        self.swept()
        self.assertEqual(P1, getattr(self.route(an_id(1), Kind.ATTACHMENT), "project_id", None))

    def test_progress(self) -> None:
        """
        Each page is told, and each kind when it is done.
        """
        self.has("Pod1", SERVERS, *[a_server(number) for number in range(3, 0, -1)])
        self.swept([Kind.SERVER])
        self.assertEqual(
            ["Pod1 server 2", "Pod1 server 3", "Pod1 server 3"],
            [line for line in self.told if line.startswith("Pod1")],
        )


class TroubleTests(SweepCase):
    """
    Pods that are not well.
    """

    def test_no_admin(self) -> None:
        """
        Where the daemon's user is not shown everything nothing is listed, and that is told of each kind.
        """
        self.pods.on("Pod1", "GET", CINDER_SERVICES, Reply(403, {}))
        self.has("Pod2", VOLUMES, a_volume(1, "Pod2"), plural="volumes")
        tallies = self.swept()
        self.assertIn("role admin", tallies["Pod1", Kind.VOLUME].problem)
        self.assertIn("role admin", tallies["Pod1", Kind.BACKUP].problem)
        self.assertEqual("", tallies["Pod1", Kind.SERVER].problem)
        self.assertEqual((1, 1, 0), _numbers(tallies["Pod2", Kind.VOLUME]))
        self.assertNotIn(VOLUMES, [call.path for call in self.pods.calls if call.pod == "Pod1"])

    def test_silent(self) -> None:
        """
        A service that cannot be reached is asked for no further kind; the others go on.
        """
        self.pods.on("Pod1", "GET", CINDER_SERVICES, Unreachable())
        self.has("Pod1", SERVERS, a_server(1))
        tallies = self.swept()
        self.assertEqual("connection refused", tallies["Pod1", Kind.ATTACHMENT].problem)
        self.assertEqual((1, 1, 0), _numbers(tallies["Pod1", Kind.SERVER]))
        self.assertEqual(
            [CINDER_SERVICES], [c.path for c in self.pods.calls if c.pod == "Pod1" and "/v3" in c.path]
        )

    def test_refused_list(self) -> None:
        """
        A list that is refused, or is none, is told; the next kind is asked for.
        """
        self.pods.on("Pod1", "GET", VOLUMES, Reply(403, {}))
        self.has(
            "Pod1", f"/v3/{OWN}/snapshots/detail", {"id": an_id(1), "status": "available"}, plural="snapshots"
        )
        tallies = self.swept()
        self.assertEqual("it answers 403", tallies["Pod1", Kind.VOLUME].problem)
        self.assertEqual((1, 1, 0), _numbers(tallies["Pod1", Kind.SNAPSHOT]))

    def test_not_offered(self) -> None:
        """
        A list that a pod does not have is nothing to adopt, and no problem.
        """
        self.pods.on("*", "GET", f"/v3/{OWN}/consistencygroups/detail", Reply(404, {}))
        self.assertEqual("", self.swept()["Pod1", Kind.CONSISTENCY_GROUP].problem)

    def test_one_service(self) -> None:
        """
        A pod that has servers alone is asked for nothing else, and that is no problem; one that has neither is.
        """
        endpoints = {("Pod1", "compute"): "http://192.0.2.1"}
        self.pods.endpoint = lambda pod, service: endpoints.get((pod.name, service))  # type: ignore[method-assign]
        self.pods.on("Pod2", "GET", "*", Unreachable())
        self.pods.on("Pod2", "GET", NOVA_SERVICES, Unreachable())
        self.pods.on("Pod2", "GET", CINDER_SERVICES, Unreachable())
        self.has("Pod1", SERVERS, a_server(1))
        tallies = self.swept()
        mine = {kind: tally.problem for (pod, kind), tally in tallies.items() if pod == "Pod1"}
        self.assertEqual({Kind.SERVER: "", Kind.SERVER_GROUP: ""}, mine)
        self.assertEqual("connection refused", tallies["Pod2", Kind.VOLUME].problem)

    def test_old_release(self) -> None:
        """
        A pod that is too old for a kind says so.
        """
        tallies = self.swept([Kind.ATTACHMENT], highest=lambda pod_id, service: (3, 10))
        self.assertIn("too old", tallies["Pod1", Kind.ATTACHMENT].problem)

    def test_passing_trouble(self) -> None:
        """
        A page that fails is asked for again, a few times.
        """
        self.pods.on("Pod1", "GET", SERVERS, Reply(503), Broken(), Reply(body={"servers": []}))
        sweep = self.sweep()
        running = Deferred.fromCoroutine(sweep.run([self.pod1], [Kind.SERVER]))
        self.clock.advance(1.0)
        self.assertNoResult(running)
        self.clock.advance(5.0)
        self.successResultOf(running)
        self.assertEqual("", sweep.tallies[0].problem)

        self.pods.on("Pod1", "GET", SERVERS, Reply(503))
        sweep = self.sweep()
        running = Deferred.fromCoroutine(sweep.run([self.pod1], [Kind.SERVER]))
        self.clock.pump([1.0, 5.0])
        self.successResultOf(running)
        self.assertEqual("it answers 503", sweep.tallies[0].problem)

    def test_timeout(self) -> None:
        """
        A pod that lets its time pass is not asked again.
        """
        self.pods.on("Pod1", "GET", SERVERS, Hang())
        sweep = self.sweep()
        running = Deferred.fromCoroutine(sweep.run([self.pod1], [Kind.SERVER, Kind.SERVER_GROUP]))
        self.clock.advance(60.0)
        self.successResultOf(running)
        self.assertTrue(all("no answer within" in tally.problem for tally in sweep.tallies))
        self.assertEqual(1, self.pods.asked(path=SERVERS).count("Pod1"))

    def test_no_token(self) -> None:
        """
        Without a token nothing is asked, and Keystone is named.
        """
        self.own.number = None
        tallies = self.swept([Kind.SERVER])
        self.assertEqual("Keystone: away", tallies["Pod1", Kind.SERVER].problem)

    def test_no_database(self) -> None:
        """
        Without the database the sweep ends.
        """
        self.has("Pod1", SERVERS, a_server(1))
        self.database.available = False
        self.failureResultOf(
            Deferred.fromCoroutine(self.sweep().run([self.pod1], [Kind.SERVER])), DatabaseUnavailable
        )

    def test_cancelled(self) -> None:
        """
        A sweep that is cancelled drops its requests, and its tallies tell how far it came.
        """
        self.has("Pod1", SERVERS, a_server(1))
        self.pods.on("Pod2", "GET", SERVERS, Hang())
        sweep = self.sweep()
        running = Deferred.fromCoroutine(sweep.run([self.pod1, self.pod2], [Kind.SERVER]))
        running.cancel()
        self.failureResultOf(running, CancelledError)
        self.assertEqual([1, 0], [tally.seen for tally in sweep.tallies])
        self.assertTrue(
            next(call for call in self.pods.calls if call.pod == "Pod2" and call.path == SERVERS).cancelled
        )


def _numbers(tally: Tally) -> tuple[int, int, int]:
    return tally.seen, tally.adopted, tally.known
