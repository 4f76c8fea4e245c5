"""
A fake Cinder v3 of one pod, as Cinder 29 answers: paths, bodies, faults, headers, microversions 3.0 to 3.71.

`make_cinder` builds it; its volumes are on ``pod.volumes`` for the pod's Nova. Its own behaviours:

=================  ==================================================================================
``quota``          the create of a volume, snapshot or backup is refused with Cinder's 413
``no_valid_host``  the create of a volume is accepted, and the volume ends in ``error``
``stuck``          the create of a volume is accepted, and the volume stays ``creating``
``no_image``       the create of a volume from an image is refused with 400
``error_deleting``  the delete of a volume is accepted, and the volume ends in ``error_deleting``
=================  ==================================================================================

Strings are ordered by code point; a real Cinder's database may order them without regard to case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twisted.internet.interfaces import IReactorTime

from trio2o.sandbox.cinder.actions import VolumeActions
from trio2o.sandbox.cinder.attachments import Attachments, Transfers
from trio2o.sandbox.cinder.backups import Backups
from trio2o.sandbox.cinder.consistency import ConsistencyGroups
from trio2o.sandbox.cinder.default_types import DefaultTypes
from trio2o.sandbox.cinder.group_store import GroupStore
from trio2o.sandbox.cinder.group_types import GroupTypes
from trio2o.sandbox.cinder.groups import Groups
from trio2o.sandbox.cinder.managing import Machines, Unmanaged
from trio2o.sandbox.cinder.messages import Messages
from trio2o.sandbox.cinder.metadata import Metadata
from trio2o.sandbox.cinder.operations import Operations
from trio2o.sandbox.cinder.qos_specs import QosManagement
from trio2o.sandbox.cinder.quota_sets import QuotaSets
from trio2o.sandbox.cinder.shelf import Shelf
from trio2o.sandbox.cinder.snapshots import Snapshots
from trio2o.sandbox.cinder.store import CinderStore
from trio2o.sandbox.cinder.style import CinderStyle, Root
from trio2o.sandbox.cinder.type_encryption import TypeEncryption
from trio2o.sandbox.cinder.volume_types import VolumeTypes
from trio2o.sandbox.cinder.volumes import Volumes
from trio2o.sandbox.frame import ServiceFrame, TokenVerifier
from trio2o.sandbox.pod_state import PodState
from trio2o.sandbox.style import MicroversionRange

HINTS = frozenset({"quota", "no_valid_host", "stuck", "no_image", "error_deleting"})


def make_cinder(
    pod: PodState,
    verifier: TokenVerifier,
    wall: IReactorTime,
    *,
    versions: tuple[str, str] = ("3.0", "3.71"),
    quota: Mapping[str, int] | None = None,
    types: Sequence[str] = ("files", "__DEFAULT__"),
    capacity: float = 1000.0,
    auth_uri: str = "http://127.0.0.1:5000/v3",
) -> ServiceFrame:
    """
    A pod's Cinder.

    ``versions`` are the least and the greatest microversion; ``quota`` changes the default limits (10
    volumes and 1,000 GiB a project, as in Cinder; -1 for none); ``types`` are the volume types at the
    beginning, the default one first; ``capacity`` is the pool's size in GiB.
    """
    store = CinderStore(pod, tuple(types))
    store.quotas.defaults.update(quota or {})
    operations = Operations(store, capacity)
    groups = GroupStore(store)
    style = CinderStyle(versions=MicroversionRange.parse(*versions))
    frame = ServiceFrame(
        style=style,
        verifier=verifier,
        clock=pod.clock,
        wall=wall,
        auth_uri=auth_uri,
        hints=HINTS,
    )
    frame.mount(
        Volumes(store),
        Metadata(store),
        VolumeActions(store),
        Snapshots(store),
        Backups(store),
        Attachments(store),
        Transfers(store),
        VolumeTypes(store),
        TypeEncryption(store),
        QosManagement(store),
        DefaultTypes(store),
        GroupTypes(groups),
        QuotaSets(store),
        operations,
        Machines(store, operations),
        Unmanaged(store),
        Groups(groups),
        ConsistencyGroups(groups),
        Messages(store),
        Root(style),
    )
    pod.volumes = Shelf(store)
    return frame
