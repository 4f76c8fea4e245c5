"""
Lists over pods: as one cloud would give them (I8, I9).

The judge is a further fake pod, which the gateway does not know and which has everything that the others have.
"""

from __future__ import annotations

import random
import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.functional.cloud import (
    THREE_PODS,
    TWO_PODS,
    Client,
    Cloud,
    CloudCase,
    PodPlan,
    Reply,
    a_server,
    a_volume,
    pause,
)
from tests.interface.waiting import until

STILL = {"manual_clock": True}
PLANS = tuple(PodPlan(name=plan.name, zone=plan.zone, fake=STILL) for plan in THREE_PODS)
JUDGE = PodPlan(name="Judge", fake=STILL)

QUERIES = (
    "",
    "limit=5",
    "limit=1",
    "limit=12",
    "limit=1000",
    "limit=0",
    "sort_key=display_name&sort_dir=asc",
    "sort_key=display_name&sort_dir=desc&limit=7",
    "sort_key=created_at&sort_dir=asc",
    "sort_key=created_at&sort_dir=asc&limit=4",
    "sort_key=vm_state&sort_dir=asc&sort_key=display_name&sort_dir=desc",
    "sort_key=uuid&sort_dir=asc&limit=5",
    "sort_dir=asc",
    "name=even",
    "name=even&limit=2",
    "name=nothing",
    "status=ERROR",
    "status=ACTIVE&limit=3&sort_key=display_name&sort_dir=asc",
)

#: The default one, by text, by what is exact, and by several keys.
ORDERS = (
    "",
    "sort_key=display_name&sort_dir=asc",
    "sort_key=vm_state&sort_dir=desc&sort_key=display_name&sort_dir=asc",
    "sort_key=uuid&sort_dir=asc",
    "sort_key=created_at&sort_dir=asc",
)


def fill(cloud: Cloud, project_id: str, count: int = 12) -> list[str]:
    """
    Servers in all pods, one a second, and the same ones at the judge's; their ids, newest first.
    """
    chance = random.Random(7)
    names = [name for name in cloud.pods if name != "Judge"]
    made: list[str] = []
    for number in range(count):
        for pod in cloud.pods.values():
            pod.fake.state.clock.advance(1)
        name = "even" if number % 2 == 0 else f"odd-{chance.randrange(100)}"
        pod = cloud.pod(chance.choice(names))
        (server_id,) = pod.make_servers(project_id, name=f"{name}-{number}")
        server = pod.servers()[server_id]
        if number % 5 == 0:
            server.vm_state = "error"
        if "Judge" in cloud.pods:
            judge: Any = cloud.pod("Judge").fake.state.servers
            judge.add(server)
        made.insert(0, server_id)
    return made


def ids(reply: Reply, plural: str = "servers") -> list[str]:
    """
    The ids in a list.
    """
    assert reply.status == 200, (reply.status, reply.body)
    return [each["id"] for each in reply.json[plural]]


def marker_of(reply: Reply, plural: str = "servers") -> str | None:
    """
    The query of the next page, when a list has one.
    """
    links = reply.json.get(f"{plural}_links")
    return None if not links else urlsplit(links[0]["href"]).query


async def walk(clients: list[Client], path: str, query: str, plural: str = "servers") -> list[str]:
    """
    All ids, page by page by the next links; each page is asked of the next client.
    """
    found: list[str] = []
    following: str | None = query
    for number in range(100):
        reply = await clients[number % len(clients)].get(f"{path}?{following}")
        found += ids(reply, plural)
        following = marker_of(reply, plural)
        if following is None:
            return found
    raise AssertionError("the walk does not end")


