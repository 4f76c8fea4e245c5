"""
A mechanism driver for ML2 that binds every port at once, without an agent.
"""

from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import api


class BindAtOnce(api.MechanismDriver):
    """
    Binds as Open vSwitch would: Nova refuses Linux bridges.
    """

    _DETAILS = {
        portbindings.CAP_PORT_FILTER: True,
        portbindings.OVS_HYBRID_PLUG: False,
        portbindings.VIF_DETAILS_BRIDGE_NAME: "br-int",
    }

    def initialize(self):
        pass

    @property
    def connectivity(self):
        return portbindings.CONNECTIVITY_L2

    def bind_port(self, context):
        segment = next(iter(context.segments_to_bind), None)
        if segment is not None:
            context.set_binding(
                segment[api.ID],
                portbindings.VIF_TYPE_OVS,
                dict(self._DETAILS),
                status=constants.PORT_STATUS_ACTIVE,
            )
