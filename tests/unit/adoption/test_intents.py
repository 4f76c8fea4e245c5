"""
Keyed creates whose end nobody wrote down.
"""

from __future__ import annotations

from typing import Any

import orjson
from attrs import evolve

from tests.unit.adoption.case import NOVA_SERVICES, OWN, AdoptionCase
from tests.unit.strategies.case import NOW, P1, an_id
from tests.unit.strategies.doubles import Broken, Reply, Script
from trio2o.adoption.intents import IntentReconciler
from trio2o.adoption.marked import MarkedResources
from trio2o.intents import ITEM, Intent, KeptAnswer, Scope
from trio2o.model import Kind, PodState
from trio2o.storage.memory_intents import MemoryIntents

DETAIL = "/v2.1/servers/detail"
VOLUMES = f"/v3/{OWN}/volumes/detail"
SETTLE = 100.0
S1 = an_id(1)
SCOPE = Scope(project_id=P1, user_id="u1", operation="compute /servers", key="k1")
REQUEST = {
    "root": "https://cloud.example",
    "at": "/v2.1",
    "version": "",
    "reserved": False,
    "several": False,
}


def server(number: int, *, marked: str = "", **more: Any) -> dict[str, Any]:
    """
    A server as an administrator is shown it at 2.3.
    """
    return {
        "id": an_id(number),
        "status": "ACTIVE",
        "tenant_id": P1,
        "created": "2026-05-28T20:26:40Z",
        "metadata": {"a": "b", **({ITEM: marked} if marked else {})},
        "OS-DCF:diskConfig": "AUTO",
        "OS-EXT-SRV-ATTR:reservation_id": "r-1",
        "security_groups": [{"name": "web"}, {"name": "db"}],
        **more,
    }


class ReconcilerCase(AdoptionCase):
    """
    One intent at a time.
    """

    def setUp(self) -> None:
        super().setUp()
        self.intents = MemoryIntents(self.database)
        self.settled: list[str] = []
        self.reconciler = IntentReconciler(
            intents=self.intents,
            routes=self.routes,
            state=self.state,
            marked=MarkedResources(questions=self.questions, clock=self.clock),
            clock=self.clock,
            settle_seconds=SETTLE,
            settled=self.settled.append,
        )
        self.addCleanup(self.reconciler.stopService)

    def begun(self, *, pod: str = "Pod1-id", look: float = 0.0, **more: Any) -> Intent:
        """
        An intent that is sent to a pod.
        """
        given: dict[str, Any] = {"kind": Kind.SERVER, "marked": True, "request": REQUEST, **more}
        intent = Intent(id="i1", scope=SCOPE, digest=b"d", **given)
        self.now(self.intents.begin_intent(intent, kept=3600.0, look_after=look))
        if pod:
            self.now(self.intents.try_intent(intent.id, pod, look_after=look))
        return intent

    def lists(
        self, *items: dict[str, Any], pod: str = "Pod1", path: str = DETAIL, plural: str = "servers"
    ) -> None:
        """
        What a pod lists: these, and then no more.
        """

        def page(call: Any) -> Reply:
            return Reply(body={plural: [] if b"marker=" in call.target else list(items)})

        self.pods.on(pod, "GET", path, page)

    def run_for(self, seconds: float = 0.0) -> None:
        """
        Let the reconciler work.
        """
        if not self.reconciler.running:
            self.reconciler.startService()
        self.clock.pump([1.0] * int(seconds))

    def kept(self) -> Intent | None:
        """
        The intent as it is by now.
        """
        return next((row.intent for row in self.intents._rows.values()), None)

    def is_open(self) -> bool:
        """
        True while nothing is decided.
        """
        intent = self.kept()
        return intent is not None and intent.answer is None

    def answer(self) -> tuple[int, dict[str, str], Any]:
        """
        What repeats get.
        """
        intent = self.kept()
        assert intent is not None and intent.answer is not None and intent.answer.body is not None
        return intent.answer.status, dict(intent.answer.headers), orjson.loads(intent.answer.body)


