"""
Version documents; the formats are those that Nova 34 and Cinder 29 give.
"""

from __future__ import annotations

from tests.unit.web.gateway import ROOT, GatewayCase, VolumeCase

OLD = {
    "id": "v2.0",
    "status": "DEPRECATED",
    "version": "",
    "min_version": "",
    "updated": "2025-07-04T12:00:00Z",
    "links": [{"rel": "self", "href": "https://cloud.example:8774/v2/"}],
}
CURRENT = {
    "id": "v2.1",
    "status": "CURRENT",
    "version": "2.96",
    "min_version": "2.1",
    "updated": "2013-07-23T11:33:21Z",
    "links": [{"rel": "self", "href": "https://cloud.example:8774/v2.1/"}],
}


class ComputeTests(GatewayCase):
    """
    Nova's documents.
    """

    def test_versions(self) -> None:
        """
        The root lists both versions, with the microversions that all pods share; no token is needed.
        """
        response = self.ask("GET", "/", token=None)

        self.assertEqual((200, {"versions": [OLD, CURRENT]}), (response.status, response.json))
        self.assertEqual([], self.tokens.asked)

    def test_version(self) -> None:
        """
        Each version has a document of its own, with and without a slash.
        """
        for path, known in (("/v2.1", CURRENT), ("/v2.1/", CURRENT), ("/v2", OLD), ("/v2/", OLD)):
            response = self.ask("GET", path, token=None)
            document = response.json["version"]
            with self.subTest(path=path):
                self.assertEqual(200, response.status)
                number = "2.1" if known is CURRENT else "2"
                self.assertEqual(
                    [
                        {
                            "base": "application/json",
                            "type": f"application/vnd.openstack.compute+json;version={number}",
                        }
                    ],
                    document.pop("media-types"),
                )
                self.assertEqual("describedby", document["links"].pop()["rel"])
                self.assertEqual(known, document)

    def test_pods_not_known_yet(self) -> None:
        """
        While no pod could be asked only the first microversion is offered.
        """
        self.facts.ranges.clear()

        (_, current) = self.ask("GET", "/", token=None).json["versions"]

        self.assertEqual(("2.1", "2.1"), (current["min_version"], current["version"]))

    def test_head(self) -> None:
        """
        A HEAD has the same head, and no body.
        """
        whole, head = (self.ask(method, "/", token=None) for method in ("GET", "HEAD"))

        self.assertEqual((200, b""), (head.status, head.body))
        self.assertEqual(whole.value(b"content-length"), head.value(b"content-length"))

    def test_other_methods(self) -> None:
        """
        Nothing else can be done with a document.
        """
        for path in ("/", "/v2.1", "/v2"):
            response = self.ask("POST", path)
            self.assertEqual(405, response.status)
            self.assertEqual(["badMethod"], list(response.json))

    def test_bad_token(self) -> None:
        """
        A token that is not known does not matter here.
        """
        self.assertEqual(200, self.ask("GET", "/v2.1", token=b"unknown").status)

    def test_projects(self) -> None:
        """
        A project's root is no version document.
        """
        self.assertNotIn(b"media-types", self.ask("GET", "/v2.1/" + "a" * 32).body)


class DerivedTests(GatewayCase):
    """
    Without a configured public URL.
    """

    public_root = None

    def test_links(self) -> None:
        """
        Links lead where the client came in.
        """
        (old, _) = self.ask("GET", "/", token=None, host=b"here.example:1234").json["versions"]

        self.assertEqual("http://here.example:1234/v2/", old["links"][0]["href"])


class VolumeTests(VolumeCase):
    """
    Cinder's documents.
    """

    def test_versions(self) -> None:
        """
        The root is a 300 with the only version; ``/v3`` is the same with a 200.
        """
        roots, version, slash = (self.ask("GET", path, token=None) for path in ("/", "/v3", "/v3/"))

        self.assertEqual([300, 200, 200], [roots.status, version.status, slash.status])
        self.assertEqual(roots.json, version.json)
        self.assertEqual(version.json, slash.json)
        (document,) = roots.json["versions"]
        self.assertEqual(
            ("v3.0", "CURRENT", "3.71", "3.0"),
            tuple(document[name] for name in ("id", "status", "version", "min_version")),
        )
        self.assertEqual(
            ["describedby", f"{ROOT.decode()}/v3/"],
            [document["links"][0]["rel"], document["links"][1]["href"]],
        )
        self.assertEqual(
            "application/vnd.openstack.volume+json;version=3", document["media-types"][0]["type"]
        )

    def test_nova_versions(self) -> None:
        """
        Another service's versions do not exist here.
        """
        self.assertEqual(404, self.ask("GET", "/v2.1").status)
