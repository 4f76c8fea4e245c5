"""
The strategy ``aggregates``: what is shown of all pods, and where hosts are added.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs

import orjson
from attrs import define, evolve, field
from zope.interface import implementer

from tests.unit.strategies.case import ANSWER_BUDGET, LIMIT, LIST_BUDGET, StrategyCase, a_context
from tests.unit.strategies.doubles import Broken, Hang, Reply, Unreachable
from trio2o.errors import BadRequest, Conflict, GatewayTimeout, NotFound, Unavailable
from trio2o.exchange import Answer, Inbound, PodCall
from trio2o.interfaces import IStrategy
from trio2o.model import PodState, RequestContext
from trio2o.model.shared import CopyState, SharedCopy, SharedKey, SharedResource, SharedState
from trio2o.shared.aggregates import KIND
from trio2o.strategies.aggregate_hosts import AggregateHosts
from trio2o.strategies.aggregate_parts import AggregateParts
from trio2o.strategies.aggregates import AggregatesStrategy
from trio2o.strategies.concurrently import Shield

PATH = "/v2.1/os-aggregates"
ADMIN = a_context(roles="admin")
TOP = "10000000001"
ONE = f"{PATH}/{TOP}"


@define
class Nova:
    """
    What one pod answers about aggregates and hosts.
    """

    host: str
    aggregates: list[dict[str, Any]] = field(factory=list)
    busy: bool = False
    admin_only: bool = False
    #: Methods and paths of what was not a read, with bodies.
    changes: list[tuple[str, str, Any]] = field(factory=list)

    def has(self, number: int, name: str = "a", hosts: tuple[str, ...] = (), **metadata: str) -> None:
        """
        Put an aggregate in.
        """
        self.aggregates.append(
            {
                "id": number,
                "uuid": f"u{number}-{self.host}",
                "name": name,
                "hosts": list(hosts),
                "metadata": metadata,
                "availability_zone": metadata.get("availability_zone"),
                "created_at": f"made-{self.host}",
            }
        )

    def answer(self, call: PodCall) -> Reply:
        """
        The answer to a call.
        """
        path, _, query = call.target.decode().partition("?")
        asked = {name: values[-1] for name, values in parse_qs(query).items()}
        body = orjson.loads(call.body) if isinstance(call.body, bytes) and call.body else None
        if call.method != b"GET":
            self.changes.append((call.method.decode(), path, body))
        if self.admin_only:
            return refusal(403, "forbidden", "Policy doesn't allow it.")
        if path == "/v2.1/os-services":
            found = [{"host": self.host}] if asked.get("host") == self.host else []
            return Reply(200, {"services": found})
        if path == "/v2.1/servers":
            return Reply(200, {"servers": [{"id": "s"}] if self.busy and asked["host"] == self.host else []})
        if path == PATH:
            return Reply(200, {"aggregates": self.aggregates})
        found_path = re.fullmatch(rf"{PATH}/([^/]+)(/\w+)?", path)
        assert found_path is not None, path
        number = found_path.group(1)
        aggregate = next((each for each in self.aggregates if str(each["id"]) == number), None)
        if not number.isdecimal():
            return refusal(400, "badRequest", "Invalid input received: id must be an integer")
        if aggregate is None:
            return refusal(404, "itemNotFound", f"Aggregate {number} could not be found.")
        if found_path.group(2) == "/images":
            return Reply(202)
        if call.method == b"POST":
            assert body is not None
            ((action, wanted),) = body.items()
            if action == "add_host":
                if wanted["host"] != self.host:
                    return refusal(404, "itemNotFound", f"Compute host {wanted['host']} could not be found.")
                if self.host in aggregate["hosts"]:
                    words = f"Aggregate {number} already has host {self.host}."
                    return refusal(409, "conflictingRequest", words)
                aggregate["hosts"].append(self.host)
            elif action == "remove_host":
                if wanted["host"] not in aggregate["hosts"]:
                    words = f"Cannot remove host {wanted['host']} in aggregate {number}"
                    return refusal(404, "itemNotFound", words)
                aggregate["hosts"].remove(wanted["host"])
        return Reply(200, {"aggregate": aggregate})


def refusal(status: int, name: str, words: str) -> Reply:
    """
    A fault.
    """
    return Reply(status, {name: {"code": status, "message": words}})


@implementer(IStrategy)
@define
class Written:
    """
    Stands for what writes to all pods.
    """

    case: AggregatesCase
    writes: list[tuple[str, bytes]] = field(factory=list)
    answer: Answer = field(factory=lambda: Answer(status=200))

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        Note what is asked.
        """
        body = await inbound.body.read(LIMIT)
        self.writes.append((inbound.method.decode(), body))
        return self.answer