class FoundTests(ReconcilerCase):
    """
    The pod has it.
    """

    def test_server(self) -> None:
        """
        It gets its route and the answer that Nova gave, but for the password.
        """
        self.begun()
        self.lists(server(2), server(1, marked="i1"), server(3, marked="another"))
        self.pods.on("Pod1", "DELETE", f"/v2.1/servers/{S1}/metadata/{ITEM}", Reply(204))
        self.run_for()

        url = f"https://cloud.example/v2.1/servers/{S1}"
        expected = {
            "id": S1,
            "links": [
                {"rel": "self", "href": url},
                {"rel": "bookmark", "href": f"https://cloud.example/servers/{S1}"},
            ],
            "OS-DCF:diskConfig": "AUTO",
            "security_groups": [{"name": "web"}, {"name": "db"}],
        }
        self.assertEqual(
            (202, {"Content-Type": "application/json", "Location": url}, {"server": expected}), self.answer()
        )
        route = self.database.routes[S1, Kind.SERVER]
        self.assertEqual(("Pod1-id", P1, "az1"), (route.pod_id, route.project_id, route.details["az"]))
        self.assertEqual([(S1, Kind.SERVER)], list(self.database.routes))
        self.assertEqual(["found"], self.settled)
        self.assertIn(f"project_id={P1}", self.pods.calls[1].query or "")

    def test_volume(self) -> None:
        """
        A volume's answer has what Cinder shows in a create, of the top zone, without our item.
        """
        volume = {
            "id": S1,
            "status": "creating",
            "created_at": "2026-05-28T20:26:40.000000",
            "metadata": {ITEM: "i1", "a": "b"},
            "availability_zone": "nova",
            "links": [{"rel": "self", "href": "http://pod1.example/v3/x"}],
            "os-vol-tenant-attr:tenant_id": P1,
            "os-vol-host-attr:host": "h",
            "migration_status": None,
        }
        request = {**REQUEST, "at": f"/v3/{P1}", "version": "3.60"}
        self.begun(kind=Kind.VOLUME, request=request)
        self.lists(volume, path=VOLUMES, plural="volumes")
        self.pods.on("Pod1", "DELETE", f"/v3/{OWN}/volumes/{S1}/metadata/{ITEM}", Reply(200))
        self.run_for()

        root = "https://cloud.example"
        expected = {
            "id": S1,
            "status": "creating",
            "created_at": "2026-05-28T20:26:40.000000",
            "metadata": {"a": "b"},
            "availability_zone": "az1",
            "links": [
                {"rel": "self", "href": f"{root}/v3/{P1}/volumes/{S1}"},
                {"rel": "bookmark", "href": f"{root}/{P1}/volumes/{S1}"},
            ],
        }
        self.assertEqual((202, {"Content-Type": "application/json"}, {"volume": expected}), self.answer())
        listed = next(called for called in self.pods.calls if called.path == VOLUMES)
        self.assertEqual(b"volume 3.60", listed.header(b"openstack-api-version"))

    def test_strange_groups(self) -> None:
        """
        What is malformed in a list keeps nobody from the answer.
        """
        self.begun()
        self.lists(server(1, marked="i1", security_groups=5))
        self.pods.on("Pod1", "DELETE", "*", Reply(204))
        self.run_for()
        self.assertEqual([{"name": "default"}], self.answer()[2]["server"]["security_groups"])

    def test_reservation(self) -> None:
        """
        Where the reservation was asked for, it is the answer, and all servers get routes.
        """
        self.begun(request={**REQUEST, "reserved": True, "several": True})
        self.lists(server(2, marked="i1"), server(1, marked="i1"))
        self.pods.on("Pod1", "DELETE", "*", Reply(204))
        self.run_for()
        self.assertEqual((202, {"reservation_id": "r-1"}), self.answer()[::2])
        self.assertEqual({an_id(1), an_id(2)}, {resource_id for resource_id, _ in self.database.routes})

    def test_later(self) -> None:
        """
        What is not there yet is looked for again, until it is.
        """
        self.begun()
        self.lists(server(2))
        self.run_for(5)
        self.assertTrue(self.is_open())
        self.lists(server(1, marked="i1"))
        self.pods.on("Pod1", "DELETE", "*", Reply(204))
        self.run_for(5)
        self.assertEqual(S1, self.answer()[2]["server"]["id"])

    def test_on_a_later_page(self) -> None:
        """
        Pages are read back to the time of the create; what is still built comes first whatever its age.
        """
        old = {"created": "2020-01-01T00:00:00Z"}
        pages = [
            [server(9, status="BUILD", **old)],
            [server(8)],
            [server(1, marked="i1")],
            [server(7, **old)],
        ]
        self.pods.on("Pod1", "GET", DETAIL, *(Reply(body={"servers": page}) for page in pages))
        self.pods.on("Pod1", "DELETE", "*", Reply(204))
        self.begun()
        self.run_for()
        self.assertEqual(S1, self.answer()[2]["server"]["id"])
        self.assertEqual(4, len(self.pods.asked("GET", DETAIL)))

    def test_pods_own_answer(self) -> None:
        """
        What the pod said itself, and came meanwhile, stays.
        """
        self.begun()
        said = KeptAnswer(status=202, body=b'{"server": {"said": true}}')

        def page(_: object) -> Reply:
            self.now(self.intents.make_intent("i1", said, resource_id=S1, look_after=None))
            return Reply(body={"servers": [server(1, marked="i1", created="2020-01-01T00:00:00Z")]})

        self.pods.on("Pod1", "GET", DETAIL, page)
        self.run_for()
        self.assertEqual({"server": {"said": True}}, self.answer()[2])
        self.assertEqual([], self.settled)


