"""
What a create's body names.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import Kind
from trio2o.surface.references import Reference, references

UUID = "5805adf4-3fd3-434a-a1b0-9937175656a0"
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "server",
                    "volume",
                    "snapshot",
                    "networks",
                    "port",
                    "uuid",
                    "source_type",
                    "security_groups",
                    "name",
                    "group",
                    "same_host",
                    "block_device_mapping",
                    "block_device_mapping_v2",
                    "os:scheduler_hints",
                ]
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=20,
)


class ReferenceTests(SynchronousTestCase):
    """
    Every field that names what lives in a pod.
    """

    def check(self, kind: Kind, body: Any, *wanted: tuple[Kind, str, str]) -> None:
        """
        The body names these and nothing else.
        """
        self.assertEqual(references(kind, body), tuple(Reference(*one) for one in wanted))

    def test_block_devices(self) -> None:
        """
        Both forms of block devices name volumes and snapshots; images and blank disks are in no pod.
        """
        self.check(
            Kind.SERVER,
            {
                "server": {
                    "imageRef": "i",
                    "block_device_mapping": [
                        {"volume_id": "v1", "device_name": "vda"},
                        {"snapshot_id": "s1"},
                    ],
                    "block_device_mapping_v2": [
                        {"source_type": "image", "uuid": "i", "boot_index": 0},
                        {"source_type": "volume", "uuid": "v2", "boot_index": "1"},
                        {"source_type": "snapshot", "uuid": "s2"},
                        {"source_type": "blank", "volume_size": 1},
                    ],
                }
            },
            (Kind.VOLUME, "v1", "server.block_device_mapping[0].volume_id"),
            (Kind.SNAPSHOT, "s1", "server.block_device_mapping[1].snapshot_id"),
            (Kind.VOLUME, "v2", "server.block_device_mapping_v2[1].uuid"),
            (Kind.SNAPSHOT, "s2", "server.block_device_mapping_v2[2].uuid"),
        )

    def test_networks(self) -> None:
        """
        Ports and networks are named by id; ``auto`` and ``none`` name nothing.
        """
        self.check(
            Kind.SERVER,
            {"server": {"networks": [{"uuid": "n"}, {"port": "p", "tag": "x"}, {"fixed_ip": "10.0.0.1"}]}},
            (Kind.NETWORK, "n", "server.networks[0].uuid"),
            (Kind.PORT, "p", "server.networks[1].port"),
        )
        for word in ("auto", "none"):
            self.check(Kind.SERVER, {"server": {"networks": word}})

    def test_security_groups(self) -> None:
        """
        A security group pins by its id; a name is looked up in whatever pod it comes to.
        """
        self.check(
            Kind.SERVER,
            {"server": {"security_groups": [{"name": "default"}, {"name": UUID}]}},
            (Kind.SECURITY_GROUP, UUID, "server.security_groups[1].name"),
        )

    def test_server_hints(self) -> None:
        """
        Hints stand beside the server under either of two names, with one id or many.
        """
        for key in ("os:scheduler_hints", "OS-SCH-HNT:scheduler_hints"):
            self.check(
                Kind.SERVER,
                {
                    "server": {},
                    key: {"group": "g", "same_host": "a", "different_host": ["b", "c"], "query": "[]"},
                },
                (Kind.SERVER_GROUP, "g", f"{key}.group"),
                (Kind.SERVER, "a", f"{key}.same_host"),
                (Kind.SERVER, "b", f"{key}.different_host[0]"),
                (Kind.SERVER, "c", f"{key}.different_host[1]"),
            )

    def test_volume(self) -> None:
        """
        A volume's sources and groups, and the volumes and the server that its hints name.
        """
        self.check(
            Kind.VOLUME,
            {
                "volume": {
                    "size": 1,
                    "imageRef": "i",
                    "snapshot_id": "s",
                    "source_volid": "v",
                    "source_replica": "r",
                    "backup_id": "b",
                    "group_id": "g",
                    "consistencygroup_id": "c",
                },
                "OS-SCH-HNT:scheduler_hints": {"same_host": ["x"], "local_to_instance": "i1"},
            },
            (Kind.SNAPSHOT, "s", "volume.snapshot_id"),
            (Kind.VOLUME, "v", "volume.source_volid"),
            (Kind.VOLUME, "r", "volume.source_replica"),
            (Kind.BACKUP, "b", "volume.backup_id"),
            (Kind.GROUP, "g", "volume.group_id"),
            (Kind.CONSISTENCY_GROUP, "c", "volume.consistencygroup_id"),
            (Kind.VOLUME, "x", "OS-SCH-HNT:scheduler_hints.same_host[0]"),
            (Kind.SERVER, "i1", "OS-SCH-HNT:scheduler_hints.local_to_instance"),
        )

    def test_children(self) -> None:
        """
        What belongs to a volume names it.
        """
        for kind, body, *wanted in (
            (Kind.SNAPSHOT, {"snapshot": {"volume_id": "v"}}, (Kind.VOLUME, "v", "snapshot.volume_id")),
            (
                Kind.BACKUP,
                {"backup": {"volume_id": "v", "snapshot_id": "s"}},
                (Kind.VOLUME, "v", "backup.volume_id"),
                (Kind.SNAPSHOT, "s", "backup.snapshot_id"),
            ),
            (Kind.TRANSFER, {"transfer": {"volume_id": "v"}}, (Kind.VOLUME, "v", "transfer.volume_id")),
            (
                Kind.ATTACHMENT,
                {"attachment": {"volume_uuid": "v", "instance_uuid": "i"}},
                (Kind.VOLUME, "v", "attachment.volume_uuid"),
                (Kind.SERVER, "i", "attachment.instance_uuid"),
            ),
            (
                Kind.GROUP_SNAPSHOT,
                {"group_snapshot": {"group_id": "g"}},
                (Kind.GROUP, "g", "group_snapshot.group_id"),
            ),
            (
                Kind.CONSISTENCY_GROUP_SNAPSHOT,
                {"cgsnapshot": {"consistencygroup_id": "c"}},
                (Kind.CONSISTENCY_GROUP, "c", "cgsnapshot.consistencygroup_id"),
            ),
        ):
            self.check(kind, body, *wanted)

    def test_copied_groups(self) -> None:
        """
        A group that is made of another one or of a snapshot names it; one that is made of nothing names nothing.
        """
        self.check(
            Kind.GROUP,
            {"create-from-src": {"group_snapshot_id": "s", "source_group_id": "g"}},
            (Kind.GROUP_SNAPSHOT, "s", "create-from-src.group_snapshot_id"),
            (Kind.GROUP, "g", "create-from-src.source_group_id"),
        )
        self.check(Kind.GROUP, {"group": {"group_type": "t", "volume_types": ["v"]}})
        self.check(
            Kind.CONSISTENCY_GROUP,
            {"consistencygroup-from-src": {"cgsnapshot_id": "s", "source_cgid": "c"}},
            (Kind.CONSISTENCY_GROUP_SNAPSHOT, "s", "consistencygroup-from-src.cgsnapshot_id"),
            (Kind.CONSISTENCY_GROUP, "c", "consistencygroup-from-src.source_cgid"),
        )

    def test_exported_backup(self) -> None:
        """
        A backup that is brought back names itself and its volume, within what Cinder wrote when it was exported.
        """
        url = base64.b64encode(json.dumps({"id": "b", "volume_id": "v", "status": "available"}).encode())
        self.check(
            Kind.BACKUP,
            {"backup-record": {"backup_service": "s", "backup_url": url.decode()}},
            (Kind.BACKUP, "b", "backup-record.backup_url.id"),
            (Kind.VOLUME, "v", "backup-record.backup_url.volume_id"),
        )

    def test_strange_exports(self) -> None:
        """
        What was not written by Cinder names nothing.
        """
        for url in ("", "x", "fake_url", "ü", base64.b64encode(b"[1]").decode(), 7, None):
            self.check(Kind.BACKUP, {"backup-record": {"backup_url": url}})

    def test_null_and_empty(self) -> None:
        """
        Fields that are null or empty name nothing, as clients send them.
        """
        self.check(Kind.VOLUME, {"volume": {"snapshot_id": None, "source_volid": ""}})

    @given(st.sampled_from(Kind), json_values)
    def test_never_fails(self, kind: Kind, body: Any) -> None:
        """
        Whatever JSON comes, what is found is text of the body.
        """
        for reference in references(kind, body):
            self.assertIsInstance(reference.id, str)
