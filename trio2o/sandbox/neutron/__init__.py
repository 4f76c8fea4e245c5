"""
A fake Neutron v2.0 of one pod, as far as the gateway looks things up there and users make networks and ports.

`make_neutron` builds it; its networks are on ``pod.network`` for the pod's Nova. Every pod has a network
``shared-net`` for all projects and an external one ``public``: the same names, ids of its own. Its own
behaviour is ``quota``: the create of a network, subnet, port or security group is refused with Neutron's 409.
"""

from __future__ import annotations

import zlib

from twisted.internet.interfaces import IReactorTime

from trio2o.sandbox.frame import ServiceFrame, TokenVerifier
from trio2o.sandbox.neutron.handlers import Networks, Ports
from trio2o.sandbox.neutron.others import Others
from trio2o.sandbox.neutron.store import NeutronStore
from trio2o.sandbox.neutron.style import NeutronStyle
from trio2o.sandbox.pod_state import PodState


def make_neutron(
    pod: PodState,
    verifier: TokenVerifier,
    wall: IReactorTime,
    *,
    cidr: str | None = None,
    auth_uri: str = "http://127.0.0.1:5000/v3",
) -> ServiceFrame:
    """
    A pod's Neutron. ``cidr`` is the range of ``shared-net``; by default a part of 10.0.0.0/8 that depends on
    the pod's name.
    """
    store = NeutronStore(pod, cidr or f"10.{zlib.crc32(pod.name.encode()) % 254 + 1}.0.0/16")
    frame = ServiceFrame(
        style=NeutronStyle(),
        verifier=verifier,
        clock=pod.clock,
        wall=wall,
        auth_uri=auth_uri,
        hints={"quota"},
    )
    frame.mount(Networks(store), Ports(store), Others(store))
    pod.network = store
    return frame