class JudgedTests(CloudCase):
    """
    The top's lists beside those of one Nova that has it all.
    """

    async def judged(self, count: int = 12) -> Cloud:
        """
        A cloud with servers and a judge.
        """
        cloud = await self.cloud((*PLANS, JUDGE), daemons=0)
        await cloud.add_daemon(PLANS, {})
        fill(cloud, cloud.demo.project_id, count)
        fill(cloud, cloud.alt_demo.project_id, 3)
        return cloud

    async def compare(self, cloud: Cloud, path: str, query: str) -> None:
        """
        Ask both, and insist on the same ids in the same order, and on a next page where the judge has one.
        """
        target = f"/v2.1{path}?{query}"
        ours = await cloud.demo.compute.get(target)
        theirs = await cloud.demo.at_pod("Judge", "compute").get(target)

        self.assertEqual(ids(theirs), ids(ours), target)
        self.assertEqual(sorted(parse_qsl(marker_of(theirs))), sorted(parse_qsl(marker_of(ours))), target)

    async def test_details(self) -> None:
        """
        Detailed lists have the same servers in the same order, with the same next pages.
        """
        cloud = await self.judged()
        for query in QUERIES:
            await self.compare(cloud, "/servers/detail", query)

    async def test_names(self) -> None:
        """
        So have the short ones.
        """
        cloud = await self.judged()
        for query in QUERIES:
            await self.compare(cloud, "/servers", query)

    async def test_markers(self) -> None:
        """
        Every server as marker gives the page that the judge gives, in several orders.
        """
        cloud = await self.judged(8)
        everything = ids(await cloud.demo.compute.get("/v2.1/servers"))
        for marker in everything:
            for order in ("", "&sort_key=display_name&sort_dir=asc", "&sort_dir=asc&sort_key=created_at"):
                await self.compare(cloud, "/servers", f"limit=3&marker={marker}{order}")

    async def test_short_shape(self) -> None:
        """
        A short list shows id, name and links, as Nova's.
        """
        cloud = await self.judged(3)

        ours = (await cloud.demo.compute.get("/v2.1/servers")).json["servers"]
        theirs = (await cloud.demo.at_pod("Judge", "compute").get("/v2.1/servers")).json["servers"]

        self.assertEqual([sorted(each) for each in theirs], [sorted(each) for each in ours])

    async def test_bad_queries(self) -> None:
        """
        What Nova refuses is refused with its status and words.
        """
        cloud = await self.judged(2)
        for query in (
            "limit=-1",
            "limit=x",
            "marker=00000000-0000-4000-8000-000000000000",
            "marker=x",
            "sort_key=nonsense",
            "sort_dir=up",
            "sort_key=host",
            "all_tenants=1",
            "all_tenants=maybe",
            "name=(",
        ):
            target = f"/v2.1/servers/detail?{query}"
            ours = await cloud.demo.compute.get(target)
            theirs = await cloud.demo.at_pod("Judge", "compute").get(target)
            self.assertEqual((theirs.status, theirs.fault), (ours.status, ours.fault), query)

    async def test_all_projects(self) -> None:
        """
        An admin lists the servers of all projects.
        """
        cloud = await self.judged(4)
        target = "/v2.1/servers/detail?all_tenants=1"

        ours = await cloud.admin.compute.get(target)
        theirs = await cloud.admin.at_pod("Judge", "compute").get(target)

        self.assertEqual(7, len(ids(ours)))
        self.assertEqual(ids(theirs), ids(ours))

    async def test_own_project(self) -> None:
        """
        A list has the servers of the token's project alone.
        """
        cloud = await self.judged(4)

        listed = await cloud.alt_demo.compute.get("/v2.1/servers/detail")

        self.assertEqual({cloud.alt_demo.project_id}, {each["tenant_id"] for each in listed.json["servers"]})
        self.assertEqual(3, len(ids(listed)))


