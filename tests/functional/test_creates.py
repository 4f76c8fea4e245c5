"""
Creating servers and volumes through the top region: what reaches the pod, where it goes, what is bound and recorded.
"""

from __future__ import annotations

import hashlib
import json

from twisted.internet.defer import Deferred

from tests.functional.cloud import (
    IMAGE,
    NOTHING,
    TWO_PODS,
    Cloud,
    CloudCase,
    PodPlan,
    a_server,
    a_volume,
    available,
    hang_up,
    pause,
    settled,
)
from tests.interface.waiting import until

#: Every field that a create at 2.94 knows, and some text that a careless rewriter would touch.
EVERY_FIELD = {
    "server": {
        "name": "every field: http://127.0.0.1/v2.1/servers and az1",
        "imageRef": IMAGE,
        "flavorRef": "1",
        "adminPass": "s3cret",
        "metadata": {"availability_zone": "az1", "href": "http://127.0.0.1:8774/v2.1/servers/x"},
        "networks": "none",
        "OS-DCF:diskConfig": "MANUAL",
        "accessIPv4": "192.0.2.1",
        "accessIPv6": "2001:db8::1",
        "block_device_mapping_v2": [
            {"boot_index": 0, "uuid": IMAGE, "source_type": "image", "destination_type": "local"}
        ],
        "config_drive": True,
        "min_count": 1,
        "max_count": 1,
        "user_data": "IyEvYmluL3NoCg==",
        "description": "ünïcode ☃",
        "tags": ["a", "b"],
        "hostname": "every-field",
    },
    "os:scheduler_hints": {"query": '[">=", "$free_ram_mb", 1024]'},
}


class FieldsTests(CloudCase):
    """
    What the client sent is what the pod gets (I3).
    """

    async def test_server_body(self) -> None:
        """
        A create that names no zone reaches Nova byte by byte, whatever fields and spacing it has.
        """
        cloud = await self.cloud(TWO_PODS)
        sent = json.dumps(EVERY_FIELD, indent=3).encode()

        made = await cloud.demo.compute.post("/v2.1/servers", data=sent, version="2.94")

        self.assertEqual(202, made.status, made.body)
        (got,) = cloud.pod("Pod1").nova.creates()
        self.assertEqual(hashlib.sha256(sent).hexdigest(), got["body_sha256"])

    async def test_volume_body(self) -> None:
        """
        A create that names no zone reaches Cinder byte by byte.
        """
        cloud = await self.cloud(TWO_PODS)
        wanted = a_volume("az1", description="☃ az1", metadata={"availability_zone": "az1", "k": ""})
        sent = json.dumps(wanted, indent=1).encode()

        made = await cloud.demo.volume.post("/v3/{project}/volumes", data=sent, version="3.60")

        self.assertEqual(202, made.status, made.body)
        (got,) = cloud.pod("Pod1").cinder.creates()
        self.assertEqual(hashlib.sha256(sent).hexdigest(), got["body_sha256"])

    async def test_unknown_fields(self) -> None:
        """
        A field that no release knows reaches the pod, which is the one to refuse it.
        """
        cloud = await self.cloud(TWO_PODS)

        made = await cloud.demo.compute.post("/v2.1/servers", a_server(from_the_future={"a": [1, None]}))

        self.refused(made, 400, "badRequest", "from_the_future")
        (got,) = cloud.pod("Pod1").nova.creates()
        self.assertEqual({"a": [1, None]}, got["body"]["server"]["from_the_future"])

    async def test_headers(self) -> None:
        """
        The client's own header fields and its microversion reach the pod.
        """
        cloud = await self.cloud(TWO_PODS)

        await cloud.demo.compute.post(
            "/v2.1/servers", a_server(networks="none"), version="2.79", headers={"X-Whatever": "as it is"}
        )

        (got,) = cloud.pod("Pod1").nova.creates()
        self.assertEqual(["as it is"], got["headers"]["x-whatever"])
        self.assertEqual(["compute 2.79"], got["headers"]["openstack-api-version"])

    async def test_explained(self) -> None:
        """
        An admin is told why the create went there, also where no pod can take it; others are not, and no pod is asked for it.
        """
        cloud = await self.cloud(TWO_PODS)
        asked = {"X-Trio2o-Explain": "true"}

        made = await cloud.admin.compute.post("/v2.1/servers", a_server(), headers=asked)
        self.assertEqual(202, made.status)
        told = json.loads(made.header("X-Trio2o-Explanation") or "")
        self.assertEqual(("create", "Pod1"), (told["move"], told["ranked"][0]["pod"]))
        self.assertEqual([0.0, 0.0], told["ranked"][0]["weights"]["binding"])
        other = await cloud.demo.compute.post("/v2.1/servers", a_server(), headers=asked)
        self.assertEqual(202, other.status)
        self.assertIsNone(other.header("X-Trio2o-Explanation"))
        for got in cloud.pod("Pod1").nova.creates():
            self.assertNotIn("x-trio2o-explain", got["headers"])

    async def test_created_from(self) -> None:
        """
        The server that Nova made has every field that was asked for.
        """
        cloud = await self.cloud(TWO_PODS)

        made = await cloud.demo.compute.post("/v2.1/servers", EVERY_FIELD, version="2.94")

        server = cloud.pod("Pod1").servers()[made.json["server"]["id"]]
        self.assertEqual(EVERY_FIELD["server"], server.created_from)

    async def test_boot_from_volume_path(self) -> None:
        """
        The older path os-volumes_boot creates as /servers does.
        """
        cloud = await self.cloud(TWO_PODS)

        made = await cloud.demo.compute.post("/v2.1/os-volumes_boot", a_server())

        self.assertEqual(202, made.status, made.body)
        shown = await cloud.demo.compute.get(f"/v2.1/servers/{made.json['server']['id']}")
        self.assertEqual(200, shown.status)


