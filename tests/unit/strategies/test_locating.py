"""
Finding the pod that has a resource: memory, database, and then the pods themselves (I7).
"""

from __future__ import annotations

from datetime import UTC, datetime

from tests.unit.strategies.case import (
    ABSENT_SECONDS,
    LOCATE_BUDGET,
    N1,
    P1,
    P2,
    S1,
    S2,
    V1,
    StrategyCase,
    a_context,
    a_server,
    a_volume,
    an_id,
)
from tests.unit.strategies.doubles import Broken, Hang, Reply, Unreachable
from trio2o.errors import NotFound, Unauthorized, Unavailable
from trio2o.model import Kind, PodState
from trio2o.strategies.locating import Locator

SHOW = f"/v2.1/servers/{S1}"
EVERYBODY = ["Pod1", "Pod2", "Pod3"]


class OrderTests(StrategyCase):
    """
    Where a route is looked for, in this order.
    """

    def test_database(self) -> None:
        """
        A route that memory does not have comes from the database, and is remembered.
        """
        self.has_route(S1, self.pod2, in_memory=False)
        self.pods.on("Pod2", "GET", SHOW, Reply(200, {"server": a_server(1)}))

        self.asked("GET", SHOW)
        self.asked("GET", SHOW)

        self.assertEqual(["Pod2", "Pod2"], self.pods.asked())
        self.assertEqual([("find_route", S1)], self.route_store.calls)
        self.assertEqual(["database", "memory"], self.sources)

    def test_gone(self) -> None:
        """
        Whose resource is found to be gone is told, where memory knows it.
        """
        self.has_route(S1, self.pod2)
        self.locator.gone(Kind.SERVER, S1.upper())
        self.locator.gone(Kind.SERVER, S2)
        self.assertEqual([(Kind.SERVER, P1)], self.found_gone)

    def test_pods(self) -> None:
        """
        What neither knows is asked of every pod, and the request goes to the one that has it.
        """
        self.pods.on("*", "GET", SHOW, Reply(404))
        self.pods.on("Pod3", "GET", SHOW, Reply(200, {"server": a_server(1, "Pod3")}))

        self.assertEqual(200, self.asked("GET", SHOW).status)

        self.assertEqual([*EVERYBODY, "Pod3"], self.pods.asked())
        self.assertEqual(["pods"], self.sources)

    def test_side_by_side(self) -> None:
        """
        The pods are asked at once: all of them before one has answered (I8).
        """
        self.pods.on("*", "GET", SHOW, Hang())

        started = self.started("GET", SHOW)

        self.assertEqual(EVERYBODY, self.pods.asked())
        self.clock.advance(LOCATE_BUDGET)
        self.failureResultOf(started, Unavailable)

    def test_silent_pod_costs_its_budget_once(self) -> None:
        """
        A pod that hangs costs the look-up its budget, and no more (I8).
        """
        self.pods.on("*", "GET", SHOW, Hang())
        self.pods.on("Pod1", "GET", SHOW, Reply(200, {"server": a_server(1)}))

        started = self.started("GET", SHOW)
        self.clock.advance(LOCATE_BUDGET - 0.1)
        self.assertNoResult(started)
        self.clock.advance(0.1)

        self.assertEqual(200, self.answered(started).status)

    def test_callers_own_token(self) -> None:
        """
        Pods are asked with the caller's tokens and request id, without the client's microversion and conditions (I7).
        """
        self.pods.on("*", "GET", SHOW, Reply(404))
        fields = [
            (b"X-Openstack-Request-Id", b"req-1"),
            (b"X-Service-Token", b"service"),
            (b"OpenStack-API-Version", b"compute 2.96"),
            (b"If-None-Match", b'"x"'),
            (b"Content-Type", b"application/json"),
        ]

        self.refused(NotFound, "GET", SHOW, headers=fields)

        for called in self.pods.calls:
            self.assertEqual(f"user-token at {called.pod}".encode(), called.header(b"x-auth-token"))
            self.assertEqual(b"req-1", called.header(b"x-openstack-request-id"))
            self.assertEqual(b"service", called.header(b"x-service-token"))
            self.assertIsNone(called.header(b"openstack-api-version"))
            self.assertIsNone(called.header(b"if-none-match"))
            self.assertEqual((b"GET", None), (called.call.method, called.call.body))

    def test_disabled_pod(self) -> None:
        """
        A disabled pod is not asked; one that is draining or in maintenance is.
        """
        self.has_pods(
            self.change_pod(self.pod1, state=PodState.DISABLED),
            self.change_pod(self.pod2, state=PodState.DRAINING),
            self.change_pod(self.pod3, state=PodState.MAINTENANCE),
        )
        self.pods.on("*", "GET", SHOW, Reply(404))

        self.refused(NotFound, "GET", SHOW)

        self.assertEqual(["Pod2", "Pod3"], self.pods.asked())

    def test_database_away(self) -> None:
        """
        With the database gone an unknown resource is found by asking, and its route is written later (I15).
        """
        self.database.available = False
        self.pods.on("*", "GET", SHOW, Reply(404))
        self.pods.on("Pod2", "GET", SHOW, Reply(200, {"server": a_server(1)}))

        self.assertEqual(200, self.asked("GET", SHOW).status)
        self.assertIsNone(self.stored_route(S1))
        self.database.available = True
        self.clock.advance(60)

        self.assertIsNotNone(self.stored_route(S1))


