"""
Filters and weighers by name.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint

from attrs import frozen
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import Invalid, implementer
from zope.interface.verify import verifyObject

from trio2o.interfaces import IPodFilter, IPodWeigher
from trio2o.model import Amounts, Candidate, PlacementRequest
from trio2o.scheduling import registry
from trio2o.scheduling.capacity import CapacityFilter, CapacityRules, FreeCapacityWeigher
from trio2o.scheduling.projects import MaxPodsFilter


@implementer(IPodFilter)
@frozen
class Never:
    """
    A third party's filter.
    """

    name: str = "never"
    reason: str = "never"

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        return False


def plugin(name: str, what: str) -> dict[str, EntryPoint]:
    """
    An entry point as an installed package would have it.
    """
    return {name: EntryPoint(name, f"{__name__}:{what}", registry.FILTERS_GROUP)}


class RegistryTests(SynchronousTestCase):
    """
    Names from the configuration become filters and weighers.
    """

    def test_built_in_names(self) -> None:
        """
        Each built-in filter and weigher provides its interface and has the name it is found by.
        """
        for factories, interface in (
            (registry.BUILT_IN_FILTERS, IPodFilter),
            (registry.BUILT_IN_WEIGHERS, IPodWeigher),
        ):
            for name, factory in factories.items():
                self.assertTrue(verifyObject(interface, factory()))
                self.assertEqual(factory().name, name)

    def test_order(self) -> None:
        """
        Filters run in the configured order, and those that a request's own limits depend on run in any case.
        """
        made = registry.make_filters(["health", "state"])

        self.assertEqual([one.name for one in made], ["health", "state", "references", "excluded"])

    def test_always_only_once(self) -> None:
        """
        A filter that runs in any case keeps the place where the configuration has it.
        """
        made = registry.make_filters(["excluded", "references", "state"])

        self.assertEqual([one.name for one in made], ["excluded", "references", "state"])

    def test_unknown_names(self) -> None:
        """
        All unknown names are told at once, beside what there is.
        """
        error = self.assertRaises(
            registry.UnknownNames, registry.make_filters, ["stat", "state", "heath"], plugin("never", "Never")
        )

        self.assertEqual(error.names, ("stat", "heath"))
        self.assertIn("never", error.known)

    def test_plugin(self) -> None:
        """
        An entry point's filter is loaded by its name.
        """
        made = registry.make_filters(["never"], plugin("never", "Never"))

        self.assertIsInstance(made[0], Never)

    def test_plugin_that_is_none(self) -> None:
        """
        An entry point whose object gives no filter is refused at start, not at the first request.
        """
        self.assertRaises(Invalid, registry.make_filters, ["odd"], plugin("odd", "RegistryTests"))

    def test_factor_zero(self) -> None:
        """
        A weigher with factor 0 is left out; the others keep their factors.
        """
        made = registry.make_weighers({"binding": 2.0, "operator_weight": 0.0, "creation_order": -1.0})

        self.assertEqual(
            [(one.weigher.name, one.factor) for one in made], [("binding", 2.0), ("creation_order", -1.0)]
        )

    def test_rules(self) -> None:
        """
        What the configuration says reaches the filters and weighers that go by it.
        """
        rules = registry.Rules(capacity=CapacityRules(headroom=Amounts(vcpus=0.5)), max_pods=3)

        capacity, max_pods, *_ = registry.make_filters(["capacity", "max_pods"], rules=rules)
        (free,) = registry.make_weighers({"free_capacity": 1.0}, rules=rules)

        self.assertEqual(capacity, CapacityFilter(rules.capacity))
        self.assertEqual(max_pods, MaxPodsFilter(3))
        self.assertEqual(free.weigher, FreeCapacityWeigher(rules.capacity))

    def test_scales(self) -> None:
        """
        A weigher's numbers are stretched unless it says what they are.
        """
        made = registry.make_weighers({"binding": 1.0, "free_capacity": 1.0, "cost": 1.0})

        self.assertEqual([one.scale for one in made], ["stretched", "share", "ratio"])
