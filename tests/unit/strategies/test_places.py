"""
Pages of lists in the default order, each given by a process that has only the database: routes and tombstones tell where to go
on in each pod (I9). The oracle is one sorted list.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from attrs import define, evolve, field
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.strategies.case import P1, P2, ROOT, StrategyCase, a_context, a_server, a_volume, an_id
from tests.unit.strategies.doubles import Reply, Unreachable
from trio2o.exchange import PodCall
from trio2o.model import AccessRule, Kind, Route

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
DETAIL = {"compute": "/v2.1/servers/detail", "volume": f"/v3/{P1}/volumes/detail"}
SINGLE = {"compute": ("/v2.1/servers", "server"), "volume": (f"/v3/{P1}/volumes", "volume")}


@define
class DatedPod:
    """
    A pod's list, the newest first; of one time by ids, up in Nova and down in Cinder.
    """

    surface: str
    name: str
    items: list[dict[str, Any]] = field(factory=list)
    #: What is deleted and not purged: good as marker in Nova.
    deleted: list[dict[str, Any]] = field(factory=list)
    #: The items of each answer.
    given: list[int] = field(factory=list)

    def place(self, item: dict[str, Any]) -> Any:
        """
        What the pod sorts by.
        """
        number = int(item["id"][:8], 16)
        made = item.get("created") or item["created_at"]
        return tuple(-ord(letter) for letter in made), number if self.surface == "compute" else -number

    def __call__(self, call: PodCall) -> Reply:
        query = parse_qs(urlsplit(call.target.decode()).query)
        listed = sorted(self.items, key=self.place)
        if "marker" in query:
            marker = query["marker"][0]
            remembered = self.deleted if self.surface == "compute" else []
            known = [item for item in self.items + remembered if item["id"] == marker]
            if not known:
                fault = {"code": 0, "message": f"marker [{marker}] not found"}
                return Reply(400 if self.surface == "compute" else 404, {"fault": fault})
            listed = [item for item in listed if self.place(item) > self.place(known[0])]
        limit = int(query["limit"][0])
        plural = "servers" if self.surface == "compute" else "volumes"
        body: dict[str, Any] = {plural: listed[:limit]}
        if len(listed) >= limit:
            body[f"{plural}_links"] = [{"rel": "next", "href": "http://pod.example/next"}]
        self.given.append(len(listed[:limit]))
        return Reply(200, body)


class PlacesCase(StrategyCase):
    """
    Three pods with lists, and no daemon that remembers anything.
    """

    surface = "compute"

    def begin(self, surface: str) -> None:
        """
        Empty pods and an empty database.
        """
        self.setUp()
        self.surface = surface
        self.kind = Kind.SERVER if surface == "compute" else Kind.VOLUME
        self.lists = {pod.name: DatedPod(surface, pod.name) for pod in self.state.pods()}
        for name, pod in self.lists.items():
            self.pods.on(name, "GET", DETAIL[surface], pod)

    def add(self, number: int, pod: str, second: int) -> dict[str, Any]:
        """
        Something that a pod has, made in a second.
        """
        created = (BEGINNING + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S")
        path, single = SINGLE[self.surface]
        if self.surface == "compute":
            item = a_server(number, pod, created=f"{created}Z")
        else:
            item = a_volume(number, pod, created_at=f"{created}.000000")
        self.lists[pod].items.append(item)
        self.pods.on("*", "GET", f"{path}/{item['id']}", Reply(404))
        self.pods.on(pod, "GET", f"{path}/{item['id']}", Reply(200, {single: item}))
        return item

    def delete(self, number: int, *, purge: bool) -> None:
        """
        Delete something in its pod.
        """
        for pod in self.lists.values():
            gone = [item for item in pod.items if item["id"] == an_id(number)]
            pod.items = [item for item in pod.items if item["id"] != an_id(number)]
            pod.deleted += [] if purge else gone
            if gone:
                path = SINGLE[self.surface][0]
                self.pods.on(pod.name, "GET", f"{path}/{an_id(number)}", Reply(404))

    def route(self, number: int, pod: str, second: float | None, **more: Any) -> None:
        """
        What the database knows of something.
        """
        made = None if second is None else BEGINNING + timedelta(seconds=second)
        known = {"kind": self.kind, "pod_id": f"{pod}-id", "project_id": P1, "created_at": made}
        route = Route(resource_id=an_id(number), **{**known, **more})  # type: ignore[arg-type]
        self.database.routes[route.resource_id, self.kind] = route

    def forget(self) -> None:
        """
        Another process goes on: it has the database alone.
        """
        for resource_id, kind in self.database.routes:
            self.state.forget_route(kind, resource_id)
        self.make()

    def page(self, query: str, *, path: str = "", **more: Any) -> tuple[list[int], str | None]:
        """
        The numbers of a page, and the next one's query.
        """
        answer = self.asked("GET", f"{path or DETAIL[self.surface]}?{query}", surface=self.surface, **more)
        self.assertEqual(200, answer.status, answer.body)
        body = self.shown(answer)
        plural = "servers" if self.surface == "compute" else "volumes"
        links = body.get(f"{plural}_links")
        following = None if not links else urlsplit(links[0]["href"].removeprefix(ROOT.decode())).query
        return [int(item["id"][:8], 16) for item in body[plural]], following

    def sorted_list(self) -> list[int]:
        """
        The oracle: what one cloud would list.
        """
        items = [item for pod in self.lists.values() for item in pod.items]
        items.sort(key=next(iter(self.lists.values())).place)
        return [int(item["id"][:8], 16) for item in items]


#: What the database knows of something that a pod has: nothing, all, its pod alone, the time that the answer to its create
#: told, a time from before, another project's, or that it is gone.
KNOWLEDGE = ("nothing", "all", "ageless", "unrounded", "rounded up", "older", "another project", "tombstone")

resources = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 4),
        st.sampled_from([*KNOWLEDGE, "all", "all"]),
        st.sampled_from(["stays", "stays", "stays", "deleted", "purged"]),
    ),
    max_size=14,
)
#: Routes that name pods which never had the resource.
strays = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5), st.booleans()), max_size=4)


class EachOnceTests(PlacesCase):
    """
    Walks from process to process.
    """

    def build(self, have: list[Any], stray: list[Any]) -> None:
        """
        Fill pods and database.
        """
        names = list(self.lists)
        for number, (at, second, knowledge, fate) in enumerate(have, 1):
            pod = names[at]
            # ids in no order
            number = number * 7919 % 97 + 1
            self.add(number, pod, second)
            if fate != "stays":
                self.delete(number, purge=fate == "purged")
            told: dict[str, Any] = {
                "nothing": None,
                "all": {},
                "ageless": {"second": None},
                "unrounded": {"second": second + 0.9},
                "rounded up": {"second": second - 0.4},
                "older": {"second": second - 3},
                "another project": {"project_id": P2},
                "tombstone": {"deleted_at": BEGINNING},
            }[knowledge]
            if told is not None:
                # what was deleted through the gateway has a tombstone, what was deleted at the pod a route
                self.route(number, pod, **{"second": second, **told})
        for number, (at, second, ended) in enumerate(stray, 200):
            self.route(number, names[at], second, deleted_at=BEGINNING if ended else None)

    @settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(
        st.sampled_from(["compute", "volume"]), resources, strays, st.integers(1, 5), st.booleans(), st.data()
    )
    def test_as_one_list(
        self, surface: str, have: list[Any], stray: list[Any], limit: int, everyone: bool, data: st.DataObject
    ) -> None:
        """
        Whatever of the resources the database knows, and however wrong: each is given once, in the order of one list.
        """
        self.begin(surface)
        self.build(have, stray)
        more = {"context": a_context(surface, roles="admin")} if everyone else {}
        following: str | None = f"limit={limit}" + ("&all_tenants=1" if everyone else "")
        found: list[int] = []
        while following is not None:
            numbers, following = self.page(following, **more)
            found += numbers
            if data.draw(st.booleans(), label="another process"):
                self.forget()

        self.assertEqual(self.sorted_list(), found)

    @settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(st.sampled_from(["compute", "volume"]), resources, strays, st.integers(1, 4), st.data())
    def test_while_things_come_and_go(
        self, surface: str, have: list[Any], stray: list[Any], limit: int, data: st.DataObject
    ) -> None:
        """
        What stays is given once and in order, whatever else is made and deleted between the pages; what is made meanwhile is
        given at its place or not at all.
        """
        self.begin(surface)
        self.build(have, stray)
        staying = set(self.sorted_list())
        before = self.sorted_list()
        following: str | None = f"limit={limit}"
        found: list[int] = []
        fresh = 300
        while following is not None:
            numbers, following = self.page(following)
            found += numbers
            if following is None:
                break
            if data.draw(st.booleans(), label="another process"):
                self.forget()
            others = sorted(set(self.sorted_list()) - {found[-1]})
            if others and data.draw(st.booleans(), label="deletes"):
                victim = data.draw(st.sampled_from(others), label="deleted")
                self.delete(victim, purge=data.draw(st.booleans(), label="purges"))
                if data.draw(st.booleans(), label="at the top"):
                    self.routes.end(self.kind, an_id(victim))
                staying.discard(victim)
            if fresh < 306 and data.draw(st.booleans(), label="makes"):
                pod = data.draw(st.sampled_from(sorted(self.lists)), label="in")
                self.add(fresh, pod, data.draw(st.integers(0, 5), label="second"))
                fresh += 1

        self.assertEqual(len(found), len(set(found)))
        self.assertEqual([one for one in before if one in staying], [one for one in found if one in staying])


class PlainTests(PlacesCase):
    """
    Lists whose items do not show the order, since the details may not be asked for.
    """

    def test_access_rules(self) -> None:
        """
        Each is given once, in the order of the pods, cursors kept or not.
        """
        for forgets in (False, True):
            self.begin("compute")
            for number in range(1, 21):
                pod = f"Pod{number % 3 + 1}"
                self.add(number, pod, number)
                self.route(number, pod, number)
            for name, pod in self.lists.items():
                self.pods.on(name, "GET", "/v2.1/servers", lambda call, pod=pod: in_short(pod(call)))
            rules = (AccessRule(service="compute", method="GET", path="/v2.1/servers"),)
            context = a_context()
            context = evolve(context, identity=evolve(context.identity, access_rules=rules))
            found: list[int] = []
            following: str | None = "limit=4"
            while following is not None:
                numbers, following = self.page(following, path="/v2.1/servers", context=context)
                found += numbers
                if forgets:
                    self.database.cursors.clear()
                    self.forget()

            apart = [[item for item in self.sorted_list() if item % 3 == rest] for rest in (0, 1, 2)]
            self.assertEqual([*apart[0], *apart[1], *apart[2]], found)


def in_short(reply: Reply) -> Reply:
    """
    A detailed list as the plain one shows it.
    """
    assert isinstance(reply.body, dict)
    if reply.status != 200:
        return reply
    items = [{"id": item["id"], "name": item["name"], "links": []} for item in reply.body["servers"]]
    return Reply(200, {**reply.body, "servers": items})


class CostTests(PlacesCase):
    """
    What a page costs, however far down it is.
    """

    def filled(self, surface: str = "compute", *, burst: bool = False) -> None:
        """
        60 resources in three pods, all with their routes: one a second, or all in one.
        """
        self.begin(surface)
        for number in range(1, 61):
            pod = f"Pod{number % 3 + 1}"
            second = 0 if burst else number
            self.add(number, pod, second)
            self.route(number, pod, second)

    def costs(self, *, forget: bool = True) -> list[tuple[int, int]]:
        """
        For each page of five: the lists that were asked for, and the items that pods gave.
        """
        found: list[int] = []
        costs = []
        following: str | None = "limit=5"
        while following is not None:
            for pod in self.lists.values():
                pod.given.clear()
            numbers, following = self.page(following)
            found += numbers
            given = [number for pod in self.lists.values() for number in pod.given]
            costs.append((len(given), sum(given)))
            if forget:
                self.forget()
        self.assertEqual(self.sorted_list(), found)
        return costs[:-2]

    def test_constant(self) -> None:
        """
        Each pod is asked once, for no more than the page, by whichever process.
        """
        for surface in ("compute", "volume"):
            self.filled(surface)
            costs = self.costs()
            self.assertEqual({3}, {lists for lists, _ in costs}, surface)
            self.assertLessEqual(max(given for _, given in costs), 15, surface)

    def test_made_at_once(self) -> None:
        """
        So it is for what was made in one second.
        """
        for surface in ("compute", "volume"):
            self.filled(surface, burst=True)
            self.assertLessEqual(max(given for _, given in self.costs()), 16, surface)

    def test_remembered(self) -> None:
        """
        The same process goes on by its memory, and reads no more either.
        """
        self.filled()
        costs = self.costs(forget=False)
        self.assertEqual({3}, {lists for lists, _ in costs})
        self.assertLessEqual(max(given for _, given in costs), 15)
        self.assertNotIn("routes_before", [name for name, _ in self.route_store.calls])

    def test_tombstones(self) -> None:
        """
        Nova goes on after deleted servers too: a pod whose newer ones are all deleted is asked once.
        """
        self.filled()
        for number in range(31, 61):
            if number % 3 == 0:
                self.delete(number, purge=False)
                self.route(number, "Pod1", number, deleted_at=BEGINNING)
        self.assertEqual({3}, {lists for lists, _ in self.costs()})

    def test_purged(self) -> None:
        """
        A tombstone that Nova has purged is no marker; the live route before it is.
        """
        self.filled()
        for number in (30, 27):
            self.delete(number, purge=True)
            self.route(number, "Pod1", number, deleted_at=BEGINNING)
        for pod in self.lists.values():
            pod.given.clear()

        self.assertEqual(([25, 24, 23, 22, 21], 5), (self.page(f"limit=5&marker={an_id(26)}")[0], 5))
        self.assertEqual([5], self.lists["Pod1"].given)

    def test_nothing_in_the_database(self) -> None:
        """
        Without routes the pods are walked, in pages that grow.
        """
        self.filled()
        self.database.routes.clear()
        self.page(f"limit=2&marker={an_id(10)}")

        self.assertEqual([2, 8, 10], [*self.lists["Pod1"].given][:3])

    def test_no_database(self) -> None:
        """
        While the database is away the list goes on, by a walk.
        """
        self.filled()
        self.page("limit=60")
        self.make()
        self.database.available = False

        self.assertEqual([9, 8], self.page(f"limit=2&marker={an_id(10)}")[0])

    def test_nothing_is_written(self) -> None:
        """
        Where routes tell the place no cursor is written; where they do not, it is.
        """
        self.filled()
        self.page("limit=5")
        self.assertEqual({}, self.database.cursors)
        self.page("limit=5&sort_key=uuid")
        self.assertEqual(1, len(self.database.cursors))

    def test_not_for_the_last_page(self) -> None:
        """
        Nor is one for the last page, for a list over one pod, or for one without markers.
        """
        self.filled()
        self.page("limit=61&sort_key=uuid")
        self.has_pods(self.pod1)
        self.page("limit=5&sort_key=uuid")

        self.assertEqual({}, self.database.cursors)

    def test_unroutable(self) -> None:
        """
        A page with something that gets no route is written down, since routes will not tell its place.
        """
        self.filled()
        self.add(99, "Pod2", 99)["status"] = "DELETED"
        self.page("limit=5")

        self.assertEqual(1, len(self.database.cursors))

    def test_silent_pod_comes_back(self) -> None:
        """
        A pod that was silent on the page before goes on at its place.
        """
        self.filled()
        self.pods.on("Pod2", "GET", DETAIL["compute"], Unreachable())
        numbers, following = self.page("limit=30")
        self.pods.on("Pod2", "GET", DETAIL["compute"], self.lists["Pod2"])

        self.assertEqual(17, numbers[-1])
        self.assertEqual(list(range(16, 10, -1)), self.page((following or "").replace("30", "6"))[0])
        self.assertEqual([6], self.lists["Pod2"].given)