class WalkTests(CloudCase):
    """
    Walks page by page.
    """

    async def test_each_once(self) -> None:
        """
        Pages of any size give each server once, newest first.
        """
        cloud = await self.cloud(PLANS)
        made = fill(cloud, cloud.demo.project_id, 20)
        for limit in (1, 3, 7, 20, 21):
            found = await walk([cloud.demo.compute], "/v2.1/servers", f"limit={limit}")
            self.assertEqual(made, found, limit)

    async def test_other_orders(self) -> None:
        """
        Walks in other orders too.
        """
        cloud = await self.cloud(PLANS)
        fill(cloud, cloud.demo.project_id, 15)
        for order in ("sort_key=display_name&sort_dir=asc", "sort_key=vm_state&sort_dir=desc"):
            whole = ids(await cloud.demo.compute.get(f"/v2.1/servers/detail?{order}"))
            found = await walk([cloud.demo.compute], "/v2.1/servers/detail", f"limit=4&{order}")
            self.assertEqual(whole, found)
            self.assertEqual(15, len(set(found)))

    async def test_made_in_one_second(self) -> None:
        """
        Servers that pods made in the same second come once each, too, by their ids; also where two daemons give pages in turn.
        """
        cloud = await self.cloud(PLANS, daemons=2)
        made = [
            server for pod in cloud.pods.values() for server in pod.make_servers(cloud.demo.project_id, 8)
        ]
        one, other = cloud.demo.at(0).compute, cloud.demo.at(1).compute
        for clients in ([one], [one, other]):
            found = await walk(clients, "/v2.1/servers", "limit=4")
            self.assertEqual(sorted(made), found)

    async def test_over_two_daemons(self) -> None:
        """
        A walk whose pages come from two daemons in turn gives each server once, in order.
        """
        cloud = await self.cloud(PLANS, daemons=2)
        made = fill(cloud, cloud.demo.project_id, 14)

        found = await walk([cloud.demo.at(0).compute, cloud.demo.at(1).compute], "/v2.1/servers", "limit=3")

        self.assertEqual(made, found)

    async def test_orders_over_two_daemons(self) -> None:
        """
        So it is in every order, and each page costs one question to each pod: where one daemon's page ended the other's begins.
        """
        cloud = await self.cloud(PLANS, daemons=2)
        fill(cloud, cloud.demo.project_id, 14)
        clients = [cloud.demo.at(0).compute, cloud.demo.at(1).compute]
        written = 0
        for order in ORDERS:
            whole = ids(await clients[0].get(f"/v2.1/servers/detail?{order}"))
            await until(lambda: len(cloud.sql("select 1 from routes")) == 14)
            found: list[str] = []
            following: str | None = f"limit=3&{order}"
            for number in range(5):
                for pod in cloud.pods.values():
                    pod.nova.frame.journal.clear()
                reply = await clients[number % 2].get(f"/v2.1/servers/detail?{following}")
                found += ids(reply)
                following = marker_of(reply)
                for pod in cloud.pods.values():
                    (asked,) = pod.nova.requests(path="/servers/detail")
                    self.assertIn("limit=3", asked["path"], (order, number))
                if following is not None and order:
                    written += 1
                    await until(lambda wanted=written: len(cloud.sql("select 1 from cursors")) == wanted)
            self.assertEqual((whole, None), (found, following), order)
        self.assertEqual([(written,)], cloud.sql("select count(*) from cursors"))

    async def test_restart(self) -> None:
        """
        A daemon that was started anew goes on just where the one before it left the page, without a walk.
        """
        cloud = await self.cloud(PLANS)
        fill(cloud, cloud.demo.project_id, 14)
        for number, order in enumerate(("sort_key=display_name&sort_dir=asc", "")):
            before = cloud.demo.at(number).compute
            whole = ids(await before.get(f"/v2.1/servers/detail?{order}"))
            first = await before.get(f"/v2.1/servers/detail?limit=9&{order}")
            await cloud.daemons[number].stop()
            await cloud.add_daemon(PLANS, {})
            for pod in cloud.pods.values():
                pod.nova.frame.journal.clear()

            rest = await cloud.demo.at(number + 1).compute.get(f"/v2.1/servers/detail?{marker_of(first)}")

            self.assertEqual(whole, ids(first) + ids(rest), order)
            for pod in cloud.pods.values():
                (asked,) = pod.nova.requests(path="/servers/detail")
                self.assertIn("limit=9", asked["path"], order)

    async def test_while_servers_come_and_go(self) -> None:
        """
        Over two daemons in turn, with servers made and deleted at other places between the pages, those that stay come once
        each and in order.
        """
        cloud = await self.cloud(PLANS, daemons=2)
        clients = [cloud.demo.at(0).compute, cloud.demo.at(1).compute]
        for order in ("", "sort_key=display_name&sort_dir=asc"):
            fill(cloud, cloud.demo.project_id, 15)
            staying = ids(await clients[0].get(f"/v2.1/servers/detail?{order}"))
            found: list[str] = []
            following: str | None = f"limit=4&{order}"
            for number in range(40):
                reply = await clients[number % 2].get(f"/v2.1/servers/detail?{following}")
                found += ids(reply)
                following = marker_of(reply)
                if following is None:
                    break
                for pod in cloud.pods.values():
                    pod.fake.state.clock.advance(1)
                cloud.pod(f"Pod{number % 3 + 1}").make_servers(cloud.demo.project_id, name=f"new-{number}")
                victim = staying[(number * 7 + 3) % len(staying)]
                if victim != found[-1]:
                    await clients[1].delete(f"/v2.1/servers/{victim}")
                    staying.remove(victim)
            self.assertEqual(len(found), len(set(found)), order)
            self.assertEqual(staying, [server for server in found if server in staying], order)

    async def test_deleted_marker(self) -> None:
        """
        When the page's last server is deleted before the next page is asked for, the walk goes on after its place.
        """
        cloud = await self.cloud(PLANS)
        made = fill(cloud, cloud.demo.project_id, 9)
        first = await cloud.demo.compute.get("/v2.1/servers?limit=4")
        marker = ids(first)[-1]
        await cloud.demo.compute.delete(f"/v2.1/servers/{marker}")
        for pod in cloud.pods.values():
            pod.fake.state.clock.advance(5)

        rest = await cloud.demo.compute.get(f"/v2.1/servers?limit=10&marker={marker}")

        self.assertEqual(made[4:], ids(rest))

    async def test_new_servers_meanwhile(self) -> None:
        """
        A server that is made during a walk moves no other from its page.
        """
        cloud = await self.cloud(PLANS)
        made = fill(cloud, cloud.demo.project_id, 9)
        first = await cloud.demo.compute.get("/v2.1/servers?limit=4")
        fill(cloud, cloud.demo.project_id, 3)

        rest = await walk([cloud.demo.compute], "/v2.1/servers", marker_of(first) or "")

        self.assertEqual(made, ids(first) + rest)

    async def test_largest_page(self) -> None:
        """
        Without a limit a page has at most the configured number of servers, and a link to the next.
        """
        cloud = await self.cloud(PLANS, settings={"limits": {"max_page": 5}})
        made = fill(cloud, cloud.demo.project_id, 12)

        first = await cloud.demo.compute.get("/v2.1/servers")
        found = await walk([cloud.demo.compute], "/v2.1/servers", "")

        self.assertEqual(made[:5], ids(first))
        self.assertEqual(made, found)

    async def test_next_link(self) -> None:
        """
        The link to the next page is the top's, keeps the client's query and works as it is.
        """
        cloud = await self.cloud(PLANS)
        made = fill(cloud, cloud.demo.project_id, 6)

        first = await cloud.demo.compute.get("/v2.1/{project}/servers/detail?limit=2&name=e")
        href = first.json["servers_links"][0]["href"]
        second = await cloud.demo.compute.get(href.removeprefix(cloud.demo.compute.origin))

        self.assertTrue(
            href.startswith(f"{cloud.demo.compute.origin}/v2.1/{cloud.demo.project_id}/servers/detail?")
        )
        self.assertIn("name=e", href)
        wanted = [each for each in made if "e" in self.name_of(cloud, each)]
        self.assertEqual(wanted[:4], ids(first) + ids(second))

    def name_of(self, cloud: Cloud, server: str) -> str:
        """
        A server's name.
        """
        return str(cloud.pod(cloud.pod_of(server)).servers()[server].name)


