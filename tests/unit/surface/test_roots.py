"""
From the URLs of catalogs and configurations to roots.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from trio2o.surface.roots import root_url


class RootUrlTests(SynchronousTestCase):
    """
    The root of a service.
    """

    def test_catalog_urls(self) -> None:
        """
        Version, project id or its placeholder, query and trailing slashes go; a path before them stays.
        """
        for url, root in {
            "http://nova:8774/v2.1": "http://nova:8774",
            "http://nova:8774/v2.1/": "http://nova:8774",
            "http://nova:8774/v2.1/6f70656e737461636b20342065766572": "http://nova:8774",
            "http://nova:8774/v2/%(tenant_id)s": "http://nova:8774",
            "http://nova:8774/v2.1/$(project_id)s/": "http://nova:8774",
            "https://pod.example/compute/v2.1": "https://pod.example/compute",
            "https://pod.example/volume/v3/%(project_id)s": "https://pod.example/volume",
            "https://pod.example/volume": "https://pod.example/volume",
            "https://pod.example/": "https://pod.example",
            "http://neutron:9696": "http://neutron:9696",
            "http://[::1]:8774/v2.1?x=1#y": "http://[::1]:8774",
            " http://nova:8774/v2.1 ": "http://nova:8774",
            "http://h/v1/AUTH_6f70656e7374": "http://h",
            "http://h:8774/": "http://h:8774",
            "http://h/%(tenant_id)s": "http://h",
            "http://h/AUTH_$(project_id)s/": "http://h",
            "http://h/" + "0a" * 16: "http://h",
            "http://h/vault": "http://h/vault",
            "": "",
        }.items():
            self.assertEqual(root_url(url), root, url)

    def test_no_version(self) -> None:
        """
        What only looks like a version stays.
        """
        for url in ("http://h/versions", "http://h/v", "http://h/vx2", "http://v2.example"):
            self.assertEqual(root_url(url), url)

    def test_idempotent(self) -> None:
        """
        A root is its own root.
        """
        self.assertEqual(root_url(root_url("http://h/compute/v2.1/%(project_id)s")), "http://h/compute")
