"""
Listing, showing, updating and deleting servers at the fake Nova.
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

    def keys_added(self, who: str) -> dict[int, set[str]]:
        """
        What each microversion adds.
        """
        server_id = self.active()
        added: dict[int, set[str]] = {}
        before: set[str] = set()
        for minor in range(1, 105):
            keys = set(self.show(server_id, minor=minor, who=who))
            self.assertLessEqual(before, keys)
            if keys - before:
                added[minor] = keys - before
            before = keys
        added.pop(1)
        return added

    def test_keys_for_users(self) -> None:
        """
        Users get more keys at the microversions where Nova 34 adds them.
        """
        self.assertEqual(
            self.keys_added("demo"),
            {
                9: {"locked"},
                19: {"description"},
                26: {"tags"},
                63: {"trusted_image_certificates"},
                71: {"server_groups"},
                73: {"locked_reason"},
                90: {"OS-EXT-SRV-ATTR:hostname"},
                96: {"pinned_availability_zone"},
                100: {"scheduler_hints"},
            },
        )

    def test_keys_for_admins(self) -> None:
        """
        Admins get the extended attributes too.
        """
        added = self.keys_added("admin")
        self.assertEqual(
            added[3],
            {
                f"OS-EXT-SRV-ATTR:{name}"
                for name in (
                    "hostname",
                    "kernel_id",
                    "launch_index",
                    "ramdisk_id",
                    "reservation_id",
                    "root_device_name",
                    "user_data",
                )
            },
        )
        self.assertEqual(added[16], {"host_status"})
        self.assertNotIn(90, added)

    def test_flavor(self) -> None:
        """
        The flavor is a link below 2.47 and its content from there on.
        """
        server_id = self.active()
        old, new = self.show(server_id, minor=46)["flavor"], self.show(server_id, minor=47)["flavor"]
        link = {"rel": "bookmark", "href": f"{ORIGIN}/flavors/1"}
        self.assertEqual(old, {"id": "1", "links": [link]})
        self.assertEqual((new["original_name"], new["ram"]), ("m1.tiny", 512))

    def test_image_properties(self) -> None:
        """
        From 2.98 on the image has its properties.
        """
        server_id = self.active()
        self.assertNotIn("properties", self.show(server_id, minor=97)["image"])
        self.assertEqual(self.show(server_id, minor=98)["image"]["properties"], {})

    def test_project_in_url(self) -> None:
        """
        Links have the project id where the URL had it.
        """
        server_id = self.active()
        _, body = self.ask("GET", f"/{DEMO}/servers/{server_id}")
        self.assertEqual(
            body["server"]["links"],
            [
                {"rel": "self", "href": f"{ORIGIN}/v2.1/{DEMO}/servers/{server_id}"},
                {"rel": "bookmark", "href": f"{ORIGIN}/{DEMO}/servers/{server_id}"},
            ],
        )

    def test_strangers(self) -> None:
        """
        Another project's server is a 404 whatever is done with it, and stays; an admin sees it.
        """
        server_id = self.active()
        words = (404, f"Instance {server_id} could not be found.")
        for method, path, body in (
            ("GET", "", None),
            ("PUT", "", {"server": {"name": "x"}}),
            ("DELETE", "", None),
            ("POST", "/action", {"os-stop": None}),
            ("GET", "/metadata", None),
            ("GET", "/os-volume_attachments", None),
        ):
            self.assertEqual(self.fault(method, f"/servers/{server_id}{path}", body, who="other"), words)
        self.clock.advance(10)
        self.assertEqual(self.show(server_id, who="admin")["tenant_id"], DEMO)

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

    def test_update(self) -> None:
        """
        An update changes what it names; its answer has all fields only from 2.75 on.
        """
        server_id = self.active()
        status, body = self.ask("PUT", f"/servers/{server_id}", {"server": {"name": "new"}})
        self.assertEqual((status, body["server"]["name"]), (200, "new"))
        self.assertNotIn("OS-EXT-STS:vm_state", body["server"])
        _, body = self.ask("PUT", f"/servers/{server_id}", {"server": {"description": "d"}}, minor=75)
        self.assertIn("OS-EXT-STS:vm_state", body["server"])
        self.assertEqual(self.show(server_id)["description"], "d")

    def test_bad_update(self) -> None:
        """
        An unknown field is a 400.
        """
        server_id = self.active()
        self.assertEqual(
            self.fault("PUT", f"/servers/{server_id}", {"server": {"nope": 1}}),
            (
                400,
                "Invalid input for field/attribute server. Value: {'nope': 1}. Additional properties are not "
                "allowed ('nope' was unexpected)",
            ),
        )

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
        The newest comes first; of equal age the last one made.
        """
        for name in ("a", "b"):
            self.create(name=name)
        self.clock.advance(1)
        self.create(name="c")
        self.assertEqual(self.names(), ["c", "b", "a"])

    def test_sort(self) -> None:
        """
        Sort keys and directions apply in order; the default keys break ties in the first direction.
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
        self.assertEqual(
            [each["created"][-3:] for each in body["servers"]],
            ["01Z", "02Z", "00Z"],
        )

    def test_pages(self) -> None:
        """
        Walking by the next links gives each server once, in order, and the last page may be empty.
        """
        for name in "abcde":
            self.create(name=name)
        path, seen = "/servers?limit=2&name=.", list[str]()
        while path and len(seen) < 10:
            _, body = self.ask("GET", path)
            seen += [server["name"] for server in body["servers"]]
            links = body.get("servers_links", [])
            path = links[0]["href"].removeprefix(f"{ORIGIN}/v2.1") if links else ""
        self.assertEqual(seen, list("edcba"))

    def test_next_link(self) -> None:
        """
        The next link has the query in the order of its names and the marker at the end.
        """
        last = self.create(name="p")
        _, body = self.ask("GET", "/servers/detail?status=BUILD&name=p&limit=1")
        href = f"{ORIGIN}/v2.1/servers/detail?limit=1&name=p&status=BUILD&marker={last}"
        self.assertEqual(body["servers_links"], [{"rel": "next", "href": href}])

    def test_marker(self) -> None:
        """
        A marker may be a deleted server or one that the filter leaves out, but not an unknown or another's.
        """
        for name in ("old", "middle", "new"):
            self.create(name=name)
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

    def test_zero_limit(self) -> None:
        """
        A limit of 0 gives an empty list without a link.
        """
        self.create()
        self.assertEqual(self.ask("GET", "/servers?limit=0"), (200, {"servers": []}))

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

    def test_bad_queries(self) -> None:
        """
        Bad queries are refused in Nova's words.
        """
        for query, status, words in (
            (
                "limit=abc",
                400,
                "Invalid input for query parameters limit. Value: abc. 'abc' does not match '^[0-9]*$'",
            ),
            (
                "limit=-1",
                400,
                "Invalid input for query parameters limit. Value: -1. '-1' does not match '^[0-9]*$'",
            ),
            ("sort_key=host", 403, "Only administrators can sort servers by host"),
            (
                "sort_dir=up",
                400,
                "Invalid input received: Unknown sort direction, must be 'desc' or 'asc'",
            ),
            (
                "changes-since=xx",
                400,
                "Invalid input for query parameters changes-since. Value: xx. 'xx' is not a 'date-time'",
            ),
            (
                "name=%5B",
                400,
                "Invalid input for query parameters name. Value: [. '[' is not a 'regex'",
            ),
        ):
            self.assertEqual(self.fault("GET", f"/servers?{query}"), (status, words))
        status, words = self.fault("GET", "/servers?sort_key=nope")
        self.assertEqual(status, 400)
        self.assertIn("'nope' is not one of ['access_ip_v4', 'access_ip_v6'", words)

    def test_detail_has_no_groups(self) -> None:
        """
        A list shows no server groups, which a single server does from 2.71 on.
        """
        self.create()
        _, body = self.ask("GET", "/servers/detail", minor=104)
        self.assertNotIn("server_groups", body["servers"][0])

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


class VersionTests(NovaTestCase):
    """
    Version documents.
    """

    def get(self, path: str) -> tuple[int, Any]:
        """
        Status and body without a token.
        """
        response = self.successResultOf(self.http.request("GET", ORIGIN + path))
        return response.code, self.successResultOf(response.json())

    def test_documents(self) -> None:
        """
        The root lists both versions with links to themselves, each has its document, other paths give
        choices.
        """
        status, body = self.get("/")
        self.assertEqual(status, 200)
        self.assertEqual(
            [(each["id"], each["version"], each["links"][0]["href"]) for each in body["versions"]],
            [("v2.0", "", f"{ORIGIN}/v2/"), ("v2.1", "2.104", f"{ORIGIN}/v2.1/")],
        )
        for path, name in (("/v2.1", "v2.1"), ("/v2", "v2.0")):
            status, body = self.get(path)
            self.assertEqual((status, body["version"]["id"]), (200, name))
        status, body = self.get("/elsewhere")
        self.assertEqual((status, list(body)), (300, ["choices"]))

    def test_old_prefix(self) -> None:
        """
        Below ``/v2`` there are no microversions.
        """
        server_id = self.active()
        headers = {"X-Auth-Token": "demo", "OpenStack-API-Version": "compute 2.90"}
        response = self.successResultOf(
            self.http.request("GET", f"{ORIGIN}/v2/servers/{server_id}", headers=headers)
        )
        self.assertEqual(response.code, 200)
        self.assertFalse(response.headers.hasHeader("OpenStack-API-Version"))
        self.assertNotIn("locked", self.successResultOf(response.json())["server"])