class ZoneTests(CloudCase):
    """
    Availability zones choose pods, and are the top's in every answer (I4).
    """

    ZONED = (
        PodPlan(name="Pod1", section={"pod_az": "inner"}, fake={"availability_zones": ["inner"]}),
        PodPlan(name="Pod2", zone="az2", section={"pod_az": "nova"}),
        PodPlan(name="Pod3", zone="az3"),
    )

    async def test_server_zone_picks_the_pod(self) -> None:
        """
        A server goes to a pod of the zone that it names.
        """
        cloud = await self.cloud()

        server = await cloud.demo.create_server(availability_zone="az2")

        self.assertEqual("Pod3", cloud.pod_of(server))

    async def test_volume_zone_picks_the_pod(self) -> None:
        """
        A volume goes to a pod of the zone that it names.
        """
        cloud = await self.cloud()

        await cloud.demo.create_volume(availability_zone="az2")

        self.assertEqual(["Pod3"], cloud.pods_with_creates("cinder"))

    async def test_unknown_zone_of_a_server(self) -> None:
        """
        A zone that no pod has is refused in Nova's words, and no pod is asked.
        """
        cloud = await self.cloud(TWO_PODS)

        made = await cloud.demo.compute.post("/v2.1/servers", a_server(availability_zone="mars"))

        self.refused(made, 400, "badRequest")
        self.assertEqual("The requested availability zone is not available", made.fault[1])
        self.assertEqual([], cloud.pods_with_creates())

    async def test_unknown_zone_of_a_volume(self) -> None:
        """
        A zone that no pod has is refused in Cinder's words.
        """
        cloud = await self.cloud(TWO_PODS)

        made = await cloud.demo.volume.post("/v3/{project}/volumes", a_volume(availability_zone="mars"))

        self.refused(made, 400, "badRequest")
        self.assertEqual("Availability zone 'mars' is invalid.", made.fault[1])

    async def test_a_pods_own_zone_is_unknown(self) -> None:
        """
        The zones inside of pods are not for users to name.
        """
        cloud = await self.cloud(self.ZONED)

        made = await cloud.demo.compute.post("/v2.1/servers", a_server(availability_zone="inner"))

        self.refused(made, 400, "badRequest", "availability zone")

    async def test_zone_in_the_request(self) -> None:
        """
        The pod is asked for its own zone; the rest of the body stays.
        """
        cloud = await self.cloud(self.ZONED)
        wanted = a_server("az1", availability_zone="az1", metadata={"availability_zone": "az1"})

        await cloud.demo.compute.post("/v2.1/servers", wanted)

        (got,) = cloud.pod("Pod1").nova.creates()
        expected = {**wanted["server"], "availability_zone": "inner"}
        self.assertEqual({"server": expected}, got["body"])

    async def test_zone_left_out(self) -> None:
        """
        A pod that chooses its zones itself is asked for none.
        """
        cloud = await self.cloud(self.ZONED)
        wanted = a_server("x", availability_zone="az3", metadata={"availability_zone": "az3"})

        await cloud.demo.compute.post("/v2.1/servers", wanted)

        (got,) = cloud.pod("Pod3").nova.creates()
        expected = {key: value for key, value in wanted["server"].items() if key != "availability_zone"}
        self.assertEqual({"server": expected}, got["body"])

    async def test_zone_in_a_show(self) -> None:
        """
        A server's answer has the top's zone, and its metadata as the user wrote it.
        """
        cloud = await self.cloud(self.ZONED)
        server = await cloud.demo.create_server(
            metadata={"availability_zone": "inner", "OS-EXT-AZ:availability_zone": "nova"}
        )
        await until(lambda: cloud.pod("Pod1").servers()[server].vm_state == "active")

        shown = (await cloud.demo.compute.get(f"/v2.1/servers/{server}")).json["server"]

        self.assertEqual("az1", shown["OS-EXT-AZ:availability_zone"])
        self.assertEqual(
            {"availability_zone": "inner", "OS-EXT-AZ:availability_zone": "nova"}, shown["metadata"]
        )

    async def test_zone_in_a_volume(self) -> None:
        """
        A volume's answers have the top's zone, that of its create too.
        """
        cloud = await self.cloud(self.ZONED)

        made = await cloud.demo.volume.post("/v3/{project}/volumes", a_volume(availability_zone="az2"))
        shown = await cloud.demo.volume.get(f"/v3/{{project}}/volumes/{made.json['volume']['id']}")

        self.assertEqual("az2", made.json["volume"]["availability_zone"])
        self.assertEqual("az2", shown.json["volume"]["availability_zone"])

    async def test_zone_of_an_unshelve(self) -> None:
        """
        An unshelve into the server's own zone asks the pod for the pod's zone.
        """
        cloud = await self.cloud(self.ZONED)
        server = await cloud.demo.create_server()
        inner = cloud.pod("Pod1").servers()[server]
        await until(lambda: inner.vm_state == "active")
        await cloud.demo.compute.post(f"/v2.1/servers/{server}/action", {"shelve": None})
        await until(lambda: inner.vm_state == "shelved_offloaded")

        answer = await cloud.demo.compute.post(
            f"/v2.1/servers/{server}/action", {"unshelve": {"availability_zone": "az1"}}, version="2.77"
        )

        self.assertEqual(202, answer.status, answer.body)
        got = cloud.pod("Pod1").nova.requests("POST", "/action$")[-1]
        self.assertEqual({"unshelve": {"availability_zone": "inner"}}, got["body"])

    async def test_host_with_a_zone(self) -> None:
        """
        A zone with a host, as admins write it, goes to the zone's pod with the pod's zone and the host.
        """
        cloud = await self.cloud(self.ZONED)

        await cloud.admin.compute.post("/v2.1/servers", a_server(availability_zone="az1:some-host"))

        (got,) = cloud.pod("Pod1").nova.creates()
        self.assertEqual("inner:some-host", got["body"]["server"]["availability_zone"])

    async def test_zone_list(self) -> None:
        """
        The zones are the top's, each once, available while a pod of it is.
        """
        cloud = await self.cloud()

        compute = (await cloud.demo.compute.get("/v2.1/os-availability-zone")).json
        volume = (await cloud.demo.volume.get("/v3/{project}/os-availability-zone")).json

        self.assertEqual(
            [("az1", True), ("az2", True)],
            [(zone["zoneName"], zone["zoneState"]["available"]) for zone in compute["availabilityZoneInfo"]],
        )
        self.assertEqual(["az1", "az2"], [zone["zoneName"] for zone in volume["availabilityZoneInfo"]])


