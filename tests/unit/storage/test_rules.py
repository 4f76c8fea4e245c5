"""
:mod:`trio2o.storage.rules`, and the values of rows.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg2
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import ConnectionDone
from twisted.trial.unittest import SynchronousTestCase

from trio2o.errors import DatabaseUnavailable
from trio2o.model import Binding, Pod, PodState
from trio2o.storage.connection import LostConnection, RolledBack, is_fatal, translated
from trio2o.storage.keeper import back_off
from trio2o.storage.postgres.rows import as_utc, storable
from trio2o.storage.rules import Declaration, declare, in_use, stands

NAMES = st.sampled_from(["Pod1", "Pod2", "Pod3", "Pod4"])
STATES = st.sampled_from(list(PodState))


def a_pod(name: str, state: PodState = PodState.ENABLED, **attributes: Any) -> Pod:
    """
    A pod whose id is new on each call, as the configuration's are.
    """
    return Pod(**{"id": f"{name}-new", "name": name, "az_name": "az1", "state": state, **attributes})


@st.composite
def stored_pods(draw: st.DrawFn) -> list[Pod]:
    """
    Pods with ids and serials of the store.
    """
    names = draw(st.lists(NAMES, unique=True))
    return [
        a_pod(name, draw(STATES), id=f"{name}-id", serial=serial, declared=draw(st.booleans()))
        for serial, name in enumerate(names, 1)
    ]


def carried_out(stored: list[Pod], plan: Declaration) -> list[Pod]:
    """
    The pods after the plan's writes.
    """
    pods = {pod.id: pod for pod in stored}
    for pod in plan.removed:
        del pods[pod.id]
    for pod in (*plan.given_up, *plan.updated):
        pods[pod.id] = pod
    for pod in plan.created:
        pods[f"{pod.name}-id"] = evolve(pod, id=f"{pod.name}-id", serial=100 + len(pods))
    return list(pods.values())


class DeclarationTests(SynchronousTestCase):
    """
    The pod list against what is stored.
    """

    @given(stored_pods(), st.lists(st.tuples(NAMES, STATES), unique_by=lambda pair: pair[0]), st.sets(NAMES))
    def test_always(
        self, stored: list[Pod], listed: list[tuple[str, PodState]], used_names: set[str]
    ) -> None:
        """
        Afterwards the declared pods are the listed ones; used pods and those of others never go; ids and serials stay;
        and the same list once more changes nothing.
        """
        wanted = [a_pod(name, state) for name, state in listed]
        states = {pod.id: PodState.ENABLED for pod in stored if pod.declared}
        used = {f"{name}-id" for name in used_names}
        plan = declare(stored, wanted, declared_states=states, used=used)
        after = carried_out(stored, plan)

        self.assertEqual({pod.name for pod in wanted}, {pod.name for pod in after if pod.declared})
        left = {pod.id: pod for pod in after}
        for pod in stored:
            if pod.id in used or not pod.declared:
                self.assertEqual(pod.serial, left[pod.id].serial)
            if not pod.declared and pod.name not in {other.name for other in wanted}:
                self.assertEqual(pod, left[pod.id])
        for pod in plan.given_up:
            self.assertEqual((False, PodState.DRAINING), (pod.declared, pod.state))

        now = {f"{pod.name}-id": pod.state for pod in wanted}
        again = declare(after, wanted, declared_states=now, used=used)
        self.assertEqual(Declaration(removed=(), given_up=(), updated=(), created=()), again)

    def test_operators_state(self) -> None:
        """
        A state set after the same declaration stays, and a new declaration wins.
        """
        drained = a_pod("Pod1", PodState.DRAINING, id="Pod1-id", declared=True)
        states = {"Pod1-id": PodState.ENABLED}
        same = declare([drained], [a_pod("Pod1")], declared_states=states, used=())
        self.assertEqual((), same.updated)
        other = declare([drained], [a_pod("Pod1", PodState.DISABLED)], declared_states=states, used=())
        self.assertEqual([PodState.DISABLED], [pod.state for pod in other.updated])

    def test_first_declared_as_it_is(self) -> None:
        """
        A pod of the Admin API that looks as declared is taken into the list all the same.
        """
        own = a_pod("Pod1", id="Pod1-id")
        plan = declare([own], [a_pod("Pod1")], declared_states={}, used=())
        self.assertEqual((evolve(own, declared=True),), plan.updated)


class WordsTests(SynchronousTestCase):
    """
    Small decisions.
    """

    def test_in_use(self) -> None:
        """
        What names a pod, in words.
        """
        for routes, bindings, told in (
            (0, 0, ""),
            (1, 0, "1 route"),
            (0, 2, "2 active bindings"),
            (3, 1, "3 routes, 1 active binding"),
            (1000, 0, "1,000 or more routes"),
        ):
            self.assertEqual(told, in_use(routes, bindings))

    def test_stands(self) -> None:
        """
        The active binding stays for its own pod, and against those who did not know of it.
        """
        then = datetime(2026, 1, 1, tzinfo=UTC)
        active = Binding(id="b1", tenant_id="p", pod_id="x", az_name="a", is_binding=True, created_at=then)
        for pod_id, replaces, stays in (
            ("x", "b1", True),
            ("y", None, True),
            ("y", "b0", True),
            ("y", "b1", False),
        ):
            self.assertIs(stays, stands(active, pod_id, replaces))

    @given(st.text())
    def test_storable(self, text: str) -> None:
        """
        A text can be stored when UTF-8 has it and there is no NUL in it.
        """
        try:
            expected = b"\0" not in text.encode()
        except UnicodeEncodeError:
            expected = False
        self.assertIs(expected, storable("plain", None, text))

    def test_as_utc(self) -> None:
        """
        A time without a zone is UTC; another stays.
        """
        naive = datetime(2026, 1, 1)  # noqa: DTZ001 - as Cinder writes them
        self.assertEqual(naive.replace(tzinfo=UTC), as_utc(naive))
        self.assertIsNone(as_utc(None))

    def test_back_off(self) -> None:
        """
        Waits grow from about 0.2 to at most 5 seconds.
        """
        waits = back_off()
        first = [next(waits) for _ in range(20)]
        self.assertTrue(0.16 <= first[0] <= 0.2, first[0])
        self.assertTrue(all(4.0 <= wait <= 5.0 for wait in first[10:]), first)


class ErrorTests(SynchronousTestCase):
    """
    psycopg2's errors in the domain's words.
    """

    def test_no_code(self) -> None:
        """
        What libpq itself says is the connection's end; what psycopg2 says of a wrong call is not.
        """
        self.assertTrue(is_fatal(psycopg2.OperationalError("server closed the connection unexpectedly")))
        self.assertTrue(is_fatal(psycopg2.DatabaseError("server closed the connection unexpectedly")))
        self.assertTrue(is_fatal(psycopg2.InterfaceError("connection already closed")))
        self.assertTrue(is_fatal(ConnectionDone()))
        self.assertFalse(is_fatal(psycopg2.ProgrammingError("can't adapt type 'object'")))
        self.assertFalse(is_fatal(KeyError()))

    def test_translated(self) -> None:
        """
        Losses, conflicts of others and time-outs are a database that is unavailable; our own mistakes stay.
        """
        self.assertIsInstance(translated(psycopg2.OperationalError("gone\n  away")), LostConnection)
        self.assertEqual(
            "gone away", str(translated(psycopg2.OperationalError("\n gone away\n\tProbably\n")))
        )
        self.assertEqual("OperationalError", str(translated(psycopg2.OperationalError(""))))
        self.assertTrue(issubclass(LostConnection, DatabaseUnavailable))
        self.assertTrue(issubclass(RolledBack, DatabaseUnavailable))
        mistake = psycopg2.ProgrammingError("syntax")
        self.assertIs(mistake, translated(mistake))
