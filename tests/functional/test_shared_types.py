"""
Volume types, QoS specs, group types and default types: one top id for what each pod has by an id of its own.
"""

from __future__ import annotations

from typing import Any

from tests.functional.cloud import IMAGE, Client, Cloud, a_server, merged, pause, within
from tests.functional.test_shared import PODS, QUICK, SharedCase

TYPES, QOS, GROUP_TYPES = "/v3/{project}/types", "/v3/{project}/qos-specs", "/v3/{project}/group_types"
VOLUMES, DEFAULTS = "/v3/{project}/volumes", "/v3/{project}/default-types"
LUKS = {"provider": "luks", "control_location": "front-end", "cipher": "aes", "key_size": 256}
LATEST = "3.70"
#: Long enough for all writes while a pod is away: each that it is tried with again would wait for its answer.
AWAY = {"pod_defaults": {"breaker": {"failures": 2, "open_seconds": 3.0}}}
ZONES = {"Pod1": "az1", "Pod2": "az2"}


class TypesCase(SharedCase):
    """
    Two pods, whose ids differ.
    """

    async def begin(self, **settings: Any) -> tuple[Cloud, Client]:
        """
        A cloud, and its volume surface as an admin sees it.
        """
        cloud = await self.shared(PODS, **settings)
        return cloud, cloud.admin.volume

    async def good(self, client: Client, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """
        The JSON of an answer that has to be a success.
        """
        reply = await client.ask(method, path, body, **{"version": LATEST, **more})
        self.assertLess(reply.status, 300, (method, path, reply.status, reply.body))
        return reply.json if reply.body else None

    async def a_type(self, admin: Client, name: str = "gold", **fields: Any) -> str:
        """
        Make a volume type; its top id.
        """
        made = await self.good(admin, "POST", TYPES, {"volume_type": {"name": name, **fields}})
        return str(made["volume_type"]["id"])

    async def in_pod(self, cloud: Cloud, pod: str, name: str = "gold") -> dict[str, Any]:
        """
        A type as a pod itself shows it.
        """
        client = cloud.admin.at_pod(pod, "volume")
        listed = (await self.good(client, "GET", f"{TYPES}?is_public=None"))["volume_types"]
        found: dict[str, Any] = next((each for each in listed if each["name"] == name), {})
        return found

    async def a_volume(self, cloud: Cloud, zone: str, named: str) -> str:
        """
        Make a volume of a type in a zone, and wait until it is there; its id.
        """
        body = {"volume": {"size": 1, "availability_zone": zone, "volume_type": named}}
        made = await self.good(cloud.demo.volume, "POST", VOLUMES, body)
        return str(made["volume"]["id"])


class TypeTests(TypesCase):
    """
    Volume types.
    """

    async def test_life(self) -> None:
        """
        A type with extra specs, QoS, encryption and access is the same in every pod, by one id at the top, until it is deleted.
        """
        cloud, admin = await self.begin()
        type_id = await self.a_type(
            admin, extra_specs={"a": "b"}, **{"os-volume-type-access:is_public": False}
        )
        path = f"{TYPES}/{type_id}"
        await self.good(admin, "POST", f"{path}/extra_specs", {"extra_specs": {"c": type_id}})
        encryption = (await self.good(admin, "POST", f"{path}/encryption", {"encryption": LUKS}))[
            "encryption"
        ]
        self.assertEqual(type_id, encryption["volume_type_id"])
        specs = (await self.good(admin, "POST", QOS, {"qos_specs": {"name": "fast", "iops": "1"}}))[
            "qos_specs"
        ]
        await self.good(admin, "GET", f"{QOS}/{specs['id']}/associate?vol_type_id={type_id}")
        project = {"project": cloud.demo.project_id}
        await self.good(admin, "POST", f"{path}/action", {"addProjectAccess": project})

        owns = {}
        for pod in ("Pod1", "Pod2"):
            own = await self.in_pod(cloud, pod)
            owns[pod] = own["id"]
            self.assertEqual({"a": "b", "c": type_id}, own["extra_specs"], pod)
            client = cloud.admin.at_pod(pod, "volume")
            below = f"{TYPES}/{own['id']}"
            shown = await self.good(client, "GET", f"{below}/encryption")
            self.assertEqual("luks", shown["provider"], pod)
            access = await self.good(client, "GET", f"{below}/os-volume-type-access")
            self.assertEqual(
                [cloud.demo.project_id], [one["project_id"] for one in access["volume_type_access"]]
            )
            joined = await self.good(client, "GET", f"{QOS}/{own['qos_specs_id']}/associations")
            self.assertEqual(["gold"], [one["name"] for one in joined["qos_associations"]], pod)
        self.assertNotEqual(owns["Pod1"], owns["Pod2"])

        shown = (await self.good(admin, "GET", path))["volume_type"]
        self.assertEqual((type_id, specs["id"]), (shown["id"], shown["qos_specs_id"]))
        self.assertEqual(type_id, (await self.good(admin, "GET", f"{path}/encryption"))["volume_type_id"])
        access = await self.good(admin, "GET", f"{path}/os-volume-type-access")
        self.assertEqual([type_id], [one["volume_type_id"] for one in access["volume_type_access"]])
        joined = await self.good(admin, "GET", f"{QOS}/{specs['id']}/associations")
        self.assertEqual([type_id], [one["id"] for one in joined["qos_associations"]])
        missing = await cloud.alt_demo.volume.get(path)
        self.assertEqual(
            (404, f"Volume type {type_id} could not be found."), (missing.status, missing.fault[1])
        )

        await self.good(admin, "PUT", path, {"volume_type": {"name": "silver", "is_public": True}})
        self.assertEqual(owns["Pod2"], (await self.in_pod(cloud, "Pod2", "silver"))["id"])
        await self.good(admin, "DELETE", f"{QOS}/{specs['id']}?force=True")
        await self.good(admin, "DELETE", path)
        for pod in ("Pod1", "Pod2"):
            self.assertEqual({}, await self.in_pod(cloud, pod, "silver"))
        self.assertEqual(404, (await admin.get(path)).status)
        await self.nothing_left(cloud)
        self.assertEqual([], await self.jobs(cloud, state="dead"))

    async def test_volumes(self) -> None:
        """
        Volumes of both pods are made, shown, listed, filtered and retyped by the type's top id.
        """
        cloud, admin = await self.begin()
        gold, silver = await self.a_type(admin), await self.a_type(admin, "silver")
        demo = cloud.demo.volume
        made = {pod: await self.a_volume(cloud, zone, gold) for pod, zone in ZONES.items()}
        for pod, volume_id in made.items():
            self.assertEqual(1, len(cloud.pod(pod).cinder.creates("/volumes$")), pod)
            shown = (await self.good(demo, "GET", f"{VOLUMES}/{volume_id}"))["volume"]
            self.assertEqual((gold, "gold"), (shown["volume_type_id"], shown["volume_type"]), pod)
            own = await self.good(cloud.demo.at_pod(pod, "volume"), "GET", f"{VOLUMES}/{volume_id}")
            self.assertEqual((await self.in_pod(cloud, pod))["id"], own["volume"]["volume_type_id"])
        listed = (await self.good(demo, "GET", f"{VOLUMES}/detail"))["volumes"]
        self.assertEqual({gold}, {each["volume_type_id"] for each in listed})
        self.assertEqual(set(made.values()), {each["id"] for each in listed})
        for wanted, found in ((gold, set(made.values())), (silver, set())):
            query = f"{VOLUMES}/detail?all_tenants=1&volume_type_id={wanted}"
            listed = (await self.good(admin, "GET", query))["volumes"]
            self.assertEqual(found, {each["id"] for each in listed})

        for volume_id in made.values():
            await self.until_available(demo, volume_id)
            retype = {"os-retype": {"new_type": silver, "migration_policy": "never"}}
            await self.good(demo, "POST", f"{VOLUMES}/{volume_id}/action", retype)
            await self.until_available(demo, volume_id)
            shown = (await self.good(demo, "GET", f"{VOLUMES}/{volume_id}"))["volume"]
            self.assertEqual(silver, shown["volume_type_id"])

    async def test_other_pods_id(self) -> None:
        """
        The id by which a pod alone knows a type, its specs or a group type is unknown wherever an id can stand.
        """
        cloud, admin = await self.begin()
        gold = await self.a_type(admin)
        volume = await self.a_volume(cloud, "az2", gold)
        await self.until_available(cloud.demo.volume, volume)
        specs = (await self.good(admin, "POST", QOS, {"qos_specs": {"name": "fast"}}))["qos_specs"]["id"]
        await self.good(admin, "GET", f"{QOS}/{specs}/associate?vol_type_id={gold}")
        generic = (await self.good(admin, "POST", GROUP_TYPES, {"group_type": {"name": "g"}}))["group_type"]
        pod = cloud.admin.at_pod("Pod2", "volume")
        own = await self.in_pod(cloud, "Pod2")
        group_types = (await self.good(pod, "GET", GROUP_TYPES))["group_types"]
        own_group = next(each["id"] for each in group_types if each["name"] == "g")
        of_type, of_specs = own["id"], own["qos_specs_id"]
        self.assertFalse({gold, specs, generic["id"]} & {of_type, of_specs, own_group})

        no_type = f"Volume type {of_type} could not be found."
        no_specs = f"No such QoS spec {of_specs}."
        no_group = f"Group type {own_group} could not be found."
        type_body, zone = {"volume_type": {"description": "x"}}, {"availability_zone": "az2"}
        for method, path, body, status, words in (
            ("GET", f"{TYPES}/{of_type}", None, 404, no_type),
            ("PUT", f"{TYPES}/{of_type}", type_body, 404, no_type),
            ("DELETE", f"{TYPES}/{of_type}", None, 404, no_type),
            ("GET", f"{TYPES}/{of_type}/extra_specs", None, 404, no_type),
            ("POST", f"{TYPES}/{of_type}/extra_specs", {"extra_specs": {"a": "b"}}, 404, no_type),
            ("GET", f"{TYPES}/{of_type}/encryption", None, 404, no_type),
            ("GET", f"{QOS}/{of_specs}", None, 404, no_specs),
            ("PUT", f"{QOS}/{of_specs}", {"qos_specs": {"a": "b"}}, 404, no_specs),
            ("GET", f"{QOS}/{specs}/associate?vol_type_id={of_type}", None, 404, no_type),
            ("GET", f"{GROUP_TYPES}/{own_group}", None, 404, no_group),
            ("DELETE", f"{GROUP_TYPES}/{own_group}", None, 404, no_group),
            ("POST", VOLUMES, {"volume": {"size": 1, "volume_type": of_type, **zone}}, 404, no_type),
            (
                "PUT",
                f"{DEFAULTS}/{cloud.demo.project_id}",
                {"default_type": {"volume_type": of_type}},
                400,
                no_type,
            ),
        ):
            told = await admin.ask(method, path, body, version=LATEST)
            self.assertEqual((status, words), (told.status, told.fault[1]), (method, path))
        retype = {"os-retype": {"new_type": of_type, "migration_policy": "never"}}
        told = await cloud.demo.volume.post(f"{VOLUMES}/{volume}/action", retype)
        self.assertIn(of_type, told.fault[1])
        self.assertGreaterEqual(told.status, 400)
        query = f"{VOLUMES}/detail?all_tenants=1&volume_type_id="
        self.assertEqual([], (await self.good(admin, "GET", query + of_type))["volumes"])
        self.assertEqual(1, len((await self.good(admin, "GET", query + gold))["volumes"]))
        self.assertEqual(own, await self.in_pod(cloud, "Pod2"))
        self.assertEqual([], await self.jobs(cloud, state="dead"))

    async def test_one_id_for_two(self) -> None:
        """
        An id that is one type's at the top and another one's in a pod, as after a copy of a database, is exchanged once.
        """
        cloud = await self.shared(daemons=0)
        pods = {name: cloud.admin.at_pod(name, "volume") for name in ("Pod1", "Pod2")}
        for pod in pods.values():
            for name in ("gold", "silver"):
                await self.a_type(pod, name)
        gold, silver = [(await self.in_pod(cloud, "Pod1", name))["id"] for name in ("gold", "silver")]
        store: Any = cloud.pod("Pod2").fake.state.volumes
        types = store.store.types.by_id
        item = types.pop((await self.in_pod(cloud, "Pod2", "silver"))["id"])
        item.id = gold
        types[gold] = item
        await cloud.add_daemon(PODS, merged(QUICK, {"shared": {"compare_seconds": 0.3}}))
        admin = cloud.admin.volume
        made = await self.until_taken(cloud, silver)
        self.assertEqual((silver, "silver"), (made["volume_type_id"], made["volume_type"]))

        specs = (await self.good(admin, "POST", QOS, {"qos_specs": {"name": "fast"}}))["qos_specs"]["id"]
        await self.good(admin, "GET", f"{QOS}/{specs}/associate?vol_type_id={silver}")
        told = await self.good(admin, "PUT", f"{TYPES}/{silver}", {"volume_type": {"description": "d"}})
        self.assertEqual((silver, "silver"), (told["volume_type"]["id"], told["volume_type"]["name"]))
        await self.nothing_left(cloud)
        for pod in pods:
            own = {name: await self.in_pod(cloud, pod, name) for name in ("gold", "silver")}
            self.assertEqual([None, "d"], [own["gold"]["description"], own["silver"]["description"]], pod)
            self.assertIsNone(own["gold"]["qos_specs_id"], pod)
            self.assertIsNotNone(own["silver"]["qos_specs_id"], pod)
        asked = [f"{one['method']} {one['path']}" for one in cloud.pod("Pod2").cinder.requests("PUT")]
        self.assertEqual([gold], [path.rpartition("/")[2] for path in asked if "/types/" in path])

    async def test_made_anew(self) -> None:
        """
        A type that an operator has deleted and made anew in a pod is found there by its new id.
        """
        cloud, admin = await self.begin(shared={"compare_seconds": 0.3})
        gold = await self.a_type(admin)
        pod = cloud.admin.at_pod("Pod2", "volume")
        await self.good(pod, "DELETE", f"{TYPES}/{(await self.in_pod(cloud, 'Pod2'))['id']}")
        own = await self.a_type(pod)

        made = await self.until_taken(cloud, gold)
        self.assertEqual((gold, "gold"), (made["volume_type_id"], made["volume_type"]))
        self.assertEqual(own, (await self.in_pod(cloud, "Pod2"))["id"])

    async def until_taken(self, cloud: Cloud, type_id: str) -> dict[str, Any]:
        """
        Wait until the second pod makes a volume of a type; the volume.
        """

        async def taken() -> dict[str, Any]:
            while True:
                body = {"volume": {"size": 1, "availability_zone": "az2", "volume_type": type_id}}
                made = await cloud.demo.volume.post(VOLUMES, body, version=LATEST)
                if made.status == 202:
                    volume: dict[str, Any] = made.json["volume"]
                    return volume
                await pause(0.1)

        return await within(20, taken())

    async def test_uploaded_image(self) -> None:
        """
        The answer to the upload of a volume shows its type by the top id.
        """
        cloud, admin = await self.begin()
        gold = await self.a_type(admin)
        volume = await self.a_volume(cloud, "az2", gold)
        await self.until_available(cloud.demo.volume, volume)
        upload = {"os-volume_upload_image": {"image_name": "i"}}
        told = await self.good(cloud.demo.volume, "POST", f"{VOLUMES}/{volume}/action", upload)
        self.assertEqual(gold, told["os-volume_upload_image"]["volume_type"]["id"])

    async def test_server(self) -> None:
        """
        The disk that a server is made with has the type that its top id names, in the pod that the server is in.
        """
        cloud, admin = await self.begin()
        gold = await self.a_type(admin)
        disk = {
            "boot_index": 0,
            "uuid": IMAGE,
            "source_type": "image",
            "destination_type": "volume",
            "volume_size": 1,
            "volume_type": gold,
        }
        await cloud.demo.create_server(
            version="2.67",
            availability_zone="az2",
            networks="none",
            imageRef="",
            block_device_mapping_v2=[disk],
        )
        demo = cloud.demo.volume

        async def made() -> dict[str, Any]:
            while not (found := (await self.good(demo, "GET", f"{VOLUMES}/detail"))["volumes"]):
                await pause(0.05)
            volume: dict[str, Any] = found[0]
            return volume

        volume = await within(20, made())
        self.assertEqual((gold, "az2"), (volume["volume_type_id"], volume["availability_zone"]))

    async def until_available(self, client: Client, volume_id: str) -> None:
        """
        Wait until a volume is available.
        """

        async def available() -> None:
            while (await self.good(client, "GET", f"{VOLUMES}/{volume_id}"))["volume"][
                "status"
            ] != "available":
                await pause(0.05)

        await within(20, available())

    async def test_used_in_another_pod(self) -> None:
        """
        A type that volumes of any pod have is not deleted or changed anywhere, in the words of the pod that has them.
        """
        cloud, admin = await self.begin()
        gold = await self.a_type(admin)
        await self.a_volume(cloud, "az2", gold)
        specs = {"extra_specs": {"a": "b"}}
        for method, below, body, words in (
            ("DELETE", "", None, "Target volume type is still in use."),
            ("POST", "/extra_specs", specs, "Volume Type is currently in use."),
            (
                "POST",
                "/encryption",
                {"encryption": LUKS},
                "Cannot create encryption specs. Volume type in use.",
            ),
        ):
            refused = await admin.ask(method, f"{TYPES}/{gold}{below}", body)
            self.assertEqual((400, words), (refused.status, refused.fault[1]))
        for pod in ("Pod1", "Pod2"):
            self.assertEqual({}, (await self.in_pod(cloud, pod))["extra_specs"], pod)
        await self.nothing_left(cloud)

    async def made_while_away(self, cloud: Cloud, **refused: str) -> tuple[str, str]:
        """
        Make a type with extra specs, encryption and a project that may use it, specs that it has and a default, while the second
        pod is away; the top ids of type and specs. The pod comes back, and refuses what is said.
        """
        admin, project = cloud.admin.volume, cloud.demo.project_id
        await self.known_away(cloud, "Pod2")
        private = {"os-volume-type-access:is_public": False}
        gold = await self.a_type(admin, extra_specs={"a": "b"}, **private)
        await self.good(admin, "POST", f"{TYPES}/{gold}/encryption", {"encryption": LUKS})
        await self.good(admin, "POST", f"{TYPES}/{gold}/action", {"addProjectAccess": {"project": project}})
        specs = (await self.good(admin, "POST", QOS, {"qos_specs": {"name": "fast"}}))["qos_specs"]["id"]
        await self.good(admin, "GET", f"{QOS}/{specs}/associate?vol_type_id={gold}")
        await self.good(admin, "PUT", f"{DEFAULTS}/{project}", {"default_type": {"volume_type": gold}})
        await self.a_type(admin, "silver")
        await self.good(admin, "POST", GROUP_TYPES, {"group_type": {"name": "g"}})
        for method, path in refused.items():
            told = {"forbidden": {"code": 403, "message": "not this kind"}}
            cloud.pod("Pod2").cinder.behave("status", method=method, path=path, status=403, body=told)
        await cloud.pod("Pod2").fake.start()
        return gold, specs

    async def test_pod_away(self) -> None:
        """
        A pod that was down while a type was made has it by its own id after its return, with all that belongs to it, before it
        gets any volume; and then takes volumes by the top id.
        """
        cloud, _ = await self.begin(**AWAY)
        gold, _ = await self.made_while_away(cloud)
        volume = await self.until_taken(cloud, gold)
        self.assertEqual(gold, volume["volume_type_id"])
        await self.nothing_left(cloud)
        asked = [request["path"].partition("?")[0] for request in cloud.pod("Pod2").cinder.requests()]
        first = next(at for at, path in enumerate(asked) if path.endswith("/volumes"))
        for made in ("/encryption", "/action", "/associate", f"/default-types/{cloud.demo.project_id}"):
            last = max(at for at, path in enumerate(asked) if path.endswith(made))
            self.assertLess(last, first, made)
        own = await self.in_pod(cloud, "Pod2")
        self.assertEqual(({"a": "b"}, False), (own["extra_specs"], own["is_public"]))
        pod = cloud.admin.at_pod("Pod2", "volume")
        below = f"{TYPES}/{own['id']}"
        self.assertEqual("luks", (await self.good(pod, "GET", f"{below}/encryption"))["provider"])
        access = (await self.good(pod, "GET", f"{below}/os-volume-type-access"))["volume_type_access"]
        self.assertEqual([cloud.demo.project_id], [one["project_id"] for one in access])
        shown = (await self.good(pod, "GET", f"{QOS}/{own['qos_specs_id']}"))["qos_specs"]
        self.assertEqual("fast", shown["name"])
        default = await self.good(pod, "GET", f"{DEFAULTS}/{cloud.demo.project_id}")
        self.assertEqual(own["id"], default["default_type"]["volume_type_id"])
        self.assertEqual([], await self.jobs(cloud, state="dead"))

    async def test_servers_go_on(self) -> None:
        """
        A pod whose Cinder lacks a type takes servers all the same, but none that have volumes made there, and no volumes.
        """
        cloud, admin = await self.begin(**AWAY)
        cloud.pod("Pod2").cinder.behave("status", method="POST", path="/types$", status=503, body={})
        self.assertEqual(503, (await admin.post(TYPES, {"volume_type": {"name": "gold"}})).status)
        await self.until(cloud, "Pod2", healthy=True)

        disk = {"source_type": "image", "destination_type": "volume", "uuid": IMAGE, "volume_size": 1}
        boots = {"block_device_mapping_v2": [{**disk, "boot_index": 0}]}
        user = cloud.demo
        made = await user.compute.post("/v2.1/servers", a_server("plain", availability_zone="az2"))
        refused = await user.compute.post(
            "/v2.1/servers", a_server("boots", availability_zone="az2", **boots)
        )
        volume = await user.volume.post(VOLUMES, {"volume": {"size": 1, "availability_zone": "az2"}})
        self.assertEqual((202, 503, 503), (made.status, refused.status, volume.status), (refused, volume))

    async def test_refused_kind(self) -> None:
        """
        A pod that takes no volume types leaves a dead letter that names them and what needs them; it gets all else, and volumes.
        """
        cloud, _ = await self.begin(**AWAY)
        await self.made_while_away(cloud, POST="/types$")
        await self.until(cloud, "Pod2", healthy=True)
        await self.until_taken(cloud, "files")
        await self.nothing_left(cloud)
        (dead,) = await self.jobs(cloud, state="dead")
        self.assertEqual(("sync_pod", "Pod2"), (dead["kind"], dead["payload"]["pod"]))
        for named in (
            "volume_type gold: POST /v3/{project_id}/types: 403 not this kind",
            "volume_type silver: POST /v3/{project_id}/types: 403 not this kind",
            "qos_specs fast: it has no volume type ",
            f"default_type {cloud.demo.project_id}: it has no volume type ",
        ):
            self.assertIn(named, dead["error"])
        listed = (await self.good(cloud.admin.at_pod("Pod2", "volume"), "GET", QOS))["qos_specs"]
        self.assertEqual(["fast"], [one["name"] for one in listed])

    async def test_refused_part(self) -> None:
        """
        A pod that takes no encryption of types has them without it, and a dead letter that says so; it gets all else.
        """
        cloud, _ = await self.begin(**AWAY)
        await self.made_while_away(cloud, POST="/encryption$")
        await self.until(cloud, "Pod2", healthy=True)
        await self.until_taken(cloud, "silver")
        await self.nothing_left(cloud)
        (dead,) = await self.jobs(cloud, state="dead")
        self.assertIn("volume_type gold: POST /v3/{project_id}/types/{ref}/encryption: 403", dead["error"])
        self.assertNotIn("silver", dead["error"])
        own = await self.in_pod(cloud, "Pod2")
        pod = cloud.admin.at_pod("Pod2", "volume")
        shown = (await self.good(pod, "GET", f"{QOS}/{own['qos_specs_id']}"))["qos_specs"]
        self.assertEqual("fast", shown["name"])

    async def test_one_pods_own(self) -> None:
        """
        A type that one pod alone has, and nobody wants everywhere, is found and changed there by its own id.
        """
        cloud, admin = await self.begin()
        pod = cloud.admin.at_pod("Pod2", "volume")
        own = str(
            (await self.good(pod, "POST", TYPES, {"volume_type": {"name": "own"}}))["volume_type"]["id"]
        )
        self.assertEqual("own", (await self.good(admin, "GET", f"{TYPES}/{own}"))["volume_type"]["name"])
        await self.good(admin, "PUT", f"{TYPES}/{own}", {"volume_type": {"description": "d"}})
        self.assertEqual("d", (await self.in_pod(cloud, "Pod2", "own"))["description"])
        self.assertEqual({}, await self.in_pod(cloud, "Pod1", "own"))
        volume_id = await self.a_volume(cloud, "az2", own)
        shown = (await self.good(cloud.demo.volume, "GET", f"{VOLUMES}/{volume_id}"))["volume"]
        self.assertEqual(own, shown["volume_type_id"])


class OtherKindTests(TypesCase):
    """
    Group types and default types.
    """

    async def test_group_types(self) -> None:
        """
        A group of either pod is made and shown by the top ids of its type and of its volumes' types.
        """
        cloud, admin = await self.begin()
        gold = await self.a_type(admin)
        body = {"group_type": {"name": "generic", "group_specs": {"a": "b"}}}
        generic = str((await self.good(admin, "POST", GROUP_TYPES, body))["group_type"]["id"])
        for zone in ZONES.values():
            wanted = {"group_type": generic, "volume_types": [gold], "availability_zone": zone}
            made = await self.good(cloud.demo.volume, "POST", "/v3/{project}/groups", {"group": wanted})
            path = f"/v3/{{project}}/groups/{made['group']['id']}"
            shown = (await self.good(cloud.demo.volume, "GET", path))["group"]
            self.assertEqual((generic, [gold]), (shown["group_type"], shown["volume_types"]))
        listed = (await self.good(cloud.demo.volume, "GET", "/v3/{project}/groups/detail"))["groups"]
        self.assertEqual(
            [(generic, [gold])] * 2, [(one["group_type"], one["volume_types"]) for one in listed]
        )
        used = await admin.delete(f"{GROUP_TYPES}/{generic}", version=LATEST)
        self.assertEqual(400, used.status)
        self.assertIn(generic, used.fault[1])
        await self.good(admin, "PUT", f"{GROUP_TYPES}/{generic}/group_specs/a", {"a": "c"})
        for pod in ZONES:
            told = await self.good(cloud.admin.at_pod(pod, "volume"), "GET", GROUP_TYPES)
            (own,) = [each for each in told["group_types"] if each["name"] == "generic"]
            self.assertEqual({"a": "c"}, own["group_specs"], pod)

    async def test_default_types(self) -> None:
        """
        A project's default type holds in every pod, and is shown by its top id.
        """
        cloud, admin = await self.begin()
        gold = await self.a_type(admin)
        path = f"{DEFAULTS}/{cloud.demo.project_id}"
        expected = {"project_id": cloud.demo.project_id, "volume_type_id": gold}
        told = await self.good(admin, "PUT", path, {"default_type": {"volume_type": gold}})
        self.assertEqual({"default_type": expected}, told)
        self.assertEqual({"default_type": expected}, await self.good(admin, "GET", path))
        self.assertEqual({"default_types": [expected]}, await self.good(admin, "GET", DEFAULTS))
        for zone in ZONES.values():
            body = {"volume": {"size": 1, "availability_zone": zone}}
            made = (await self.good(cloud.demo.volume, "POST", VOLUMES, body))["volume"]
            self.assertEqual((gold, "gold"), (made["volume_type_id"], made["volume_type"]))
        default = await self.good(cloud.demo.volume, "GET", f"{TYPES}/default")
        self.assertEqual(gold, default["volume_type"]["id"])
        await self.good(admin, "DELETE", path)
        self.assertEqual(404, (await admin.get(path, version=LATEST)).status)
