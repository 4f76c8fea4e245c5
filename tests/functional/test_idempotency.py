"""
Creates with an Idempotency-Key, over sockets, pods that misbehave and processes that are killed.
"""

from __future__ import annotations

import json
import signal
from typing import Any
from uuid import uuid4

from twisted.internet.defer import Deferred

from tests.functional.cloud import IMAGE, TWO_PODS, Cloud, Person, Reply, a_server, a_volume, pause, settled
from tests.functional.daemon_process import daemon_process
from tests.functional.test_adoption import AdoptionCase
from tests.interface.waiting import until
from trio2o.intents import ITEM

SERVERS, VOLUMES = "/v2.1/servers", "/v3/{project}/volumes"

#: A create that a pod does not show is believed lost at once.
QUICK: dict[str, Any] = {
    "pod_defaults": {"create_timeout_seconds": 0.5},
    "idempotency": {"settle_seconds": 0},
}


class KeyCase(AdoptionCase):
    """
    A cloud, and creates with keys.
    """

    async def post(
        self, person: Person, body: Any = None, key: str = "k1", *, path: str = SERVERS, **more: Any
    ) -> Reply:
        """
        Send a create with a key.
        """
        client = person.volume if path.startswith("/v3") else person.compute
        body = a_server() if body is None else body
        return await client.post(path, body, headers={"Idempotency-Key": key}, **more)

    async def until_settled(self, person: Person, *arguments: Any, **more: Any) -> Reply:
        """
        Repeat for as long as the answer is 409, as a client would.
        """
        while True:
            answer = await self.post(person, *arguments, **more)
            if answer.status != 409:
                return answer
            await pause(0.1)

    def made(self, cloud: Cloud) -> list[str]:
        """
        All servers of all pods.
        """
        return [server for pod in cloud.pods.values() for server in pod.servers()]

    async def until_unmarked(self, cloud: Cloud) -> None:
        """
        Wait until no server has the item any more, and nothing is to be looked at.
        """

        def marked() -> bool:
            return any(
                ITEM in server.metadata for pod in cloud.pods.values() for server in pod.servers().values()
            )

        await until(lambda: not marked() and not cloud.sql("select 1 from intents where look_at is not null"))


