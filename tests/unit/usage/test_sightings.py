"""
Which servers a pod counts, and which it has no more.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.usage.test_questions import POD, Answer
from trio2o.model import Pod, Sighting
from trio2o.usage.sightings import ServerSightings


def missing(server: str) -> Answer:
    """
    As Nova says it.
    """
    return Answer(404, {"itemNotFound": {"code": 404, "message": f"Instance {server} could not be found."}})


class SightingTests(SynchronousTestCase):
    """
    A pod with some servers.
    """

    def setUp(self) -> None:
        self.listed: Any = []
        self.single: dict[str, Answer] = {}
        self.status = 200
        self.asked: list[str] = []

    async def get(self, pod: Pod, service: str, path: str, *, version: str = "") -> Answer:
        """
        Answer.
        """
        self.asked.append(path)
        plain, _, last = urlsplit(path).path.rpartition("/")
        if last == "detail":
            return Answer(self.status, {"servers": self.listed})
        return self.single.get(last, missing(last))

    def look(self, *servers: str) -> Sighting:
        """
        Look for these.
        """
        return self.successResultOf(
            Deferred.fromCoroutine(ServerSightings(asks=self).look(POD, "p&1", servers))
        )

    def test_counted(self) -> None:
        """
        A server counts from when its scheduler has chosen; what nobody asks for is not told of, and one list is enough.
        """
        task = "OS-EXT-STS:task_state"
        self.listed = [
            {"id": "active", "status": "ACTIVE", task: None},
            {"id": "error", "status": "ERROR", task: None},
            {"id": "spawning", "status": "BUILD", task: "spawning"},
            {"id": "scheduling", "status": "BUILD", task: "scheduling"},
            {"id": "untold", "status": "BUILD"},
            {"id": "another", "status": "ACTIVE"},
            "nonsense",
        ]
        found = self.look("active", "error", "spawning", "scheduling", "untold")
        self.assertEqual(Sighting(seen=frozenset(["active", "error", "spawning"])), found)
        (path,) = self.asked
        query = parse_qs(urlsplit(path).query)
        self.assertEqual({"all_tenants": ["1"], "project_id": ["p&1"], "limit": ["30"]}, query)

    def test_gone(self) -> None:
        """
        What is not in the list is asked for by itself, and gone where Nova says so of it and nobody else does.
        """
        self.single = {
            "hidden": Answer(200, {"server": {"id": "hidden", "status": "ACTIVE"}}),
            "proxy": Answer(404, None),
            "other": missing("x2"),
            "broken": Answer(500, {"computeFault": {}}),
            "strange": Answer(200, {"server": None}),
        }
        found = self.look("gone", "hidden", "proxy", "other", "broken", "strange")
        self.assertEqual(Sighting(seen=frozenset(["hidden"]), gone=frozenset(["gone"])), found)

    def test_bounded(self) -> None:
        """
        However many are looked for, the list has an end, and few are asked for one by one.
        """
        found = self.look(*[f"s{number:04}" for number in range(900)])
        self.assertEqual(20, len(found.gone))
        self.assertIn("limit=1000", self.asked[0])
        self.assertEqual(21, len(self.asked))

    def test_untold(self) -> None:
        """
        Who is not shown all projects' servers knows nothing.
        """
        for self.status, self.listed in ((403, []), (200, None)):
            self.assertEqual(Sighting(), self.look("s1"))