class AggregatesCase(StrategyCase):
    """
    Three pods, each with a host; ``a`` is number 1 in the first, 7 in the second and 9 in the third.
    """

    def make(self) -> None:
        super().make()
        parts = AggregateParts(
            forwarder=self.forwarder,
            state=self.state,
            pods=self.pods,
            ids=self.book,
            budget=LIST_BUDGET,
            answer_budget=ANSWER_BUDGET,
        )
        self.written = Written(self)
        self.strategies["aggregates"] = AggregatesStrategy(
            parts=parts,
            hosts=AggregateHosts(parts=parts, forwarder=self.forwarder, budget=LIST_BUDGET),
            replicate=self.written,
            shield=Shield(began=lambda: None, ended=lambda: None),
            body_limit=LIMIT,
        )
        self.novas = {name: Nova(f"{name}-host") for name in ("Pod1", "Pod2", "Pod3")}
        for name, nova in self.novas.items():
            for method in ("GET", "POST", "PUT", "DELETE"):
                self.pods.on(name, method, "*", nova.answer)

    def everywhere(self, **metadata: str) -> None:
        """
        Let all pods have ``a``, as is known.
        """
        own = {"Pod1": 1, "Pod2": 7, "Pod3": 9}
        zone = metadata.get("availability_zone")
        for name, number in own.items():
            there = dict(metadata)
            if zone == "az1" and name != "Pod3":
                there["availability_zone"] = "nova"
            self.novas[name].has(number, **there)
        self.know({f"{name}-id": str(number) for name, number in own.items()}, uuid="u-top")

    def know(self, refs: dict[str, str], **document: Any) -> None:
        """
        Write down which pods have ``a``.
        """
        copies = {
            pod_id: SharedCopy(pod_id=pod_id, pod_ref=ref, state=CopyState.CURRENT, version=1)
            for pod_id, ref in refs.items()
        }
        resource = SharedResource(key=SharedKey(KIND, "a"), top_id=TOP, document=document, version=1)
        self.book._take(SharedState(resource=resource, copies=copies))

    def listed(self, **more: Any) -> list[dict[str, Any]]:
        """
        The list, without what stands for pods.
        """
        items = self.shown(self.asked("GET", PATH, context=ADMIN, **more))["aggregates"]
        return [item for item in items if not item["name"].startswith("ag_")]

    def changes(self) -> dict[str, list[tuple[str, str, Any]]]:
        """
        What was changed in which pod.
        """
        return {name: nova.changes for name, nova in self.novas.items() if nova.changes}

    def words(self, answer: Answer) -> tuple[int, str]:
        """
        Status and words of a refusal.
        """
        return answer.status, next(iter(self.shown(answer).values()))["message"]

    def acts(self, action: str, host: str, path: str = ONE, **more: Any) -> Answer:
        """
        Add or remove a host.
        """
        return self.asked("POST", f"{path}/action", {action: {"host": host}}, context=ADMIN, **more)


