"""
Real services do what the sandbox's fakes are held to: the same contracts run on the fakes in the unit tier.
"""

from __future__ import annotations

from tests.cloud.contract_real import RealApi, RealPod
from tests.unit.sandbox.asking import Api
from tests.unit.sandbox.cinder_change_contract import CinderChangeContract
from tests.unit.sandbox.cinder_rest_contract import CinderRestContract
from tests.unit.sandbox.cinder_surface_contract import CinderSurfaceContract
from tests.unit.sandbox.cinder_types_contract import CinderTypesContract
from tests.unit.sandbox.cinder_volume_contract import CinderVolumeContract
from tests.unit.sandbox.glance_contract import GlanceContract
from tests.unit.sandbox.keystone_contract import KeystoneContract
from tests.unit.sandbox.neutron_contract import NeutronContract
from tests.unit.sandbox.nova_action_contract import NovaActionContract
from tests.unit.sandbox.nova_aggregates_contract import NovaAggregatesContract
from tests.unit.sandbox.nova_create_contract import NovaCreateContract
from tests.unit.sandbox.nova_machines_contract import NovaMachinesContract
from tests.unit.sandbox.nova_parts_contract import NovaPartsContract
from tests.unit.sandbox.nova_rest_contract import NovaRestContract
from tests.unit.sandbox.nova_server_contract import NovaServerContract


class RealCinder(RealPod):
    """
    A case whose API is Cinder's.
    """

    api: Api
    makes = ("transfers", "backups", "volumes")

    def setUp(self) -> None:
        super().setUp()
        self.api = self.service("volume", "/v3")


class CinderSurfaceTests(RealCinder, CinderSurfaceContract):
    """
    What is no volume of Cinder's.
    """


class CinderTypesTests(RealCinder, CinderTypesContract):
    """
    Types.
    """


class CinderRestTests(RealCinder, CinderRestContract):
    """
    Cinder's groups and messages that are not there, and its machines.
    """


class CinderVolumeTests(RealCinder, CinderVolumeContract):
    """
    Cinder's volumes.
    """


class CinderChangeTests(RealCinder, CinderChangeContract):
    """
    What Cinder does to volumes.
    """


class GlanceTests(RealPod, GlanceContract):
    """
    Glance.
    """

    makes = ("images",)

    def setUp(self) -> None:
        super().setUp()
        self.api = self.service("image", "/v2")


class KeystoneTests(RealPod, KeystoneContract):
    """
    Keystone.
    """

    def setUp(self) -> None:
        super().setUp()
        self.api = RealApi(None, self.cloud.pod.auth_url)


class NeutronTests(RealPod, NeutronContract):
    """
    Neutron.
    """

    makes = ("ports", "networks")

    def setUp(self) -> None:
        super().setUp()
        self.api = self.service("network", "/v2.0")


class NovaCreateTests(RealPod, NovaCreateContract):
    """
    Nova's creates.
    """

    makes = ("servers", "server_groups", "volumes", "ports")


class NovaActionTests(RealPod, NovaActionContract):
    """
    Nova's actions.
    """

    makes = ("servers", "images")


class NovaServerTests(RealPod, NovaServerContract):
    """
    Nova's servers shown and listed, and its versions.
    """

    makes = ("servers",)


class NovaPartsTests(RealPod, NovaPartsContract):
    """
    What is at Nova's servers.
    """

    makes = ("servers", "volumes")


class NovaRestTests(RealPod, NovaRestContract):
    """
    What is no server of Nova's.
    """

    makes = ("servers", "server_groups")


class NovaMachinesTests(RealPod, NovaMachinesContract):
    """
    Nova's machines, and what other services ask of it.
    """


class NovaAggregatesTests(RealPod, NovaAggregatesContract):
    """
    Nova's host aggregates.
    """
