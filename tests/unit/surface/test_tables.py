"""
The surfaces and their tables of operations.
"""

from __future__ import annotations

from attrs import fields
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import Kind
from trio2o.strategies import replicating
from trio2o.strategies.agreed import AgreedOptions
from trio2o.strategies.alike import AlikeOptions
from trio2o.strategies.asking import AskOptions
from trio2o.strategies.follow import OWN_OPTIONS
from trio2o.strategies.joining import JoinOptions
from trio2o.strategies.quota_views import QuotaViewOptions
from trio2o.strategies.quota_writes import QuotaWriteOptions
from trio2o.surface.matching import Match, MethodMissing, Table
from trio2o.surface.operations import Operation
from trio2o.surface.surfaces import COMPUTE, SURFACES, VOLUME

ID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"

#: The options that each strategy reads.
OPTIONS = {
    "route": {"zones", "itself", "acts", "mates", "number"},
    "schedule": {"pinned", "records", "request", "unknown_zone", "any_zone"},
    "merge": {"read", "keep", "pages", "links", "linked"},
    "join": {each.name for each in fields(JoinOptions)},
    "ask": {each.name for each in fields(AskOptions)},
    "sum": {"key", "combine"},
    "usage": {"key"},
    "split": set(),
    "every": {"elsewhere", "keys", "lenient"},
    "any": {"default", "elsewhere"},
    "agreed": {each.name for each in fields(AgreedOptions)},
    "alike": {each.name for each in fields(AlikeOptions)},
    "local": {"name"},
    "quota": {each.name for each in fields(QuotaViewOptions)},
    "quota_write": {each.name for each in fields(QuotaWriteOptions)},
}

#: The strategies that have another one carry a row out, and their own options.
_CARRIED_OUT_BY_OTHERS = {
    "follow": OWN_OPTIONS,
    "replicate": replicating.OWN_OPTIONS,
    "aggregates": replicating.OWN_OPTIONS,
}


def rows() -> list[Operation]:
    """
    The rows of all tables.
    """
    return [operation for surface in SURFACES.values() for operation in surface.operations]


class RowTests(SynchronousTestCase):
    """
    Every row of every table.
    """

    def test_options(self) -> None:
        """
        A row has no option but those that its strategy reads.
        """
        for operation in rows():
            with self.subTest(operation=operation):
                options = set(operation.options)
                strategy = operation.strategy
                if strategy in _CARRIED_OUT_BY_OTHERS:
                    own = _CARRIED_OUT_BY_OTHERS[strategy]
                    strategy, options = operation.options["by"], options - own
                self.assertLessEqual(options, OPTIONS[strategy])

    def test_kinds(self) -> None:
        """
        What is routed, placed or listed has a kind, and keys to read it by.
        """
        for operation in rows():
            with self.subTest(operation=operation):
                if operation.strategy in ("route", "schedule", "merge", "follow"):
                    self.assertIsInstance(operation.kind, Kind)
                    self.assertTrue(operation.single and operation.plural)
                else:
                    self.assertIsNone(operation.kind)

    def test_ids(self) -> None:
        """
        What is routed has the resource's id in its path, what is created or listed has none.
        """
        for operation in rows():
            with self.subTest(operation=operation):
                if operation.strategy == "route":
                    self.assertIn("/{id}", operation.path)
                if operation.strategy in ("schedule", "merge", "local", "split"):
                    self.assertNotIn("{", operation.path)

    def test_methods(self) -> None:
        """
        Creates are POST, and what several pods are asked for is GET.
        """
        for operation in rows():
            with self.subTest(operation=operation):
                if operation.strategy == "schedule":
                    self.assertEqual({"POST"}, operation.methods)
                if operation.strategy in ("merge", "join", "sum", "usage", "local"):
                    self.assertEqual({"GET"}, operation.methods)

    def test_details_are_there(self) -> None:
        """
        A plain list that is read by its details has a row for those.
        """
        for surface in SURFACES.values():
            table = Table(surface.operations)
            for operation in surface.operations:
                if "read" in operation.options:
                    found = table.match("GET", operation.options["read"].encode())
                    assert isinstance(found, Match)
                    self.assertEqual(
                        ("merge", operation.kind), (found.operation.strategy, found.operation.kind)
                    )
                    self.assertEqual(f"{operation.path}/detail", operation.options["read"])

    def test_sums_and_local_answers(self) -> None:
        """
        A sum says what it adds up, a local answer which one it is.
        """
        for operation in rows():
            if operation.strategy in ("sum", "usage"):
                self.assertTrue(operation.options["key"])
            if operation.strategy == "local":
                self.assertIn(operation.options["name"], ("zones", "zones_detail"))

    def test_default(self) -> None:
        """
        The last row of each table takes what no other does, with any method.
        """
        for surface in SURFACES.values():
            default = surface.operations[-1]
            self.assertEqual(
                ("/**", "any", True), (default.path, default.strategy, default.options["default"])
            )
            for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
                found = Table(surface.operations).match(method, b"/os-made-up/x/y")
                assert isinstance(found, Match)
                self.assertIs(default, found.operation)


