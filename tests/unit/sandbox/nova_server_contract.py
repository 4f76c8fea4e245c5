"""
What a Nova tells about servers, one and many, and about its versions.
"""

from __future__ import annotations

from typing import Any

from tests.unit.sandbox.asking import now
from tests.unit.sandbox.nova_contract import FLAVOR, NOWHERE, NovaContract

#: What each microversion adds for users, as far as a server shows it.
ADDED = {
    9: {"locked"},
    19: {"description"},
    26: {"tags"},
    63: {"trusted_image_certificates"},
    71: {"server_groups"},
    73: {"locked_reason"},
    90: {"OS-EXT-SRV-ATTR:hostname"},
    96: {"pinned_availability_zone"},
    100: {"scheduler_hints"},
}
_EXTENDED = ("hostname", "kernel_id", "launch_index", "ramdisk_id", "reservation_id")


class NovaServerContract(NovaContract):
    """
    ``/servers`` but for creates and actions.
    """

    def names(self, query: str = "", **keywords: Any) -> list[str]:
        """
        The names in a list.
        """
        status, body = self.ask("GET", f"/servers{query}", **keywords)
        self.assertEqual(status, 200, body)
        return [server["name"] for server in body["servers"]]

    def three(self) -> list[str]:
        """
        The ids of three servers, ``old``, ``middle`` and ``new``, the oldest first.
        """
        made = []
        for name in ("old", "middle", "new"):
            made.append(self.create(name=name))
            self.a_moment()
        for each in made:
            self.until(each, "ACTIVE")
        return made

    def test_keys(self) -> None:
        """
        Users get more keys at the microversions that add them; admins get the extended attributes too.
        """
        server_id = self.active()
        for minor, keys in ADDED.items():
            before, after = (set(self.show(server_id, minor=each)) for each in (minor - 1, minor))
            self.assertEqual(after - before, keys, minor)
            self.assertLessEqual(before, after)
        self.assertEqual(set(self.show(server_id, minor=1)), set(self.show(server_id, minor=8)))
        before, after = (set(self.show(server_id, minor=each, who="admin")) for each in (2, 3))
        extended = {*_EXTENDED, "root_device_name", "user_data"}
        self.assertEqual(after - before, {f"OS-EXT-SRV-ATTR:{name}" for name in extended})
        before, after = (set(self.show(server_id, minor=each, who="admin")) for each in (15, 16))
        self.assertEqual(after - before, {"host_status"})

    def test_flavor_and_image(self) -> None:
        """
        The flavor is a link below 2.47 and its content from there on; the image gets properties at 2.98.
        """
        server_id = self.active()
        old, new = (self.show(server_id, minor=each)["flavor"] for each in (46, 47))
        link = {"rel": "bookmark", "href": f"{self.api.above('/v2.1').url}/flavors/{FLAVOR}"}
        self.assertEqual(old, {"id": FLAVOR, "links": [link]})
        self.assertEqual((new["original_name"], new["ram"]), ("m1.nano", 128))
        old, new = (self.show(server_id, minor=each)["image"] for each in (97, 98))
        self.assertEqual(set(new) - set(old), {"properties"})
        self.assertEqual(old["id"], self.image)

    def test_project_in_url(self) -> None:
        """
        Links have the project id where the URL had it; another project's there is a 400.
        """
        server_id = self.create()
        project = self.demo.project
        _, body = self.ask("GET", f"/{project}/servers/{server_id}")
        root = self.api.above("/v2.1").url
        links = [
            {"rel": "self", "href": f"{root}/v2.1/{project}/servers/{server_id}"},
            {"rel": "bookmark", "href": f"{root}/{project}/servers/{server_id}"},
        ]
        self.assertEqual(body["server"]["links"], links)
        self.assertEqual(
            self.fault("GET", f"/{self.alt.project}/servers/{server_id}"),
            (
                400,
                f"Malformed request URL: URL's project_id '{self.alt.project}' doesn't match Context's "
                f"project_id '{project}'",
            ),
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
            self.assertEqual(self.fault(method, f"/servers/{server_id}{path}", body, who="alt"), words)
        self.assertEqual(self.show(server_id, who="admin")["tenant_id"], self.demo.project)

    def test_update(self) -> None:
        """
        An update changes what it names; its answer has all fields only from 2.75 on.
        """
        server_id = self.active()
        path = f"/servers/{server_id}"
        status, body = self.ask("PUT", path, {"server": {"name": "new"}})
        self.assertEqual((status, body["server"]["name"]), (200, "new"))
        self.assertNotIn("OS-EXT-STS:vm_state", body["server"])
        _, body = self.ask("PUT", path, {"server": {"description": "d"}}, minor=75)
        self.assertIn("OS-EXT-STS:vm_state", body["server"])
        addresses = {"accessIPv4": "192.0.2.7", "accessIPv6": "2001:db8::7"}
        self.assertEqual(self.ask("PUT", path, {"server": addresses})[0], 200)
        server = self.show(server_id)
        self.assertEqual((server["name"], server["description"]), ("new", "d"))
        self.assertEqual({name: server[name] for name in addresses}, addresses)

    def test_bad_updates(self) -> None:
        """
        An unknown field, an empty name, and an address that is none, are a 400.
        """
        path = f"/servers/{self.create()}"
        field = "Invalid input for field/attribute"
        for fields, words in (
            (
                {"nope": 1},
                f"{field} server. Value: {{'nope': 1}}. Additional properties are not allowed ('nope' was "
                "unexpected)",
            ),
            ({"name": ""}, f"{field} name. Value: . '' should be non-empty"),
            ({"accessIPv4": "x"}, f"{field} accessIPv4. Value: x. 'x' is not a 'ipv4'"),
            ({"accessIPv6": "x"}, f"{field} accessIPv6. Value: x. 'x' is not a 'ipv6'"),
        ):
            self.assertEqual(self.fault("PUT", path, {"server": fields}), (400, words))

    def test_delete(self) -> None:
        """
        A delete is a 204; a little later the server is gone.
        """
        server_id = self.active()
        self.assertEqual(self.ask("DELETE", f"/servers/{server_id}"), (204, None))
        self.gone(server_id)
        words = (404, f"Instance {server_id} could not be found.")
        for method in ("GET", "DELETE"):
            self.assertEqual(self.fault(method, f"/servers/{server_id}"), words)

    def test_lists(self) -> None:
        """
        Orders, pages, markers and filters of servers.
        """
        old, middle, new = self.three()
        for query, names in (
            ("", ["new", "middle", "old"]),
            ("?sort_key=created_at&sort_dir=asc", ["old", "middle", "new"]),
            ("?sort_key=display_name&sort_dir=asc", ["middle", "new", "old"]),
            ("?sort_key=vm_state&sort_dir=asc&sort_key=display_name&sort_dir=desc", ["old", "new", "middle"]),
            ("?limit=1", ["new"]),
            ("?limit=0", []),
            (f"?marker={middle}", ["old"]),
            (f"?name=o&marker={middle}", ["old"]),
            ("?name=^O", ["old"]),
            ("?status=active", ["new", "middle", "old"]),
            ("?status=BUILD", []),
            ("?status=WRONG", []),
            (f"?flavor={FLAVOR}", ["new", "middle", "old"]),
            ("?flavor=none", []),
            ("?host=elsewhere&nonsense=1", ["new", "middle", "old"]),
            ("?deleted=true", ["new", "middle", "old"]),
            ("?changes-since=2001-01-01T00:00:00Z&name=d", ["middle", "old"]),
        ):
            self.assertEqual(self.names(query), names, query)
        self.assertEqual(self.names("?hostname=old", minor=96), ["old"])
        self.assertEqual(self.fault("GET", "/servers?status=x", minor=38), (400, "Invalid status value"))
        query = f"limit=1&marker={new}&sort_dir=desc&sort_key=created_at"
        _, body = self.ask("GET", f"/servers?{query}&limit=1")
        href = f"{self.api.url}/servers?{query.replace(new, middle)}"
        self.assertEqual(body["servers_links"], [{"rel": "next", "href": href}])
        _, body = self.ask("GET", "/servers/detail?status=ACTIVE&name=e&limit=1")
        href = f"{self.api.url}/servers/detail?limit=1&name=e&status=ACTIVE&marker={new}"
        self.assertEqual(body["servers_links"], [{"rel": "next", "href": href}])
        self.assertEqual(self.ask("GET", "/servers?limit=0"), (200, {"servers": []}))
        _, body = self.ask("GET", "/servers/detail", minor=104)
        self.assertNotIn("server_groups", body["servers"][0])
        self.assertEqual(self.names(who="alt"), [])
        query = f"?all_tenants=1&project_id={self.demo.project}"
        self.assertEqual(self.names(query, who="admin"), ["new", "middle", "old"])
        self.gone(middle)
        self.assertEqual(self.names(f"?marker={middle}"), ["old"])
        _, body = self.ask("GET", "/servers/detail?changes-since=2001-01-01T00:00:00Z&name=middle")
        self.assertIn(("middle", "DELETED"), [(each["name"], each["status"]) for each in body["servers"]])

    def test_tags_filter(self) -> None:
        """
        Tags filter from 2.26 on: all of them, any, not all, none.
        """
        self.create(name="one", tags=["x", "y"])
        self.a_moment()
        self.create(name="two", tags=["y"])
        for query, expected in (
            ("?tags=x,y", ["one"]),
            ("?tags-any=x,y", ["two", "one"]),
            ("?not-tags=x,y", ["two"]),
            ("?not-tags-any=x", ["two"]),
        ):
            self.assertEqual(self.names(query, minor=26), expected, query)
        self.assertEqual(self.names("?locked=true", minor=73), [])

    def test_bad_queries(self) -> None:
        """
        Bad queries are refused in Nova's words.
        """
        prefix = "Invalid input for query parameters"
        digits = "does not match '^[0-9]*$'"
        for query, status, words in (
            ("limit=abc", 400, f"{prefix} limit. Value: abc. 'abc' {digits}"),
            ("limit=-1", 400, f"{prefix} limit. Value: -1. '-1' {digits}"),
            ("sort_key=host", 403, "Only administrators can sort servers by host"),
            ("sort_dir=up", 400, "Invalid input received: Unknown sort direction, must be 'desc' or 'asc'"),
            ("changes-since=xx", 400, f"{prefix} changes-since. Value: xx. 'xx' is not a 'date-time'"),
            ("name=%5B", 400, f"{prefix} name. Value: [. '[' is not a 'regex'"),
            (f"marker={NOWHERE}", 400, f"marker [{NOWHERE}] not found"),
            ("marker=x", 400, "marker [x] not found"),
            (
                "all_tenants=1",
                403,
                "Policy doesn't allow os_compute_api:servers:index:get_all_tenants to be performed.",
            ),
        ):
            self.assertEqual(self.fault("GET", f"/servers?{query}"), (status, words))
        status, words = self.fault("GET", "/servers?sort_key=nope")
        self.assertEqual(status, 400)
        self.assertIn("'nope' is not one of ['access_ip_v4', 'access_ip_v6'", words)
        self.assertEqual(
            self.fault("GET", "/servers?foo=1", minor=75),
            (400, "'foo' does not match any of the regexes: '^_'"),
        )
        self.assertEqual(
            self.fault("GET", "/servers?all_tenants=x", who="admin"),
            (
                400,
                "Unrecognized value 'x', acceptable values are: '0', '1', 'f', 'false', 'n', 'no', 'off', "
                "'on', 't', 'true', 'y', 'yes'",
            ),
        )

    def test_headers(self) -> None:
        """
        Answers and faults carry the microversion under two names, ``Vary``, and one request id under two names.
        """
        both = "OpenStack-API-Version", "X-OpenStack-Nova-API-Version"
        for path, minor, shown in (("/servers", 50, "2.50"), (f"/servers/{NOWHERE}", 9, "2.9")):
            reply = self.response("GET", path, minor=minor)
            self.assertEqual([reply.header(each) for each in both], [f"compute {shown}", shown])
            self.assertEqual(reply.headers.getRawHeaders("Vary"), list(both))
            self.assertEqual(reply.header("X-Compute-Request-Id"), reply.header("X-Openstack-Request-Id"))
            self.assertTrue((reply.header("X-Compute-Request-Id") or "").startswith("req-"))
        words = "Version 2.999 is not supported by the API. Minimum is 2.1 and maximum is 2.104."
        self.assertEqual(self.fault("GET", "/servers", minor=999), (406, words))

    def test_documents(self) -> None:
        """
        The root lists both versions with links to themselves, each has its document, other paths give choices, all
        without a token; anything below a version wants one.
        """
        root = self.api.above("/v2.1")

        def get(path: str) -> Any:
            return now(root.ask("GET", path))

        links = [
            (each["id"], each["version"], each["links"][0]["href"]) for each in get("/").json["versions"]
        ]
        self.assertEqual(links, [("v2.0", "", f"{root.url}/v2/"), ("v2.1", "2.104", f"{root.url}/v2.1/")])
        for path, name in (("/v2.1", "v2.1"), ("/v2", "v2.0")):
            reply = get(path)
            self.assertEqual((reply.status, reply.json["version"]["id"]), (200, name))
        reply = get("/elsewhere/")
        self.assertEqual((reply.status, set(reply.json)), (300, {"choices"}))
        self.assertEqual(reply.json["choices"][1]["links"][0]["href"], f"{root.url}/v2.1/elsewhere")
        self.assertIsNone(reply.header("X-Openstack-Request-Id"))
        reply = get("//v2.1")
        self.assertEqual((reply.status, reply.json["version"]["id"]), (200, "v2.1"))
        self.assertEqual(reply.header("OpenStack-API-Version"), "compute 2.1")
        self.assertEqual(get("/v2.1/servers").status, 401)

    def test_old_prefix(self) -> None:
        """
        Below ``/v2`` there are no microversions.
        """
        server_id = self.create()
        headers = {"OpenStack-API-Version": "compute 2.90"}
        root = self.api.above("/v2.1")
        reply = now(root.ask("GET", f"/v2/servers/{server_id}", token=self.demo.token, headers=headers))
        self.assertEqual(reply.status, 200)
        self.assertIsNone(reply.header("OpenStack-API-Version"))
        self.assertNotIn("locked", reply.json["server"])
