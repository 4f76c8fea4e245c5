"""
Zones that aggregates make of hosts: listed, asked for, and shown by their own names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred

from tests.unit.strategies.case import P1, S1, V1, StrategyCase, a_context, a_server
from tests.unit.strategies.doubles import Reply, Unreachable
from trio2o.errors import BadRequest, GatewayError, PodUnreachable, Unavailable
from trio2o.model import Kind, PlacementRequest, Pod, PodState
from trio2o.model.shared import SharedKey, SharedResource, SharedState
from trio2o.scheduling.binding_move import NO_MOVE
from trio2o.scheduling.explaining import Explanation
from trio2o.strategies.dry_run import DryRun

ZONES = "/v2.1/os-availability-zone"
SERVERS = "/v2.1/servers"
DETAIL = f"{SERVERS}/detail"
ADMIN = a_context(roles="admin")


def zone(name: str, *hosts: str) -> dict[str, Any]:
    """
    A zone as Nova lists it.
    """
    state = {"nova-compute": {"available": True}}
    return {
        "zoneName": name,
        "zoneState": {"available": True},
        "hosts": dict.fromkeys(hosts, state) or None,
    }


class OwnZoneTests(StrategyCase):
    """
    The zone ``fast`` of an aggregate, with hosts in Pod2.
    """

    def setUp(self) -> None:
        super().setUp()
        self.aggregate("1", "fast")
        self.lists({"Pod1": ["nova"], "Pod2": ["nova", "fast"], "Pod3": ["nova"]})

    def aggregate(self, top_id: str, zone: str | None, *, deleted: bool = False) -> None:
        """
        Let an aggregate be wanted.
        """
        metadata = {} if zone is None else {"availability_zone": zone}
        key = SharedKey("aggregate", f"a{top_id}")
        resource = SharedResource(
            key=key, top_id=top_id, document={"metadata": metadata}, version=1, deleted=deleted
        )
        self.book._take(SharedState(resource=resource))

    def lists(self, zones: dict[str, list[str]]) -> None:
        """
        Let pods list zones.
        """
        for pod, names in zones.items():
            listed = [zone(name) for name in names]
            self.pods.on(pod, "GET", ZONES, Reply(200, {"availabilityZoneInfo": listed}))

    def told(self) -> dict[str, bool]:
        """
        The zones that users see, and which of them are available.
        """
        listed = self.shown(self.asked("GET", ZONES))["availabilityZoneInfo"]
        return {shown["zoneName"]: shown["zoneState"]["available"] for shown in listed}

    def create(self, zone: str, **more: Any) -> Any:
        """
        Make a server.
        """
        server = {"name": "s", "flavorRef": "1", "availability_zone": zone}
        return self.asked("POST", SERVERS, {"server": server}, **more)

    def test_names(self) -> None:
        """
        What no pod is in, and no pod calls its own zone, is such a zone.
        """
        for number, name in enumerate(("az1", "az2", "nova", "slow", None), 2):
            self.aggregate(str(number), name)
        self.aggregate("9", "gone", deleted=True)

        self.assertEqual({"fast", "slow"}, self.own_zones.names())
        self.assertIs(self.own_zones.names(), self.own_zones.names())
        self.change_pod(self.pod3, az_name="slow")
        self.assertEqual({"fast", "az2"}, self.own_zones.names())

    def test_listed(self) -> None:
        """
        One is listed while a pod has hosts in it, and available as pods are; what pods have of their own is not.
        """
        self.lists({"Pod1": ["nova", "secret"]})
        self.assertEqual({"az1": True, "az2": True, "fast": True}, self.told())
        self.change_pod(self.pod2, state=PodState.DRAINING)
        self.assertEqual({"az1": True, "az2": True, "fast": False}, self.told())
        self.lists({"Pod2": ["nova"]})
        self.assertEqual({"az1": True, "az2": True}, self.told())

    def test_silent(self) -> None:
        """
        While a pod does not list its zones, each of whose hosts no other pod tells is listed, and not available: the pod may
        have them.
        """
        self.aggregate("2", "slow")
        for silent in (Unreachable(), Reply(500, {}), Reply(200, {"availabilityZoneInfo": None})):
            self.pods.on("Pod1", "GET", ZONES, silent)
            self.assertEqual({"az1": True, "az2": True, "fast": True, "slow": False}, self.told())

        for name in ("Pod2", "Pod3"):
            listed = [zone("nova", f"{name}-a"), zone("fast", f"{name}-b")]
            self.pods.on(name, "GET", f"{ZONES}/detail", Reply(200, {"availabilityZoneInfo": listed}))
        self.pods.on("Pod1", "GET", f"{ZONES}/detail", Unreachable())
        answer = self.asked("GET", f"{ZONES}/detail", context=ADMIN)
        detail = {each["zoneName"]: each for each in self.shown(answer)["availabilityZoneInfo"]}
        self.assertEqual(
            {"zoneName": "slow", "zoneState": {"available": False}, "hosts": None}, detail["slow"]
        )
        self.assertEqual(["Pod2-b", "Pod3-b"], sorted(detail["fast"]["hosts"]))

    def test_hosts_away(self) -> None:
        """
        One whose hosts the pods say are away is not available, though the pods answer.
        """
        listed = [zone("nova"), {**zone("fast", "Pod2-b"), "zoneState": {"available": False}}]
        for path in (ZONES, f"{ZONES}/detail"):
            self.pods.on("*", "GET", path, Reply(200, {"availabilityZoneInfo": [zone("nova")]}))
            self.pods.on("Pod2", "GET", path, Reply(200, {"availabilityZoneInfo": listed}))
        self.assertEqual({"az1": True, "az2": True, "fast": False}, self.told())
        answer = self.asked("GET", f"{ZONES}/detail", context=ADMIN)
        detail = {each["zoneName"]: each for each in self.shown(answer)["availabilityZoneInfo"]}
        self.assertFalse(detail["fast"]["zoneState"]["available"])

    def test_detail(self) -> None:
        """
        Its hosts are those of all pods, also of one without a zone of its own.
        """
        for name in ("Pod1", "Pod2", "Pod3"):
            listed = [zone("nova", f"{name}-a"), zone("fast", f"{name}-b")]
            self.pods.on(name, "GET", f"{ZONES}/detail", Reply(200, {"availabilityZoneInfo": listed}))

        shown = self.shown(self.asked("GET", f"{ZONES}/detail", context=ADMIN))["availabilityZoneInfo"]

        self.assertEqual(
            {
                "az1": ["Pod1-a", "Pod2-a"],
                "az2": ["Pod3-a"],
                "fast": ["Pod1-b", "Pod2-b", "Pod3-b"],
            },
            {each["zoneName"]: sorted(each["hosts"]) for each in shown},
        )

    def test_create(self) -> None:
        """
        A server goes to a pod with hosts in the zone, with the zone as it was named, binds nothing, and shows the zone.
        """
        self.is_bound(self.pod1)
        made = {"server": {"id": S1, "OS-EXT-AZ:availability_zone": "fast"}}
        self.pods.on("Pod2", "POST", SERVERS, Reply(202, made))

        answer = self.create("fast")

        self.assertEqual(
            (202, "fast"), (answer.status, self.shown(answer)["server"]["OS-EXT-AZ:availability_zone"])
        )
        self.assertIn(b'"availability_zone":"fast"', self.pods.last.body)
        self.assertEqual(["Pod1"], self.bound_pods())

    def test_no_hosts(self) -> None:
        """
        A zone in which no pod has hosts is none, in Nova's words; a silent pod may have some.
        """
        self.lists({"Pod2": ["nova"]})
        body = {"server": {"name": "s", "availability_zone": "fast"}}
        words = self.refused(BadRequest, "POST", SERVERS, body).message
        self.assertEqual("The requested availability zone is not available", words)
        for silent in (Unreachable(), Reply(500, {}), Reply(200, b"<html>")):
            self.pods.on("Pod2", "GET", ZONES, silent)
            self.refused(GatewayError, "POST", SERVERS, body)
        body = {"server": {"name": "s", "availability_zone": "secret"}}
        self.refused(BadRequest, "POST", SERVERS, body)

    def test_shown(self) -> None:
        """
        Servers are shown and listed in it, and in no other zone that a pod names.
        """
        self.has_route(S1, self.pod2)
        for there, told in (("fast", "fast"), ("nova", "az1"), ("secret", "az1")):
            server = a_server(1, "Pod2", **{"OS-EXT-AZ:availability_zone": there})
            self.pods.on("Pod2", "GET", f"{SERVERS}/{S1}", Reply(200, {"server": server}))
            shown = self.shown(self.asked("GET", f"{SERVERS}/{S1}"))["server"]
            self.assertEqual(told, shown["OS-EXT-AZ:availability_zone"])
            self.pods.on("*", "GET", DETAIL, Reply(200, {"servers": []}))
            self.pods.on("Pod2", "GET", DETAIL, Reply(200, {"servers": [server]}))
            (listed,) = self.shown(self.asked("GET", DETAIL))["servers"]
            self.assertEqual(told, listed["OS-EXT-AZ:availability_zone"])

    def test_unshelve(self) -> None:
        """
        A server is unshelved to it, by the same name, in its own pod.
        """
        self.has_route(S1, self.pod2)
        action = f"{SERVERS}/{S1}/action"
        self.pods.on("Pod2", "POST", action, Reply(202))
        body = {"unshelve": {"availability_zone": "fast"}}
        self.assertEqual(202, self.asked("POST", action, body, version=(2, 77)).status)
        self.assertIn(b'"availability_zone":"fast"', self.pods.last.body)
        self.refused(BadRequest, "POST", action, {"unshelve": {"availability_zone": "secret"}})

    def test_filter(self) -> None:
        """
        A list of what is in the zone asks all pods, by the same name.
        """
        self.pods.on("*", "GET", DETAIL, Reply(200, {"servers": []}))
        self.asked("GET", f"{DETAIL}?availability_zone=fast", context=ADMIN)
        self.assertEqual(["Pod1", "Pod2", "Pod3"], self.pods.asked("GET", DETAIL))
        self.assertIn(b"availability_zone=fast", self.pods.last.call.target)

    def test_volumes(self) -> None:
        """
        Cinder knows nothing of it.
        """
        path = f"/v3/{P1}/os-availability-zone"
        listed = self.shown(self.asked("GET", path, surface="volume"))["availabilityZoneInfo"]
        self.assertEqual(["az1", "az2"], [shown["zoneName"] for shown in listed])
        body = {"volume": {"size": 1, "availability_zone": "fast"}}
        self.refused(BadRequest, "POST", f"/v3/{P1}/volumes", body, surface="volume")

    def test_elsewhere(self) -> None:
        """
        What the body names, and the zone, have to share a pod.
        """
        disk = {"uuid": V1, "source_type": "volume", "destination_type": "volume", "boot_index": 0}
        server = {"name": "s", "availability_zone": "fast", "block_device_mapping_v2": [disk]}
        self.has_route(V1, self.pod1, kind=Kind.VOLUME)
        self.refused(BadRequest, "POST", SERVERS, {"server": server})
        self.lists({"Pod1": ["fast"]})
        self.pods.on("Pod1", "POST", SERVERS, Reply(202, {"server": {"id": S1}}))
        self.assertEqual(202, self.asked("POST", SERVERS, {"server": server}).status)

    def explained(self, zone: str) -> Explanation:
        """
        What the dry run tells.
        """
        return self.successResultOf(self.dry_run(zone))

    def dry_run(self, zone: str, kind: Kind = Kind.SERVER) -> Deferred[Explanation]:
        """
        Begin one.
        """
        run = DryRun(
            placement=self.placement, own_zones=self.own_zones, ask=self.ask, type_name=lambda _: "gold"
        )
        request = PlacementRequest(project_id=P1, kind=kind, availability_zone=zone, volume_type="an id")
        return self.deferred(run.explain(request, unknown_zone="no {zone}"))

    async def ask(self, pod: Pod) -> Mapping[str, Any] | None:
        """
        What a pod lists.
        """
        if pod.id in self.pods.sick:
            raise PodUnreachable(pod.name, "it is away", sent=False)
        there = ["nova", "fast"] if pod.name == "Pod2" else ["nova"]
        return {"availabilityZoneInfo": [zone(name) for name in there]}

    def test_dry_run(self) -> None:
        """
        The pods with hosts in it are ranked, no other, and no binding would be made; as with the create.
        """
        self.is_bound(self.pod1)
        told = self.explained("fast")
        self.assertEqual(["Pod2"], [pod.name for pod in told.ranking.pods])
        self.assertIsNone(told.request.availability_zone)
        self.assertEqual("gold", told.request.volume_type)
        self.assertIs(NO_MOVE, told.move)
        self.assertEqual("Pod1", self.explained("az1").ranking.pods[0].name)

    def test_dry_run_unknown(self) -> None:
        """
        One without hosts is unknown, as it is to volumes, and as long as a pod is away nobody knows.
        """
        self.aggregate("2", "slow")
        for name, kind in (("slow", Kind.SERVER), ("fast", Kind.VOLUME), ("secret", Kind.SERVER)):
            refused = self.failureResultOf(self.dry_run(name, kind), BadRequest)
            self.assertEqual(f"no {name}", refused.value.message)
        self.pods.sick.add("Pod1-id")
        self.assertEqual(["Pod2"], [pod.name for pod in self.explained("fast").ranking.pods])
        self.failureResultOf(self.dry_run("slow"), Unavailable)