class ContentTests(CloudCase):
    """
    What lists show and learn.
    """

    async def test_zones_and_links(self) -> None:
        """
        Servers in a list have the top's zones and links.
        """
        plans = (
            PodPlan(name="Pod1", section={"pod_az": "inner"}, fake={"availability_zones": ["inner"]}),
            PodPlan(name="Pod2", zone="az2"),
        )
        cloud = await self.cloud(plans)
        cloud.pod("Pod1").make_servers(cloud.demo.project_id)
        cloud.pod("Pod2").make_servers(cloud.demo.project_id)

        listed = (await cloud.demo.compute.get("/v2.1/servers/detail")).json["servers"]

        self.assertEqual({"az1", "az2"}, {each["OS-EXT-AZ:availability_zone"] for each in listed})
        hrefs = [link["href"] for each in listed for link in each["links"] + each["flavor"]["links"]]
        self.assertEqual([], [href for href in hrefs if not href.startswith(cloud.demo.compute.origin + "/")])

    async def test_zone_filter(self) -> None:
        """
        A filter by zone is by the top's zones.
        """
        cloud = await self.cloud(PLANS)
        cloud.pod("Pod1").make_servers(cloud.demo.project_id)
        (wanted,) = cloud.pod("Pod3").make_servers(cloud.demo.project_id)

        listed = await cloud.demo.compute.get("/v2.1/servers?availability_zone=az2", version="2.83")

        self.assertEqual([wanted], ids(listed))

    async def test_adoption(self) -> None:
        """
        What a list shows gets a route.
        """
        cloud = await self.cloud(PLANS)
        made = fill(cloud, cloud.demo.project_id, 6)

        await cloud.demo.compute.get("/v2.1/servers/detail")

        def routed() -> bool:
            return len(cloud.sql("select 1 from routes where project_id = %s", cloud.demo.project_id)) == len(
                made
            )

        await until(routed)

    async def test_one_pod(self) -> None:
        """
        With one pod a list is that pod's.
        """
        cloud = await self.cloud(PLANS[:1])
        made = fill(cloud, cloud.demo.project_id, 5)

        found = await walk([cloud.demo.compute], "/v2.1/servers", "limit=2")

        self.assertEqual(made, found)

    async def test_empty(self) -> None:
        """
        A list of nothing is an empty list.
        """
        cloud = await self.cloud(PLANS)

        listed = await cloud.demo.compute.get("/v2.1/servers/detail")

        self.assertEqual({"servers": []}, listed.json)

    async def test_draining_pods_are_listed(self) -> None:
        """
        What a draining pod has is listed; a disabled one's is not.
        """
        plans = (
            PodPlan(name="Pod1", section={"state": "draining"}),
            PodPlan(name="Pod2", section={"state": "maintenance"}),
            PodPlan(name="Pod3", section={"state": "disabled"}),
        )
        cloud = await self.cloud(plans)
        made = [pod.make_servers(cloud.demo.project_id)[0] for pod in cloud.pods.values()]

        listed = await cloud.demo.compute.get("/v2.1/servers")

        self.assertEqual(set(made[:2]), set(ids(listed)))

    async def test_created_at_the_top(self) -> None:
        """
        Servers and volumes that were created at the top in two zones are listed as one cloud's.
        """
        cloud = await self.cloud()
        servers = [await cloud.demo.create_server(availability_zone=zone) for zone in ("az1", "az2")]
        volumes = [await cloud.demo.create_volume(availability_zone=zone) for zone in ("az1", "az2")]

        found = ids(await cloud.demo.compute.get("/v2.1/servers"))
        held = ids(await cloud.demo.volume.get("/v3/{project}/volumes/detail"), "volumes")

        self.assertEqual((set(servers), set(volumes)), (set(found), set(held)))