class LinkTests(CloudCase):
    """
    Links and Locations name the top region (I4).
    """

    def links(self, value: object) -> list[str]:
        """
        Every href in an answer.
        """
        if isinstance(value, dict):
            own = [value["href"]] if isinstance(value.get("href"), str) else []
            return own + [href for each in value.values() for href in self.links(each)]
        if isinstance(value, list):
            return [href for each in value for href in self.links(each)]
        return []

    async def test_server_location(self) -> None:
        """
        The Location of a create is the server's address at the top.
        """
        cloud = await self.cloud(TWO_PODS)

        made = await cloud.demo.compute.post("/v2.1/servers", a_server())

        origin, server = cloud.demo.compute.origin, made.json["server"]["id"]
        self.assertEqual(f"{origin}/v2.1/servers/{server}", made.header("Location"))

    async def test_location_works(self) -> None:
        """
        Following the Location of a create shows the server.
        """
        cloud = await self.cloud(TWO_PODS)
        made = await cloud.demo.compute.post("/v2.1/{project}/servers", a_server())
        location = (made.header("Location") or "").removeprefix(cloud.demo.compute.origin)

        shown = await cloud.demo.compute.get(location)

        self.assertEqual(made.json["server"]["id"], shown.json["server"]["id"])

    async def test_server_links(self) -> None:
        """
        All links of a create and of a show begin with the top's address.
        """
        cloud = await self.cloud(TWO_PODS)
        made = await cloud.demo.compute.post("/v2.1/servers", a_server())
        shown = await cloud.demo.compute.get(f"/v2.1/servers/{made.json['server']['id']}")

        found = self.links(made.json) + self.links(shown.json)

        self.assertEqual(6, len(found))
        self.assertEqual([], [href for href in found if not href.startswith(cloud.demo.compute.origin + "/")])

    async def test_volume_links(self) -> None:
        """
        All links of a volume begin with the top's address.
        """
        cloud = await self.cloud(TWO_PODS)
        made = await cloud.demo.volume.post("/v3/{project}/volumes", a_volume())

        found = self.links(made.json)

        self.assertEqual(2, len(found))
        self.assertEqual([], [href for href in found if not href.startswith(cloud.demo.volume.origin + "/")])

    async def test_public_url(self) -> None:
        """
        Where the configuration says how users reach a surface, links begin with that.
        """
        listen = {"compute": {"public_url": "https://cloud.example.org/nova"}}
        cloud = await self.cloud(TWO_PODS, settings={"listen": listen})

        made = await cloud.demo.compute.post("/v2.1/servers", a_server())

        location = f"https://cloud.example.org/nova/v2.1/servers/{made.json['server']['id']}"
        self.assertEqual(location, made.header("Location"))

    async def test_image_location(self) -> None:
        """
        The Location of a new image stays Glance's.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()
        await until(lambda: cloud.pod("Pod1").servers()[server].vm_state == "active")

        made = await cloud.demo.compute.post(
            f"/v2.1/servers/{server}/action", {"createImage": {"name": "image"}}
        )

        self.assertEqual(202, made.status, made.body)
        self.assertTrue((made.header("Location") or "").startswith("http://127.0.0.1:9292/"), made.headers)


class BindingTests(CloudCase):
    """
    A project's binding to a pod (I10).
    """

    async def test_first_create_binds(self) -> None:
        """
        The first create binds the project to its pod.
        """
        cloud = await self.cloud(TWO_PODS)

        server = await cloud.demo.create_server()

        rows = cloud.sql(
            "select p.name, b.az_name, b.pod_group from bindings b join pods p on p.id = b.pod_id where b.is_binding"
            " and b.tenant_id = %s",
            cloud.demo.project_id,
        )
        self.assertEqual([(cloud.pod_of(server), "az1", "")], rows)

    async def test_second_create_keeps(self) -> None:
        """
        Later creates go where the first went, volumes too, and bind nothing anew.
        """
        cloud = await self.cloud(TWO_PODS)
        first = await cloud.demo.create_server()

        second = await cloud.demo.create_server()
        await cloud.demo.create_volume()

        self.assertEqual(cloud.pod_of(first), cloud.pod_of(second))
        self.assertEqual([cloud.pod_of(first)], cloud.pods_with_creates("cinder"))
        self.assertEqual([(1,)], cloud.sql("select count(*) from bindings"))

    async def test_zone_of_the_newest_binding(self) -> None:
        """
        A create without a zone goes to the zone of the project's newest binding.
        """
        cloud = await self.cloud()
        await cloud.demo.create_server(availability_zone="az2")

        server = await cloud.demo.create_server()

        self.assertEqual("Pod3", cloud.pod_of(server))

    async def test_default_zone(self) -> None:
        """
        A create without a zone goes to the configured default zone.
        """
        cloud = await self.cloud(settings={"scheduling": {"default_availability_zone": "az2"}})

        server = await cloud.demo.create_server()

        self.assertEqual("Pod3", cloud.pod_of(server))

    async def test_one_binding_for_each_zone(self) -> None:
        """
        A project has a binding in each zone that it uses.
        """
        cloud = await self.cloud()
        await cloud.demo.create_server(availability_zone="az1")
        await cloud.demo.create_server(availability_zone="az2")

        rows = cloud.sql("select az_name from bindings where is_binding order by az_name")

        self.assertEqual([("az1",), ("az2",)], rows)

    async def test_first_creates_at_once(self) -> None:
        """
        Sixteen first creates at once through two daemons give sixteen servers in one pod and one binding.
        """
        fake = {"options": {"nova": {"quota": {"instances": -1, "cores": -1, "ram": -1}}}}
        plans = [PodPlan(name=name, fake=fake) for name in ("Pod1", "Pod2")]
        cloud = await self.cloud(plans, daemons=2)
        people = [cloud.demo.at(0), cloud.demo.at(1)]

        servers = await settled(*(people[at % 2].create_server(f"s{at}") for at in range(16)))

        self.assertEqual(16, len(set(servers)))
        self.assertEqual(1, len({cloud.pod_of(server) for server in servers}))
        self.assertEqual(
            [(1, 1)], cloud.sql("select count(*), count(*) filter (where is_binding) from bindings")
        )

    async def test_daemons_tell_each_other(self) -> None:
        """
        What one daemon bound and created, another knows at once.
        """
        cloud = await self.cloud(TWO_PODS, daemons=2)
        first = await cloud.demo.at(0).create_server()

        shown = await cloud.demo.at(1).compute.get(f"/v2.1/servers/{first}")
        second = await cloud.demo.at(1).create_server()

        self.assertEqual(200, shown.status)
        self.assertEqual(cloud.pod_of(first), cloud.pod_of(second))

    async def test_projects_are_bound_each(self) -> None:
        """
        One project's binding is no other's.
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.demo.create_server()
        await cloud.alt_demo.create_server()

        rows = cloud.sql("select tenant_id from bindings where is_binding")

        self.assertEqual({cloud.demo.project_id, cloud.alt_demo.project_id}, {row[0] for row in rows})