class AdoptionTests(StrategyCase):
    """
    What is kept of a resource that only the pods knew.
    """

    def setUp(self) -> None:
        super().setUp()
        self.pods.on("*", "GET", SHOW, Reply(404))
        self.pods.on("Pod2", "GET", SHOW, Reply(200, {"server": a_server(1, tenant_id=P2)}))

    def test_route(self) -> None:
        """
        The route has the pod, the time and the details that the body tells, in memory and in the database.
        """
        self.asked("GET", SHOW, context=a_context(roles="admin"))

        for route in (self.state.route(Kind.SERVER, S1), self.stored_route(S1)):
            assert route is not None
            self.assertEqual("Pod2-id", route.pod_id)
            self.assertEqual(datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC), route.created_at)
            self.assertEqual("u1", route.details["user_id"])

    def test_project(self) -> None:
        """
        The project is the one that the body names, never the asker's.
        """
        self.asked("GET", SHOW, context=a_context(project=P1, roles="admin"))

        route = self.stored_route(S1)
        assert route is not None
        self.assertEqual(P2, route.project_id)

    def test_no_project(self) -> None:
        """
        A body that names no project makes nobody the owner.
        """
        server = a_server(1)
        del server["tenant_id"]
        self.pods.on("Pod2", "GET", SHOW, Reply(200, {"server": server}))

        self.asked("GET", SHOW)

        route = self.stored_route(S1)
        assert route is not None
        self.assertEqual("", route.project_id)

    def test_id_as_the_pod_has_it(self) -> None:
        """
        An id that was asked for in capital letters is kept as routes have it.
        """
        self.pods.on("Pod2", "GET", f"/v2.1/servers/{S1.upper()}", Reply(200, {"server": a_server(1)}))

        self.asked("GET", f"/v2.1/servers/{S1.upper()}")

        self.assertIsNotNone(self.stored_route(S1))

    def test_volume(self) -> None:
        """
        A volume is asked for at Cinder, below the caller's project.
        """
        path = f"/v3/{P1}/volumes/{V1}"
        self.pods.on("*", "GET", path, Reply(404), service="volume")
        self.pods.on("Pod3", "GET", path, Reply(200, {"volume": a_volume(3)}), service="volume")

        self.asked("GET", path, surface="volume")

        route = self.stored_route(V1, Kind.VOLUME)
        assert route is not None
        self.assertEqual(("Pod3-id", P1), (route.pod_id, route.project_id))

    def test_write_of_the_asker(self) -> None:
        """
        A delete of an unknown resource finds it first, and then reaches its pod alone.
        """
        self.pods.on("Pod2", "DELETE", SHOW, Reply(204, b"", []))

        self.assertEqual(204, self.asked("DELETE", SHOW).status)
        self.assertEqual(["Pod2"], self.pods.asked("DELETE"))

    def test_lost_route_heals(self) -> None:
        """
        A route that the database has lost is there again after the next request.
        """
        self.has_route(S1, self.pod2)
        self.database.routes.clear()
        self.state.forget_route(Kind.SERVER, S1)

        self.asked("GET", SHOW)

        self.assertIsNotNone(self.stored_route(S1))

    def test_found_while_another_is_silent(self) -> None:
        """
        A pod that has it is enough: another one may be silent.
        """
        self.pods.on("Pod3", "GET", SHOW, Unreachable())

        self.assertEqual(200, self.asked("GET", SHOW).status)

    def test_show_without_id(self) -> None:
        """
        A pod that shows a resource without an id has given no usable answer.
        """
        self.pods.on("Pod2", "GET", SHOW, Reply(200, {"server": {"name": "n"}}))

        self.refused(Unavailable, "GET", SHOW)

        self.assertIsNone(self.stored_route(S1))