class VolumeTests(CloudCase):
    """
    Lists of volumes.
    """

    async def filled(self, count: int = 9) -> tuple[Cloud, list[str]]:
        """
        Volumes in three pods, one a second; their ids, newest first.
        """
        cloud = await self.cloud(PLANS)
        made: list[str] = []
        for number in range(count):
            for pod in cloud.pods.values():
                pod.fake.state.clock.advance(1)
            name = ("Pod1", "Pod3", "Pod2")[number % 3]
            reply = await cloud.demo.at_pod(name, "volume").post(
                "/v3/{project}/volumes", a_volume(f"v{(number * 5) % count}")
            )
            made.insert(0, reply.json["volume"]["id"])
        return cloud, made

    async def test_order(self) -> None:
        """
        Newest first, over all pods.
        """
        cloud, made = await self.filled()

        self.assertEqual(made, ids(await cloud.demo.volume.get("/v3/{project}/volumes"), "volumes"))

    async def test_walk(self) -> None:
        """
        A walk by pages gives each volume once, in order.
        """
        cloud, made = await self.filled()
        for limit in (1, 4):
            found = await walk(
                [cloud.demo.volume], "/v3/{project}/volumes/detail", f"limit={limit}", "volumes"
            )
            self.assertEqual(made, found)

    async def test_sort(self) -> None:
        """
        Cinder's ``sort`` holds over all pods, and through pages.
        """
        cloud, made = await self.filled()
        whole = (await cloud.demo.volume.get("/v3/{project}/volumes/detail?sort=name:asc")).json["volumes"]
        found = await walk([cloud.demo.volume], "/v3/{project}/volumes", "limit=2&sort=name:asc", "volumes")

        self.assertEqual([f"v{number}" for number in range(9)], [each["name"] for each in whole])
        self.assertEqual([each["id"] for each in whole], found)
        self.assertEqual(set(made), set(found))

    async def test_offset(self) -> None:
        """
        Cinder's ``offset`` counts over all pods.
        """
        cloud, made = await self.filled()

        listed = await cloud.demo.volume.get("/v3/{project}/volumes?offset=3&limit=4")

        self.assertEqual(made[3:7], ids(listed, "volumes"))

    async def test_count(self) -> None:
        """
        ``with_count`` counts over all pods, whatever the page.
        """
        cloud, _ = await self.filled()

        listed = await cloud.demo.volume.get("/v3/{project}/volumes?with_count=True&limit=2", version="3.45")

        self.assertEqual((2, 9), (len(listed.json["volumes"]), listed.json["count"]))

    async def test_unknown_marker(self) -> None:
        """
        A marker that no volume has is Cinder's 404.
        """
        cloud, _ = await self.filled(3)
        marker = "00000000-0000-4000-8000-000000000000"

        listed = await cloud.demo.volume.get(f"/v3/{{project}}/volumes?marker={marker}")

        self.refused(listed, 404, "itemNotFound", marker)

    async def test_snapshots(self) -> None:
        """
        Snapshots are listed over all pods, too.
        """
        cloud, made = await self.filled(3)
        for pod in cloud.pods.values():
            pod.fake.state.clock.advance(5)
        snapshots = []
        for volume in made:
            for pod in cloud.pods.values():
                pod.fake.state.clock.advance(1)
            reply = await cloud.demo.volume.post(
                "/v3/{project}/snapshots", {"snapshot": {"volume_id": volume}}
            )
            self.assertEqual(202, reply.status, reply.body)
            snapshots.insert(0, reply.json["snapshot"]["id"])

        listed = await cloud.demo.volume.get("/v3/{project}/snapshots/detail")

        self.assertEqual(snapshots, ids(listed, "snapshots"))