class PinTests(CloudCase):
    """
    A create that names what lives in one pod goes there (I6).
    """

    async def elsewhere(self) -> tuple[Cloud, str]:
        """
        A cloud in which demo is bound to Pod1 and has a volume in Pod2 that was made directly there.
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.demo.create_server("bound")
        made = await cloud.demo.at_pod("Pod2", "volume").post("/v3/{project}/volumes", a_volume("elsewhere"))
        volume = made.json["volume"]["id"]
        cinder = cloud.demo.at_pod("Pod2", "volume")
        await available(cinder, f"/v3/{{project}}/volumes/{volume}")
        return cloud, volume

    async def test_volume(self) -> None:
        """
        A server with a volume goes to the volume's pod, and the binding stays.
        """
        cloud, volume = await self.elsewhere()
        device = {"uuid": volume, "source_type": "volume", "destination_type": "volume", "boot_index": 1}

        server = await cloud.demo.create_server(block_device_mapping_v2=[device])

        self.assertEqual("Pod2", cloud.pod_of(server))
        rows = cloud.sql("select p.name from bindings b join pods p on p.id = b.pod_id where b.is_binding")
        self.assertEqual([("Pod1",)], rows)

    async def test_snapshot(self) -> None:
        """
        A volume made of a snapshot goes to the snapshot's pod.
        """
        cloud, volume = await self.elsewhere()
        made = await cloud.demo.volume.post(
            "/v3/{project}/snapshots", {"snapshot": {"volume_id": volume, "name": "s"}}
        )
        self.assertEqual(202, made.status, made.body)
        snapshot = made.json["snapshot"]["id"]
        await available(cloud.demo.volume, f"/v3/{{project}}/snapshots/{snapshot}")

        await cloud.demo.create_volume(snapshot_id=snapshot)

        self.assertEqual(2, len(cloud.pod("Pod2").cinder.creates("/volumes$")))
        self.assertEqual([], cloud.pod("Pod1").cinder.creates("/volumes$"))

    async def test_source_volume(self) -> None:
        """
        A copy of a volume goes to the volume's pod.
        """
        cloud, volume = await self.elsewhere()

        await cloud.demo.create_volume(source_volid=volume)

        self.assertEqual([], cloud.pod("Pod1").cinder.creates("/volumes$"))

    async def test_network(self) -> None:
        """
        A server goes to the pod that has its network.
        """
        cloud, _ = await self.elsewhere()
        made = await cloud.demo.at_pod("Pod2", "network").post("/v2.0/networks", {"network": {"name": "n"}})
        network = made.json["network"]["id"]
        await cloud.demo.at_pod("Pod2", "network").post(
            "/v2.0/subnets", {"subnet": {"network_id": network, "cidr": "10.9.0.0/24", "ip_version": 4}}
        )

        server = await cloud.demo.create_server(networks=[{"uuid": network}])

        self.assertEqual("Pod2", cloud.pod_of(server))

    async def test_port(self) -> None:
        """
        A server goes to the pod that has its port.
        """
        cloud, _ = await self.elsewhere()
        neutron = cloud.demo.at_pod("Pod2", "network")
        network = (await neutron.get("/v2.0/networks?name=shared-net")).json["networks"][0]["id"]
        port = (await neutron.post("/v2.0/ports", {"port": {"network_id": network}})).json["port"]["id"]

        server = await cloud.demo.create_server(networks=[{"port": port}])

        self.assertEqual("Pod2", cloud.pod_of(server))

    async def test_server_group(self) -> None:
        """
        A server goes to the pod of the server group in its hints.
        """
        cloud, _ = await self.elsewhere()
        made = await cloud.demo.at_pod("Pod2", "compute").post(
            "/v2.1/os-server-groups", {"server_group": {"name": "g", "policies": ["affinity"]}}
        )
        group = made.json["server_group"]["id"]
        wanted = a_server() | {"os:scheduler_hints": {"group": group}}

        made = await cloud.demo.compute.post("/v2.1/servers", wanted)

        self.assertEqual(202, made.status, made.body)
        self.assertEqual("Pod2", cloud.pod_of(made.json["server"]["id"]))

    async def test_no_pod_in_common(self) -> None:
        """
        Two things that share no pod are refused with the names of both, and nothing is made.
        """
        cloud, volume = await self.elsewhere()
        other = await cloud.demo.create_volume("here")
        self.assertEqual(["Pod1", "Pod2"], cloud.pods_with_creates("cinder"))
        devices = [
            {"uuid": each, "source_type": "volume", "destination_type": "volume", "boot_index": at}
            for at, each in enumerate((volume, other), 1)
        ]

        made = await cloud.demo.compute.post("/v2.1/servers", a_server(block_device_mapping_v2=devices))

        self.refused(made, 400, "badRequest", volume, other)
        self.assertEqual(1, len(cloud.pod("Pod1").nova.creates()))
        self.assertEqual([], cloud.pod("Pod2").nova.creates())

    async def test_zone_against_volume(self) -> None:
        """
        A zone that the named volume's pod is not in is refused, and nothing is made.
        """
        cloud = await self.cloud()
        volume = await cloud.demo.create_volume(availability_zone="az2")
        device = {"uuid": volume, "source_type": "volume", "destination_type": "volume", "boot_index": 1}

        made = await cloud.demo.compute.post(
            "/v2.1/servers", a_server(availability_zone="az1", block_device_mapping_v2=[device])
        )

        self.refused(made, 400, "badRequest", volume)
        self.assertEqual([], cloud.pods_with_creates())

    async def test_unknown_volume(self) -> None:
        """
        A volume that no pod has is refused in Nova's own words.
        """
        cloud = await self.cloud(TWO_PODS)
        device = {"uuid": NOTHING, "source_type": "volume", "destination_type": "volume", "boot_index": 1}

        made = await cloud.demo.compute.post("/v2.1/servers", a_server(block_device_mapping_v2=[device]))

        self.refused(made, 400, "badRequest", f"Volume {NOTHING} could not be found.")

    async def test_strangers_volume(self) -> None:
        """
        Another project's volume is as unknown as one that is not there.
        """
        cloud = await self.cloud(TWO_PODS)
        volume = await cloud.alt_demo.create_volume()
        device = {"uuid": volume, "source_type": "volume", "destination_type": "volume", "boot_index": 1}

        made = await cloud.demo.compute.post("/v2.1/servers", a_server(block_device_mapping_v2=[device]))

        self.refused(made, 400, "badRequest", f"Volume {volume} could not be found.")

    async def test_attach_across_pods(self) -> None:
        """
        A volume cannot be attached to a server of another pod; the answer names both.
        """
        cloud, volume = await self.elsewhere()
        server = await cloud.demo.create_server()

        answer = await cloud.demo.compute.post(
            f"/v2.1/servers/{server}/os-volume_attachments", {"volumeAttachment": {"volumeId": volume}}
        )

        self.refused(answer, 400, "badRequest", server, volume)
        self.assertEqual([], cloud.pod("Pod1").nova.requests("POST", "os-volume_attachments"))

    async def test_attach_in_one_pod(self) -> None:
        """
        A volume of the server's own pod is attached.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()
        volume = await cloud.demo.create_volume()
        await until(lambda: cloud.pod("Pod1").servers()[server].vm_state == "active")
        await available(cloud.demo.volume, f"/v3/{{project}}/volumes/{volume}")

        answer = await cloud.demo.compute.post(
            f"/v2.1/servers/{server}/os-volume_attachments", {"volumeAttachment": {"volumeId": volume}}
        )

        self.assertEqual(200, answer.status, answer.body)


