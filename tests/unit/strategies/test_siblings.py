"""
Every server that a create made gets its route.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.strategies.case import P1, P2, StrategyCase, a_server, an_id
from tests.unit.strategies.doubles import Broken, Hang, Reply, Unreachable
from trio2o.strategies.siblings import how_many, question

SERVERS = "/v2.1/servers"
DETAIL = "/v2.1/servers/detail"


class QuestionTests(SynchronousTestCase):
    """
    What is asked after a create.
    """

    def test_count(self) -> None:
        """
        The larger of both numbers, also where they are digits; what is neither counts as one.
        """
        for server, count in (
            ({}, 1),
            ({"min_count": 2}, 2),
            ({"min_count": 2, "max_count": 3}, 3),
            ({"min_count": "2", "max_count": None}, 2),
            ({"max_count": "x", "min_count": True}, 1),
            ({"max_count": "9" * 30}, 1),
            ({"max_count": -1}, 1),
        ):
            with self.subTest(server=server):
                self.assertEqual(count, how_many(server))

    def test_question(self) -> None:
        """
        By the reservation, else by the newest servers; nothing where the answer names the only one.
        """
        self.assertIsNone(question({}, {"server": {"id": an_id(1)}}))
        self.assertIsNone(question({"min_count": 1}, None))
        self.assertEqual([("limit", "23")], question({"max_count": 3}, {"server": {"id": an_id(1)}}))
        self.assertEqual(
            [("reservation_id", "r-1"), ("limit", "3")], question({"max_count": 3}, {"reservation_id": "r-1"})
        )
        self.assertEqual(
            [("reservation_id", "r-1"), ("limit", "1000")],
            question({"max_count": 5000}, {"reservation_id": "r-1"}),
        )


class SiblingTests(StrategyCase):
    """
    Creates of several servers.
    """

    def setUp(self) -> None:
        super().setUp()
        self.pods.on("*", "POST", SERVERS, Reply(202, {"server": {"id": an_id(1)}}))
        self.listed: list[Any] = [a_server(number) for number in (3, 2, 1)]
        self.pods.on("*", "GET", DETAIL, Reply(200, {"servers": self.listed}))

    def create(self, **fields: Any) -> None:
        """
        Make servers.
        """
        self.asked("POST", SERVERS, {"server": {"name": "n", "flavorRef": "42", **fields}})

    def test_one(self) -> None:
        """
        A create of one server asks nothing more.
        """
        self.create(min_count=1)

        self.assertEqual(1, len(self.pods.calls))

    def test_several(self) -> None:
        """
        Each server has a route in the create's pod, with what a list shows of it while the pod is silent.
        """
        self.create(min_count=3)

        self.assertEqual(["Pod1", "Pod1"], self.pods.asked())
        for number in (1, 2, 3):
            route = self.stored_route(an_id(number))
            assert route is not None
            self.assertEqual((self.pod1.id, P1), (route.pod_id, route.project_id))
            self.assertEqual("az1", route.details["az"])
            self.assertEqual("u1", route.details["user_id"])

    def test_reservation(self) -> None:
        """
        With a reservation the answer names no server: all are found by it.
        """
        self.pods.on("*", "POST", SERVERS, Reply(202, {"reservation_id": "r-abc"}))

        self.create(return_reservation_id=True, max_count=3)

        self.assertEqual("reservation_id=r-abc&limit=3", self.pods.last.query)
        self.assertEqual(3, sum(self.stored_route(an_id(number)) is not None for number in (1, 2, 3)))

    def test_boot_from_volume(self) -> None:
        """
        The same of the path for servers that boot from a volume.
        """
        self.pods.on("*", "POST", "/v2.1/os-volumes_boot", Reply(202, {"reservation_id": "r-abc"}))

        self.asked(
            "POST", "/v2.1/os-volumes_boot", {"server": {"min_count": 2, "return_reservation_id": True}}
        )

        self.assertIsNotNone(self.stored_route(an_id(2)))

    def test_bodies_name_projects(self) -> None:
        """
        A route has the project that the server's body names, and none is made where it names none.
        """
        self.listed[0]["tenant_id"] = P2
        del self.listed[1]["tenant_id"]

        self.create(min_count=3)

        stored = self.stored_route(an_id(3))
        self.assertEqual((P2, None), (stored and stored.project_id, self.stored_route(an_id(2))))

    def test_not_told(self) -> None:
        """
        The create has succeeded whatever comes of the question; what is not known is adopted later.
        """
        for script in (
            Unreachable(),
            Broken(),
            Reply(500),
            Reply(200, b"x"),
            Reply(200, []),
            Reply(200, {"servers": 1}),
            Reply(200, {"servers": ["x"]}),
            Reply(200, None),
        ):
            self.pods.on("*", "GET", DETAIL, script)
            with self.subTest(script=script):
                self.create(min_count=3)
                self.assertIsNotNone(self.stored_route(an_id(1)))

    def test_slow(self) -> None:
        """
        The client does not wait for a pod that is slow to tell, the daemon's end does.
        """
        self.pods.on("*", "GET", DETAIL, Hang())

        self.assertEqual(202, self.asked("POST", SERVERS, {"server": {"min_count": 3}}).status)
        self.assertEqual([1], self.running)
        self.clock.advance(60.0)
        self.assertEqual([], self.running)
