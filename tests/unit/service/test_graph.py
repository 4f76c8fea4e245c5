"""
The graph between the database and the ports.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from tests.unit.service.whole import GraphCase
from trio2o.errors import ConfigErrors
from trio2o.interfaces import IPodClient, IStrategy, ITokenValidator
from trio2o.model import Identity, PodState
from trio2o.ops.notify import Notifier
from trio2o.ops.reload import Reloader
from trio2o.startup import read_config
from trio2o.surface.surfaces import SURFACES


class MakingTests(GraphCase):
    """
    Wiring.
    """

    more = """
limits: {read_body_bytes: 4321, max_page: 77, answer_body_bytes: 66000, negative_routes_seconds: 3, routes_cached: 1234}
pod_defaults: {create_timeout_seconds: 91, list_timeout_seconds: 7, answer_timeout_seconds: 33}
proxy: {trusted: ["10.0.0.0/8"], via_name: here}
listen:
  compute: {endpoints: ["tcp:19998"], public_url: "https://cloud.example:8774/"}
  volume: {endpoints: ["tcp:19997", "tcp:20997"]}
scheduling: {default_availability_zone: az2, filters: [state, health], weighers: {operator_weight: 2}}
"""

    def test_nothing_is_done(self) -> None:
        """
        Making sends nothing, opens nothing and leaves nothing for later.
        """
        reactor = self.reactor
        self.assertEqual(([], [], []), (reactor.tcpClients, reactor.tcpServers, reactor.getDelayedCalls()))

    def test_surfaces(self) -> None:
        """
        Each surface is there, with the endpoints that it is to listen at.
        """
        told = {served.name: tuple(served.endpoints) for served in self.graph.surfaces}

        self.assertEqual({"compute", "volume", "admin"}, set(told))
        self.assertEqual((("tcp:19998",), ("tcp:19997", "tcp:20997")), (told["compute"], told["volume"]))

    def test_every_row_has_its_strategy(self) -> None:
        """
        The strategy of every row of every table is made, and provides the interface.
        """
        for name, surface in SURFACES.items():
            for operation in surface.operations:
                with self.subTest(surface=name, path=operation.path):
                    self.assertTrue(verifyObject(IStrategy, self.strategy(name, operation.strategy)))

    def test_limits(self) -> None:
        """
        Limits and budgets are those of the configuration.
        """
        route, schedule, merge = (self.strategy("compute", name) for name in ("route", "schedule", "merge"))

        self.assertEqual(4321, route._body_limit)
        route = route._inner
        self.assertEqual((4321, 4321, 91.0), (route._body_limit, schedule._body_limit, schedule._budget))
        self.assertEqual((77, 7.0), (merge._max_page, merge._budget))
        self.assertEqual([7.0] * 2, [self.strategy("volume", name)._budget for name in ("sum", "local")])
        self.assertEqual(
            (66000, 7.0, 3.0),
            (route._forwarder._answer_limit, route._locator._budget, route._locator._absent_seconds),
        )
        self.assertEqual(1234, self.graph.state.route_limit)

    def test_scheduling(self) -> None:
        """
        So are filters, weighers and default zone; what keeps references together is always there (I6).
        """
        placement = self.strategy("compute", "schedule")._placement

        self.assertEqual("az2", placement._default_zone)
        names = [each.name for each in placement._ranks._candidates._selection.filters]
        self.assertEqual(["state", "health", "references", "excluded"], names)
        self.assertEqual(
            [("operator_weight", 2.0)],
            [(each.weigher.name, each.factor) for each in placement._ranks._candidates._selection.weighers],
        )

    def test_wrappers(self) -> None:
        """
        Each surface has its own public URL, and all have the trusted balancers and the name in Via.
        """
        wrappers: dict[str, Any] = {}
        for served in self.graph.surfaces[:2]:
            front: Any = served.site.resource
            wrappers[served.name] = front._app._wrapper

        self.assertEqual(b"https://cloud.example:8774", wrappers["compute"]._public_root)
        self.assertIsNone(wrappers["volume"]._public_root)
        for wrapper in wrappers.values():
            self.assertEqual((True, b"here"), (wrapper._trust.covers("10.1.1.1"), wrapper._pseudonym))

    def test_shared(self) -> None:
        """
        All surfaces share one way to the pods and one memory of routes; each has its own drain.
        """
        compute, volume = (self.strategy(name, "route")._inner for name in ("compute", "volume"))

        self.assertIs(compute._forwarder, volume._forwarder)
        self.assertIs(compute._locator, volume._locator)
        self.assertIsNot(compute._shield, volume._shield)
        self.assertEqual(3, len({id(served.drain) for served in self.graph.surfaces}))

    def test_observed(self) -> None:
        """
        What counts calls and tokens stands in for what does them.
        """
        route = self.strategy("compute", "route")._inner
        self.assertTrue(verifyObject(IPodClient, route._forwarder._pods))
        front: Any = self.graph.surfaces[0].site.resource
        self.assertTrue(verifyObject(ITokenValidator, front._app._wrapper._tokens))


class DeclaredCase(GraphCase):
    """
    A graph whose database has the pods of the configuration.
    """

    def setUp(self) -> None:
        super().setUp()
        self.declared = self.successResultOf(
            Deferred.fromCoroutine(self.database.pods.declare_pods(self.config.pods_declared()))
        )


class RunningTests(DeclaredCase):
    """
    Starting and stopping.
    """

    def started(self) -> None:
        """
        Start while nobody can be reached.
        """
        starting = Deferred.fromCoroutine(self.graph.start())
        for _ in range(100):
            self.refuse()
            if starting.called:
                break
            self.reactor.advance(1)
        self.successResultOf(starting)

    def test_without_keystone(self) -> None:
        """
        With Keystone and the pods away the daemon starts all the same: the state is there.
        """
        self.started()

        self.assertTrue(self.graph.state.ready and self.graph.state.current)
        self.assertEqual(["Pod1", "Pod2"], [pod.name for pod in self.graph.state.pods()])

    def test_disabled_pods_are_left_alone(self) -> None:
        """
        A disabled pod is not looked at.
        """
        starting = Deferred.fromCoroutine(self.graph.start())
        asked: set[str] = set()
        for _ in range(100):
            asked.update(client[0] for client in self.reactor.tcpClients)
            self.refuse()
            if starting.called:
                break
            self.reactor.advance(1)

        self.assertIn("192.0.2.1", asked)
        self.assertNotIn("192.0.2.2", asked)
        self.assertIs(PodState.DISABLED, self.declared[1].state)

    def test_follows_the_database(self) -> None:
        """
        What another process writes is known here.
        """
        self.started()
        pod = self.declared[0]

        self.successResultOf(Deferred.fromCoroutine(self.database.pods.update_pod(pod.id, {"weight": 7.0})))
        self.reactor.advance(1)

        found = self.graph.state.pod(pod.id)
        self.assertEqual(7.0, found and found.weight)

    def test_stop(self) -> None:
        """
        Stopping leaves nothing for later and connects to nobody any more.
        """
        self.started()

        stopping = Deferred.fromCoroutine(self.graph.stop())
        for _ in range(20):
            self.refuse()
            self.reactor.advance(1)
        self.successResultOf(stopping)

        self.assertEqual(([], []), (self.reactor.tcpClients, self.reactor.getDelayedCalls()))

    def test_stop_before_it_started(self) -> None:
        """
        A start that was broken off can be stopped too.
        """
        starting = Deferred.fromCoroutine(self.graph.start())
        starting.addErrback(lambda _: None)
        starting.cancel()

        stopping = Deferred.fromCoroutine(self.graph.stop())
        for _ in range(20):
            self.refuse()
            self.reactor.advance(1)

        self.successResultOf(stopping)
        self.assertEqual([], self.reactor.getDelayedCalls())


class ReloadingTests(DeclaredCase):
    """
    What a new configuration changes while the daemon runs.
    """

    def setUp(self) -> None:
        super().setUp()
        self.reloader = Reloader(load=lambda: read_config(self.path), notifier=Notifier(None))
        self.graph.add_reloading(self.reloader)

    def reloaded(self) -> bool:
        """
        Reload.
        """
        return self.successResultOf(Deferred.fromCoroutine(self.reloader.reload()))

    def names(self) -> list[str]:
        """
        The pods that the database has.
        """
        return [pod.name for pod in self.database.memory.pods.values()]

    def test_pods(self) -> None:
        """
        The pod list is declared anew.
        """
        self.path.write_text(self.path.read_text() + "- {name: Pod3, az: az3}\n")

        self.assertTrue(self.reloaded())
        self.assertEqual(["Pod1", "Pod2", "Pod3"], self.names())

    def test_policy(self) -> None:
        """
        The policy file is read again.
        """
        policy = self.folder / "policy.yaml"
        policy.write_text('"trio2o:pods:list": "role:reader"\n')
        self.path.write_text(self.path.read_text() + f"policy_file: {policy}\n")
        reader = Identity(user_id="u1", project_id="p1", roles=frozenset({"reader"}), expires_at=0.0)
        self.assertFalse(self.graph._policy.authorize("trio2o:pods:list", reader, {}))

        self.assertTrue(self.reloaded())

        self.assertTrue(self.graph._policy.authorize("trio2o:pods:list", reader, {}))

    def test_bad_policy_changes_nothing(self) -> None:
        """
        A configuration that is wrong in one thing changes none.
        """
        policy = self.folder / "policy.yaml"
        policy.write_text('"trio2o:nothing": "role:reader"\n')
        self.path.write_text(self.path.read_text() + f"- {{name: Pod3, az: az3}}\npolicy_file: {policy}\n")

        self.assertFalse(self.reloaded())
        self.assertEqual(["Pod1", "Pod2"], self.names())
        self.flushLoggedErrors(ConfigErrors)
