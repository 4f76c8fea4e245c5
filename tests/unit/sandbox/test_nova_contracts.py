"""
The fake Nova, in a whole fake pod, does what a real one does.
"""

from __future__ import annotations

from tests.unit.sandbox.fake_pod import FakePodCase
from tests.unit.sandbox.nova_action_contract import NovaActionContract
from tests.unit.sandbox.nova_aggregates_contract import NovaAggregatesContract
from tests.unit.sandbox.nova_create_contract import NovaCreateContract
from tests.unit.sandbox.nova_machines_contract import NovaMachinesContract
from tests.unit.sandbox.nova_parts_contract import NovaPartsContract
from tests.unit.sandbox.nova_rest_contract import NovaRestContract
from tests.unit.sandbox.nova_server_contract import NovaServerContract


class CreateTests(FakePodCase, NovaCreateContract):
    """
    Creates.
    """


class ActionTests(FakePodCase, NovaActionContract):
    """
    Actions.
    """


class ServerTests(FakePodCase, NovaServerContract):
    """
    Servers shown and listed, and versions.
    """


class PartsTests(FakePodCase, NovaPartsContract):
    """
    What is at a server.
    """


class RestTests(FakePodCase, NovaRestContract):
    """
    What is no server.
    """


class MachinesTests(FakePodCase, NovaMachinesContract):
    """
    Machines, and what other services ask.
    """


class AggregatesTests(FakePodCase, NovaAggregatesContract):
    """
    Host aggregates.
    """