class ListTests(AggregatesCase):
    """
    The list.
    """

    def test_joined(self) -> None:
        """
        What is one in all pods is listed once, by the number that users know, with the hosts of all and the zone's top name.
        """
        self.everywhere(availability_zone="az1", ssd="true")
        self.novas["Pod1"].aggregates[0]["hosts"] = ["Pod1-host"]
        self.novas["Pod2"].aggregates[0]["hosts"] = ["Pod2-host"]

        (item,) = self.listed()

        self.assertEqual(int(TOP), item["id"])
        self.assertEqual("u-top", item["uuid"])
        self.assertEqual("made-Pod1-host", item["created_at"])
        self.assertEqual(["Pod1-host", "Pod2-host"], item["hosts"])
        self.assertEqual("az1", item["availability_zone"])
        self.assertEqual({"availability_zone": "az1", "ssd": "true"}, item["metadata"])

    def test_unknown(self) -> None:
        """
        What only a pod has, has its number with the pod's in front; one name is listed once before it is known to be one.
        """
        self.novas["Pod2"].has(1, "b", ("Pod2-host",))
        self.novas["Pod3"].has(1, "c")
        self.novas["Pod3"].has(2, "b", ("Pod3-host",))

        self.assertEqual(
            [("b", 20000000001, ["Pod2-host", "Pod3-host"]), ("c", 30000000001, [])],
            [(item["name"], item["id"], item["hosts"]) for item in self.listed()],
        )

    def test_of_pods(self) -> None:
        """
        An aggregate stands for each pod, with its zone and no hosts; its uuid from 2.41 on.
        """
        items = self.shown(self.asked("GET", PATH, context=ADMIN))["aggregates"]
        self.assertEqual(
            [
                (10000000000, "ag_Pod1", "az1"),
                (20000000000, "ag_Pod2", "az1"),
                (30000000000, "ag_Pod3", "az2"),
            ],
            [(item["id"], item["name"], item["availability_zone"]) for item in items],
        )
        self.assertEqual({"availability_zone": "az2"}, items[2]["metadata"])
        self.assertEqual(([], None, False), (items[0]["hosts"], items[0]["deleted_at"], items[0]["deleted"]))
        self.assertNotIn("uuid", items[0])
        newer = self.shown(self.asked("GET", PATH, context=ADMIN, version=(2, 41)))["aggregates"]
        self.assertEqual(3, len({item["uuid"] for item in newer}))

        self.novas["Pod1"].has(4, "ag_Pod1")
        again = self.shown(self.asked("GET", PATH, context=ADMIN))["aggregates"]
        self.assertEqual([10000000004, 20000000000, 30000000000], [item["id"] for item in again])

    def test_left_out(self) -> None:
        """
        A pod that is silent, or says something else, is left out; with all of them there is no list.
        """
        self.everywhere()
        for script in (Unreachable(), Broken(), Reply(500), Reply(200, {"aggregates": 5}), Reply(200, b"[")):
            self.pods.on("Pod1", "GET", PATH, script)
            answer = self.asked("GET", PATH, context=ADMIN)
            self.assertEqual((self.pod1,), answer.missing)
            shown = next(item for item in self.shown(answer)["aggregates"] if item["name"] == "a")
            self.assertEqual((int(TOP), "u-top"), (shown["id"], shown["uuid"]))
        for name in ("Pod1", "Pod2", "Pod3"):
            self.pods.on(name, "GET", PATH, Unreachable())
        self.refused(Unavailable, "GET", PATH, context=ADMIN)

    def test_refused(self) -> None:
        """
        A pod that refuses the caller decides for all.
        """
        self.novas["Pod2"].admin_only = True

        self.assertEqual((403, "Policy doesn't allow it."), self.words(self.asked("GET", PATH)))

    def test_disabled(self) -> None:
        """
        A disabled pod is not there.
        """
        self.everywhere()
        self.change_pod(self.pod1, state=PodState.DISABLED)

        items = self.shown(self.asked("GET", PATH, context=ADMIN))["aggregates"]

        self.assertEqual(["a", "ag_Pod2", "ag_Pod3"], [item["name"] for item in items])
        self.assertEqual(["Pod2", "Pod3"], self.pods.asked())


