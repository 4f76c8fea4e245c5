"""
Keystone's limits by Nova's names.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import QuotaOwner, QuotaScope
from trio2o.quota.unified import REGISTERED, KeystoneLimits, by_owner, kept, shown_as

UNIFIED = frozenset({"compute"})


def registered(name: str, limit: Any, region: str | None = None) -> dict[str, Any]:
    """
    A registered limit.
    """
    return {"resource_name": name, "default_limit": limit, "region_id": region}


def given(name: str, limit: Any, project: Any = "p", region: str | None = None) -> dict[str, Any]:
    """
    A limit of a project.
    """
    return {"resource_name": name, "resource_limit": limit, "region_id": region, "project_id": project}


def of(service: str, scope: QuotaScope = QuotaScope.PROJECT, name: str = "p") -> QuotaOwner:
    """
    Whose limits they are.
    """
    return QuotaOwner(service=service, scope=scope, scope_id=name)


class ByOwnerTests(SynchronousTestCase):
    """
    Which of them count.
    """

    def read(self, *limits: dict[str, Any], more: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
        """
        What counts of the registered ones and of projects'.
        """
        found = by_owner(KeystoneLimits(registered=limits, limits=more), "RegionOne")
        return {"" if owner == REGISTERED else owner.scope_id: limits for owner, limits in found.items()}

    def test_names(self) -> None:
        """
        Resources are called as in Nova's quota sets; what Nova has no quota of is left out, and so is another region's.
        """
        found = self.read(
            registered("servers", 10),
            registered("class:MEMORY_MB", -1),
            registered("server_key_pairs", 0),
            registered("class:CUSTOM_GPU", 3),
            registered("server_groups", 5, "Elsewhere"),
        )
        self.assertEqual({"": {"instances": 10, "ram": -1, "key_pairs": 0}}, found)

    def test_regions(self) -> None:
        """
        A resource that is registered in the region has its limits there, whatever there is of no region.
        """
        limits = (
            registered("servers", 10),
            registered("servers", 20, "RegionOne"),
            registered("class:VCPU", 7),
        )
        more = (given("servers", 1), given("servers", 2, "q", "RegionOne"), given("class:VCPU", 3))
        found = self.read(*limits, more=more)
        self.assertEqual({"": {"instances": 20, "cores": 7}, "p": {"cores": 3}, "q": {"instances": 2}}, found)

    def test_of_projects(self) -> None:
        """
        As at Nova, a project has limits of its own for servers, VCPUs and memory alone, and where something is registered.
        """
        limits = (registered("servers", 10), registered("server_groups", 10))
        more = (given("server_groups", 1), given("class:VCPU", 3), given("servers", 4))
        self.assertEqual({"instances": 4}, self.read(*limits, more=more)["p"])

    def test_malformed(self) -> None:
        """
        What is no limit is left out; a domain's is nobody's.
        """
        self.assertEqual({}, self.read(registered("servers", True), registered("class:VCPU", "5"), {}))
        more = (
            given("servers", None),
            given("servers", -2),
            given("servers", 1 << 31),
            given("servers", 5, None),
        )
        self.assertEqual({"": {"instances": 1}}, self.read(registered("servers", 1), more=more))


class StoredTests(SynchronousTestCase):
    """
    Under whom limits are stored.
    """

    def test_there_and_back(self) -> None:
        """
        Nova's are stored under another name where they are Keystone's; what was set here before is nobody's then, and the other
        way round. What pods say of themselves stays what it is.
        """
        self.assertEqual(of("keystone"), kept(of("compute"), UNIFIED))
        self.assertEqual(of("compute"), shown_as(of("keystone"), UNIFIED))
        self.assertIsNone(shown_as(of("compute"), UNIFIED))
        self.assertIsNone(shown_as(of("keystone"), ()))
        for owner, unified in (
            (of("volume"), UNIFIED),
            (of("compute"), ()),
            (of("compute", QuotaScope.POD), UNIFIED),
        ):
            self.assertEqual((owner, owner), (shown_as(owner, unified), owner))
        self.assertEqual(of("volume"), kept(of("volume"), UNIFIED))