class FallbackTests(CloudCase):
    """
    A create goes on to the next pod only where the one before surely did not accept it (I13).
    """

    async def test_compute_quota(self) -> None:
        """
        Nova's exhausted quota sends a server to the next pod, which makes it once.
        """
        cloud = await self.cloud(TWO_PODS)
        cloud.pod("Pod1").nova.behave("quota")

        server = await cloud.demo.create_server()

        self.assertEqual("Pod2", cloud.pod_of(server))
        self.assertEqual(1, len(cloud.pod("Pod1").nova.creates()))
        self.assertEqual(1, len(cloud.pod("Pod2").nova.creates()))

    async def test_volume_quota(self) -> None:
        """
        Cinder's exhausted quota sends a volume to the next pod.
        """
        cloud = await self.cloud(TWO_PODS)
        cloud.pod("Pod1").cinder.behave("quota")

        volume = await cloud.demo.create_volume()

        shown = await cloud.demo.at_pod("Pod2", "volume").get(f"/v3/{{project}}/volumes/{volume}")
        self.assertEqual(200, shown.status)

    async def test_fallback_keeps_the_binding(self) -> None:
        """
        A create that fell back leaves the binding where it was.
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.demo.create_server()
        cloud.pod("Pod1").nova.behave("quota")
        await cloud.demo.create_server()

        rows = cloud.sql("select p.name from bindings b join pods p on p.id = b.pod_id where b.is_binding")

        self.assertEqual([("Pod1",)], rows)

    async def test_every_quota_exhausted(self) -> None:
        """
        When no pod has room, the client reads the first one's own refusal.
        """
        cloud = await self.cloud(TWO_PODS)
        for name in ("Pod1", "Pod2"):
            cloud.pod(name).nova.behave("quota")

        made = await cloud.demo.compute.post("/v2.1/servers", a_server())

        self.refused(made, 403, "forbidden", "Quota exceeded for instances")

    async def test_pod_that_is_down(self) -> None:
        """
        A pod that nobody listens at is passed over.
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.pod("Pod1").fake.go_down()

        server = await cloud.demo.create_server()

        self.assertEqual("Pod2", cloud.pod_of(server))

    async def test_the_body_of_the_second_pod(self) -> None:
        """
        The next pod gets its own zone in the body, not that of the pod before.
        """
        plans = (
            PodPlan(name="Pod1", section={"pod_az": "one"}, fake={"availability_zones": ["one"]}),
            PodPlan(name="Pod2", section={"pod_az": "two"}, fake={"availability_zones": ["two"]}),
        )
        cloud = await self.cloud(plans)
        cloud.pod("Pod1").nova.behave("quota")

        await cloud.demo.create_server(availability_zone="az1")

        (got,) = cloud.pod("Pod2").nova.creates()
        self.assertEqual("two", got["body"]["server"]["availability_zone"])

    async def ends(self, expected: int, kind: str, **behaviour: object) -> None:
        """
        A create meets a behaviour at the first pod: the client reads this status, and no other pod gets a create.
        """
        cloud = await self.cloud(TWO_PODS)
        cloud.pod("Pod1").nova.behave(kind, method="POST", path="/servers$", **behaviour)

        made = await cloud.demo.compute.post("/v2.1/servers", a_server())

        self.assertEqual(expected, made.status, made.body)
        self.assertEqual(1, len(cloud.pod("Pod1").nova.creates()))
        self.assertEqual([], cloud.pod("Pod2").nova.creates())

    async def test_conflict(self) -> None:
        """
        A 409 is the client's answer.
        """
        await self.ends(
            409, "status", status=409, body={"conflictingRequest": {"code": 409, "message": "no"}}
        )

    async def test_pods_500(self) -> None:
        """
        A pod's 500 is the client's answer: nobody knows what the pod did.
        """
        await self.ends(500, "status", status=500, body={"computeFault": {"code": 500, "message": "oops"}})

    async def test_other_403(self) -> None:
        """
        A 403 that is no quota is the client's answer.
        """
        await self.ends(
            403, "status", status=403, body={"forbidden": {"code": 403, "message": "Policy says no"}}
        )

    async def test_reset_after_sending(self) -> None:
        """
        A connection that ends after the create was sent is a 502 and no second create.
        """
        await self.ends(502, "reset")

    async def test_reset_after_the_pod_accepted(self) -> None:
        """
        A connection that ends after the pod made the server is a 502 and no second create.
        """
        await self.ends(502, "reset_after")

    async def test_garbage_after_the_pod_accepted(self) -> None:
        """
        An answer that is no JSON is given as it is, and no second create.
        """
        await self.ends(202, "wrong_json")

    async def test_silence(self) -> None:
        """
        A pod that does not answer in its time is a 504 and no second create.
        """
        cloud = await self.cloud(TWO_PODS, settings={"pod_defaults": {"create_timeout_seconds": 0.3}})
        cloud.pod("Pod1").nova.behave("hang_after", method="POST", path="/servers$")

        made = await cloud.demo.compute.post("/v2.1/servers", a_server())

        self.assertEqual(504, made.status, made.body)
        self.assertEqual([], cloud.pod("Pod2").nova.creates())


