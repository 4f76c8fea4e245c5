"""
Pages of lists while any pods are silent for any of them, given in turn by two processes that remember what they like (I8, I9).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from attrs import define
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.strategies.case import NOW, an_id
from tests.unit.strategies.doubles import Reply, Unreachable
from tests.unit.strategies.test_places import BEGINNING, DETAIL, SINGLE, DatedPod, PlacesCase
from trio2o.errors import GatewayError
from trio2o.exchange import Answer, PodCall
from trio2o.state.cache import MemoryState
from trio2o.state.cursors import CursorBook
from trio2o.state.outbox import Outbox
from trio2o.state.routes import RouteBook
from trio2o.storage.memory import MemoryCursors

BY_NAME = "sort_key=display_name&sort_dir=asc&"

#: How often a client asks for a page before all pods are well again.
TRIES = 4

#: For one page: the process, the pods that give no lists, and those that show nothing.
troubles = st.tuples(
    st.integers(0, 1),
    st.sets(st.sampled_from(["Pod1", "Pod2", "Pod3"])),
    st.sets(st.sampled_from(["Pod1", "Pod2", "Pod3"])),
)
#: For one thing that a pod has: the pod, its second, the letter of its name, and what the database knows.
things = st.tuples(
    st.integers(0, 2),
    st.integers(0, 3),
    st.sampled_from("ab"),
    st.sampled_from(["nothing", "all", "all", "ageless", "unrounded", "rounded up", "tombstone"]),
)


@define
class SortedPod(DatedPod):
    """
    A pod that may be silent, and that can sort by names.
    """

    silent: bool = False
    by_name: bool = False

    def place(self, item: dict[str, Any]) -> Any:
        return (item["name"], item["id"]) if self.by_name else DatedPod.place(self, item)

    def __call__(self, call: PodCall) -> Any:
        if self.silent:
            return Unreachable()
        self.by_name = "sort_key" in parse_qs(urlsplit(call.target.decode()).query)
        return DatedPod.__call__(self, call)


class SilentPagesTests(PlacesCase):
    """
    Walks of clients that take what they get, and of those that ask again until all pods have answered.
    """

    def begin(self, surface: str) -> None:
        """
        Three pods, one database, two processes.
        """
        super().begin(surface)
        self.blind: set[str] = set()
        self.lists = {name: SortedPod(surface, name) for name in self.lists}
        for name, pod in self.lists.items():
            self.pods.on(name, "GET", DETAIL[surface], pod)
        self.processes = [self.a_process(), self.a_process()]

    def a_process(self) -> dict[str, Any]:
        """
        A memory of its own.
        """
        self.state = MemoryState(self.clock)
        self.state.confirm(NOW + 1_000_000)
        self.state.put_pods(self.database.pods.values())
        self.outbox = Outbox(self.clock, self.route_store)
        self.routes = RouteBook(self.state, self.route_store, self.outbox)
        self.cursor_book = CursorBook(self.clock, MemoryCursors(self.database))
        self.make()
        names = ("state", "outbox", "routes", "cursor_book", "strategies")
        return {name: getattr(self, name) for name in names}

    def have(self, number: int, thing: tuple[int, int, str, str]) -> None:
        """
        Something that a pod has, and what the database knows of it.
        """
        at, second, letter, knowledge = thing
        pod = list(self.lists)[at]
        item = self.add(number, pod, second)
        item["name"] = letter
        single = {SINGLE[self.surface][1]: item}

        def shown(_: PodCall) -> Any:
            return Unreachable() if pod in self.blind else Reply(200, single)

        self.pods.on(pod, "GET", f"{SINGLE[self.surface][0]}/{item['id']}", shown)
        told: dict[str, Any] | None = {
            "nothing": None,
            "all": {},
            "ageless": {"second": None},
            "unrounded": {"second": second + 0.9},
            "rounded up": {"second": second - 0.4},
            "tombstone": {"deleted_at": BEGINNING},
        }[knowledge]
        if told is not None:
            self.route(number, pod, **{"second": second, **told})
        if knowledge in ("unrounded", "rounded up"):
            # the process that made it has what the answer to the create told
            made: MemoryState = self.processes[number % 2]["state"]
            made.note_route(self.database.routes[an_id(number), self.kind])

    def page_or_none(self, query: str, trouble: tuple[int, set[str], set[str]]) -> Answer | None:
        """
        A page; ``None`` for an error that pods are to blame for.
        """
        process, silent, self.blind = trouble
        for name, value in self.processes[process].items():
            setattr(self, name, value)
        for name, pod in self.lists.items():
            pod.silent = name in silent
        answers: list[Answer] = []
        errors: list[Exception] = []
        started = self.started("GET", f"{DETAIL[self.surface]}?{query}", surface=self.surface)
        started.addCallbacks(answers.append, lambda failure: errors.append(failure.value))
        if answers:
            self.assertEqual(200, answers[0].status, answers[0].body)
            return answers[0]
        (error,) = errors
        self.assertIsInstance(error, GatewayError, getattr(error, "message", error))
        self.assertTrue(silent or self.blind)
        return None

    def walk(self, query: str, *, refuses: bool, data: st.DataObject) -> tuple[list[int], set[str]]:
        """
        What a client gets that goes on after the last item of each page until one has none, and the pods that it was told are
        missing. One that refuses what is incomplete never is.
        """
        found: list[int] = []
        told: set[str] = set()
        while True:
            marker = f"&marker={an_id(found[-1])}" if found else ""
            for turn in range(TRIES + 1):
                trouble = (
                    data.draw(troubles) if turn < TRIES else (data.draw(st.integers(0, 1)), set(), set())
                )
                answer = self.page_or_none(query + marker, trouble)
                if answer is not None and not (refuses and answer.missing):
                    break
            assert answer is not None
            told |= {pod.name for pod in answer.missing}
            (items,) = (value for key, value in self.shown(answer).items() if not key.endswith("_links"))
            if not items:
                return found, told
            found += [int(item["id"][:8], 16) for item in items]
            self.assertEqual(len(found), len(set(found)), "twice")

    def test_asked_again(self) -> None:
        """
        A page that lacked a pod, and was asked for again, leaves a cursor behind at its end. The process that gave it does not
        go on there by that once the walk has come to the same place.
        """
        self.begin("compute")
        have = ((1, 0, "a"), (2, 1, "b"), (3, 0, "c"), (4, 0, "d"), (5, 1, "e"), (6, 1, "f"), (7, 0, "g"))
        for number, at, letter in have:
            self.have(number, (at, 0, letter, "all"))
        well: set[str] = set()
        query = f"{BY_NAME}limit=2"
        pages = [
            self.page_or_none(query, (0, well, well)),
            self.page_or_none(f"{query}&marker={an_id(2)}", (1, {"Pod1"}, well)),
            self.page_or_none(f"{query}&marker={an_id(2)}", (0, well, well)),
            self.page_or_none(f"{query}&marker={an_id(4)}", (0, well, well)),
            self.page_or_none(f"{query}&marker={an_id(6)}", (1, well, well)),
        ]

        given = ["".join(each["name"] for each in self.shown(page)["servers"]) for page in pages if page]
        self.assertEqual(["ab", "ef", "cd", "ef", "g"], given)

    @settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(
        st.sampled_from(["compute", "volume"]),
        st.lists(things, min_size=1, max_size=10),
        st.lists(
            st.tuples(st.booleans(), st.booleans(), st.integers(1, 4), st.lists(things, max_size=2)),
            min_size=1,
            max_size=3,
        ),
        st.data(),
    )
    def test_each_once(self, surface: str, have: list[Any], walks: list[Any], data: st.DataObject) -> None:
        """
        Nothing comes twice; what pods have that answered for every page comes once and in order; and so does everything for
        a client that asks again. Walks of before, and what was made since, change nothing.
        """
        self.begin(surface)
        number = 0
        for by_name, refuses, limit, more in walks:
            for thing in [*have, *more]:
                number += 1
                # ids in no order
                self.have(number * 7919 % 97 + 1, thing)
            have = []
            by_name = by_name and surface == "compute"
            for pod in self.lists.values():
                pod.by_name = by_name
            wanted = self.sorted_list()
            owner = {int(item["id"][:8], 16): pod.name for pod in self.lists.values() for item in pod.items}

            found, told = self.walk(
                (BY_NAME if by_name else "") + f"limit={limit}", refuses=refuses, data=data
            )

            self.assertEqual(
                [one for one in wanted if owner[one] not in told],
                [one for one in found if owner[one] not in told],
            )
            if refuses:
                self.assertEqual((wanted, set()), (found, told))