class FreedTests(ReconcilerCase):
    """
    Nothing was made.
    """

    def test_never_sent(self) -> None:
        """
        What was never sent is freed when its time is over, and no pod is asked.
        """
        self.begun(pod="", look=60.0)
        self.run_for(58)
        self.assertTrue(self.is_open())
        self.run_for(3)
        self.assertIsNone(self.kept())
        self.assertEqual([], self.pods.calls)

    def test_not_there(self) -> None:
        """
        What the pod does not have is freed when it has had its time, and not before.
        """
        self.begun()
        self.lists(server(2))
        self.run_for(int(SETTLE) - 1)
        self.assertTrue(self.is_open())
        self.run_for(32)
        self.assertIsNone(self.kept())
        self.assertEqual(["freed"], self.settled)

    def test_sent_to_another_meanwhile(self) -> None:
        """
        What one pod does not have is not freed where another was tried while that one was asked.
        """
        self.begun()
        self.clock.advance(SETTLE)

        def page(_: object) -> Reply:
            self.now(self.intents.try_intent("i1", "Pod2-id", look_after=500.0))
            return Reply(body={"servers": []})

        self.pods.on("Pod1", "GET", DETAIL, page)
        self.run_for()
        self.assertTrue(self.is_open())


class UndecidedTests(ReconcilerCase):
    """
    A pod that does not tell decides nothing.
    """

    def undecided(self, *scripts: Script, path: str = DETAIL) -> None:
        """
        The pod says this for long enough; the intent stays.
        """
        self.begun()
        self.lists()
        self.pods.on("Pod1", "GET", path, *scripts)
        self.clock.advance(SETTLE)
        self.run_for(120)
        self.assertTrue(self.is_open(), scripts)
        self.assertEqual([], self.settled)

    def test_silent(self) -> None:
        """
        A pod that does not answer.
        """
        self.undecided(Broken())

    def test_faults(self) -> None:
        """
        A pod that answers with an error.
        """
        self.undecided(Reply(500), Reply(403), Reply(404), Reply(200, {"servers": 5}), Reply(200, b"x"))

    def test_not_an_admin(self) -> None:
        """
        A pod that shows the daemon's user its own project alone.
        """
        self.undecided(Reply(403), path=NOVA_SERVICES)

    def test_cell_down(self) -> None:
        """
        A Nova with a cell that is down, whose servers it leaves out.
        """
        services = [{"binary": "nova-compute", "host": "h", "status": "UNKNOWN"}]
        self.undecided(Reply(body={"services": services}), path=NOVA_SERVICES)

    def test_old_nova(self) -> None:
        """
        A Nova that is too old to leave servers out is believed.
        """
        self.begun()
        self.lists()
        self.pods.on("Pod1", "GET", NOVA_SERVICES, Reply(body={"services": []}), Reply(406))
        self.clock.advance(SETTLE)
        self.run_for(1)
        self.assertIsNone(self.kept())

    def test_pod_that_is_gone(self) -> None:
        """
        A pod that is disabled or not registered is not asked.
        """
        self.begun()
        self.has_pods(evolve(self.pod1, state=PodState.DISABLED), self.pod2)
        self.clock.advance(SETTLE)
        self.run_for(60)
        self.has_pods(self.pod2)
        self.run_for(60)
        self.assertTrue(self.is_open())
        self.assertEqual([], self.pods.calls)

    def test_without_item(self) -> None:
        """
        What carries no item is not looked for.
        """
        self.begun(kind=Kind.GROUP, marked=False)
        self.clock.advance(SETTLE)
        self.run_for(60)
        self.assertTrue(self.is_open())
        self.assertEqual([], self.pods.calls)

    def test_more_than_can_be_read(self) -> None:
        """
        A project that made too much meanwhile is not read to the end.
        """
        numbers = iter(range(1, 200_000))

        def page(_: object) -> Reply:
            return Reply(body={"servers": [server(next(numbers)) for _ in range(2000)]})

        self.begun()
        self.pods.on("Pod1", "GET", DETAIL, page)
        self.clock.advance(SETTLE)
        self.run_for()
        self.assertTrue(self.is_open())
        self.assertEqual(10, len(self.pods.asked("GET", DETAIL)))

    def test_mistake(self) -> None:
        """
        An intent that cannot be dealt with keeps no other waiting, and is looked at again.
        """
        self.begun()
        broken = evolve(self.kept(), id="i0", scope=evolve(SCOPE, key="k0"), request={})  # type: ignore[type-var]
        self.now(self.intents.begin_intent(broken, kept=3600.0, look_after=0.0))
        self.now(self.intents.try_intent("i0", "Pod1-id", look_after=0.0))
        self.lists(server(1, marked="i1"), server(2, marked="i0"))
        self.pods.on("Pod1", "DELETE", "*", Reply(204))
        self.run_for()
        self.assertEqual(S1, self.answer()[2]["server"]["id"])
        self.assertEqual(1, len(self.flushLoggedErrors(KeyError)))
        self.run_for(3)
        self.assertEqual(1, len(self.flushLoggedErrors(KeyError)))

    def test_database_away(self) -> None:
        """
        A database that goes stops nothing for good.
        """
        self.begun()
        self.lists(server(1, marked="i1"))
        self.pods.on("Pod1", "DELETE", "*", Reply(204))
        self.database.available = False
        self.run_for(5)
        self.database.available = True
        self.run_for(12)
        self.assertEqual(S1, self.answer()[2]["server"]["id"])


