"""
Bindings and routes over HTTP.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from tests.unit.administration.doubles import NOBODY
from tests.unit.web.admin.serving import ROOT, AdminTestCase
from trio2o.model import Kind, Route


class BindingTests(AdminTestCase):
    """
    ``/v1.0/bindings``.
    """

    def bind(self, tenant_id: str, pod_id: str) -> Any:
        """
        A binding that was made over HTTP.
        """
        body = {"pod_binding": {"tenant_id": tenant_id, "pod_id": pod_id}}
        status, shown = self.ask("POST", "/v1.0/bindings", body)
        self.assertEqual(status, 200)
        return shown["pod_binding"]

    def test_create(self) -> None:
        """
        The answer is 200 with the binding: the original's fields and ours.
        """
        pod = self.pod(affinity=frozenset({"ssd", "gpu"}))
        shown = self.bind(" p1 ", pod.id.upper())
        self.assertRegex(shown.pop("id"), r"^[0-9a-f-]{36}$")
        self.assertEqual(
            shown,
            {
                "tenant_id": "p1",
                "pod_id": pod.id,
                "is_binding": True,
                "created_at": "2023-11-14T22:13:20.250000Z",
                "updated_at": None,
                "az_name": "az1",
                "pod_group": "gpu,ssd",
                "ended_at": None,
                "reason": "admin",
            },
        )

    def test_refused(self) -> None:
        """
        No object 400; empty fields, an unknown pod and the top region 422; the same again 409.
        """
        pod, top = self.pod(), self.pod("RegionOne", "")
        for body in (
            {},
            {"pod_binding": None},
            {"pod_binding": {"tenant_id": "p", "pod_id": pod.id, "x": 1}},
        ):
            self.assertEqual(self.error("POST", "/v1.0/bindings", body)[0], 400)
        for tenant_id, pod_id in (
            ("", pod.id),
            (" ", pod.id),
            (None, pod.id),
            (1, pod.id),
            ("p" * 256, pod.id),
            ("p1", ""),
            ("p1", None),
            ("p1", 5),
            ("p1", "Pod1"),
            ("p1", NOBODY),
            ("p1", top.id),
        ):
            body = {"pod_binding": {"tenant_id": tenant_id, "pod_id": pod_id}}
            self.assertEqual(self.error("POST", "/v1.0/bindings", body)[0], 422, (tenant_id, pod_id))
        self.assertEqual(self.error("POST", "/v1.0/bindings", {"pod_binding": {"tenant_id": "p1"}})[0], 422)
        self.bind("p1", pod.id)
        body = {"pod_binding": {"tenant_id": "p1", "pod_id": pod.id}}
        self.assertEqual(self.error("POST", "/v1.0/bindings", body)[0], 409)

    def test_show_and_end(self) -> None:
        """
        A binding is shown before and after its end.
        """
        made = self.bind("p1", self.pod().id)
        path = f"/v1.0/bindings/{made['id']}"
        self.assertEqual(self.ask("GET", path), (200, {"pod_binding": made}))
        status, ended = self.ask("DELETE", path)
        self.assertEqual((status, ended["pod_binding"]["is_binding"]), (200, False))
        self.assertEqual(ended["pod_binding"]["ended_at"], "2023-11-14T22:13:20.250000Z")
        self.assertEqual(self.ask("GET", path), (200, ended))
        self.assertEqual(self.ask("DELETE", path), (200, ended))

    def test_unknown(self) -> None:
        """
        An id that nobody has, and what is no id, are a 404.
        """
        for binding_id in (NOBODY, "1"):
            self.assertEqual(self.error("GET", f"/v1.0/bindings/{binding_id}")[0], 404)
            self.assertEqual(self.error("DELETE", f"/v1.0/bindings/{binding_id}")[0], 404)

    def test_list(self) -> None:
        """
        Bindings newest first, selected by project, pod, activity and moment.
        """
        one, other = self.pod("Pod1"), self.pod("Pod2")
        old = self.bind("p1", one.id)
        self.cloud.clock.advance(100)
        new = self.bind("p1", other.id)
        foreign = self.bind("p2", one.id)

        def ids(query: str) -> list[str]:
            status, shown = self.ask("GET", f"/v1.0/bindings{query}")
            self.assertEqual((status, list(shown)), (200, ["pod_bindings"]))
            return [binding["id"] for binding in shown["pod_bindings"]]

        self.assertEqual(ids(""), [foreign["id"], new["id"], old["id"]])
        self.assertEqual(ids("?tenant_id=p1"), [new["id"], old["id"]])
        self.assertEqual(ids(f"?pod_id={one.id.upper()}&active=true"), [foreign["id"]])
        self.assertEqual(ids("?active=False"), [old["id"]])
        self.assertEqual(ids(f"?tenant_id=p1&at={old['created_at']}"), [old["id"]])
        self.assertEqual(ids("?tenant_id=p1&at=2023-11-14T22:14:00"), [old["id"]])
        self.assertEqual(ids("?tenant_id=p1&at=2023-11-15T00:14:00%2B02:00"), [old["id"]])
        self.assertEqual(ids("?at=2023-01-01"), [])
        self.assertEqual(ids("?tenant_id="), [])
        self.assertEqual(ids(f"?marker={new['id']}"), [old["id"]])

    def test_pages(self) -> None:
        """
        Following the links gives every binding once, under the same filters.
        """
        pod = self.pod()
        made = [self.bind(f"p{number}", pod.id)["id"] for number in range(5)]
        other = self.pod("Pod2", "az2")
        self.bind("p0", other.id)
        seen: list[str] = []
        path = f"/v1.0/bindings?limit=2&pod_id={pod.id}&active=true"
        for _ in range(10):
            _, shown = self.ask("GET", path)
            seen += [binding["id"] for binding in shown["pod_bindings"]]
            if "pod_bindings_links" not in shown:
                break
            (link,) = shown["pod_bindings_links"]
            self.assertEqual(link["rel"], "next")
            self.assertTrue(link["href"].startswith(f"{ROOT}/v1.0/bindings?"))
            parts = urlsplit(link["href"])
            path = f"{parts.path}?{parts.query}"
        self.assertEqual(seen, made[::-1])

    def test_bad_queries(self) -> None:
        """
        What cannot be understood, an unknown parameter and an unknown marker are a 400.
        """
        for query in (
            "tennant_id=p1",
            "active=perhaps",
            "at=yesterday",
            "at=2023-11-15T00:14:00+02:00",
            "at=0001-01-01T00:00:00%2B14:00",
            "at=",
            "limit=0",
            "limit=-1",
            "limit=1.5",
            "limit=%D9%A1",
            "limit=1_0",
            "limit=99999999999999999999",
            "limit=",
            "marker=abc",
            f"marker={NOBODY}",
            "pod_id=Pod1",
            "tenant_id=a&tenant_id=b",
            "tenant_id=%FF",
        ):
            self.assertEqual(self.error("GET", f"/v1.0/bindings?{query}")[0], 400, query)


class RouteTests(AdminTestCase):
    """
    ``/v1.0/routes/{resource_id}``.
    """

    def test_show(self) -> None:
        """
        A route with its pod's name.
        """
        pod = self.pod()
        route = Route(kind=Kind.SERVER, resource_id=NOBODY, pod_id=pod.id, project_id="p1")
        self.done(self.cloud.route_store.record_routes([route]))
        self.assertEqual(
            self.ask("GET", f"/v1.0/routes/{NOBODY}"),
            (
                200,
                {
                    "routes": [
                        {
                            "kind": "server",
                            "resource_id": NOBODY,
                            "pod_id": pod.id,
                            "pod_name": "Pod1",
                            "project_id": "p1",
                            "created_at": None,
                            "deleted_at": None,
                        }
                    ]
                },
            ),
        )

    def test_unknown(self) -> None:
        """
        No route is a 404.
        """
        for resource_id in (NOBODY, "server-1"):
            self.assertEqual(self.error("GET", f"/v1.0/routes/{resource_id}")[0], 404)
