"""
Nova, put together.
"""

from __future__ import annotations

from collections.abc import Mapping

from twisted.internet.interfaces import IReactorTime

from trio2o.sandbox.frame import ServiceFrame, TokenVerifier
from trio2o.sandbox.nova.actions import Actions
from trio2o.sandbox.nova.aggregates import Aggregates
from trio2o.sandbox.nova.attaching import Interfaces, VolumeAttachments
from trio2o.sandbox.nova.control import NovaControl
from trio2o.sandbox.nova.creating import HINTS, Creating
from trio2o.sandbox.nova.flavors import Flavors
from trio2o.sandbox.nova.groups import ServerGroups
from trio2o.sandbox.nova.imaging import Images, NoImages
from trio2o.sandbox.nova.keypairs import KeyPairs
from trio2o.sandbox.nova.lifecycle import Lifecycle
from trio2o.sandbox.nova.limits import Limits
from trio2o.sandbox.nova.machines import Machines
from trio2o.sandbox.nova.metadata import Metadata, Tags
from trio2o.sandbox.nova.migrating import Migrations
from trio2o.sandbox.nova.network_proxies import ImageProxies, NetworkProxies
from trio2o.sandbox.nova.operator import Operators, Usage
from trio2o.sandbox.nova.other_actions import OtherActions
from trio2o.sandbox.nova.server_details import ServerDetails
from trio2o.sandbox.nova.servers import Servers
from trio2o.sandbox.nova.service_calls import ServiceCalls
from trio2o.sandbox.nova.store import NovaStore
from trio2o.sandbox.nova.style import NovaStyle
from trio2o.sandbox.nova.volume_proxies import VolumeProxies
from trio2o.sandbox.pod_state import PodState
from trio2o.sandbox.style import MicroversionRange

NEWEST = MicroversionRange((2, 1), (2, 104))


def make_nova(
    pod: PodState,
    verifier: TokenVerifier,
    wall: IReactorTime,
    *,
    auth_uri: str = "http://127.0.0.1:5000/v3",
    versions: MicroversionRange = NEWEST,
    link_prefix: str | None = None,
    image_endpoint: str = "http://127.0.0.1:9292",
    images: Images | None = None,
    action_seconds: float = 0.1,
    quota: Mapping[str, int] | None = None,
) -> ServiceFrame:
    """
    The Nova of a pod. ``versions`` makes it an older or newer release, ``link_prefix`` replaces scheme and
    host in its links, ``image_endpoint`` stands in the ``Location`` of new images, ``images`` makes them (not
    given: nobody does), ``quota`` changes the default limits (10 servers, 20 cores, 51,200 MiB a project; -1
    for none).
    """
    store = NovaStore(pod)
    store.quota_class.update(quota or {})
    lifecycle = Lifecycle(store, action_seconds)
    images = images or NoImages()
    others = OtherActions(store, lifecycle, image_endpoint, images)
    operators = Operators(store)
    frame = ServiceFrame(
        style=NovaStyle(versions=versions, link_prefix=link_prefix),
        verifier=verifier,
        clock=pod.clock,
        wall=wall,
        auth_uri=auth_uri,
        hints=HINTS,
    )
    frame.mount(
        Creating(store, lifecycle, images),
        Servers(store, lifecycle),
        Actions(store, lifecycle, others),
        Metadata(store),
        Tags(store),
        VolumeAttachments(store, lifecycle),
        Interfaces(store, lifecycle),
        ServerDetails(store),
        Flavors(store),
        KeyPairs(store),
        Limits(store),
        ServerGroups(store),
        operators,
        Machines(store, operators),
        Aggregates(store, images),
        Usage(store),
        Migrations(store),
        ServiceCalls(store),
        VolumeProxies(store),
        NetworkProxies(store),
        ImageProxies(images),
    )
    frame.mount_control(NovaControl(store))
    pod.servers = store
    return frame