class ComputeTests(SynchronousTestCase):
    """
    What the compute surface does with requests.
    """

    surface = COMPUTE
    ROWS: tuple[tuple[str, str, str], ...] = (
        ("GET", "/servers", "merge"),
        ("GET", "/servers/detail", "merge"),
        ("POST", "/servers", "schedule"),
        ("GET", "/os-volumes_boot", "merge"),
        ("POST", "/os-volumes_boot", "schedule"),
        ("GET", "/os-volumes_boot/detail", "merge"),
        ("GET", f"/os-volumes_boot/{ID}", "route"),
        ("POST", f"/os-volumes_boot/{ID}/action", "route"),
        ("GET", f"/servers/{ID}", "route"),
        ("HEAD", f"/servers/{ID}", "route"),
        ("PUT", f"/servers/{ID}", "route"),
        ("DELETE", f"/servers/{ID}", "route"),
        ("POST", f"/servers/{ID}/action", "route"),
        ("GET", f"/servers/{ID}/metadata/k", "route"),
        ("PUT", f"/servers/{ID}/tags/t", "route"),
        ("GET", f"/servers/{ID}/ips/net", "route"),
        ("GET", f"/servers/{ID}/diagnostics", "route"),
        ("GET", f"/servers/{ID}/os-interface", "route"),
        ("POST", f"/servers/{ID}/os-interface", "route"),
        ("POST", f"/servers/{ID}/os-volume_attachments", "route"),
        ("PUT", f"/servers/{ID}/os-volume_attachments/{ID}", "route"),
        ("DELETE", f"/servers/{ID}/os-volume_attachments/{ID}", "route"),
        ("POST", f"/servers/{ID}/remote-consoles", "route"),
        ("GET", f"/servers/{ID}/migrations/1", "route"),
        ("GET", f"/servers/{ID}/topology", "route"),
        ("GET", f"/servers/{ID}/shares", "route"),
        ("GET", "/os-availability-zone", "local"),
        ("GET", "/os-availability-zone/detail", "local"),
        ("GET", "/os-aggregates", "aggregates"),
        ("POST", "/os-aggregates", "aggregates"),
        ("PUT", "/os-aggregates/1", "aggregates"),
        ("POST", "/os-aggregates/1/action", "aggregates"),
        ("POST", "/os-aggregates/1/images", "aggregates"),
        ("GET", "/flavors", "agreed"),
        ("POST", "/flavors", "replicate"),
        ("GET", "/flavors/1", "any"),
        ("DELETE", "/flavors/1", "replicate"),
        ("GET", "/flavors/detail", "agreed"),
        ("POST", "/flavors/1/action", "replicate"),
        ("GET", "/flavors/1/os-extra_specs/k", "any"),
        ("DELETE", "/flavors/1/os-extra_specs/k", "replicate"),
        ("GET", "/os-keypairs", "agreed"),
        ("POST", "/os-keypairs", "replicate"),
        ("GET", "/os-keypairs/k", "any"),
        ("DELETE", "/os-keypairs/k", "replicate"),
        ("GET", "/os-hypervisors", "join"),
        ("GET", "/os-hypervisors/detail", "join"),
        ("GET", "/os-hypervisors/statistics", "sum"),
        ("GET", "/os-hypervisors/10000000001", "ask"),
        ("GET", f"/os-hypervisors/{ID}/uptime", "ask"),
        ("GET", "/os-hypervisors/compute/search", "join"),
        ("GET", "/os-hypervisors/compute/servers", "join"),
        ("GET", "/os-services", "join"),
        ("PUT", "/os-services/disable", "ask"),
        ("DELETE", f"/os-services/{ID}", "ask"),
        ("GET", "/os-hosts", "join"),
        ("GET", "/os-hosts/compute1", "ask"),
        ("PUT", "/os-hosts/compute1", "ask"),
        ("GET", "/os-hosts/compute1/reboot", "ask"),
        ("GET", "/os-migrations", "join"),
        ("GET", "/os-instance_usage_audit_log", "sum"),
        ("GET", "/os-instance_usage_audit_log/2026-01-01", "sum"),
        ("GET", "/os-simple-tenant-usage", "usage"),
        ("GET", f"/os-simple-tenant-usage/{ID}", "usage"),
        ("GET", "/limits", "quota"),
        ("GET", f"/os-quota-sets/{ID}", "quota"),
        ("PUT", f"/os-quota-sets/{ID}", "quota_write"),
        ("DELETE", f"/os-quota-sets/{ID}", "quota_write"),
        ("GET", f"/os-quota-sets/{ID}/defaults", "quota"),
        ("GET", "/os-quota-class-sets/default", "quota"),
        ("PUT", "/os-quota-class-sets/default", "quota_write"),
        ("GET", f"/os-quota-sets/{ID}/detail", "quota"),
        ("POST", "/os-server-external-events", "split"),
        ("GET", f"/os-console-auth-tokens/{ID}", "ask"),
        ("POST", "/os-assisted-volume-snapshots", "schedule"),
        ("DELETE", f"/os-assisted-volume-snapshots/{ID}", "ask"),
        ("GET", "/os-volumes", "join"),
        ("GET", "/os-volumes/detail", "join"),
        ("POST", "/os-volumes", "schedule"),
        ("DELETE", f"/os-volumes/{ID}", "route"),
        ("GET", "/os-snapshots/detail", "join"),
        ("POST", "/os-snapshots", "schedule"),
        ("GET", f"/os-snapshots/{ID}", "route"),
        ("GET", "/os-security-groups", "join"),
        ("PUT", f"/os-security-groups/{ID}", "ask"),
        ("POST", "/os-security-groups", "any"),
        ("POST", f"/os-security-groups/{ID}", "any"),
        ("POST", "/os-networks", "any"),
        ("POST", "/os-floating-ips", "any"),
        ("POST", f"/servers/{ID}/migrations/1/action", "route"),
        ("POST", "/os-security-group-rules", "ask"),
        ("DELETE", f"/os-security-group-rules/{ID}", "ask"),
        ("GET", "/os-floating-ips", "join"),
        ("DELETE", f"/os-floating-ips/{ID}", "ask"),
        ("GET", "/os-floating-ip-pools", "join"),
        ("GET", "/os-networks", "join"),
        ("GET", f"/os-networks/{ID}", "ask"),
        ("GET", "/os-tenant-networks", "join"),
        ("DELETE", f"/os-tenant-networks/{ID}", "ask"),
        ("GET", "/images/detail", "any"),
        ("PUT", f"/images/{ID}/metadata/k", "any"),
        ("GET", "/extensions/os-x", "any"),
        ("GET", "/os-server-groups", "join"),
        ("POST", "/os-server-groups", "schedule"),
        ("GET", f"/os-server-groups/{ID}", "route"),
        ("DELETE", f"/os-server-groups/{ID}", "route"),
    )

    def test_strategies(self) -> None:
        """
        Each operation is carried out as the description says.
        """
        table = Table(self.surface.operations)
        for method, path, strategy in self.ROWS:
            with self.subTest(method=method, path=path):
                found = table.match(method, path.encode())
                assert isinstance(found, Match)
                self.assertEqual(strategy, found.operation.strategy)

    def test_wrong_methods(self) -> None:
        """
        A path that a row names is known to have other methods than the default's.
        """
        table = Table(self.surface.operations)
        resource = next(path for method, path, _ in self.ROWS if method == "HEAD")
        collection = self.ROWS[0][1]
        for method, path, allowed in (
            ("DELETE", collection, {"GET", "POST"}),
            ("PATCH", resource, {"GET", "HEAD", "PUT", "DELETE"}),
        ):
            found = table.match(method, path.encode())
            assert isinstance(found, Match)
            self.assertEqual(allowed, set(found.passed))
            self.assertNotIsInstance(found, MethodMissing)