class RepeatTests(KeyCase):
    """
    A repeat of what ended well.
    """

    async def test_server(self) -> None:
        """
        A repeated create of a server gives the first answer but for its password, and makes nothing.
        """
        cloud = await self.admins_cloud()
        body = a_server(networks="auto")
        first = await self.post(cloud.demo, body, version="2.60")
        again = await self.post(cloud.demo, body, version="2.60")

        self.assertEqual(202, first.status, first.body)
        self.assertEqual(first.status, again.status)
        server = dict(first.json["server"])
        self.assertTrue(server.pop("adminPass"))
        self.assertEqual({"server": server}, again.json)
        for field in (
            "Location",
            "Content-Type",
            "OpenStack-API-Version",
            "Vary",
            "X-OpenStack-Nova-API-Version",
        ):
            self.assertEqual(first.header(field), again.header(field), field)
        self.assertEqual(
            (None, "true"), (first.header("X-Trio2o-Replayed"), again.header("X-Trio2o-Replayed"))
        )
        self.assertNotEqual(first.header("X-Openstack-Request-Id"), again.header("X-Openstack-Request-Id"))
        self.assertTrue((again.header("X-Openstack-Request-Id") or "").startswith("req-"))
        self.assertEqual([server["id"]], self.made(cloud))
        kept = cloud.sql("select answer_body from intents")[0][0]
        self.assertNotIn(b"adminPass", bytes(kept))

    async def test_what_the_pod_gets(self) -> None:
        """
        The pod gets the client's body with one item more, and no key; the item is gone once the server is built.
        """
        cloud = await self.admins_cloud()
        body = a_server(metadata={"role": "web"}, user_data="eA==")
        server = (await self.post(cloud.demo, body)).json["server"]["id"]

        (got,) = cloud.pod(cloud.pod_of(server)).nova.creates()
        sent = got["body"]["server"]
        ((intent,),) = cloud.sql("select id from intents")
        self.assertEqual({**body["server"], "metadata": {"role": "web", ITEM: intent}}, sent)
        self.assertNotIn("idempotency-key", {name.lower() for name in got["headers"]})
        await self.until_unmarked(cloud)
        shown = await cloud.demo.compute.get(f"{SERVERS}/{server}")
        self.assertEqual({"role": "web"}, shown.json["server"]["metadata"])

    async def test_volume(self) -> None:
        """
        A volume's answers show no item of ours, and the volume loses it.
        """
        cloud = await self.admins_cloud()
        body = a_volume(metadata={"a": "b"})
        first = await self.post(cloud.demo, body, path=VOLUMES)
        again = await self.post(cloud.demo, body, path=VOLUMES)

        self.assertEqual(202, first.status, first.body)
        self.assertEqual((202, first.json), (again.status, again.json))
        self.assertEqual({"a": "b"}, first.json["volume"]["metadata"])
        await self.until_unmarked(cloud)
        shown = await cloud.demo.volume.get(f"{VOLUMES}/{first.json['volume']['id']}")
        self.assertEqual({"a": "b"}, shown.json["volume"]["metadata"])
        self.assertEqual(1, sum(len(pod.cinder.creates()) for pod in cloud.pods.values()))

    async def test_snapshot_and_backup(self) -> None:
        """
        Snapshots take keys, and so do kinds whose metadata cannot be asked for.
        """
        cloud = await self.admins_cloud()
        volume = (await self.post(cloud.demo, a_volume(), path=VOLUMES)).json["volume"]["id"]
        shown = f"{VOLUMES}/{volume}"
        while (await cloud.demo.volume.get(shown)).json["volume"]["status"] != "available":
            await pause(0.02)
        for name, body in (
            ("snapshots", {"snapshot": {"volume_id": volume, "metadata": None}}),
            ("backups", {"backup": {"volume_id": volume, "name": "b"}}),
        ):
            path = f"/v3/{{project}}/{name}"
            first = await self.post(cloud.demo, body, path=path)
            again = await self.post(cloud.demo, body, path=path)
            self.assertEqual(202, first.status, first.body)
            self.assertEqual((202, first.json), (again.status, again.json))
            self.assertNotIn(ITEM.encode(), first.body)
        self.assertEqual(
            [(True,), (False,)],
            cloud.sql("select marked from intents where kind <> 'volume' order by created_at"),
        )

    async def test_no_key_for_secrets(self) -> None:
        """
        What is answered once takes no key, and says so.
        """
        cloud = await self.admins_cloud()
        body = {"transfer": {"volume_id": str(uuid4()), "name": "t"}}
        answer = await self.post(cloud.demo, body, path="/v3/{project}/volume-transfers")
        self.refused(answer, 400, "badRequest", "Idempotency-Key")

    async def test_through_another_daemon(self) -> None:
        """
        A repeat gets the first answer from whichever daemon.
        """
        cloud = await self.admins_cloud()
        await cloud.add_daemon(TWO_PODS, {})
        first = await self.post(cloud.demo.at(0))
        again = await self.post(cloud.demo.at(1))
        self.assertEqual(first.json["server"]["id"], again.json["server"]["id"])
        self.assertEqual(1, len(self.made(cloud)))

    async def test_at_once(self) -> None:
        """
        Of twenty at once, over two daemons, one makes a server, and the others get 409 or its answer.
        """
        cloud = await self.admins_cloud()
        await cloud.add_daemon(TWO_PODS, {})
        answers = await settled(*(self.post(cloud.demo.at(number % 2)) for number in range(20)))

        (server,) = self.made(cloud)
        for answer in answers:
            if answer.status == 202:
                self.assertEqual(server, answer.json["server"]["id"])
            else:
                self.refused(answer, 409, "conflictingRequest", "Idempotency-Key")
                self.assertEqual("5", answer.header("Retry-After"))
        self.assertIn(202, [answer.status for answer in answers])
        again = await self.until_settled(cloud.demo)
        self.assertEqual(server, again.json["server"]["id"])

    async def test_several_servers(self) -> None:
        """
        All servers of one create carry the item, and all lose it; a repeat makes none.
        """
        cloud = await self.admins_cloud()
        body = a_server(min_count=3, return_reservation_id=True)
        first = await self.post(cloud.demo, body)
        again = await self.post(cloud.demo, body)
        self.assertEqual((202, first.json), (again.status, again.json))
        self.assertEqual(3, len(self.made(cloud)))
        await self.until_unmarked(cloud)


