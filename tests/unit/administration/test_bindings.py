"""
Bindings: make, show, end, and look into their history.
"""

from __future__ import annotations

from datetime import UTC, datetime

from tests.unit.administration.doubles import NOBODY, AdministrationTestCase
from trio2o.administration.bindings import PAGE, BindingQuery
from trio2o.errors import BadRequest, Conflict, NotFound, Unavailable, Unprocessable


class CreateTests(AdministrationTestCase):
    """
    Binding by an operator's order.
    """

    def test_create(self) -> None:
        """
        The project is bound in the pod's zone, and the state is told at once.
        """
        pod = self.pod(affinity=frozenset({"gpu"}))
        binding = self.done(self.cloud.bindings.create("p1", pod.id))
        self.assertEqual((binding.tenant_id, binding.pod_id), ("p1", pod.id))
        self.assertEqual((binding.az_name, binding.pod_group, binding.is_binding), ("az1", "gpu", True))
        self.assertEqual(self.cloud.state.noted, [binding])

    def test_moves(self) -> None:
        """
        Another active binding in the same zone ends; one in another zone stays.
        """
        one, other, far = self.pod("Pod1"), self.pod("Pod2"), self.pod("Pod3", "az2")
        first = self.done(self.cloud.bindings.create("p1", one.id))
        elsewhere = self.done(self.cloud.bindings.create("p1", far.id))
        self.done(self.cloud.bindings.create("p1", other.id))
        self.assertFalse(self.done(self.cloud.bindings.show(first.id)).is_binding)
        self.assertTrue(self.done(self.cloud.bindings.show(elsewhere.id)).is_binding)

    def test_twice(self) -> None:
        """
        The same binding twice is a conflict.
        """
        pod = self.pod()
        self.done(self.cloud.bindings.create("p1", pod.id))
        self.refused(self.cloud.bindings.create("p1", pod.id), Conflict)

    def test_no_such_pod(self) -> None:
        """
        An unknown pod, what cannot be a pod's id, and the top region cannot be bound.
        """
        top = self.pod("RegionOne", "")
        for pod_id in (NOBODY, "Pod1", top.id):
            error = self.refused(self.cloud.bindings.create("p1", pod_id), Unprocessable)
            self.assertTrue(error.message.startswith("pod_id: "))
        self.assertEqual(self.cloud.state.noted, [])


class EndTests(AdministrationTestCase):
    """
    Ending, and what stays.
    """

    def test_end(self) -> None:
        """
        An ended binding stays in history with its end and reason; the state is told; ending it again
        changes nothing.
        """
        binding = self.done(self.cloud.bindings.create("p1", self.pod().id))
        self.cloud.clock.advance(10)
        ended = self.done(self.cloud.bindings.end(binding.id))
        self.assertFalse(ended.is_binding)
        self.assertEqual(ended.ended_at, datetime.fromtimestamp(1_700_000_010.25, UTC))
        self.assertEqual(ended.reason, "ended by an operator")
        self.assertEqual(self.cloud.state.noted[-1], ended)
        self.cloud.clock.advance(10)
        self.assertEqual(self.done(self.cloud.bindings.end(binding.id)), ended)
        self.assertEqual(self.done(self.cloud.bindings.show(binding.id.upper())), ended)

    def test_unknown(self) -> None:
        """
        An id that nobody has, and what cannot be an id, are not found.
        """
        for binding_id in (NOBODY, "first", "\0"):
            self.refused(self.cloud.bindings.show(binding_id), NotFound)
            self.refused(self.cloud.bindings.end(binding_id), NotFound)

    def test_no_database(self) -> None:
        """
        Without the database everything is worth trying again.
        """
        pod = self.pod()
        self.cloud.database.available = False
        self.refused(self.cloud.bindings.create("p1", pod.id), Unavailable)
        self.refused(self.cloud.bindings.show(NOBODY), Unavailable)
        self.refused(self.cloud.bindings.end(NOBODY), Unavailable)
        self.refused(self.cloud.bindings.find(BindingQuery()), Unavailable)
        self.assertEqual(self.cloud.state.noted, [])


class FindTests(AdministrationTestCase):
    """
    Looking into history.
    """

    def test_filters(self) -> None:
        """
        Project, pod, activity and moment select together.
        """
        one, other = self.pod("Pod1"), self.pod("Pod2")
        old = self.done(self.cloud.bindings.create("p1", one.id))
        self.cloud.clock.advance(100)
        new = self.done(self.cloud.bindings.create("p1", other.id))
        foreign = self.done(self.cloud.bindings.create("p2", one.id))

        def ids(query: BindingQuery) -> list[str]:
            return [binding.id for binding in self.done(self.cloud.bindings.find(query)).bindings]

        self.assertEqual(ids(BindingQuery()), [foreign.id, new.id, old.id])
        self.assertEqual(ids(BindingQuery(tenant_id="p1")), [new.id, old.id])
        self.assertEqual(ids(BindingQuery(pod_id=one.id)), [foreign.id, old.id])
        self.assertEqual(ids(BindingQuery(active=False)), [old.id])
        self.assertEqual(ids(BindingQuery(tenant_id="p1", active=True)), [new.id])
        moment = datetime.fromtimestamp(1_700_000_050, UTC)
        self.assertEqual(ids(BindingQuery(tenant_id="p1", at=moment)), [old.id])

    def test_pages(self) -> None:
        """
        Walking by the markers gives each binding once, and the last page has none, also when it is full.
        """
        pod = self.pod()
        made = [self.done(self.cloud.bindings.create(f"p{number}", pod.id)).id for number in range(6)]
        for limit in (1, 2, 3, 4, 6, 7):
            seen: list[str] = []
            marker: str | None = None
            while True:
                page = self.done(self.cloud.bindings.find(BindingQuery(limit=limit, marker=marker)))
                seen += [binding.id for binding in page.bindings]
                self.assertLessEqual(len(page.bindings), limit)
                marker = page.next_marker
                if marker is None:
                    break
            self.assertEqual(seen, made[::-1])

    def test_bounded(self) -> None:
        """
        A page is never larger than the most, asked for or not.
        """
        asked: list[int | None] = []
        find = self.cloud.binding_store.find_bindings

        class Asked(type(self.cloud.binding_store)):  # type: ignore[misc]
            async def find_bindings(self, **query: object) -> object:
                asked.append(query["limit"])  # type: ignore[arg-type]
                return await find(**query)  # type: ignore[arg-type]

        self.cloud.bindings._store = Asked(self.cloud.database)
        for limit in (None, PAGE + 1, 10**9):
            self.done(self.cloud.bindings.find(BindingQuery(limit=limit)))
        self.assertEqual(asked, [PAGE + 1] * 3)

    def test_unknown_marker(self) -> None:
        """
        A marker that nobody has is the caller's mistake.
        """
        self.refused(self.cloud.bindings.find(BindingQuery(marker=NOBODY)), BadRequest)