class AbsenceTests(StrategyCase):
    """
    Nobody has it.
    """

    def setUp(self) -> None:
        super().setUp()
        self.pods.on("*", "GET", SHOW, Reply(404))

    def test_words(self) -> None:
        """
        The answer is 404 in the service's words, with the id as the client spelled it.
        """
        path = f"/v2.1/servers/{S1.upper()}"
        self.pods.on("*", "GET", path, Reply(404))

        error = self.refused(NotFound, "GET", path)

        self.assertEqual(f"Instance {S1.upper()} could not be found.", error.message)

    def test_remembered(self) -> None:
        """
        For a short while the same asker gets the same answer, and no pod is asked.
        """
        self.refused(NotFound, "GET", SHOW)
        self.clock.advance(ABSENT_SECONDS - 0.1)
        self.refused(NotFound, "GET", SHOW)
        self.assertEqual(EVERYBODY, self.pods.asked())

        self.clock.advance(0.1)
        self.refused(NotFound, "GET", SHOW)

        self.assertEqual([*EVERYBODY, *EVERYBODY], self.pods.asked())

    def test_not_for_others(self) -> None:
        """
        It holds for the id, the kind, the project and the roles that asked: a stranger's 404 hides nothing from its owner.
        """
        self.refused(NotFound, "GET", SHOW, context=a_context(project=P2, roles="member"))
        path = f"/v3/{P2}/volumes/{S1}"
        self.pods.on("*", "GET", path, Reply(404))
        self.pods.on("*", "GET", f"/v2.1/servers/{S2}", Reply(404))
        for asked, context in (
            (SHOW, a_context(project=P1, roles="member")),
            (SHOW, a_context(project=P2, roles="admin")),
            (f"/v2.1/servers/{S2}", a_context(project=P2, roles="member")),
            (path, a_context("volume", project=P2, roles="member")),
        ):
            self.pods.calls.clear()
            with self.subTest(path=asked, context=context):
                self.refused(NotFound, "GET", asked, context=context)
                self.assertEqual(EVERYBODY, self.pods.asked())

    def test_forgotten_when_created(self) -> None:
        """
        A resource that is created or adopted is there at once, for everybody who was told that it is not.
        """
        self.refused(NotFound, "GET", SHOW)
        self.refused(NotFound, "GET", SHOW, context=a_context(project=P2))

        self.done(self.learnt())
        self.state.forget_route(Kind.SERVER, S1)
        self.database.routes.clear()
        self.pods.calls.clear()

        for project in (P1, P2):
            self.refused(NotFound, "GET", SHOW, context=a_context(project=project))
        self.assertEqual([*EVERYBODY, *EVERYBODY], self.pods.asked())

    async def learnt(self) -> None:
        """
        A pod has made the server.
        """
        await self.locator.learn([self.has_route(S1, self.pod1, in_memory=False, in_database=False)])

    def test_stored_meanwhile(self) -> None:
        """
        What another process has recorded meanwhile is found, whatever is believed here.
        """
        self.refused(NotFound, "GET", SHOW)
        self.has_route(S1, self.pod2, in_memory=False)
        self.pods.on("Pod2", "GET", SHOW, Reply(200, {"server": a_server(1)}))

        self.assertEqual(200, self.asked("GET", SHOW).status)

    def test_every_pod_must_say_so(self) -> None:
        """
        Only the 404 of every pod counts: with another answer, or none, it is 503, and nothing is remembered.
        """
        for script in (
            Reply(400),
            Reply(500),
            Reply(503),
            Reply(200, b"<html>"),
            Reply(200, []),
            Reply(200, {"server": "s"}),
            Reply(200, None),
            Reply(404, None),
            Unreachable(),
            Broken(),
        ):
            self.pods.calls.clear()
            self.pods.on("Pod2", "GET", SHOW, script)
            with self.subTest(script=script):
                error = self.refused(Unavailable, "GET", SHOW)
                self.assertNotIn("Pod", error.message)
                self.assertIn("Pod2", error.admin_detail)
                self.assertIn((b"Retry-After", b"10"), error.headers)
        self.pods.on("Pod2", "GET", SHOW, Reply(200, {"server": a_server(1)}))

        self.assertEqual(200, self.asked("GET", SHOW).status)

    def test_no_token_for_a_pod(self) -> None:
        """
        A pod whose token cannot be had is silent.
        """
        self.tokens.failing["Pod2"] = Unavailable("its Keystone is away")

        self.refused(Unavailable, "GET", SHOW)

    def test_token_ended(self) -> None:
        """
        A pod's 401 says that the token has ended meanwhile: so does the answer.
        """
        self.pods.on("Pod2", "GET", SHOW, Reply(401))

        self.refused(Unauthorized, "GET", SHOW)

    def test_bounded(self) -> None:
        """
        No more ids are remembered than wanted; the oldest is asked for again.
        """
        locator = Locator(
            state=self.state,
            routes=self.routes,
            forwarder=self.forwarder,
            clock=self.clock,
            absent_seconds=ABSENT_SECONDS,
            budget=LOCATE_BUDGET,
            absent_size=2,
        )
        inbound = self.inbound("GET", SHOW)
        self.pods.on("*", "GET", "*", Reply(404))

        def asks(number: int) -> int:
            self.pods.calls.clear()
            self.failureResultOf(
                self.deferred(locator.owner(Kind.SERVER, an_id(number), inbound, a_context())), NotFound
            )
            return len(self.pods.calls)

        self.assertEqual([3, 3, 0, 3, 0, 3], [asks(number) for number in (1, 2, 1, 3, 2, 1)])