class OtherTests(KeyCase):
    """
    Keys that are not repeated.
    """

    async def test_another_body(self) -> None:
        """
        A key that was used for another body is refused.
        """
        cloud = await self.admins_cloud()
        await self.post(cloud.demo)
        answer = await self.post(cloud.demo, a_server("other"))
        self.refused(answer, 422, "computeFault", "another request")
        self.assertEqual(1, len(self.made(cloud)))

    async def test_another_scope(self) -> None:
        """
        Another project's same key is another key, and so is the same one at another operation.
        """
        cloud = await self.admins_cloud()
        answers = [
            await self.post(cloud.demo),
            await self.post(cloud.alt_demo),
            await self.post(cloud.demo, a_volume(), path=VOLUMES),
        ]
        self.assertEqual([202] * 3, [answer.status for answer in answers])
        self.assertEqual(2, len(self.made(cloud)))

    async def test_malformed(self) -> None:
        """
        A malformed key is 400, and nothing is made.
        """
        cloud = await self.admins_cloud()
        for key in ("a" * 256, '"open', "a,b", "a b"):
            self.refused(await self.post(cloud.demo, key=key), 400, "badRequest", "Idempotency-Key")
        self.assertEqual([], self.made(cloud))

    async def test_refused_by_the_pod(self) -> None:
        """
        A create that the pod refused frees its key: mended, it is carried out.
        """
        cloud = await self.admins_cloud()
        refused = await self.post(cloud.demo, a_server(flavorRef=[]))
        self.assertEqual(400, refused.status)
        self.assertNotIn(ITEM.encode(), refused.body)
        self.assertEqual([], cloud.sql("select 1 from intents"))
        mended = await self.post(cloud.demo)
        self.assertEqual(202, mended.status, mended.body)

    async def test_next_pod(self) -> None:
        """
        A create that fell back is kept as any other.
        """
        cloud = await self.admins_cloud()
        cloud.pod("Pod1").nova.behave("quota")
        first = await self.post(cloud.demo)
        again = await self.post(cloud.demo)
        self.assertEqual("Pod2", cloud.pod_of(first.json["server"]["id"]))
        self.assertEqual(first.json["server"]["id"], again.json["server"]["id"])
        await self.until_unmarked(cloud)

    async def test_no_room_for_the_item(self) -> None:
        """
        A server with as many items as it may have is refused in words that name the key, and is made without it.
        """
        cloud = await self.admins_cloud()
        body = a_server(metadata={f"k{number}": "v" for number in range(128)})
        answer = await self.post(cloud.demo, body)
        self.refused(answer, 403, "forbidden", "metadata items exceeds 128", "Idempotency-Key")
        self.assertEqual(202, (await cloud.demo.compute.post(SERVERS, body)).status)
        more = a_server(metadata={f"k{number}": "v" for number in range(129)})
        self.assertNotIn(b"Idempotency-Key", (await self.post(cloud.demo, more)).body)

    async def test_own_item(self) -> None:
        """
        A body that has an item of our name is refused.
        """
        cloud = await self.admins_cloud()
        answer = await self.post(cloud.demo, a_server(metadata={ITEM: "mine"}))
        self.refused(answer, 400, "badRequest", ITEM)