class ShowTests(AggregatesCase):
    """
    One aggregate.
    """

    def test_show(self) -> None:
        """
        Each pod is asked for its own number, and the hosts of all are shown.
        """
        self.everywhere(availability_zone="fast")
        self.novas["Pod3"].aggregates[0]["hosts"] = ["Pod3-host"]

        shown = self.shown(self.asked("GET", ONE, context=ADMIN))["aggregate"]

        self.assertEqual((int(TOP), "a", "fast"), (shown["id"], shown["name"], shown["availability_zone"]))
        self.assertEqual((["Pod3-host"], "u-top"), (shown["hosts"], shown["uuid"]))
        self.assertEqual([f"{PATH}/1", f"{PATH}/7", f"{PATH}/9"], [called.path for called in self.pods.calls])

    def test_parts(self) -> None:
        """
        A pod that is silent is left out and told; one that lacks it is not; nobody who has it is 404, a silent pod 503.
        """
        self.everywhere()
        self.pods.on("Pod1", "GET", f"{PATH}/1", Hang())
        self.novas["Pod3"].aggregates.clear()
        started = self.started("GET", ONE, context=ADMIN)
        self.clock.advance(LIST_BUDGET)
        answer = self.answered(started)
        self.assertEqual((self.pod1,), answer.missing)
        self.assertEqual(int(TOP), self.shown(answer)["aggregate"]["id"])

        self.novas["Pod2"].aggregates.clear()
        self.pods.on("Pod1", "GET", f"{PATH}/1", Unreachable())
        self.refused(Unavailable, "GET", ONE, context=ADMIN)
        self.novas["Pod1"].aggregates.clear()
        self.pods.on("Pod1", "GET", f"{PATH}/1", self.novas["Pod1"].answer)
        gone = self.refused(NotFound, "GET", ONE, context=ADMIN)
        self.assertEqual(f"Aggregate {TOP} could not be found.", gone.message)

    def test_of_one_pod(self) -> None:
        """
        What only a pod has is asked of that; its number means nothing where another stands for it.
        """
        self.everywhere()
        self.novas["Pod2"].has(3, "b")
        shown = self.shown(self.asked("GET", f"{PATH}/20000000003", context=ADMIN))["aggregate"]
        self.assertEqual(("b", 20000000003), (shown["name"], shown["id"]))
        self.assertEqual(["Pod2"], self.pods.asked())
        gone = self.refused(NotFound, "GET", f"{PATH}/20000000007", context=ADMIN)
        self.assertEqual("Aggregate 20000000007 could not be found.", gone.message)

    def test_nobodys(self) -> None:
        """
        A pod's own number is nobody's, and the pods say who may ask and what is no number.
        """
        self.everywhere()
        for number in ("1", "999999", "-1", "99999999999999999999"):
            gone = self.refused(NotFound, "GET", f"{PATH}/{number}", context=ADMIN)
            self.assertEqual(f"Aggregate {number} could not be found.", gone.message)
        answer = self.asked("GET", f"{PATH}/abc", context=ADMIN)
        self.assertEqual((400, "Invalid input received: id must be an integer"), self.words(answer))
        for nova in self.novas.values():
            nova.admin_only = True
        for number in (TOP, "1", "10000000000"):
            self.assertEqual(403, self.asked("GET", f"{PATH}/{number}").status)

    def test_of_a_pod(self) -> None:
        """
        What stands for a pod is shown to those who may see aggregates.
        """
        shown = self.shown(self.asked("GET", f"{PATH}/30000000000", context=ADMIN))["aggregate"]
        self.assertEqual(("ag_Pod3", "az2"), (shown["name"], shown["availability_zone"]))


