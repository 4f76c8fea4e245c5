"""
What pods have the same: kept so by jobs where a pod was away, refuses, or is new.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, gatherResults

from tests.functional.cloud import Cloud, CloudCase, Events, PodPlan, a_server, merged, pause, within

FLAVORS = "/v2.1/flavors"
KEYS = "/v2.1/os-keypairs"
FLAVOR = {"name": "f", "ram": 64, "vcpus": 1, "disk": 1, "id": "own"}
MISSING = "X-Trio2o-Incomplete-Zones"
#: A pod that is down is known to be soon.
QUICK = {"pod_defaults": {"probe_interval_seconds": 0.2, "breaker": {"failures": 2, "open_seconds": 0.2}}}
#: A pod of a zone of its own.
PODS = (PodPlan(name="Pod1"), PodPlan(name="Pod2", zone="az2"))


class SharedCase(CloudCase):
    """
    Two pods that are looked after often.
    """

    async def shared(self, plans: Sequence[PodPlan] = PODS, *, daemons: int = 1, **settings: Any) -> Cloud:
        """
        A cloud whose pods the daemon may administer.
        """
        cloud = await self.cloud(plans, daemons=0)
        cloud.keystone.add_user("trio2o", "trio2o-password", project="service", roles=["service", "admin"])
        for _ in range(daemons):
            await cloud.add_daemon(plans, merged(QUICK, settings))
        return cloud

    async def known_away(self, cloud: Cloud, name: str) -> None:
        """
        Stop a pod, and wait until the daemon knows.
        """
        await cloud.pod(name).fake.go_down()
        await self.until(cloud, name, healthy=False)

    async def until(self, cloud: Cloud, name: str, *, healthy: bool) -> None:
        """
        Wait until the daemon sees a pod so.
        """

        async def seen() -> None:
            while True:
                shown = (await cloud.admin.admin.get("/v1.0/pods")).json["pods"]
                if [pod["healthy"] for pod in shown if pod["pod_name"] == name] == [healthy]:
                    return
                await pause(0.05)

        await within(20, seen())

    async def jobs(self, cloud: Cloud, **wanted: Any) -> list[dict[str, Any]]:
        """
        The jobs that are so.
        """
        jobs = (await cloud.admin.admin.get("/v1.0/jobs")).json["jobs"]
        return [job for job in jobs if all(job[key] == value for key, value in wanted.items())]

    async def nothing_left(self, cloud: Cloud) -> None:
        """
        Wait until no job is unfinished.
        """

        async def done() -> None:
            while any(job["state"] in ("waiting", "running") for job in await self.jobs(cloud)):
                await pause(0.05)

        await within(30, done())


class FlavorTests(SharedCase):
    """
    Flavors.
    """

    async def until_served(self, cloud: Cloud) -> None:
        """
        Wait until the second pod makes a server of the flavor.
        """

        async def served() -> None:
            while True:
                body = a_server(flavorRef="own", availability_zone="az2")
                created = await cloud.demo.compute.post("/v2.1/servers", body)
                if created.status == 202:
                    return
                self.assertEqual(503, created.status, created.body)
                await pause(0.1)

        await within(30, served())

    async def test_pod_away(self) -> None:
        """
        A pod that is down while a flavor is made has it, with its extra specs, after its return and before it gets a server.
        """
        cloud = await self.shared()
        await self.known_away(cloud, "Pod2")
        made = await cloud.admin.compute.post(FLAVORS, {"flavor": FLAVOR})
        specs = await cloud.admin.compute.post(f"{FLAVORS}/own/os-extra_specs", {"extra_specs": {"k": "v"}})
        self.assertEqual((200, 200), (made.status, specs.status), made.body)
        self.assertEqual("az2", made.header(MISSING))

        await cloud.pod("Pod2").fake.start()
        await self.until_served(cloud)
        shown = await cloud.admin.at_pod("Pod2", "compute").get(f"{FLAVORS}/own", version="2.61")
        self.assertEqual({"k": "v"}, shown.json["flavor"]["extra_specs"])
        await self.nothing_left(cloud)
        asked = [request["path"] for request in cloud.pod("Pod2").nova.requests("POST")]
        self.assertLess(
            asked.index("/v2.1/flavors/own/os-extra_specs"),
            next(at for at, path in enumerate(asked) if path.endswith("/servers")),
        )
        self.assertEqual([], await self.jobs(cloud, state="dead"))

    async def test_refused_for_ever(self) -> None:
        """
        A pod that refuses one kind for ever leaves a dead letter that names it; it gets other kinds, and servers.
        """
        cloud = await self.shared()
        await self.known_away(cloud, "Pod2")
        self.assertEqual(200, (await cloud.admin.compute.post(FLAVORS, {"flavor": FLAVOR})).status)
        made = await cloud.demo.compute.post(KEYS, {"keypair": {"name": "k"}}, version="2.2")
        self.assertEqual(201, made.status)
        refusal = {"forbidden": {"code": 403, "message": "not this kind"}}
        cloud.pod("Pod2").nova.behave("status", method="POST", path="/flavors$", status=403, body=refusal)

        await cloud.pod("Pod2").fake.start()
        await self.until(cloud, "Pod2", healthy=True)
        await self.nothing_left(cloud)

        dead = await self.jobs(cloud, state="dead")
        self.assertIn("flavor own: POST /v2.1/flavors: 403 not this kind", dead[0]["error"])
        shown = await cloud.demo.at_pod("Pod2", "compute").get(f"{KEYS}/k")
        self.assertEqual(made.json["keypair"]["public_key"], shown.json["keypair"]["public_key"])
        await cloud.demo.create_server(availability_zone="az2", key_name="k")
        drift = (await cloud.admin.admin.get("/v1.0/drift")).json["drift"]
        self.assertEqual([], [one for one in drift if one["kind"] == "key_pair"])

    async def test_one_users_key_pair(self) -> None:
        """
        A pod that lacks one user's key pair takes all servers but those that name it, and these once it has it.
        """
        cloud = await self.shared()
        pod = cloud.pod("Pod2").nova
        pod.behave("status", method="POST", path="/os-keypairs$", status=503, body={})
        made = await cloud.demo.compute.post(KEYS, {"keypair": {"name": "k"}}, version="2.2")
        self.assertEqual((201, "az2"), (made.status, made.header(MISSING)), made.body)

        await cloud.demo.create_server(availability_zone="az2")
        named = a_server(key_name="k", availability_zone="az2")
        refused = await cloud.demo.compute.post("/v2.1/servers", named)
        self.assertEqual(503, refused.status, refused.body)

        pod.behave_well()

        async def served() -> None:
            while (await cloud.demo.compute.post("/v2.1/servers", named)).status != 202:
                await pause(0.1)

        await within(30, served())
        shown = await cloud.demo.at_pod("Pod2", "compute").get(f"{KEYS}/k")
        self.assertEqual(made.json["keypair"]["public_key"], shown.json["keypair"]["public_key"])

    async def test_two_daemons(self) -> None:
        """
        Two daemons that write the same flavor at once give one result in every pod.
        """
        cloud = await self.shared(PODS, daemons=2)
        self.assertEqual(200, (await cloud.admin.compute.post(FLAVORS, {"flavor": FLAVOR})).status)
        admins = [cloud.admin.at(number) for number in range(2)]

        async def writes(number: int) -> None:
            for turn in range(5):
                body = {"extra_specs": {"x": f"{number}-{turn}"}}
                said = await admins[number].compute.post(f"{FLAVORS}/own/os-extra_specs", body)
                self.assertEqual(200, said.status, said.body)

        await gatherResults([Deferred.fromCoroutine(writes(number)) for number in range(2)])
        await self.nothing_left(cloud)

        specs = [
            (await cloud.admin.at_pod(name, "compute").get(f"{FLAVORS}/own/os-extra_specs")).json[
                "extra_specs"
            ]
            for name in cloud.pods
        ]
        self.assertEqual(specs[0], specs[1])
        self.assertIn(specs[0]["x"], ("0-4", "1-4"))

    async def test_policies(self) -> None:
        """
        A pod that does not answer, and was not known to be away, fails a create by ``all``, not by ``any``; it has it afterwards.

        The job stays longer than that, since the pod may still do late what it has not answered.
        """
        for policy, status in (("all", 504), ("any", 200)):
            cloud = await self.shared(shared={"policy": policy}, pod_defaults={"answer_timeout_seconds": 0.5})
            cloud.pod("Pod2").nova.behave("hang", method="POST", path="/flavors$", times=1)

            made = await cloud.admin.compute.post(FLAVORS, {"flavor": FLAVOR})

            self.assertEqual(status, made.status, made.body)
            await self.until_served(cloud)
            here = cloud.admin.at_pod("Pod2", "compute")
            self.assertEqual(200, (await here.get(f"{FLAVORS}/own")).status, policy)
            self.assertEqual([], await self.jobs(cloud, state="dead"))


class SecretsTests(SharedCase):
    """
    What nobody but the user may have.
    """

    async def test_private_half(self) -> None:
        """
        The private half of a key pair that a pod has generated is in no row of the database, no job, no report and no log.
        """
        cloud = await self.shared(shared={"compare_seconds": 0.3})
        told = Events(self)
        refusal = {"badRequest": {"code": 400, "message": "not this one"}}
        await self.known_away(cloud, "Pod2")
        made = await cloud.demo.compute.post(KEYS, {"keypair": {"name": "k"}}, version="2.2")
        self.assertEqual(201, made.status, made.body)
        cloud.pod("Pod2").nova.behave("status", method="POST", path="/os-keypairs$", status=400, body=refusal)
        await cloud.pod("Pod2").fake.start()
        await self.until(cloud, "Pod2", healthy=True)
        await self.nothing_left(cloud)

        admin = cloud.admin.admin
        jobs, drift = await admin.get("/v1.0/jobs"), await admin.get("/v1.0/drift")
        tables = cloud.sql("select table_name from information_schema.tables where table_schema = 'public'")
        rows = "".join(str(cloud.sql(f'select t::text from "{name}" t')) for (name,) in tables)
        everything = "\n".join([jobs.body.decode(), drift.body.decode(), rows, told.text()])
        self.assertIn("not this one", jobs.body.decode())
        self.assertIn(made.json["keypair"]["public_key"], rows)
        self.assertIn("key_pair", told.text())
        self.assertNotIn("PRIVATE KEY", everything)
        for line in made.json["keypair"]["private_key"].splitlines()[1:-1]:
            self.assertNotIn(line, everything)


class DriftTests(SharedCase):
    """
    Pods that differ before anybody has written anything.
    """

    async def prepared(self, **kinds: str) -> Cloud:
        """
        One flavor is in the first pod alone, one differs in its extra specs, and one is the same.
        """
        cloud = await self.shared(daemons=0)
        for name in PODS:
            here = cloud.admin.at_pod(name.name, "compute")
            for flavor in ("alone", "other", "same"):
                if name is PODS[0] or flavor != "alone":
                    await here.post(FLAVORS, {"flavor": {**FLAVOR, "id": flavor, "name": flavor}})
            await here.post(f"{FLAVORS}/other/os-extra_specs", {"extra_specs": {"pod": name.name}})
        settings = {"shared": {"kinds": kinds, "compare_seconds": 0.3}}
        await cloud.add_daemon(PODS, merged(QUICK, settings))
        return cloud

    async def drift(self, cloud: Cloud, *wanted: tuple[str, str, str]) -> None:
        """
        Wait until the report of flavors is that.
        """

        async def told() -> None:
            while True:
                listed = (await cloud.admin.admin.get("/v1.0/drift")).json["drift"]
                found = [
                    (one["name"], one["pod_name"], one["difference"])
                    for one in listed
                    if one["kind"] == "flavor"
                ]
                if found == list(wanted):
                    return
                await pause(0.1)

        await within(20, told())

    async def test_ignored(self) -> None:
        """
        What differs is told; what is the same is wanted from then on, and missed where somebody takes it away.
        """
        cloud = await self.prepared()
        told = [("alone", "Pod1", "extra"), ("other", "Pod1", "extra"), ("other", "Pod2", "extra")]
        await self.drift(cloud, *told)

        await cloud.admin.at_pod("Pod2", "compute").delete(f"{FLAVORS}/same")

        await self.drift(cloud, *told, ("same", "Pod2", "missing"))

        async def counted() -> None:
            line = 'trio2o_drift{kind="flavor",pod="Pod2"} 2.0'
            while line not in (await cloud.admin.admin.get("/metrics")).body.decode():
                await pause(0.1)

        await within(20, counted())

    async def test_adopted(self) -> None:
        """
        What one pod has alone is made in the others, as the first one has it; what is there otherwise stays, and is told.
        """
        cloud = await self.prepared(flavor="adopt")
        await self.drift(cloud, ("other", "Pod2", "different"))
        await self.nothing_left(cloud)
        here = cloud.admin.at_pod("Pod2", "compute")
        self.assertEqual(200, (await here.get(f"{FLAVORS}/alone")).status)
        specs = (await here.get(f"{FLAVORS}/other/os-extra_specs")).json["extra_specs"]
        self.assertEqual({"pod": "Pod2"}, specs)

    async def test_overwritten(self) -> None:
        """
        What is wanted is made so again where somebody has changed it.
        """
        cloud = await self.prepared(flavor="overwrite")
        told = [("alone", "Pod1", "extra"), ("other", "Pod1", "extra"), ("other", "Pod2", "extra")]
        await self.drift(cloud, *told)
        here = cloud.admin.at_pod("Pod2", "compute")
        await here.post(f"{FLAVORS}/same/os-extra_specs", {"extra_specs": {"x": "1"}})

        async def put_right() -> None:
            while (await here.get(f"{FLAVORS}/same/os-extra_specs")).json["extra_specs"]:
                await pause(0.1)

        await within(20, put_right())
        await self.drift(cloud, *told)