class UnknownTests(KeyCase):
    """
    Creates whose end the gateway was not told.
    """

    async def test_accepted_and_reset(self) -> None:
        """
        A pod that makes a server and resets the connection: 409 until it was asked, then the server that it made.
        """
        cloud = await self.admins_cloud(**QUICK)
        pod = cloud.pod("Pod1").nova
        pod.behave("reset_after", method="POST", path="/servers$")
        listing = pod.behave("status", method="GET", path="/servers/detail", status=503)
        body = a_server(networks="auto")
        first = await self.post(cloud.demo, body, version="2.60")
        self.assertEqual(502, first.status, first.body)
        (server,) = self.made(cloud)
        await pause(1.5)
        self.refused(await self.post(cloud.demo, body, version="2.60"), 409, "conflictingRequest")

        pod.frame.behaviours.remove(listing)
        pod.behave_well()
        again = await self.until_settled(cloud.demo, body, version="2.60")

        self.assertEqual((202, [server]), (again.status, self.made(cloud)))
        self.assertEqual(1, len(pod.creates()))
        self.assertEqual([(server,)], cloud.sql("select resource_id from routes"))
        await self.until_unmarked(cloud)
        plain = await cloud.demo.compute.post(SERVERS, body, version="2.60")
        expected = dict(plain.json["server"])
        other = expected.pop("id")
        del expected["adminPass"]
        told = json.loads(again.body.decode().replace(server, other))
        self.assertEqual({"server": {"id": other, **expected}}, told)
        self.assertEqual(plain.header("Location"), (again.header("Location") or "").replace(server, other))

    async def test_volume_accepted_and_reset(self) -> None:
        """
        A volume whose answer was lost is found, and told in the fields of an answer.
        """
        cloud = await self.admins_cloud(**QUICK)
        pod = cloud.pod("Pod1").cinder
        pod.behave("reset_after", method="POST", path="/volumes$")
        body = a_volume(metadata={"a": "b"}, availability_zone="az1")
        first = await self.post(cloud.demo, body, path=VOLUMES, version="3.60")
        self.assertEqual(502, first.status, first.body)
        pod.behave_well()

        again = await self.until_settled(cloud.demo, body, path=VOLUMES, version="3.60")

        self.assertEqual(202, again.status, again.body)
        plain = (await cloud.demo.volume.post(VOLUMES, body, version="3.60")).json["volume"]
        told = again.json["volume"]
        self.assertEqual(set(plain), set(told))
        # it is shown as it is by now, and Cinder has found it a place
        now = {"status", "created_at", "updated_at", "service_uuid", "shared_targets"}
        same = set(plain) - {"id", "links"} - now
        self.assertEqual({name: plain[name] for name in same}, {name: told[name] for name in same})
        self.assertEqual(
            [link["href"].replace(plain["id"], told["id"]) for link in plain["links"]],
            [link["href"] for link in told["links"]],
        )
        self.assertEqual(
            [(told["id"],)],
            cloud.sql(
                "select resource_id from routes where kind = 'volume' and resource_id = %s", told["id"]
            ),
        )

    async def test_several_accepted_and_reset(self) -> None:
        """
        All servers of a create whose answer was lost get routes; the answer is their reservation.
        """
        cloud = await self.admins_cloud(**QUICK)
        pod = cloud.pod("Pod1")
        pod.nova.behave("reset_after", method="POST", path="/servers$", times=1)
        body = a_server(min_count=3, return_reservation_id="true")
        await self.post(cloud.demo, body)

        again = await self.until_settled(cloud.demo, body)

        (reservation,) = {server.reservation_id for server in pod.servers().values()}
        self.assertEqual({"reservation_id": reservation}, again.json)
        self.assertEqual(
            {(server,) for server in pod.servers()}, set(cloud.sql("select resource_id from routes"))
        )
        await self.until_unmarked(cloud)

    async def test_never_accepted(self) -> None:
        """
        A pod that resets without making anything: the key is free again once it has said so.
        """
        cloud = await self.admins_cloud(**QUICK)
        cloud.pod("Pod1").nova.behave("reset", method="POST", path="/servers$", times=1)
        first = await self.post(cloud.demo)
        self.assertEqual(502, first.status)

        again = await self.until_settled(cloud.demo)

        self.assertEqual((202, 1), (again.status, len(self.made(cloud))))
        self.assertIsNone(again.header("X-Trio2o-Replayed"))

    async def test_not_settled_yet(self) -> None:
        """
        What the pod does not have is not believed lost before its time.
        """
        cloud = await self.admins_cloud(pod_defaults={"create_timeout_seconds": 0.3})
        nova = cloud.pod("Pod1").nova
        nova.behave("latency", method="POST", path="/servers$", seconds=3.0, times=1)
        first = await self.post(cloud.demo)
        self.assertEqual(504, first.status)

        again = await self.until_settled(cloud.demo)

        self.assertEqual((202, self.made(cloud)), (again.status, [again.json["server"]["id"]]))
        self.assertEqual("true", again.header("X-Trio2o-Replayed"))

    async def test_silent_pod(self) -> None:
        """
        While the pod is silent its create stays unknown, however long.
        """
        cloud = await self.admins_cloud(**QUICK)
        pod = cloud.pod("Pod1")
        pod.nova.behave("reset", method="POST", path="/servers$")
        await self.post(cloud.demo)
        await pod.fake.go_down()
        await pause(3.0)
        self.refused(await self.post(cloud.demo), 409, "conflictingRequest")
        self.assertEqual([], self.made(cloud))

    async def test_not_an_admin(self) -> None:
        """
        Where the daemon may not see all servers nothing is believed lost.
        """
        cloud = await self.admins_cloud(admin=False, **QUICK)
        cloud.pod("Pod1").nova.behave("reset", method="POST", path="/servers$")
        await self.post(cloud.demo)
        await pause(3.0)
        self.refused(await self.post(cloud.demo), 409, "conflictingRequest")

    async def test_unreadable(self) -> None:
        """
        An answer that tells nothing is passed on, and a repeat gets the server.
        """
        cloud = await self.admins_cloud(**QUICK)
        cloud.pod("Pod1").nova.behave("wrong_json", method="POST", path="/servers$", times=1)
        self.assertEqual(202, (await self.post(cloud.demo)).status)
        again = await self.until_settled(cloud.demo)
        self.assertEqual([again.json["server"]["id"]], self.made(cloud))

    async def test_killed(self) -> None:
        """
        A daemon that is killed while the pod makes a server: another one finds it for the same key.
        """
        cloud = await self.admins_cloud(**QUICK)
        process = await daemon_process(self, cloud, TWO_PODS)
        for pod in cloud.pods.values():
            pod.nova.behave("latency_after", method="POST", path="/servers$", seconds=30.0)
        client = process.client(cloud.demo, "compute")
        asking = Deferred.fromCoroutine(client.post(SERVERS, a_server(), headers={"Idempotency-Key": "k1"}))
        asking.addErrback(lambda failure: None)
        await until(lambda: self.made(cloud))
        process.signal(signal.SIGKILL)
        await process.ended()
        self.refused(await self.post(cloud.demo), 409, "conflictingRequest")
        for pod in cloud.pods.values():
            pod.nova.behave_well()

        again = await self.until_settled(cloud.demo)

        self.assertEqual([again.json["server"]["id"]], self.made(cloud))
        self.assertEqual([(again.json["server"]["id"],)], cloud.sql("select resource_id from routes"))