class LeavingTests(CloudCase):
    """
    A client that hangs up does not undo what its create began.
    """

    async def test_create_goes_on(self) -> None:
        """
        A server whose client hung up is recorded with its project, and shown.
        """
        cloud = await self.cloud(TWO_PODS)
        cloud.pod("Pod1").nova.behave("latency_after", method="POST", path="/servers$", seconds=0.3)
        creating = Deferred.fromCoroutine(cloud.demo.compute.post("/v2.1/servers", a_server("left")))
        await until(lambda: cloud.pod("Pod1").servers())
        hang_up(creating)

        await until(lambda: cloud.sql("select 1 from routes"))
        (server,) = cloud.pod("Pod1").servers()
        shown = await cloud.demo.compute.get(f"/v2.1/servers/{server}")

        self.assertEqual(
            [(server, cloud.demo.project_id)], cloud.sql("select resource_id::text, project_id from routes")
        )
        self.assertEqual("left", shown.json["server"]["name"])

    async def test_delete_goes_on(self) -> None:
        """
        A delete whose client hung up reaches the pod.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()
        cloud.pod("Pod1").nova.behave("latency", method="DELETE", seconds=0.2)
        deleting = Deferred.fromCoroutine(cloud.demo.compute.delete(f"/v2.1/servers/{server}"))
        await until(lambda: cloud.pod("Pod1").nova.requests("DELETE"))
        hang_up(deleting)

        await until(lambda: server not in cloud.pod("Pod1").servers())

    async def test_read_ends(self) -> None:
        """
        A read ends with its client: the pod's connection is dropped, and the pod is not blamed.
        """
        settings = {"pod_defaults": {"breaker": {"failures": 1}}}
        cloud = await self.cloud(TWO_PODS, settings=settings)
        server = await cloud.demo.create_server()
        hang = cloud.pod("Pod1").nova
        hang.behave("hang", method="GET", path="/servers/")
        reading = Deferred.fromCoroutine(cloud.demo.compute.get(f"/v2.1/servers/{server}"))
        await until(lambda: hang.requests("GET", "/servers/"))
        hang_up(reading)
        hang.behave_well()
        await pause(0.05)

        shown = await cloud.demo.compute.get(f"/v2.1/servers/{server}")

        self.assertEqual(200, shown.status)
