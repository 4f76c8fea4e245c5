"""
Servers that are being deleted when their pod falls silent: nobody is shown them, as Nova shows none that is queued for delete.
"""

from __future__ import annotations

from typing import Any

from tests.unit.strategies.case import P2, S1, StrategyCase, a_context, a_server
from tests.unit.strategies.doubles import Reply, Unreachable
from trio2o.errors import NotFound
from trio2o.model import Kind

SHOW = f"/v2.1/servers/{S1}"
ACTION = f"{SHOW}/action"
DETAIL = "/v2.1/servers/detail"
NEW = (2, 69)


class LeavingTests(StrategyCase):
    """
    A delete that the pod has accepted.
    """

    def setUp(self) -> None:
        super().setUp()
        self.has_route(S1, self.pod2, details={"user_id": "u1"})
        self.everybody_says(200, DETAIL, {"servers": []})
        self.pods.on("Pod2", "DELETE", SHOW, Reply(204, b"", []))
        self.pods.on("Pod2", "POST", ACTION, Reply(202, b"", []))

    def silent(self) -> None:
        """
        Pod2 says nothing any more.
        """
        self.pods.on("Pod2", "GET", DETAIL, Unreachable())
        self.pods.on("Pod2", "GET", SHOW, Unreachable())

    def unknown(self) -> list[str]:
        """
        The servers that the list has.
        """
        return [each["id"] for each in self.shown(self.asked("GET", DETAIL, version=NEW))["servers"]]

    def act(self, body: Any) -> None:
        """
        Let the pod accept an action.
        """
        self.assertEqual(202, self.asked("POST", ACTION, body).status)

    def test_deleted(self) -> None:
        """
        It is neither listed nor shown; its route keeps what it had.
        """
        self.asked("DELETE", SHOW)
        self.silent()

        self.assertEqual([], self.unknown())
        self.refused(NotFound, "GET", SHOW, version=NEW)
        route = self.stored_route(S1)
        assert route is not None
        self.assertEqual((None, "u1"), (route.deleted_at, route.details["user_id"]))

    def test_force_deleted(self) -> None:
        """
        So it is after an action that deletes.
        """
        self.act({"forceDelete": None})
        self.silent()

        self.assertEqual([], self.unknown())

    def test_restored(self) -> None:
        """
        A server that is acted upon afterwards is there again.
        """
        self.asked("DELETE", SHOW)
        self.act({"restore": None})
        self.silent()

        self.assertEqual([S1], self.unknown())
        self.assertNotIn("leaving", self.state.route(Kind.SERVER, S1).details)  # type: ignore[union-attr]

    def test_refused(self) -> None:
        """
        A delete that the pod refuses changes nothing.
        """
        for status in (403, 409):
            self.pods.on("Pod2", "DELETE", SHOW, Reply(status, {"conflictingRequest": {"code": status}}))
            self.asked("DELETE", SHOW, context=a_context(project=P2))
        self.silent()

        self.assertEqual([S1], self.unknown())

    def test_below(self) -> None:
        """
        Deleting something below a server does not delete the server.
        """
        self.pods.on("Pod2", "DELETE", f"{SHOW}/tags/blue", Reply(204, b"", []))
        self.asked("DELETE", f"{SHOW}/tags/blue")
        self.silent()

        self.assertEqual([S1], self.unknown())

    def test_listed_meanwhile(self) -> None:
        """
        A list that still has it does not take the mark away.
        """
        self.asked("DELETE", SHOW)
        self.pods.on("Pod2", "GET", DETAIL, Reply(200, {"servers": [a_server(1, "Pod2")]}))
        self.assertEqual([S1], self.unknown())
        self.silent()

        self.assertEqual([], self.unknown())

    def test_reads_write_nothing(self) -> None:
        """
        Shows and actions of a server that stays write no route.
        """
        self.pods.on("Pod2", "GET", SHOW, Reply(200, {"server": a_server(1, "Pod2")}))
        before = self.stored_route(S1)
        self.asked("GET", SHOW)
        self.act({"reboot": {"type": "SOFT"}})

        self.assertIs(before, self.stored_route(S1))