class RemovedPodTests(StrategyCase):
    """
    Routes to pods that are not in memory.
    """

    def setUp(self) -> None:
        super().setUp()
        self.pods.on("*", "GET", SHOW, Reply(404))

    def test_removed(self) -> None:
        """
        Memory of a pod that was removed gives way to what the database knows.
        """
        self.has_route(S1, self.pod3, in_database=False)
        self.has_pods(self.pod1, self.pod2)
        self.has_route(S1, self.pod1, in_memory=False)
        self.pods.on("Pod1", "GET", SHOW, Reply(200, {"server": a_server(1)}))

        self.assertEqual(200, self.asked("GET", SHOW).status)
        self.assertEqual(["Pod1"], self.pods.asked())

    def test_removed_for_good(self) -> None:
        """
        When the database does not know it any more the pods are asked.
        """
        self.has_route(S1, self.pod3, in_database=False)
        self.has_pods(self.pod1, self.pod2)

        self.refused(NotFound, "GET", SHOW)

        self.assertEqual(["Pod1", "Pod2"], self.pods.asked())

    def test_not_known_yet(self) -> None:
        """
        A stored route to a pod that another process was told of first is left alone; until the pod is known here it is 503.
        """
        self.state.put_pods([self.pod1, self.pod2])
        self.has_route(S1, self.pod3, in_memory=False)

        self.refused(Unavailable, "GET", SHOW)

        route = self.stored_route(S1)
        assert route is not None
        self.assertIsNone(route.deleted_at)
        self.state.put_pods([self.pod1, self.pod2, self.pod3])
        self.pods.on("Pod3", "GET", SHOW, Reply(200, {"server": a_server(1, "Pod3")}))
        self.assertEqual(200, self.asked("GET", SHOW).status)


class WhereaboutsTests(StrategyCase):
    """
    Resources that a body names.
    """

    def where(self, kind: Kind, resource_id: str) -> tuple[list[str], list[str]]:
        """
        The pods that have it, and those that said nothing.
        """
        found = self.done(self.locator.whereabouts(kind, resource_id, self.inbound("GET", SHOW), a_context()))
        return [pod.name for pod in found.pods], [pod.name for pod in found.silent]

    def test_routed(self) -> None:
        """
        What has a route is in its pod, and nobody is asked.
        """
        self.has_route(V1, self.pod2, kind=Kind.VOLUME)

        self.assertEqual((["Pod2"], []), self.where(Kind.VOLUME, V1))
        self.assertEqual([], self.pods.calls)

    def test_anothers(self) -> None:
        """
        Another project's is where the pods show it to the caller, and otherwise nowhere: a route authorises nothing (I7).
        """
        self.has_route(V1, self.pod3, kind=Kind.VOLUME, project=P2)
        show = f"/v3/{P1}/volumes/{V1}"
        self.everybody_says(404, show)
        self.assertEqual(([], []), self.where(Kind.VOLUME, V1))

        self.pods.on("Pod3", "GET", show, Reply(200, {"volume": a_volume(3)}))
        self.assertEqual((["Pod3"], []), self.where(Kind.VOLUME, V1))

    def test_several_pods(self) -> None:
        """
        A network is in all the pods that show it; a silent one may have it too.
        """
        path = f"/v2.0/networks/{N1}"
        self.everybody_says(200, path, {"network": {"id": N1}})
        self.pods.on("Pod2", "GET", path, Reply(404))
        self.assertEqual((["Pod1", "Pod3"], []), self.where(Kind.NETWORK, N1))

        self.pods.on("Pod3", "GET", path, Unreachable())
        self.assertEqual((["Pod1"], ["Pod3"]), self.where(Kind.NETWORK, N1))

    def test_unknown(self) -> None:
        """
        What no pod has is in no pod, and so is what cannot be an id: no error.
        """
        self.pods.on("*", "GET", f"/v3/{P1}/volumes/{V1}", Reply(404))

        self.assertEqual(([], []), self.where(Kind.VOLUME, V1))
        self.assertEqual(([], []), self.where(Kind.NETWORK, "my network"))
