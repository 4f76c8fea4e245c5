"""
The way to the pods that every strategy shares.
"""

from __future__ import annotations

from attrs import evolve

from tests.unit.strategies.case import S1, StrategyCase, a_context, a_server
from tests.unit.strategies.doubles import Reply
from trio2o.errors import BadGateway, GatewayTimeout, PodBroken, PodTimeout, PodUnreachable, Unavailable
from trio2o.strategies.forwarding import told

SHOW = f"/v2.1/servers/{S1}"


class ForwarderTests(StrategyCase):
    """
    `Forwarder`.
    """

    def setUp(self) -> None:
        super().setUp()
        self.has_route(S1, self.pod1)
        self.pods.on("*", "GET", SHOW, Reply(200, {"server": a_server(1)}))

    def test_whole_answer_is_bounded(self) -> None:
        """
        An answer that must be read and is larger than the limit is a 502 (I2).
        """
        self.forwarder._answer_limit = 10

        self.refused(BadGateway, "GET", SHOW)

    def test_links_not_known_yet(self) -> None:
        """
        While nobody knows what a pod puts before its links they stay as they are.
        """
        self.facts.link_prefixes = lambda pod_id, service: ()  # type: ignore[method-assign]

        server = self.shown(self.asked("GET", SHOW))["server"]

        self.assertEqual(a_server(1)["links"], server["links"])

    def test_rewriters_are_kept(self) -> None:
        """
        What changes links is made once for each pod and root, and no more of them are kept than are of use.
        """
        inbound = self.inbound("GET", SHOW)
        first = self.forwarder.rewriter(inbound, self.pod1, "compute")
        self.assertIs(first, self.forwarder.rewriter(inbound, self.pod1, "compute"))
        self.assertIsNot(first, self.forwarder.rewriter(inbound, self.pod2, "compute"))

        for number in range(3000):
            other = evolve(inbound, public_root=b"https://%d.example" % number)
            self.forwarder.rewriter(other, self.pod1, "compute")

        self.assertLessEqual(len(self.forwarder._rewriters), 1001)

    def test_no_token_is_shown(self) -> None:
        """
        What shows a call's or a request's values never shows its fields, in which tokens are (I17).
        """
        inbound = self.inbound("GET", SHOW, headers=[(b"X-Service-Token", b"service-secret")])
        self.done(self.forwarder.send(inbound, a_context(), self.pod1))
        self.pods.answers[0].discard()

        text = repr(inbound) + repr(self.pods.last.call) + repr(a_context())
        self.assertNotIn("secret", text)
        self.assertNotIn("user-token", text)

    def test_failures(self) -> None:
        """
        What a client is told of a pod's silence names no pod; admins are told which.
        """
        for failure, kind in (
            (PodUnreachable("Pod1", "x", sent=False), Unavailable),
            (PodTimeout("Pod1", "x", sent=True), GatewayTimeout),
            (PodBroken("Pod1", "x", sent=True), BadGateway),
        ):
            error = told(failure)
            with self.subTest(failure=failure):
                self.assertIsInstance(error, kind)
                self.assertNotIn("Pod1", error.message)
                self.assertEqual("Pod1: x", error.admin_detail)
