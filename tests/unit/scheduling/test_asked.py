"""
What a create's body asks of the scheduler.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import Amounts, Kind, OfferedFlavor, OfferedType, PlacementRequest
from trio2o.scheduling.asked import TOLERATES, completed, placement_request, tolerated
from trio2o.scheduling.groups import group_of

TYPICAL = Amounts(vcpus=1, ram_mb=1024, disk_gb=1, volume_gb=1)
BIG = OfferedFlavor(id="9", vcpus=8, ram_mb=16384, root_gb=80, other_gb=20, group="gpu")
FAST = OfferedType(id="t1", name="fast", group="ssd")


class Known:
    """
    One flavor, one type.
    """

    def flavor(self, flavor_id: str) -> OfferedFlavor | None:
        """
        The flavor.
        """
        return BIG if flavor_id == BIG.id else None

    def volume_type(self, name: str) -> OfferedType | None:
        """
        The type.
        """
        return FAST if name in FAST.names else None


def asked(kind: Kind, resource: dict[str, Any]) -> PlacementRequest:
    """
    The request of a body.
    """
    return placement_request(
        kind,
        resource,
        project_id="p",
        user_id="u",
        zone="az1",
        within=None,
        tolerations=frozenset(),
        offered=Known(),
        typical=TYPICAL,
    )


class AskedTests(SynchronousTestCase):
    """
    Bodies of creates.
    """

    def test_server(self) -> None:
        """
        A known flavor gives the group, and so much for each server.
        """
        request = asked(Kind.SERVER, {"flavorRef": "9", "imageRef": "i", "max_count": 2})
        self.assertEqual(("9", "i", "gpu", "az1"), (request.flavor, request.image, request.pod_group, "az1"))
        self.assertEqual(Amounts(vcpus=16, ram_mb=32768, disk_gb=200), request.needs)

    def test_key_pair(self) -> None:
        """
        A server's key pair is the user's of that name; volumes have none, and what is malformed names none.
        """
        self.assertEqual("u/k", asked(Kind.SERVER, {"key_name": "k"}).key_pair)
        for kind, resource in (
            (Kind.VOLUME, {"key_name": "k"}),
            (Kind.SERVER, {}),
            (Kind.SERVER, {"key_name": ["k"]}),
        ):
            self.assertIsNone(asked(kind, resource).key_pair)

    def test_boots_from_volume(self) -> None:
        """
        The root disk of a server that boots from a volume is not the hypervisor's; its other disks are.
        """
        needs = asked(Kind.SERVER, {"flavorRef": "9", "imageRef": ""}).needs
        self.assertEqual(Amounts(vcpus=8, ram_mb=16384, disk_gb=20), needs)

    def test_makes_volumes(self) -> None:
        """
        A server that has Nova make volumes says so; one that takes a volume that is there, and a volume itself, does not.
        """
        made = [
            {"block_device_mapping_v2": [None, {"source_type": "image", "destination_type": "volume"}]},
            {"block_device_mapping": [{"snapshot_id": "s", "device_name": "vda"}]},
        ]
        there = [
            {},
            {"block_device_mapping_v2": [{"source_type": "volume", "destination_type": "volume"}]},
            {"block_device_mapping_v2": [{"source_type": "blank", "destination_type": "local"}]},
            {"block_device_mapping_v2": "volume", "block_device_mapping": [{"volume_id": "v"}, 1]},
        ]
        self.assertEqual([True] * 2, [asked(Kind.SERVER, server).makes_volumes for server in made])
        self.assertEqual([False] * 4, [asked(Kind.SERVER, server).makes_volumes for server in there])
        self.assertFalse(asked(Kind.VOLUME, made[0]).makes_volumes)

    def test_unknown_flavor(self) -> None:
        """
        A flavor that no pod is known to have is a typical one of the general group.
        """
        request = asked(Kind.SERVER, {"flavorRef": "10", "imageRef": "i"})
        self.assertEqual(
            ("10", "", evolve(TYPICAL, volume_gb=0.0)), (request.flavor, request.pod_group, request.needs)
        )

    def test_half_understood(self) -> None:
        """
        What a flavor does not tell is as of a typical one; nothing at all is nothing.
        """
        server = PlacementRequest(project_id="p", kind=Kind.SERVER, flavor="9")
        known = Known()
        known.flavor = lambda _: OfferedFlavor(id="9", vcpus=0, root_gb=0)  # type: ignore[method-assign]
        self.assertEqual(Amounts(vcpus=0, ram_mb=1024, disk_gb=0), completed(server, known, TYPICAL).needs)

    def test_flavor_references(self) -> None:
        """
        A flavor is also named by a number or by the end of a URL, as Nova reads it.
        """
        for said, read in (
            (9, "9"),
            ("http://cloud.example/v2.1/flavors/9?x=/y", "9"),
            ("m1/tiny", "tiny"),
            ("", None),
            (None, None),
            (True, None),
            (["9"], None),
            ("http://[", None),
        ):
            self.assertEqual(read, asked(Kind.SERVER, {"flavorRef": said}).flavor, said)

    def test_volume(self) -> None:
        """
        A volume's type gives the group, by name and by id; its size is its own.
        """
        for name in ("fast", "t1"):
            request = asked(Kind.VOLUME, {"volume_type": name, "size": 7, "imageRef": "i"})
            self.assertEqual((name, "ssd", "i"), (request.volume_type, request.pod_group, request.image))
            self.assertEqual(Amounts(volume_gb=7), request.needs)

    def test_volume_without_type(self) -> None:
        """
        A volume of no type, or of an unknown one, is of the general group.
        """
        for resource in ({}, {"volume_type": None}, {"volume_type": "slow"}, {"volume_type": ["fast"]}):
            self.assertEqual("", asked(Kind.VOLUME, resource).pod_group)

    def test_groups(self) -> None:
        """
        A group of volumes goes by the first of its types.
        """
        for kind, types in ((Kind.GROUP, ["t1", "t2"]), (Kind.CONSISTENCY_GROUP, "t1,t2")):
            self.assertEqual("ssd", asked(kind, {"volume_types": types}).pod_group, kind)
        for types in ([], [7], None, 7, ""):
            self.assertEqual("", asked(Kind.GROUP, {"volume_types": types}).pod_group, types)

    def test_others(self) -> None:
        """
        Fields of other kinds are not read.
        """
        for kind in (Kind.VOLUME, Kind.SNAPSHOT, Kind.SERVER_GROUP):
            self.assertIsNone(asked(kind, {"flavorRef": "9"}).flavor)
        self.assertIsNone(asked(Kind.SERVER, {"volume_type": "fast"}).volume_type)

    @given(
        some.sampled_from(list(Kind)),
        some.dictionaries(
            some.sampled_from(["flavorRef", "imageRef", "volume_type", "volume_types", "size", "max_count"]),
            some.recursive(
                some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
                lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
                max_leaves=4,
            ),
        ),
    )
    def test_malformed(self, kind: Kind, resource: dict[str, Any]) -> None:
        """
        No body fails, whatever is in it.
        """
        asked(kind, resource)

    def test_completed(self) -> None:
        """
        A request that only names a flavor or type gets its group, and one server's amounts; what it says itself stays.
        """
        known = Known()
        server = PlacementRequest(project_id="p", kind=Kind.SERVER, flavor="9")
        self.assertEqual(
            evolve(server, pod_group="gpu", needs=Amounts(vcpus=8, ram_mb=16384, disk_gb=100)),
            completed(server, known, TYPICAL),
        )
        own = evolve(server, pod_group="ssd", needs=Amounts(vcpus=1))
        self.assertEqual(own, completed(own, known, TYPICAL))
        unknown = evolve(server, flavor="10")
        self.assertEqual(unknown, completed(unknown, known, TYPICAL))
        volume = PlacementRequest(project_id="p", kind=Kind.VOLUME, volume_type="fast", flavor="9")
        self.assertEqual(evolve(volume, pod_group="ssd"), completed(volume, known, TYPICAL))


class ToleratedTests(SynchronousTestCase):
    """
    Hints.
    """

    def test_hints(self) -> None:
        """
        A word or a list of words, wherever the service reads hints.
        """
        for kind, body in (
            (Kind.SERVER, {"os:scheduler_hints": {TOLERATES: ["spot", "own"]}}),
            (
                Kind.SERVER,
                {"OS-SCH-HNT:scheduler_hints": {TOLERATES: "spot"}, "os:scheduler_hints": {TOLERATES: "own"}},
            ),
            (Kind.VOLUME, {"OS-SCH-HNT:scheduler_hints": {TOLERATES: ["spot", "own", "own", 7, ""]}}),
            (Kind.VOLUME, {"volume": {"scheduler_hints": {TOLERATES: ["spot", "own"]}}}),
        ):
            self.assertEqual({"spot", "own"}, tolerated(kind, body), (kind, body))

    def test_nothing(self) -> None:
        """
        Without hints, with malformed ones, and where the service reads none, nothing is tolerated.
        """
        hint = {"os:scheduler_hints": {TOLERATES: "spot"}}
        for kind, body in (
            (Kind.SERVER, {}),
            (Kind.VOLUME, hint),
            (Kind.SNAPSHOT, hint),
            (Kind.SERVER, {"os:scheduler_hints": TOLERATES}),
            (Kind.SERVER, {"os:scheduler_hints": {TOLERATES: {"spot": 1}}}),
            (Kind.SERVER, {"os:scheduler_hints": {TOLERATES: None}}),
            (Kind.VOLUME, {"volume": [hint]}),
        ):
            self.assertEqual(frozenset(), tolerated(kind, body), (kind, body))


class GroupTests(SynchronousTestCase):
    """
    Extra specs.
    """

    def test_group(self) -> None:
        """
        The tags of all keys, sorted, each once, without blanks.
        """
        specs = {"trio2o:affinity": "ssd, gpu,,ssd", "hw:numa": "x", "our:tags": "fast"}
        self.assertEqual("gpu,ssd", group_of(specs))
        self.assertEqual("fast,gpu,ssd", group_of(specs, ["trio2o:affinity", "our:tags", "none"]))
        for nothing in ({}, {"trio2o:affinity": ""}, {"trio2o:affinity": " , "}, {"trio2o:affinity": 3}):
            self.assertEqual("", group_of(nothing))
