"""
From a catalog to one root URL for each region and service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keystoneauth1.access.service_catalog import ServiceCatalogV3
from twisted.trial.unittest import SynchronousTestCase

from trio2o.identity.endpoints import catalog_of, resolve, root_url

PROJECT = "0a" * 16


def endpoint(url: str, *, region: str = "Pod1", interface: str = "public") -> Mapping[str, Any]:
    """
    One endpoint of a catalog.
    """
    return {"id": "e", "interface": interface, "region_id": region, "region": region, "url": url}


def service(service_type: str, *endpoints: Mapping[str, Any]) -> dict[str, Any]:
    """
    One service of a catalog.
    """
    return {"id": f"s-{service_type}", "type": service_type, "name": "n", "endpoints": list(endpoints)}


class RootTests(SynchronousTestCase):
    """
    What is left of an endpoint's URL.
    """

    def test_table(self) -> None:
        """
        Project and version go, from the end only; the rest stays as it is.
        """
        table = [
            ("http://h/compute/v2.1", "http://h/compute"),
            ("http://h/compute/v2.1/", "http://h/compute"),
            ("http://h:8774/v2.1", "http://h:8774"),
            ("http://h:8774/", "http://h:8774"),
            ("http://h:8774", "http://h:8774"),
            (f"http://h/volume/v3/{PROJECT}", "http://h/volume"),
            (f"http://h:8776/v3/{PROJECT}/", "http://h:8776"),
            (f"http://h/v1/AUTH_{PROJECT}", "http://h"),
            ("http://h/v3/%(project_id)s", "http://h"),
            ("http://h/v3/$(tenant_id)s", "http://h"),
            ("http://h/v1/AUTH_%(project_id)s", "http://h"),
            ("http://h/v3/" + "0b" * 16, "http://h/v3/" + "0b" * 16),
            ("http://h/v2.1/compute", "http://h/v2.1/compute"),
            ("https://[::1]:9696/v2.0", "https://[::1]:9696"),
            ("http://h/vault", "http://h/vault"),
            ("ftp://h/v3", None),
            ("http:///v3", None),
            ("http://[", None),
            ("", None),
        ]
        for url, expected in table:
            with self.subTest(url=url):
                self.assertEqual(root_url(url, PROJECT), expected)


class ResolveTests(SynchronousTestCase):
    """
    The table of a catalog.
    """

    def test_regions_and_services(self) -> None:
        """
        Each region has its own services, by the names that the daemon uses.
        """
        catalog = ServiceCatalogV3(
            [
                service("compute", endpoint("http://a/v2.1"), endpoint("http://b/v2.1", region="Pod2")),
                service("volumev3", endpoint(f"http://a:8776/v3/{PROJECT}")),
                service("network", endpoint("http://a:9696/")),
                service("image"),
            ]
        )
        self.assertEqual(
            resolve(catalog, PROJECT, ("public",)),
            {
                ("Pod1", "compute"): "http://a",
                ("Pod2", "compute"): "http://b",
                ("Pod1", "volume"): "http://a:8776",
                ("Pod1", "network"): "http://a:9696",
            },
        )

    def test_interfaces(self) -> None:
        """
        The interface that is preferred wins where it is there; one that is not named is never used.
        """
        catalog = ServiceCatalogV3(
            [
                service(
                    "compute",
                    endpoint("http://a/v2.1"),
                    endpoint("http://i/v2.1", interface="internal"),
                    endpoint("http://b/v2.1", region="Pod2"),
                    endpoint("http://c/v2.1", region="Pod3", interface="admin"),
                )
            ]
        )
        table = resolve(catalog, PROJECT, ("internal", "public"))
        self.assertEqual(table, {("Pod1", "compute"): "http://i", ("Pod2", "compute"): "http://b"})

    def test_volume_types(self) -> None:
        """
        Of the types for Block Storage the current one wins, wherever it stands.
        """
        catalog = ServiceCatalogV3(
            [
                service("volumev2", endpoint("http://two/v2")),
                service("block-storage", endpoint("http://new/v3")),
                service("volumev3", endpoint("http://three/v3")),
            ]
        )
        self.assertEqual(resolve(catalog, PROJECT, ("public",)), {("Pod1", "volume"): "http://new"})

    def test_lists(self) -> None:
        """
        Keystone's own lists make the same table, without what is disabled.
        """
        services = [
            {"id": "s1", "type": "compute", "enabled": True},
            {"id": "s2", "type": "network", "enabled": False},
        ]
        rows = [
            {**endpoint("http://a/v2.1"), "service_id": "s1", "enabled": True},
            {**endpoint("http://b/v2.1", region="Pod2"), "service_id": "s1", "enabled": False},
            {**endpoint("http://n"), "service_id": "s2", "enabled": True},
        ]
        self.assertEqual(
            resolve(catalog_of(services, rows), PROJECT, ("public",)), {("Pod1", "compute"): "http://a"}
        )
