"""
Jobs over HTTP.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from tests.unit.administration.doubles import NOBODY
from tests.unit.web.admin.serving import ROOT, AdminTestCase
from trio2o.model import Job, NewJob

POD = "3c22e5d4-5fed-45ed-a1e9-d532668cedc2"
CREATED = "2023-11-14T22:13:20.250000Z"


class JobTests(AdminTestCase):
    """
    ``/v1.0/jobs``.
    """

    def enqueued(self, key: str = "k", kind: str = "paint", **more: Any) -> Job:
        """
        A job that waits.
        """
        return self.done(self.cloud.job_store.enqueue(NewJob(kind=kind, key=key, **more)))

    def claimed(self) -> Job:
        """
        The one that is due, which runs now.
        """
        (job,) = self.done(self.cloud.job_store.claim("w1", kinds=["paint"], limit=9, lease=60.0))
        return job

    def keys(self, query: str = "") -> str:
        """
        The keys of those that are listed.
        """
        status, shown = self.ask("GET", f"/v1.0/jobs{query}")
        self.assertEqual((200, ["jobs"]), (status, list(shown)))
        return "".join(job["key"] for job in shown["jobs"])

    def test_show(self) -> None:
        """
        Everything about a job is shown; what it does not have is null.
        """
        made = self.enqueued(payload={"a": [1]}, pod_id=POD, deadline=100.0)
        self.claimed()
        status, shown = self.ask("GET", f"/v1.0/jobs/{made.id.upper()}")
        self.assertEqual(200, status)
        self.assertEqual(
            {
                "id": made.id,
                "kind": "paint",
                "key": "k",
                "payload": {"a": [1]},
                "pod_id": POD,
                "project_id": None,
                "state": "running",
                "attempts": 1,
                "error": "",
                "progress": "",
                "worker": "w1",
                "cancelling": False,
                "again": False,
                "created_at": CREATED,
                "due_at": "2023-11-14T22:14:20.250000Z",
                "started_at": CREATED,
                "ended_at": None,
                "deadline_at": "2023-11-14T22:15:00.250000Z",
            },
            shown["job"],
        )

    def test_any_payload(self) -> None:
        """
        A payload that has what is no Unicode, or numbers without bounds, is shown as text.
        """
        for payload in ({"a": "\ud800"}, {"a": 2**70}):
            made = self.enqueued(payload=payload)
            _, shown = self.ask("GET", f"/v1.0/jobs/{made.id}")
            self.assertEqual(["text"], list(shown["job"]["payload"]))

    def test_list(self) -> None:
        """
        Jobs are listed newest first, selected by state, kind, pod and project.
        """
        self.enqueued("a", project_id="p1")
        self.claimed()
        self.enqueued("b", pod_id=POD)
        self.enqueued("c", kind="sand", project_id="p1", pod_id=POD)
        self.assertEqual("cba", self.keys())
        self.assertEqual("a", self.keys("?state=running"))
        self.assertEqual("ba", self.keys("?kind=paint"))
        self.assertEqual("cb", self.keys(f"?pod_id={POD.upper()}"))
        self.assertEqual("ca", self.keys("?project_id=p1"))
        self.assertEqual("c", self.keys(f"?project_id=p1&pod_id={POD}&state=waiting&kind=sand"))
        self.assertEqual("", self.keys("?kind=%00"))

    def test_pages(self) -> None:
        """
        Following the links gives every job once, under the same filters.
        """
        for number in range(5):
            self.enqueued(str(number))
        self.enqueued("x", kind="sand")
        seen = ""
        path = "/v1.0/jobs?limit=2&kind=paint"
        for _ in range(3):
            _, shown = self.ask("GET", path)
            seen += "".join(job["key"] for job in shown["jobs"])
            if "jobs_links" in shown:
                (link,) = shown["jobs_links"]
                self.assertTrue(link["href"].startswith(f"{ROOT}/v1.0/jobs?"), link)
                path = "{0.path}?{0.query}".format(urlsplit(link["href"]))
        self.assertNotIn("jobs_links", shown)
        self.assertEqual("43210", seen)

    def test_malformed(self) -> None:
        """
        A parameter that is unknown, comes twice or cannot be understood is a 400 that names it.
        """
        for query, word in (
            ("state=lazy", "waiting, running"),
            ("state=", "state"),
            ("pod_id=1", "pod_id"),
            ("limit=0", "limit"),
            ("limit=x", "limit"),
            ("marker=1", "marker"),
            (f"marker={NOBODY}", "marker"),
            ("tenant_id=1", "tenant_id"),
            ("kind=a&kind=b", "kind"),
        ):
            status, message = self.error("GET", f"/v1.0/jobs?{query}")
            self.assertEqual(400, status, query)
            self.assertIn(word, message)

    def test_redo(self) -> None:
        """
        A dead letter waits anew, and the worker is told.
        """
        made = self.enqueued()
        self.done(self.cloud.job_store.bury(self.claimed(), "refused"))
        status, shown = self.ask("POST", f"/v1.0/jobs/{made.id}/redo")
        self.assertEqual((200, "waiting", 0), (status, shown["job"]["state"], shown["job"]["attempts"]))
        self.assertEqual(1, self.cloud.woken)

    def test_not_redone(self) -> None:
        """
        What runs, and what has another in its place, is a 409.
        """
        made = self.enqueued()
        job = self.claimed()
        path = f"/v1.0/jobs/{made.id}/redo"
        self.assertEqual(
            (409, f"Job {made.id} is running: cancel it first, or wait for its end."),
            self.error("POST", path),
        )
        self.done(self.cloud.job_store.bury(job, "refused"))
        self.enqueued()
        status, message = self.error("POST", path)
        self.assertEqual(409, status)
        self.assertIn("newer job", message)
        self.assertEqual(0, self.cloud.woken)

    def test_cancel(self) -> None:
        """
        What waits is cancelled, what runs is to be; what is finished is a 409.
        """
        made = self.enqueued()
        path = f"/v1.0/jobs/{made.id}/cancel"
        status, shown = self.ask("POST", path)
        self.assertEqual((200, "cancelled"), (status, shown["job"]["state"]))
        self.assertEqual(
            (409, f"Job {made.id} is cancelled: there is nothing left to cancel."), self.error("POST", path)
        )
        other = self.enqueued()
        self.claimed()
        status, shown = self.ask("POST", f"/v1.0/jobs/{other.id}/cancel")
        self.assertEqual((200, "running", True), (status, shown["job"]["state"], shown["job"]["cancelling"]))

    def test_unknown(self) -> None:
        """
        An id that no job has, and what is no id, are a 404.
        """
        for job_id in (NOBODY, "1"):
            for method, path in (("GET", ""), ("POST", "/redo"), ("POST", "/cancel")):
                self.assertEqual(404, self.error(method, f"/v1.0/jobs/{job_id}{path}")[0])

    def test_database_away(self) -> None:
        """
        Without the database it is a 503 that is worth trying again.
        """
        made = self.enqueued()
        self.cloud.database.available = False
        for method, path in (
            ("GET", "/v1.0/jobs"),
            ("GET", f"/v1.0/jobs/{made.id}"),
            ("POST", f"/v1.0/jobs/{made.id}/redo"),
            ("POST", f"/v1.0/jobs/{made.id}/cancel"),
        ):
            response = self.response(method, path)
            self.assertEqual(503, response.code)
            self.assertEqual([b"5"], response.headers.getRawHeaders(b"retry-after"))
