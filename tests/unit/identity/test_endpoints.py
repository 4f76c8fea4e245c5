"""
From a catalog to one root URL for each region and service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keystoneauth1.access.service_catalog import ServiceCatalogV3
from twisted.trial.unittest import SynchronousTestCase

from trio2o.identity.endpoints import catalog_of, resolve

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
            resolve(catalog, ("public",)),
            {
                ("Pod1", "compute"): "http://a",
                ("Pod2", "compute"): "http://b",
                ("Pod1", "volume"): "http://a:8776",
                ("Pod1", "network"): "http://a:9696",
            },
        )

    def test_no_url(self) -> None:
        """
        What is no HTTP URL is no endpoint.
        """
        for url in ("ftp://h/v3", "http:///v3", "http://[", ""):
            with self.subTest(url=url):
                self.assertEqual(
                    {}, resolve(ServiceCatalogV3([service("compute", endpoint(url))]), ("public",))
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
        table = resolve(catalog, ("internal", "public"))
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
        self.assertEqual(resolve(catalog, ("public",)), {("Pod1", "volume"): "http://new"})

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
        self.assertEqual(resolve(catalog_of(services, rows), ("public",)), {("Pod1", "compute"): "http://a"})