class VolumeTests(ComputeTests):
    """
    The same of the volume surface.
    """

    surface = VOLUME
    ROWS = (
        ("GET", "/volumes", "merge"),
        ("GET", "/volumes/detail", "merge"),
        ("POST", "/volumes", "schedule"),
        ("GET", "/volumes/summary", "sum"),
        ("GET", f"/volumes/{ID}", "route"),
        ("HEAD", f"/volumes/{ID}", "route"),
        ("PUT", f"/volumes/{ID}", "route"),
        ("DELETE", f"/volumes/{ID}", "follow"),
        ("POST", f"/volumes/{ID}/action", "follow"),
        ("GET", f"/volumes/{ID}/metadata", "route"),
        ("GET", f"/volumes/{ID}/encryption", "route"),
        ("GET", "/snapshots", "merge"),
        ("GET", "/snapshots/detail", "merge"),
        ("POST", "/snapshots", "schedule"),
        ("GET", f"/snapshots/{ID}", "route"),
        ("PUT", f"/snapshots/{ID}/metadata", "route"),
        ("POST", f"/snapshots/{ID}/action", "follow"),
        ("GET", "/backups", "merge"),
        ("GET", "/backups/detail", "merge"),
        ("POST", "/backups", "schedule"),
        ("POST", "/backups/import_record", "schedule"),
        ("GET", f"/backups/{ID}", "route"),
        ("PUT", f"/backups/{ID}", "route"),
        ("DELETE", f"/backups/{ID}", "follow"),
        ("POST", f"/backups/{ID}/action", "follow"),
        ("POST", f"/backups/{ID}/restore", "follow"),
        ("GET", f"/backups/{ID}/export_record", "route"),
        ("GET", "/attachments", "merge"),
        ("GET", "/attachments/detail", "merge"),
        ("POST", "/attachments", "schedule"),
        ("GET", f"/attachments/{ID}", "route"),
        ("PUT", f"/attachments/{ID}", "route"),
        ("DELETE", f"/attachments/{ID}", "follow"),
        ("POST", f"/attachments/{ID}/action", "route"),
        ("GET", "/volume-transfers", "merge"),
        ("GET", "/os-volume-transfer/detail", "merge"),
        ("POST", "/volume-transfers", "schedule"),
        ("GET", f"/os-volume-transfer/{ID}", "route"),
        ("DELETE", f"/volume-transfers/{ID}", "follow"),
        ("POST", f"/volume-transfers/{ID}/accept", "follow"),
        ("GET", "/groups", "merge"),
        ("POST", "/groups", "schedule"),
        ("POST", "/groups/action", "follow"),
        ("GET", f"/groups/{ID}", "route"),
        ("PUT", f"/groups/{ID}", "route"),
        ("POST", f"/groups/{ID}/action", "follow"),
        ("GET", "/group_snapshots/detail", "merge"),
        ("POST", "/group_snapshots", "follow"),
        ("DELETE", f"/group_snapshots/{ID}", "follow"),
        ("POST", f"/group_snapshots/{ID}/action", "route"),
        ("GET", "/consistencygroups/detail", "merge"),
        ("POST", "/consistencygroups", "schedule"),
        ("POST", "/consistencygroups/create_from_src", "follow"),
        ("PUT", f"/consistencygroups/{ID}/update", "route"),
        ("POST", f"/consistencygroups/{ID}/delete", "follow"),
        ("GET", "/cgsnapshots", "merge"),
        ("POST", "/cgsnapshots", "follow"),
        ("DELETE", f"/cgsnapshots/{ID}", "follow"),
        ("GET", "/messages", "merge"),
        ("GET", f"/messages/{ID}", "route"),
        ("DELETE", f"/messages/{ID}", "follow"),
        ("GET", "/os-services", "join"),
        ("PUT", "/os-services/enable", "ask"),
        ("GET", "/os-hosts", "join"),
        ("GET", "/os-hosts/storage1", "ask"),
        ("GET", "/scheduler-stats/get_pools", "join"),
        ("GET", "/capabilities/storage1@files", "ask"),
        ("GET", "/clusters", "join"),
        ("GET", "/clusters/one", "ask"),
        ("GET", "/manageable_volumes/detail", "ask"),
        ("POST", "/manageable_volumes", "follow"),
        ("POST", "/manageable_snapshots", "schedule"),
        ("GET", "/os-volume-manage", "ask"),
        ("GET", "/limits", "quota"),
        ("GET", f"/os-quota-sets/{ID}", "quota"),
        ("PUT", f"/os-quota-sets/{ID}", "quota_write"),
        ("DELETE", f"/os-quota-sets/{ID}", "quota_write"),
        ("GET", f"/os-quota-sets/{ID}/defaults", "quota"),
        ("PUT", "/os-quota-class-sets/default", "quota_write"),
        ("PUT", "/os-services/get-log", "every"),
        ("POST", "/workers/cleanup", "every"),
        ("GET", "/os-availability-zone", "local"),
        ("GET", "/types", "agreed"),
        ("POST", "/types", "replicate"),
        ("GET", f"/types/{ID}", "any"),
        ("PUT", f"/types/{ID}", "replicate"),
        ("POST", f"/types/{ID}/action", "replicate"),
        ("GET", f"/qos-specs/{ID}/associate", "replicate"),
        ("GET", f"/qos-specs/{ID}/associations", "any"),
        ("PUT", f"/default-types/{ID}", "replicate"),
        ("GET", f"/types/{ID}/extra_specs", "any"),
        ("GET", "/qos-specs", "agreed"),
        ("DELETE", f"/group_types/{ID}", "replicate"),
        ("GET", "/extensions", "any"),
    )


class SurfaceTests(SynchronousTestCase):
    """
    What sets the surfaces apart.
    """

    def test_words(self) -> None:
        """
        Each has its service's words for a foreign project and an unknown zone.
        """
        self.assertEqual(
            "Malformed request URL: URL's project_id 'a' doesn't match Context's project_id 'b'",
            COMPUTE.foreign_project.replace("{url}", "a").replace("{token}", "b"),
        )
        self.assertEqual("Malformed request url", VOLUME.foreign_project)
        self.assertEqual("The requested availability zone is not available", COMPUTE.unknown_zone)
        self.assertEqual("Availability zone 'x' is invalid.", VOLUME.unknown_zone.replace("{zone}", "x"))

    def test_names(self) -> None:
        """
        A surface is found by the service type that pods are asked for.
        """
        self.assertEqual({"compute": COMPUTE, "volume": VOLUME}, SURFACES)

    def test_unknown(self) -> None:
        """
        Only Nova shows what a silent part of the cloud has, from 2.69 on.
        """
        self.assertEqual([(2, 69), None], [COMPUTE.unknown_from, VOLUME.unknown_from])