class HostTests(AggregatesCase):
    """
    Hosts are added and removed in their own pods.
    """

    def test_add(self) -> None:
        """
        The pod that has the host is asked, with its own number; the answer has the hosts of all pods.
        """
        self.everywhere()
        self.novas["Pod1"].aggregates[0]["hosts"] = ["Pod1-host"]

        answer = self.acts("add_host", "Pod2-host")

        shown = self.shown(answer)["aggregate"]
        self.assertEqual((int(TOP), ["Pod1-host", "Pod2-host"]), (shown["id"], shown["hosts"]))
        self.assertEqual(
            {"Pod2": [("POST", f"{PATH}/7/action", {"add_host": {"host": "Pod2-host"}})]}, self.changes()
        )
        again = self.acts("add_host", "Pod2-host")
        self.assertEqual((409, f"Aggregate {TOP} already has host Pod2-host."), self.words(again))

    def test_remove(self) -> None:
        """
        So it is with a host that is removed.
        """
        self.everywhere()
        self.novas["Pod1"].aggregates[0]["hosts"] = ["Pod1-host"]
        self.novas["Pod3"].aggregates[0]["hosts"] = ["Pod3-host"]

        shown = self.shown(self.acts("remove_host", "Pod3-host"))["aggregate"]

        self.assertEqual(["Pod1-host"], shown["hosts"])
        self.assertEqual(["Pod3"], list(self.changes()))
        again = self.acts("remove_host", "Pod3-host")
        self.assertEqual((404, f"Cannot remove host Pod3-host in aggregate {TOP}"), self.words(again))

    def test_unknown_host(self) -> None:
        """
        A host that no pod has is 404 in Nova's words, and nobody knows while a pod is silent.
        """
        self.everywhere()
        answer = self.acts("add_host", "nowhere")
        self.assertEqual((404, "Compute host nowhere could not be found."), self.words(answer))
        answer = self.acts("remove_host", "nowhere")
        self.assertEqual((404, f"Cannot remove host nowhere in aggregate {TOP}"), self.words(answer))
        self.pods.on("Pod3", "GET", "/v2.1/os-services", Unreachable())
        body = {"add_host": {"host": "nowhere"}}
        self.refused(Unavailable, "POST", f"{ONE}/action", body, context=ADMIN)
        self.assertEqual(200, self.acts("add_host", "Pod1-host").status)

    def test_malformed(self) -> None:
        """
        What is malformed is a pod's to refuse.
        """
        self.everywhere()
        self.pods.on("Pod1", "POST", f"{PATH}/1/action", refusal(400, "badRequest", "no"))
        for body in (
            {"add_host": {}},
            {"add_host": {"host": 5}},
            {"add_host": 5},
            {},
            b"[",
            {"a": 1, "b": 2},
            {"x": {}},
        ):
            answer = self.asked("POST", f"{ONE}/action", body, context=ADMIN)
            self.assertEqual((400, "no"), self.words(answer))

    def test_unknown_aggregate(self) -> None:
        """
        An aggregate that nobody has is 404, whichever pod has the host.
        """
        body = {"add_host": {"host": "Pod3-host"}}
        gone = self.refused(NotFound, "POST", f"{PATH}/999/action", body, context=ADMIN)
        self.assertEqual("Aggregate 999 could not be found.", gone.message)
        self.assertEqual(["Pod3"], list(self.changes()))

    def test_behind(self) -> None:
        """
        A pod that does not have the aggregate yet gets it soon: 503 until then.
        """
        self.novas["Pod1"].has(1)
        self.know({"Pod1-id": "1"})
        body = {"add_host": {"host": "Pod2-host"}}
        later = self.refused(Unavailable, "POST", f"{ONE}/action", body, context=ADMIN)
        self.assertIn((b"Retry-After", b"10"), later.headers)
        self.assertEqual({}, self.changes())

    def test_another_zone(self) -> None:
        """
        A host of a pod in another zone is refused in Nova's words for a host that is in another zone.
        """
        self.everywhere(availability_zone="az1")
        body = {"add_host": {"host": "Pod3-host"}}
        refused = self.refused(Conflict, "POST", f"{ONE}/action", body, context=ADMIN)
        self.assertEqual(
            f"Cannot add host to aggregate {TOP}. Reason: One or more hosts already in availability zone(s) ['az2'].",
            refused.message,
        )
        self.assertEqual({}, self.changes())
        self.assertEqual(200, self.acts("add_host", "Pod2-host").status)

    def test_own_zone(self) -> None:
        """
        A zone that is no pod's takes hosts of all.
        """
        self.everywhere(availability_zone="fast")
        for name in self.novas:
            answer = self.acts("add_host", f"{name}-host")
        self.assertEqual(["Pod1-host", "Pod2-host", "Pod3-host"], self.shown(answer)["aggregate"]["hosts"])

    def test_member(self) -> None:
        """
        Whoever may not is told so by a pod.
        """
        self.everywhere()
        for nova in self.novas.values():
            nova.admin_only = True
        body = {"add_host": {"host": "Pod3-host"}}
        answer = self.asked("POST", f"{ONE}/action", body)
        self.assertEqual((403, "Policy doesn't allow it."), self.words(answer))

    def test_late(self) -> None:
        """
        The pod with the host that does not answer is 504; a pod that is silent afterwards is only left out.
        """
        self.everywhere()
        self.pods.on("Pod2", "GET", f"{PATH}/7", Unreachable())
        answer = self.acts("add_host", "Pod1-host")
        self.assertEqual((200, (self.pod2,)), (answer.status, answer.missing))
        self.pods.on("Pod1", "POST", f"{PATH}/1/action", Hang())
        started = self.started("POST", f"{ONE}/action", {"remove_host": {"host": "Pod1-host"}}, context=ADMIN)
        self.clock.advance(ANSWER_BUDGET)
        self.failureResultOf(started, GatewayTimeout)

    def test_images(self) -> None:
        """
        Images are fetched in the pods that have hosts of the aggregate; a refusal of the first is asked of no other.
        """
        self.everywhere()
        for name in ("Pod2", "Pod3"):
            self.novas[name].aggregates[0]["hosts"] = [f"{name}-host"]
        body = {"cache": [{"id": "i1"}]}

        answer = self.asked("POST", f"{ONE}/images", body, context=ADMIN, version=(2, 81))

        self.assertEqual(202, answer.status)
        self.assertEqual(
            {"Pod2": [("POST", f"{PATH}/7/images", body)], "Pod3": [("POST", f"{PATH}/9/images", body)]},
            self.changes(),
        )
        self.pods.on(
            "Pod2", "POST", f"{PATH}/7/images", refusal(400, "badRequest", "Duplicate images in request")
        )
        self.novas["Pod3"].changes.clear()
        answer = self.asked("POST", f"{ONE}/images", body, context=ADMIN, version=(2, 81))
        self.assertEqual((400, "Duplicate images in request"), self.words(answer))
        self.assertEqual([], self.novas["Pod3"].changes)

    def test_images_without_hosts(self) -> None:
        """
        Without hosts one pod says what it is to say.
        """
        self.everywhere()
        self.assertEqual(202, self.asked("POST", f"{ONE}/images", {"cache": []}, context=ADMIN).status)
        self.assertEqual(["Pod1"], list(self.changes()))