class SilentPodTests(CloudCase):
    """
    Lists while a pod is silent (I8).
    """

    async def half(self) -> tuple[Cloud, str, str]:
        """
        A cloud with one server in each of two zones, whose second zone's pod is down.
        """
        cloud = await self.cloud()
        here = await cloud.demo.create_server("here", availability_zone="az1")
        there = await cloud.demo.create_server("there", availability_zone="az2")
        await cloud.pod("Pod3").fake.go_down()
        return cloud, here, there

    async def test_left_out(self) -> None:
        """
        Its servers are left out, and a header names its zone, not the pod.
        """
        cloud, here, _ = await self.half()

        listed = await cloud.demo.compute.get("/v2.1/servers")

        self.assertEqual([here], ids(listed))
        self.assertEqual("az2", listed.header("X-Trio2o-Incomplete-Zones"))
        self.assertIsNone(listed.header("X-Trio2o-Missing-Pods"))

    async def test_admins_read_which_pod(self) -> None:
        """
        Admins read which pod is missing.
        """
        cloud, here, _ = await self.half()

        listed = await cloud.admin.compute.get("/v2.1/servers?all_tenants=1")

        self.assertEqual([here], ids(listed))
        self.assertEqual("Pod3", listed.header("X-Trio2o-Missing-Pods"))

    async def test_whole_list_says_nothing(self) -> None:
        """
        A list that is whole has no such header.
        """
        cloud = await self.cloud()

        listed = await cloud.demo.compute.get("/v2.1/servers")

        self.assertIsNone(listed.header("X-Trio2o-Incomplete-Zones"))

    async def test_all_or_nothing(self) -> None:
        """
        Who wants all gets 503 instead of any list, sum or show that lacks a part or shows what is unknown.
        """
        cloud, here, there = await self.half()
        wants = {"headers": {"X-Trio2o-Incomplete": "refuse"}}
        for client, path, version in (
            (cloud.demo.compute, "/v2.1/servers", None),
            (cloud.demo.compute, "/v2.1/servers/detail", "2.69"),
            (cloud.demo.compute, f"/v2.1/servers/{there}", "2.69"),
            (cloud.demo.compute, "/v2.1/os-server-groups", None),
            (cloud.demo.compute, "/v2.1/limits", None),
            (cloud.demo.compute, "/v2.1/os-simple-tenant-usage/{project}", None),
            (cloud.admin.compute, "/v2.1/os-hypervisors", None),
            (cloud.admin.compute, "/v2.1/os-hypervisors/statistics", None),
            (cloud.demo.volume, "/v3/{project}/volumes", None),
            (cloud.demo.volume, "/v3/{project}/volumes/summary", "3.12"),
        ):
            listed = await client.get(path, version=version, **wants)
            self.refused(listed, 503, "serviceUnavailable")
            self.assertEqual(
                ("az2", "10"),
                (listed.header("X-Trio2o-Incomplete-Zones"), listed.header("Retry-After")),
                path,
            )

        self.assertEqual(200, (await cloud.demo.compute.get(f"/v2.1/servers/{here}", **wants)).status)

    async def test_unknown_servers(self) -> None:
        """
        From 2.69 on its servers are listed as UNKNOWN, with what is known of them.
        """
        cloud, here, there = await self.half()

        listed = await cloud.demo.compute.get("/v2.1/servers/detail", version="2.69")

        by_id = {each["id"]: each for each in listed.json["servers"]}
        self.assertEqual({here, there}, set(by_id))
        self.assertEqual("UNKNOWN", by_id[there]["status"])
        self.assertEqual(cloud.demo.project_id, by_id[there]["tenant_id"])
        self.assertEqual({"id", "status", "created", "tenant_id", "links"}, set(by_id[there]))
        self.assertNotEqual("UNKNOWN", by_id[here]["status"])

    async def test_unknown_servers_in_short(self) -> None:
        """
        In the short list they have id, status and links.
        """
        cloud, _, there = await self.half()

        listed = await cloud.demo.compute.get("/v2.1/servers", version="2.69")

        (found,) = [each for each in listed.json["servers"] if each["id"] == there]
        self.assertEqual({"id", "status", "links"}, set(found))

    async def test_no_unknown_servers(self) -> None:
        """
        Below 2.69, with a filter, a sort, a limit or a marker they are left out.
        """
        cloud, here, there = await self.half()
        for query, version in (
            ("", "2.68"),
            ("name=e", "2.69"),
            ("status=ACTIVE", "2.69"),
            ("sort_key=created_at", "2.69"),
            ("limit=10", "2.69"),
            (f"marker={here}", "2.69"),
        ):
            listed = await cloud.demo.compute.get(f"/v2.1/servers?{query}", version=version)
            self.assertNotIn(there, ids(listed), (query, version))
            self.assertEqual("az2", listed.header("X-Trio2o-Incomplete-Zones"), (query, version))

    async def test_unknown_servers_are_own(self) -> None:
        """
        Nobody is shown other projects' servers that way.
        """
        cloud, _, _ = await self.half()

        listed = await cloud.alt_demo.compute.get("/v2.1/servers", version="2.69")

        self.assertEqual([], ids(listed))

    async def test_show_of_an_unknown_server(self) -> None:
        """
        From 2.69 on a show gives what is known of the server; below it is 503.
        """
        cloud, _, there = await self.half()

        new = await cloud.demo.compute.get(f"/v2.1/servers/{there}", version="2.69")
        old = await cloud.demo.compute.get(f"/v2.1/servers/{there}", version="2.68")

        self.assertEqual(
            (200, "UNKNOWN", there), (new.status, new.json["server"]["status"], new.json["server"]["id"])
        )
        self.assertEqual("az2", new.json["server"]["OS-EXT-AZ:availability_zone"])
        self.assertEqual(503, old.status)

    async def test_show_to_a_stranger(self) -> None:
        """
        A stranger is not shown what is known of an unreachable server.
        """
        cloud, _, there = await self.half()

        shown = await cloud.alt_demo.compute.get(f"/v2.1/servers/{there}", version="2.69")

        self.assertIn(shown.status, (404, 503))
        self.assertNotIn(cloud.demo.project_id, shown.body.decode())

    async def test_slow_pod(self) -> None:
        """
        A pod that is slower than its part of a list may take is left out, and the list takes no longer than that.
        """
        cloud = await self.cloud(TWO_PODS, settings={"pod_defaults": {"list_timeout_seconds": 0.4}})
        (quick,) = cloud.pod("Pod1").make_servers(cloud.demo.project_id)
        cloud.pod("Pod2").make_servers(cloud.demo.project_id)
        cloud.pod("Pod2").nova.behave("hang", path="/servers")
        began = time.monotonic()

        listed = await cloud.demo.compute.get("/v2.1/servers")

        self.assertEqual([quick], ids(listed))
        self.assertLess(time.monotonic() - began, 1.5)

    async def test_pod_that_stops_within(self) -> None:
        """
        One that begins its part in time, and does not come to its end, is left out as quickly, whatever is asked of all.
        """
        cloud = await self.cloud(TWO_PODS, settings={"pod_defaults": {"list_timeout_seconds": 0.4}})
        cloud.pod("Pod2").nova.behave("hang_within")
        for path in ("servers/detail", "flavors", "os-networks", "os-hypervisors/statistics", "limits"):
            began = time.monotonic()

            listed = await cloud.admin.compute.get(f"/v2.1/{path}")

            self.assertEqual(200, listed.status, listed.body)
            self.assertIsNotNone(listed.header("X-Trio2o-Incomplete-Zones"), path)
            self.assertLess(time.monotonic() - began, 1.5, path)

    async def test_side_by_side(self) -> None:
        """
        Pods are asked at once: three that take 0.3 s each take less than 0.6 s together.
        """
        cloud = await self.cloud()
        for pod in cloud.pods.values():
            pod.nova.behave("latency", path="/servers", seconds=0.3)
        await cloud.demo.compute.get("/v2.1/flavors")
        began = time.monotonic()

        await cloud.demo.compute.get("/v2.1/servers")

        self.assertLess(time.monotonic() - began, 0.6)

    async def test_failing_pods(self) -> None:
        """
        A pod that fails in another way is left out too: a reset, a 500, what is no JSON, half an answer.
        """
        cloud = await self.cloud(TWO_PODS)
        (here,) = cloud.pod("Pod1").make_servers(cloud.demo.project_id)
        cloud.pod("Pod2").make_servers(cloud.demo.project_id)
        nova = cloud.pod("Pod2").nova
        for kind, more in (
            ("reset", {}),
            ("status", {"status": 500, "body": {"computeFault": {"code": 500, "message": "oops"}}}),
            ("status", {"status": 200, "body": {"servers": "none"}}),
            ("wrong_json", {}),
            ("truncate", {}),
        ):
            nova.behave(kind, path="/servers", **more)
            listed = await cloud.demo.compute.get("/v2.1/servers/detail")
            nova.behave_well()
            self.assertEqual([here], ids(listed), kind)
            self.assertEqual("az1", listed.header("X-Trio2o-Incomplete-Zones"), kind)

    async def test_all_down(self) -> None:
        """
        When every pod is down a list is 503, not an empty cloud.
        """
        cloud = await self.cloud(TWO_PODS)
        for pod in cloud.pods.values():
            await pod.fake.go_down()

        listed = await cloud.demo.compute.get("/v2.1/servers")

        self.refused(listed, 503, "serviceUnavailable")

    async def test_volumes(self) -> None:
        """
        Volumes of a silent pod are left out, and the header tells.
        """
        cloud = await self.cloud()
        here = await cloud.demo.create_volume(availability_zone="az1")
        await cloud.demo.create_volume(availability_zone="az2")
        await cloud.pod("Pod3").fake.go_down()

        listed = await cloud.demo.volume.get("/v3/{project}/volumes")

        self.assertEqual([here], ids(listed, "volumes"))
        self.assertEqual("az2", listed.header("X-Trio2o-Incomplete-Zones"))

    async def test_comes_back(self) -> None:
        """
        When the pod is back, so are its servers.
        """
        cloud, here, there = await self.half()
        await cloud.demo.compute.get("/v2.1/servers")
        await cloud.pod("Pod3").fake.start()
        await pause(0.01)

        listed = await cloud.demo.compute.get("/v2.1/servers")

        self.assertEqual({here, there}, set(ids(listed)))
        self.assertIsNone(listed.header("X-Trio2o-Incomplete-Zones"))

    async def test_error_server_is_listed(self) -> None:
        """
        A server that a pod could not place is listed as what it is: an error that changes nothing of the binding.
        """
        cloud = await self.cloud(TWO_PODS)
        cloud.pod("Pod1").nova.behave("no_valid_host")
        made = await cloud.demo.compute.post("/v2.1/servers", a_server())
        server = made.json["server"]["id"]
        await until(lambda: cloud.pod("Pod1").servers()[server].status == "ERROR")

        listed = (await cloud.demo.compute.get("/v2.1/servers/detail")).json["servers"]

        self.assertEqual([(server, "ERROR")], [(each["id"], each["status"]) for each in listed])
