"""
:mod:`trio2o.state.cache`.
"""

from __future__ import annotations

import attrs
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.state.samples import THEN, a_binding, a_pod, a_route
from trio2o.interfaces import IState
from trio2o.model import Kind
from trio2o.state.cache import MemoryState, by_project


class MemoryStateTests(SynchronousTestCase):
    """
    The dictionaries.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.state = MemoryState(self.clock, route_limit=2)

    def test_interface(self) -> None:
        """
        The state provides the whole interface.
        """
        verifyObject(IState, self.state)

    def test_empty(self) -> None:
        """
        Before the first snapshot nothing is known, and the state says so.
        """
        self.assertEqual((False, False), (self.state.ready, self.state.current))
        self.assertEqual((), self.state.pods())
        self.assertEqual((), self.state.bindings_of("p1"))
        self.assertIsNone(self.state.binding("p1", "az1", ""))
        self.assertIsNone(self.state.pod("Pod1-id"))

    def test_pods(self) -> None:
        """
        Pods come by serial and without the top region, which is found by its id and name.
        """
        top = a_pod("RegionOne", 2, az_name="")
        first, second = a_pod("b", 1), a_pod("a", 3)
        self.state.replace([second, top, first], {})
        self.assertEqual((first, second), self.state.pods())
        self.assertIs(top, self.state.pod_named("RegionOne"))
        self.assertIs(top, self.state.pod("RegionOne-id"))
        self.assertIs(first, self.state.pod_named("b"))
        self.assertTrue(self.state.ready)

        self.state.put_pods([second])
        self.assertEqual((second,), self.state.pods())
        self.assertIsNone(self.state.pod_named("b"))

    def test_bindings(self) -> None:
        """
        A project's bindings come newest first, and each by its place.
        """
        old, new = a_binding("b1", age=5), a_binding("b2", pod_group="gpu")
        other = a_binding("b3", tenant_id="p2")
        table: dict[str, tuple[object, ...]] = {}
        by_project([old, new, other], table)  # type: ignore[arg-type]
        self.state.replace([], table)  # type: ignore[arg-type]
        self.assertEqual((new, old), self.state.bindings_of("p1"))
        self.assertIs(old, self.state.binding("p1", "az1", ""))
        self.assertIs(new, self.state.binding("p1", "az1", "gpu"))
        self.assertIsNone(self.state.binding("p1", "az2", ""))
        self.assertIs(other, self.state.binding("p2", "az1", ""))

    def test_noted(self) -> None:
        """
        What the process wrote itself is known at once, takes the older one's place, and waits to be read back.
        """
        self.state.note_binding(a_binding("b1", age=5))
        new = a_binding("b2")
        self.state.note_binding(new)
        self.assertEqual((new,), self.state.bindings_of("p1"))
        self.assertEqual({"b1", "b2"}, self.state.unconfirmed)

    def test_late_note(self) -> None:
        """
        A note that comes after its binding was replaced or ended changes nothing.
        """
        new = a_binding("b2")
        self.state.put_binding(new)
        self.state.note_binding(a_binding("b1", age=5))
        self.assertEqual((new,), self.state.bindings_of("p1"))

        self.state.put_binding(attrs.evolve(new, is_binding=False, ended_at=THEN))
        self.state.note_binding(new)
        self.assertEqual((), self.state.bindings_of("p1"))

    def test_ended(self) -> None:
        """
        A binding that ended leaves the others alone, and leaves nothing behind.
        """
        one, two = a_binding("b1"), a_binding("b2", az_name="az2")
        for binding in (one, two):
            self.state.put_binding(binding)
        self.state.put_binding(attrs.evolve(one, is_binding=False, ended_at=THEN))
        self.assertEqual((two,), self.state.bindings_of("p1"))
        self.state.drop_binding("b2")
        self.assertEqual((), self.state.bindings_of("p1"))

    def test_confirmed_for_a_time(self) -> None:
        """
        The state counts as current until the time it was confirmed for, or until it is doubted.
        """
        self.state.confirm(10.0)
        self.clock.advance(9.9)
        self.assertTrue(self.state.current)
        self.clock.advance(0.1)
        self.assertFalse(self.state.current)
        self.state.confirm(20.0)
        self.state.doubt()
        self.assertFalse(self.state.current)

    def test_routes(self) -> None:
        """
        The route used longest ago makes room; a forgotten one is gone.
        """
        for name in ("s1", "s2"):
            self.state.note_route(a_route(name))
        self.assertEqual(a_route("s1"), self.state.route(Kind.SERVER, "s1"))
        self.state.note_route(a_route("s3"))
        self.assertIsNone(self.state.route(Kind.SERVER, "s2"))
        self.assertIsNotNone(self.state.route(Kind.SERVER, "s1"))
        self.assertEqual(2, self.state.routes_remembered)

        self.state.forget_route(Kind.SERVER, "s1")
        self.state.forget_route(Kind.SERVER, "s1")
        self.assertIsNone(self.state.route(Kind.SERVER, "s1"))

    def test_routes_by_kind(self) -> None:
        """
        One id may be of several kinds.
        """
        self.state.note_route(a_route("x"))
        self.assertIsNone(self.state.route(Kind.VOLUME, "x"))