class DatabaseTests(KeyCase):
    """
    Keys need the database.
    """

    async def test_away(self) -> None:
        """
        Without it a create with a key is 503, and one without goes on.
        """
        cloud = await self.admins_cloud()
        await cloud.demo.create_server()
        cloud.database_down()
        await pause(0.1)

        answer = await self.post(cloud.demo)
        plain = await cloud.demo.compute.post(SERVERS, a_server(imageRef=IMAGE))

        self.refused(answer, 503, "serviceUnavailable")
        self.assertEqual("5", answer.header("Retry-After"))
        self.assertIn(plain.status, (202, 503))
        creates = sum(len(pod.nova.creates()) for pod in cloud.pods.values())
        self.assertEqual(1 + (plain.status == 202), creates)

    async def test_goes_away(self) -> None:
        """
        A database that goes away while the pod makes a server: the client gets its answer, and so does a repeat later.
        """
        cloud = await self.admins_cloud(**QUICK)
        nova = cloud.pod("Pod1").nova
        nova.behave("latency_after", method="POST", path="/servers$", seconds=0.4, times=1)
        asking = Deferred.fromCoroutine(self.post(cloud.demo))
        await until(lambda: self.made(cloud))
        cloud.database_down()
        first = await asking
        self.assertEqual(202, first.status, first.body)
        self.assertEqual(503, (await self.post(cloud.demo)).status)
        cloud.database_up()

        async def answered() -> Reply:
            while True:
                again = await self.until_settled(cloud.demo)
                if again.status != 503:
                    return again
                await pause(0.1)

        again = await answered()

        self.assertEqual(first.json["server"]["id"], again.json["server"]["id"])
        self.assertEqual(1, len(self.made(cloud)))