class ItemTests(ReconcilerCase):
    """
    The item is taken off.
    """

    ITEM_PATH = f"/v2.1/servers/{S1}/metadata/{ITEM}"

    def made(self, resource_id: str = S1, **more: Any) -> None:
        """
        An intent whose server is known.
        """
        self.begun(look=1000.0, **more)
        answer = KeptAnswer(status=202, body=b"{}")
        self.now(self.intents.make_intent("i1", answer, resource_id=resource_id, look_after=0.0))

    def due(self) -> bool:
        """
        True while it is to be looked at again.
        """
        return any(row.look_at is not None for row in self.intents._rows.values())

    def test_once_it_is_built(self) -> None:
        """
        Nova refuses while the server is built; asked again, less and less often, it does it, and that is all.
        """
        self.made()
        self.pods.on("Pod1", "DELETE", self.ITEM_PATH, *[Reply(409)] * 3, Reply(204))
        self.run_for(60)
        self.assertEqual(4, len(self.pods.asked("DELETE", self.ITEM_PATH)))
        self.assertFalse(self.due())

    def test_gone(self) -> None:
        """
        A server that is gone, or has lost it, needs nothing.
        """
        self.made()
        self.pods.on("Pod1", "DELETE", self.ITEM_PATH, Reply(404))
        self.run_for(3)
        self.assertFalse(self.due())

    def test_refused(self) -> None:
        """
        A pod that does not let the daemon do it is asked again later, and the answer stays.
        """
        self.made()
        self.pods.on("Pod1", "DELETE", self.ITEM_PATH, Reply(403))
        self.run_for(30)
        self.assertTrue(self.due())
        self.assertEqual(202, self.answer()[0])
        self.assertLess(len(self.pods.asked("DELETE")), 8)

    def test_several(self) -> None:
        """
        Where there are several, all that carry it lose it.
        """
        self.made(resource_id="", request={**REQUEST, "several": True})
        self.lists(server(1, marked="i1"), server(2, marked="i1"), server(3))
        deleted = [f"/v2.1/servers/{an_id(number)}/metadata/{ITEM}" for number in (2, 1)]
        self.pods.on("Pod1", "DELETE", deleted[0], Reply(409), Reply(204))
        self.pods.on("Pod1", "DELETE", deleted[1], Reply(204))
        self.run_for(10)
        self.assertEqual([2, 2], [len(self.pods.asked("DELETE", path)) for path in deleted])
        self.assertFalse(self.due())


class PruningTests(ReconcilerCase):
    """
    What is over goes.
    """

    def test_pruned(self) -> None:
        """
        Intents whose time is over go by themselves, made or not.
        """
        self.begun(pod="Pod1-id", look=5000.0)
        self.run_for(1)
        self.clock.advance(3600.0)
        self.run_for(61)
        self.assertIsNone(self.kept())
        self.assertEqual([], self.pods.calls)

    def test_stopped(self) -> None:
        """
        Stopping leaves no call behind.
        """
        self.run_for(3)
        self.reconciler.stopService()
        self.assertEqual([], self.clock.getDelayedCalls())
        self.assertGreater(self.clock.seconds(), NOW)
