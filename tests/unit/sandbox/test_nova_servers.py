"""
Listing, showing and deleting servers at the fake Nova: what depends on its clock, its releases and its insides.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.sandbox.nova_pod import ADMIN, DEMO, NOWHERE, ORIGIN, NovaTestCase
from trio2o.sandbox.style import MicroversionRange


class ShowTests(NovaTestCase):
    """
    ``GET /servers/ID``.
    """

    def test_fresh(self) -> None:
        """
        A kept answer never outlives a change.
        """
        server_id = self.create()
        self.assertEqual(self.show(server_id)["status"], "BUILD")
        self.clock.advance(5)
        self.assertEqual(self.show(server_id)["status"], "ACTIVE")
        self.ask("PUT", f"/servers/{server_id}", {"server": {"name": "new"}})
        self.assertEqual(self.show(server_id)["name"], "new")


class UpdateDeleteTests(NovaTestCase):
    """
    ``PUT`` and ``DELETE /servers/ID``.
    """

    def test_delete(self) -> None:
        """
        A delete is a 204, also a second one; a little later the server is gone.
        """
        server_id = self.active()
        for _ in range(2):
            self.assertEqual(self.ask("DELETE", f"/servers/{server_id}"), (204, None))
        self.assertEqual(self.show(server_id)["OS-EXT-STS:task_state"], "deleting")
        self.clock.advance(1)
        words = (404, f"Instance {server_id} could not be found.")
        self.assertEqual(self.fault("GET", f"/servers/{server_id}"), words)
        self.assertEqual(self.fault("DELETE", f"/servers/{server_id}"), words)

    def test_delete_while_building(self) -> None:
        """
        A server that is deleted while it is being built does not come back.
        """
        server_id = self.create()
        self.clock.advance(4.5)
        self.ask("DELETE", f"/servers/{server_id}")
        self.clock.advance(0.6)
        self.assertEqual(self.show(server_id)["status"], "BUILD")
        self.clock.advance(10)
        self.assertEqual(self.ask("GET", f"/servers/{server_id}")[0], 404)


class ListTests(NovaTestCase):
    """
    ``GET /servers`` and ``/servers/detail``.
    """

    def names(self, query: str = "", **keywords: Any) -> list[str]:
        """
        The names in a list.
        """
        status, body = self.ask("GET", f"/servers{query}", **keywords)
        self.assertEqual(status, 200, body)
        return [server["name"] for server in body["servers"]]

    def test_order(self) -> None:
        """
        The newest comes first; of those of one second the smallest uuid, whatever the direction.
        """
        names = {self.create(name=name): name for name in "abcd"}
        by_ids = [names[each] for each in sorted(names)]
        self.clock.advance(1)
        self.create(name="e")
        self.assertEqual(self.names(), ["e", *by_ids])
        self.assertEqual(self.names("?sort_key=created_at&sort_dir=asc"), [*by_ids, "e"])
        self.assertEqual(self.names("?sort_key=uuid&sort_dir=desc&name=[a-d]"), by_ids[::-1])

    def test_sort(self) -> None:
        """
        Sort keys and directions apply in order.
        """
        for name, zone in (("b", "nova"), ("a", "second"), ("a", "nova")):
            self.create(name=name, availability_zone=zone)
            self.clock.advance(1)
        _, body = self.ask(
            "GET",
            "/servers/detail?sort_key=display_name&sort_dir=asc&sort_key=availability_zone&sort_dir=desc",
        )
        self.assertEqual(
            [(each["name"], each["OS-EXT-AZ:availability_zone"]) for each in body["servers"]],
            [("a", "second"), ("a", "nova"), ("b", "nova")],
        )
        _, body = self.ask("GET", "/servers/detail?sort_key=display_name&sort_dir=asc")
        shown = [(each["name"], each["id"]) for each in body["servers"]]
        self.assertEqual(shown, sorted(shown))

    def test_pages(self) -> None:
        """
        Walking by the next links gives each server once, in order, and the last page may be empty.
        """
        for name in "abcde":
            self.create(name=name)
            self.clock.advance(1)
        path, seen = "/servers?limit=2&name=.", list[str]()
        while path and len(seen) < 10:
            _, body = self.ask("GET", path)
            seen += [server["name"] for server in body["servers"]]
            links = body.get("servers_links", [])
            path = links[0]["href"].removeprefix(f"{ORIGIN}/v2.1") if links else ""
        self.assertEqual(seen, list("edcba"))

    def test_marker(self) -> None:
        """
        A marker may be a deleted server or one that the filter leaves out, but not an unknown or another's.
        """
        for name in ("old", "middle", "new"):
            self.create(name=name)
            self.clock.advance(1)
        ids = [each["id"] for each in self.ask("GET", "/servers")[1]["servers"]]
        self.assertEqual(self.names(f"?name=o&marker={ids[1]}"), ["old"])
        self.ask("DELETE", f"/servers/{ids[1]}")
        self.clock.advance(1)
        self.assertEqual(self.names(f"?marker={ids[1]}"), ["old"])
        for marker, who in ((NOWHERE, "demo"), (ids[0], "other")):
            self.assertEqual(
                self.fault("GET", f"/servers?marker={marker}", who=who),
                (400, f"marker [{marker}] not found"),
            )

    def test_greatest_limit(self) -> None:
        """
        No page has more than 1,000 servers, and a full one links to the next.
        """
        self.ask("POST", "/_sandbox/servers", {"count": 1001, "project_id": DEMO})
        for query in ("", "?limit=5000"):
            _, body = self.ask("GET", f"/servers{query}")
            self.assertEqual((len(body["servers"]), "servers_links" in body), (1000, True))

    def test_all_projects(self) -> None:
        """
        Only admins list all projects.
        """
        self.create(name="demo")
        self.clock.advance(1)
        self.create(name="other", who="other")
        self.assertEqual(self.names(), ["demo"])
        self.assertEqual(self.names(who="admin"), [])
        self.assertEqual(self.names("?all_tenants=1", who="admin"), ["other", "demo"])
        self.assertEqual(self.names(f"?all_tenants=1&project_id={DEMO}", who="admin"), ["demo"])
        self.assertEqual(
            self.fault("GET", "/servers?all_tenants=1"),
            (
                403,
                "Policy doesn't allow os_compute_api:servers:index:get_all_tenants to be performed.",
            ),
        )
        self.assertEqual(
            self.fault("GET", "/servers?all_tenants=x", who="admin"),
            (
                400,
                "Unrecognized value 'x', acceptable values are: '0', '1', 'f', 'false', 'n', 'no', 'off', "
                "'on', 't', 'true', 'y', 'yes'",
            ),
        )

    def test_filters(self) -> None:
        """
        Filters choose; those of admins are ignored for users, and unknown ones too below 2.75.
        """
        self.active(name="one", tags=["x", "y"])
        self.create(name="two", tags=["y"], availability_zone="second", flavorRef="2")
        for query, minor, expected in (
            ("?status=BUILD", 1, ["two"]),
            ("?status=build&status=ACTIVE", 1, ["two", "one"]),
            ("?status=WRONG", 1, []),
            ("?name=^ON", 1, ["one"]),
            ("?flavor=2", 1, ["two"]),
            ("?tags=x,y", 26, ["one"]),
            ("?tags-any=x,y", 26, ["two", "one"]),
            ("?not-tags=x,y", 26, ["two"]),
            ("?not-tags-any=x", 26, ["two"]),
            ("?host=elsewhere&availability_zone=second&nonsense=1", 1, ["two", "one"]),
            ("?availability_zone=second", 83, ["two"]),
            ("?locked=true", 73, []),
        ):
            self.assertEqual(self.names(query, minor=minor), expected, query)
        self.assertEqual(self.names("?host=pod1-compute&all_tenants=1", who="admin"), ["one"])
        self.assertEqual(
            self.fault("GET", "/servers?foo=1", minor=75),
            (400, "'foo' does not match any of the regexes: '^_'"),
        )

    def test_changes_since(self) -> None:
        """
        ``changes-since`` shows what changed, the deleted ones among it; ``deleted`` is the admins'.
        """
        gone = self.active(name="gone")
        self.clock.advance(100)
        self.create(name="new")
        self.ask("DELETE", f"/servers/{gone}")
        self.clock.advance(1)

        _, body = self.ask("GET", "/servers/detail?changes-since=2026-01-01T00:01:00Z")
        self.assertEqual(
            [(each["name"], each["status"]) for each in body["servers"]],
            [("new", "BUILD"), ("gone", "DELETED")],
        )
        self.assertEqual(self.names("?deleted=true"), ["new"])
        self.assertEqual(self.names("?deleted=true&all_tenants=1", who="admin"), ["gone"])

    @settings(max_examples=25, deadline=None)
    @given(
        st.lists(st.integers(0, 3), min_size=1, max_size=12),
        st.integers(1, 5),
        st.sampled_from(["asc", "desc"]),
    )
    def test_walk(self, gaps: list[int], limit: int, direction: str) -> None:
        """
        Whatever the ages, a walk by markers in pages of any size gives the whole list in its order.
        """
        self.setUp()
        for gap in gaps:
            self.clock.advance(gap)
            self.ask("POST", "/_sandbox/servers", {"count": 1, "project_id": ADMIN})
        base = f"/servers?sort_dir={direction}"
        whole = [each["id"] for each in self.ask("GET", base, who="admin")[1]["servers"]]
        walked: list[str] = []
        for _ in range(len(gaps) + 1):
            marker = f"&marker={walked[-1]}" if walked else ""
            _, body = self.ask("GET", f"{base}&limit={limit}{marker}", who="admin")
            if not body["servers"]:
                break
            walked += [each["id"] for each in body["servers"]]
        self.assertEqual(walked, whole)
        self.assertEqual(len(walked), len(gaps))


class OldReleaseTests(NovaTestCase):
    """
    A pod of an older release.
    """

    versions = MicroversionRange((2, 1), (2, 79))

    def test_range(self) -> None:
        """
        It tells its range, speaks ``latest`` at its end, and refuses more.
        """
        document = self.successResultOf(
            self.successResultOf(self.http.request("GET", ORIGIN + "/v2.1/")).json()
        )["version"]
        self.assertEqual((document["min_version"], document["version"]), ("2.1", "2.79"))
        self.assertEqual(
            self.fault("GET", "/servers", minor=80),
            (406, "Version 2.80 is not supported by the API. Minimum is 2.1 and maximum is 2.79."),
        )
