"""
The configuration of tempest: at every place the same but for the regions.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import openstack
from attrs import frozen

from cloud.files import ini
from cloud.plan import ADMIN_PASSWORD, TOP_REGION, Plan, Pod
from cloud.register import IMAGES

TOP = "top"


class Mode(StrEnum):
    """
    What servers are connected to.
    """

    #: A network that the configuration fixes, which one pod alone has: it pins the servers.
    NETWORK = "network"
    #: None: Nova takes what the project can use in the pod that got the server.
    PLAIN = "plain"


@frozen(kw_only=True)
class Place:
    """
    Where tests are run: at a pod, or at the top region.
    """

    name: str
    region: str

    @property
    def is_top(self) -> bool:
        """
        True for the top region.
        """
        return self.name == TOP


def places(plan: Plan) -> dict[str, Place]:
    """
    Every place by its name; the top region last.
    """
    known = [Place(name=pod.name, region=pod.region) for pod in plan.pods]
    return {each.name: each for each in [*known, Place(name=TOP, region=TOP_REGION)]}


@frozen(kw_only=True)
class Facts:
    """
    Ids that are other ones in every cloud.
    """

    image: str
    image_alt: str
    public_network: str
    network_extensions: tuple[str, ...]

    @classmethod
    def asked(cls, plan: Plan, pod: Pod) -> Facts:
        """
        Those of a cloud that runs, with the networks of one pod.
        """
        cloud = openstack.connect(
            auth_url=plan.keystone,
            username="admin",
            password=ADMIN_PASSWORD,
            project_name="admin",
            user_domain_id="default",
            project_domain_id="default",
            region_name=pod.region,
            image_region_name=TOP_REGION,
        )
        image, image_alt = (cloud.image.find_image(name, ignore_missing=False).id for name in IMAGES)
        network: Any = cloud.network
        return cls(
            image=image,
            image_alt=image_alt,
            public_network=network.find_network("public", ignore_missing=False).id,
            network_extensions=tuple(sorted(each.alias for each in network.extensions())),
        )


def tempest_conf(
    plan: Plan, place: Place, mode: Mode, networks_of: Pod, facts: Facts, *, log: Path, locks: Path
) -> str:
    """
    ``tempest.conf`` for a place.

    :param networks_of: the pod whose Neutron is asked: the top region has none.
    :param log: for each request that is sent.
    :param locks: a folder that the processes of one run share.
    """
    patience = {"build_interval": 1, "build_timeout": 180}
    sections: dict[str, Mapping[str, Any]] = {
        "DEFAULT": {"log_file": log, "debug": False},
        "oslo_concurrency": {"lock_path": locks},
        "auth": {
            "use_dynamic_credentials": True,
            "create_isolated_networks": False,
            "admin_username": "admin",
            "admin_password": ADMIN_PASSWORD,
            "admin_project_name": "admin",
            "admin_domain_name": "Default",
            "tempest_roles": "member",
        },
        "identity": {
            "uri_v3": plan.keystone,
            "auth_version": "v3",
            "region": TOP_REGION,
            "v3_endpoint_type": "public",
        },
        "service_available": {
            "nova": True,
            "cinder": True,
            "glance": True,
            "neutron": True,
            "swift": False,
            "horizon": False,
        },
        "compute": {
            "region": place.region,
            "image_ref": facts.image,
            "image_ref_alt": facts.image_alt,
            "flavor_ref": "42",
            "flavor_ref_alt": "84",
            "fixed_network_name": "shared-net" if mode is Mode.NETWORK else "",
            "min_compute_nodes": 1,
            "ready_wait": 0,
            "min_microversion": "2.1",
            "max_microversion": "latest",
            **patience,
        },
        # what the faked hypervisor and the machine cannot do is off: consoles, SSH to guests, a second host
        "compute-feature-enabled": {
            "resize": True,
            "suspend": True,
            "pause": True,
            "shelve": True,
            "rescue": True,
            "snapshot": True,
            "change_password": True,
            "console_output": True,
            "vnc_console": False,
            "interface_attach": True,
            "personality": False,
            "live_migration": False,
            "cold_migration": False,
            "attach_encrypted_volume": False,
            "swap_volume": False,
            "volume_multiattach": True,
            "stable_rescue": False,
        },
        "image": {"region": TOP_REGION, **patience},
        "network": {
            "region": networks_of.region,
            "build_interval": 1,
            "public_network_id": facts.public_network,
            "floating_network_name": "public",
            "shared_physical_network": False,
        },
        "network-feature-enabled": {
            "floating_ips": True,
            "api_extensions": ",".join(facts.network_extensions),
        },
        "validation": {
            "run_validation": False,
            "connect_method": "fixed",
            "network_for_ssh": "shared-net",
        },
        "volume": {
            "region": place.region,
            "catalog_type": "volumev3",
            "backend_names": "files",
            "storage_protocol": "local",
            "vendor_name": "cloudfakes",
            "volume_size": 1,
            "min_microversion": "3.0",
            "max_microversion": "latest",
            "volume_type": "files",
            "volume_type_multiattach": "files-multiattach",
            **patience,
        },
        "volume-feature-enabled": {
            "backup": True,
            "snapshot": True,
            "clone": True,
            "multi_backend": False,
            "manage_volume": False,
            "manage_snapshot": False,
            "extend_attached_volume": True,
            "volume_revert": True,
            "consistency_group": False,
        },
    }
    return ini(sections)