class WriteTests(AggregatesCase):
    """
    What is written to all pods.
    """

    def setUp(self) -> None:
        super().setUp()
        self.everywhere(availability_zone="fast")
        self.shown_then = {"aggregate": {"id": int(TOP), "uuid": "u1", "name": "b", "hosts": []}}
        self.written.answer = Answer(status=200, body=orjson.dumps(self.shown_then))

    def changed(self, method: str, body: Any = b"", below: str = "") -> Answer:
        """
        Change the aggregate.
        """
        return self.asked(method, ONE + below, body, context=ADMIN)

    def refusal(self, method: str, body: Any = b"", below: str = "", path: str = ONE) -> str:
        """
        The words of a 400.
        """
        words: str = self.refused(BadRequest, method, path + below, body, context=ADMIN).message
        self.assertEqual([], self.written.writes)
        return words

    def test_create(self) -> None:
        """
        A create goes on as it was sent.
        """
        body = b'{"aggregate": {"name":"n"}}'
        self.asked("POST", PATH, body, context=ADMIN)
        self.assertEqual([("POST", body)], self.written.writes)

    def test_create_at_one_pod(self) -> None:
        """
        Where one pod alone was asked, its number gets the pod's in front.
        """
        self.written.answer = Answer(status=200, body=b'{"aggregate": {"id": 4}}', pods=("Pod2",))
        answer = self.asked("POST", PATH, b'{"aggregate": {"name":"n"}}', context=ADMIN)
        self.assertEqual(20000000004, self.shown(answer)["aggregate"]["id"])

    def test_names_of_pods(self) -> None:
        """
        What stands for a pod has its name, and nothing of it can be changed.
        """
        body = {"aggregate": {"name": "ag_Pod1"}}
        taken = self.refused(Conflict, "POST", PATH, body, context=ADMIN)
        self.assertEqual("Aggregate ag_Pod1 already exists.", taken.message)
        path = f"{PATH}/20000000000"
        why = "Reason: It stands for a part of the cloud."
        metadata = {"set_metadata": {"metadata": {}}}
        self.assertEqual(
            f"Cannot update aggregate 20000000000. {why}", self.refusal("PUT", {"aggregate": {}}, path=path)
        )
        self.assertEqual(
            f"Cannot remove host from aggregate 20000000000. {why}", self.refusal("DELETE", path=path)
        )
        self.assertEqual(
            f"Cannot update metadata of aggregate 20000000000. {why}",
            self.refusal("POST", metadata, "/action", path),
        )
        body = {"add_host": {"host": "h"}}
        conflict = self.refused(Conflict, "POST", f"{path}/action", body, context=ADMIN)
        self.assertEqual(f"Cannot add host to aggregate 20000000000. {why}", conflict.message)
        body = {"remove_host": {"host": "h"}}
        gone = self.refused(NotFound, "POST", f"{path}/action", body, context=ADMIN)
        self.assertEqual("Cannot remove host h in aggregate 20000000000", gone.message)
        self.assertEqual({}, self.changes())

    def test_zone_of_a_pod(self) -> None:
        """
        The pods' own names of their zones are no zones at the top.
        """
        words = "The requested availability zone is not available"
        body = {"aggregate": {"name": "n", "availability_zone": "nova"}}
        self.assertEqual(words, self.refusal("POST", body, path=PATH))
        self.assertEqual(words, self.refusal("PUT", body))
        metadata = {"set_metadata": {"metadata": {"availability_zone": "nova"}}}
        self.assertEqual(words, self.refusal("POST", metadata, "/action"))

    def test_update(self) -> None:
        """
        An update goes to all pods, and is shown with the hosts of all.
        """
        self.novas["Pod3"].aggregates[0]["hosts"] = ["Pod3-host"]
        answer = self.changed("PUT", {"aggregate": {"name": "b"}})
        shown = self.shown(answer)["aggregate"]
        self.assertEqual(("b", ["Pod3-host"], "u-top"), (shown["name"], shown["hosts"], shown["uuid"]))
        self.assertEqual([("PUT", b'{"aggregate":{"name":"b"}}')], self.written.writes)

    def test_refused_update(self) -> None:
        """
        A refusal is passed on.
        """
        self.written.answer = Answer(status=409, body=b'{"conflictingRequest": {}}')
        answer = self.changed("PUT", {"aggregate": {"name": "b"}})
        self.assertEqual((409, b'{"conflictingRequest": {}}'), (answer.status, answer.body))

    def test_delete_with_hosts(self) -> None:
        """
        What has a host in any pod stays in all.
        """
        self.novas["Pod3"].aggregates[0]["hosts"] = ["Pod3-host"]
        words = f"Cannot remove host from aggregate {TOP}. Reason: Host aggregate is not empty."
        self.assertEqual(words, self.refusal("DELETE"))
        self.novas["Pod3"].aggregates[0]["hosts"] = []
        self.assertEqual(200, self.changed("DELETE").status)
        self.assertEqual([("DELETE", b"")], self.written.writes)

    def test_zone_with_hosts(self) -> None:
        """
        A zone is not given to hosts that have servers, are in another zone by another aggregate, or in a pod of another one.
        """
        nova = self.novas["Pod2"]
        nova.aggregates[0]["hosts"] = ["Pod2-host"]
        update = {"aggregate": {"availability_zone": "slow"}}
        metadata = {"set_metadata": {"metadata": {"availability_zone": "az2"}}}

        nova.busy = True
        words = f"Cannot update aggregate {TOP}. Reason: One or more hosts contain instances in this zone."
        self.assertEqual(words, self.refusal("PUT", update))
        nova.has(8, "other", ("Pod2-host",), availability_zone="fast")
        words = f"Cannot update aggregate {TOP}. Reason: One or more hosts already in availability zone(s) ['fast']."
        self.assertEqual(words, self.refusal("PUT", update))
        words = (
            f"Cannot update metadata of aggregate {TOP}. Reason: One or more hosts already in availability zone(s) "
            "['az1']."
        )
        self.assertEqual(words, self.refusal("POST", metadata, "/action"))
        self.assertEqual({}, self.changes())

    def test_zone_that_can_be(self) -> None:
        """
        The zone that it has, or any for hosts without servers, is given to it.
        """
        nova = self.novas["Pod2"]
        nova.aggregates[0]["hosts"] = ["Pod2-host"]
        self.changed("PUT", {"aggregate": {"availability_zone": "slow"}})
        nova.busy = True
        self.changed("PUT", {"aggregate": {"availability_zone": "fast"}})
        self.changed("POST", {"set_metadata": {"metadata": {"a": "b"}}}, "/action")
        self.assertEqual(3, len(self.written.writes))

    def test_of_one_pod(self) -> None:
        """
        What only a pod has is changed there alone.
        """
        self.novas["Pod2"].has(3, "c")
        answer = self.asked("PUT", f"{PATH}/20000000003", {"aggregate": {"name": "c"}}, context=ADMIN)
        self.assertEqual(20000000003, self.shown(answer)["aggregate"]["id"])
        self.assertEqual([], self.written.writes)
        self.assertEqual(["Pod2"], list(self.changes()))

    def test_nobodys(self) -> None:
        """
        What nobody has is 404.
        """
        gone = self.refused(NotFound, "DELETE", f"{PATH}/55", context=ADMIN)
        self.assertEqual("Aggregate 55 could not be found.", gone.message)
        self.assertEqual([], self.written.writes)

    def test_no_zones_at_all(self) -> None:
        """
        A pod without a zone of its own has no name that is forbidden.
        """
        self.has_pods(*(evolve(pod, pod_az_name="") for pod in (self.pod1, self.pod2, self.pod3)))
        self.changed("PUT", {"aggregate": {"availability_zone": "nova"}})
        self.assertEqual(1, len(self.written.writes))
