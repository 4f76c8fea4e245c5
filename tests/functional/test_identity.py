"""
Tokens: who is let in, for how long, and that nobody else ever sees one (I17, I18).
"""

from __future__ import annotations

import time

from twisted.internet.defer import Deferred

from tests.functional.cloud import (
    NOTHING,
    TWO_PODS,
    Cloud,
    CloudCase,
    Events,
    PodPlan,
    a_server,
    hang_up,
    pause,
    settled,
    within,
)
from trio2o.sandbox.keystone_values import Scope


def validations(cloud: Cloud) -> int:
    """
    How often the gateway has asked Keystone about a token; pods ask too, in another way.
    """
    return len(cloud.keystone.frame.journal.listed("GET", r"^/v3/auth/tokens\?nocatalog=1"))


class RefusedTests(CloudCase):
    """
    Who is not let in.
    """

    async def test_no_token(self) -> None:
        """
        Without a token every surface answers 401 and says where Keystone is.
        """
        cloud = await self.cloud(TWO_PODS)
        for client in (cloud.demo.compute, cloud.demo.volume, cloud.demo.admin):
            path = {"compute": "/v2.1/servers", "volume": "/v3/volumes", "admin": "/v1.0/pods"}[
                client.surface
            ]
            answer = await client.with_token(None).get(path)

            self.assertEqual(401, answer.status, client.surface)
            self.assertEqual(f'Keystone uri="{cloud.keystone_url}"', answer.header("WWW-Authenticate"))
            self.assertEqual(401, answer.json["error"]["code"])

    async def test_no_token_and_no_such_path(self) -> None:
        """
        Without a token nobody learns which paths there are.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.compute.with_token(None).ask("PATCH", "/v2.1/servers")

        self.assertEqual(401, answer.status)

    async def test_bad_token(self) -> None:
        """
        A token that Keystone does not know is 401, and no pod hears of it.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.compute.with_token("gAAAA-not-a-token").get(f"/v2.1/servers/{NOTHING}")

        self.assertEqual(401, answer.status)
        self.assertIsNotNone(answer.header("WWW-Authenticate"))
        self.assertEqual([], cloud.pod("Pod1").nova.requests(path=NOTHING))

    async def test_strange_token(self) -> None:
        """
        What cannot be a token is 401 and Keystone is not bothered.
        """
        cloud = await self.cloud(TWO_PODS)
        before = validations(cloud)

        answer = await cloud.demo.compute.with_token("a b\tc").get("/v2.1/servers")

        self.assertEqual(401, answer.status)
        self.assertEqual(before, validations(cloud))

    async def test_bad_token_is_asked_once(self) -> None:
        """
        A refused token is refused for a while without asking Keystone again.
        """
        cloud = await self.cloud(TWO_PODS)
        stranger = cloud.demo.compute.with_token("unknown")
        await stranger.get("/v2.1/servers")
        before = validations(cloud)

        answers = [(await stranger.get("/v2.1/servers")).status for _ in range(5)]

        self.assertEqual([401] * 5, answers)
        self.assertEqual(before, validations(cloud))

    async def test_expired_token(self) -> None:
        """
        A token that has ended is 401, also while its validation is cached.
        """
        cloud = await self.cloud(TWO_PODS)
        token = cloud.keystone.issue("demo", "demo", lifetime=2)
        client = cloud.demo.compute.with_token(token)
        first = await client.get("/v2.1/flavors")
        await pause(2.1)

        second = await client.get("/v2.1/flavors")

        self.assertEqual([200, 401], [first.status, second.status])

    async def test_expired_token_with_a_service_token(self) -> None:
        """
        A service may finish for a user whose token has ended meanwhile; the pod decides about the token.
        """
        cloud = await self.cloud(TWO_PODS)
        token = cloud.keystone.issue("demo", "demo", lifetime=1)
        service = cloud.keystone.issue("trio2o", "service")
        await pause(1.1)
        client = cloud.demo.compute.with_token(token)

        alone = await client.get("/v2.1/os-availability-zone")
        vouched = await client.get("/v2.1/os-availability-zone", headers={"X-Service-Token": service})

        self.assertEqual([401, 200], [alone.status, vouched.status])

    async def test_revoked_token(self) -> None:
        """
        A revoked token is refused when the cache time is over.
        """
        cloud = await self.cloud(TWO_PODS, settings={"identity": {"token_cache_seconds": 0.3}})
        client = cloud.demo.compute
        first = await client.get("/v2.1/flavors")
        cloud.keystone.tokens.revoke(cloud.demo.token)
        await pause(0.35)

        second = await client.get("/v2.1/flavors")

        self.assertEqual([200, 401], [first.status, second.status])

    async def test_access_rules(self) -> None:
        """
        An application credential with access rules is let in where they say, and nowhere else.
        """
        cloud = await self.cloud(TWO_PODS)
        directory = cloud.keystone.directory
        user = directory.find_user({"name": "demo", "domain": {"id": "default"}})
        credential = directory.add_application_credential(
            user.id,
            cloud.demo.project_id,
            name="robot",
            secret="s",
            access_rules=[{"service": "compute", "method": "GET", "path": "/v2.1/flavors"}],
        )
        token = cloud.keystone.tokens.issue(
            user.id, Scope(project_id=cloud.demo.project_id), credential=credential
        ).id
        client = cloud.demo.compute.with_token(token)

        allowed = await client.get("/v2.1/flavors")
        forbidden = await client.get("/v2.1/os-availability-zone")
        elsewhere = await cloud.demo.volume.with_token(token).get("/v3/types")

        self.assertEqual([200, 401, 401], [allowed.status, forbidden.status, elsewhere.status])
        for name, status in (("trio2o", 200), ("demo", 401)):
            helped = await client.get(
                "/v2.1/os-availability-zone",
                headers={
                    "X-Service-Token": cloud.person(name, "service" if name == "trio2o" else None).token
                },
            )
            self.assertEqual(status, helped.status, f"with the token of {name} as that of a service")


class CacheTests(CloudCase):
    """
    Keystone is asked as little as possible.
    """

    async def test_asked_once(self) -> None:
        """
        A token is validated once for many requests.
        """
        cloud = await self.cloud(TWO_PODS)
        before = validations(cloud)

        for _ in range(5):
            await cloud.demo.compute.get("/v2.1/flavors")

        self.assertEqual(before + 1, validations(cloud))

    async def test_single_flight(self) -> None:
        """
        Requests that come at once with one new token share one validation.
        """
        cloud = await self.cloud(TWO_PODS)
        before = validations(cloud)

        answers = await settled(*(cloud.demo.compute.get("/v2.1/os-availability-zone") for _ in range(20)))

        self.assertEqual({200}, {answer.status for answer in answers})
        self.assertEqual(before + 1, validations(cloud))


class KeystoneGoneTests(CloudCase):
    """
    Keystone is down (I18).
    """

    async def test_known_token(self) -> None:
        """
        A token in the cache works on.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()
        await cloud.keystone_down()

        shown = await cloud.demo.compute.get(f"/v2.1/servers/{server}")
        created = await cloud.demo.compute.post("/v2.1/servers", a_server())

        self.assertEqual([200, 202], [shown.status, created.status])

    async def test_unknown_token(self) -> None:
        """
        A token that is not in the cache is 503 with Retry-After: neither let in nor called bad.
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.keystone_down()

        answer = await cloud.alt_demo.compute.get("/v2.1/flavors")

        self.refused(answer, 503, "serviceUnavailable")
        self.assertIsNotNone(answer.header("Retry-After"))
        self.assertEqual([], cloud.pod("Pod1").nova.requests(path="/flavors"))

    async def test_when_the_cache_ends(self) -> None:
        """
        When a token's cache time is over nobody is let in with it.
        """
        cloud = await self.cloud(TWO_PODS, settings={"identity": {"token_cache_seconds": 0.3}})
        await cloud.demo.compute.get("/v2.1/flavors")
        await cloud.keystone_down()
        await pause(0.35)

        answer = await cloud.demo.compute.get("/v2.1/flavors")

        self.assertEqual(503, answer.status)

    async def test_keystone_hangs(self) -> None:
        """
        A Keystone that never answers is 503 when its time is over.
        """
        cloud = await self.cloud(TWO_PODS, settings={"identity": {"request_timeout_seconds": 0.3}})
        cloud.keystone.frame.behaviours.add({"kind": "hang", "match": {"path": "/auth/tokens"}})
        began = time.monotonic()

        answer = await cloud.alt_demo.compute.get("/v2.1/flavors")

        self.assertEqual(503, answer.status)
        self.assertLess(time.monotonic() - began, 3)

    async def test_keystone_comes_back(self) -> None:
        """
        Once Keystone is back, everybody is let in again.
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.keystone_down()
        first = await cloud.alt_demo.compute.get("/v2.1/flavors")
        await cloud.keystone_up()

        second = await cloud.alt_demo.compute.get("/v2.1/flavors")

        self.assertEqual([503, 200], [first.status, second.status])

    async def test_start_without_keystone(self) -> None:
        """
        A daemon that starts before Keystone serves its health check, and users once Keystone is there.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        await cloud.keystone_down()
        origins = cloud.pod("Pod1").fake.origins
        plan = PodPlan(
            name="Pod1", section={"endpoints": {"compute": origins["nova"], "volume": origins["cinder"]}}
        )
        await within(15, cloud.add_daemon([plan], {"identity": {"request_timeout_seconds": 1}}))
        health = await cloud.demo.compute.with_token(None).get("/healthcheck")
        before = await cloud.demo.compute.get("/v2.1/flavors")
        await cloud.keystone_up()

        after = 0
        for _ in range(100):
            after = (await cloud.demo.compute.get("/v2.1/flavors")).status
            if after == 200:
                break
            await pause(0.1)

        self.assertEqual([200, 503, 200], [health.status, before.status, after])


class ProjectTests(CloudCase):
    """
    A URL with another project's id than the token's.
    """

    async def test_compute(self) -> None:
        """
        Nova's 400, with both ids.
        """
        cloud = await self.cloud(TWO_PODS)
        url, own = cloud.alt_demo.project_id, cloud.demo.project_id

        answer = await cloud.demo.compute.get(f"/v2.1/{url}/servers")

        self.refused(answer, 400, "badRequest")
        expected = (
            f"Malformed request URL: URL's project_id '{url}' doesn't match Context's project_id '{own}'"
        )
        self.assertEqual(expected, answer.fault[1])

    async def test_volume(self) -> None:
        """
        Cinder's 400.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.volume.get(f"/v3/{cloud.alt_demo.project_id}/volumes")

        self.refused(answer, 400, "badRequest")
        self.assertEqual("Malformed request url", answer.fault[1])

    async def test_admins_too(self) -> None:
        """
        Admins get the same, for a server that is there too.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()

        compute = await cloud.admin.compute.get(f"/v2.1/{cloud.demo.project_id}/servers/{server}")
        volume = await cloud.admin.volume.get(f"/v3/{cloud.demo.project_id}/volumes")

        self.assertEqual([400, 400], [compute.status, volume.status])

    async def test_no_pod_is_asked(self) -> None:
        """
        A create in another project's name reaches no pod.
        """
        cloud = await self.cloud(TWO_PODS)

        answer = await cloud.demo.compute.post(f"/v2.1/{cloud.alt_demo.project_id}/servers", a_server())

        self.assertEqual(400, answer.status)
        self.assertEqual([], cloud.pods_with_creates())
        self.assertEqual([(0,)], cloud.sql("select count(*) from bindings"))


class SecretTests(CloudCase):
    """
    A token is seen by nobody but Keystone and the pods (I17).
    """

    async def test_never_logged(self) -> None:
        """
        No event, traceback or access line of a whole eventful run has a token or a password in it.
        """
        events = Events(self)
        cloud = await self.cloud(settings={"logging": {"level": "debug"}})
        secrets = [cloud.demo.token, cloud.alt_demo.token, cloud.admin.token, "trio2o-password"]
        secrets.append(cloud.keystone.issue("trio2o", "service"))
        server = await cloud.demo.create_server(availability_zone="az1")
        await cloud.demo.create_volume()
        for person in (cloud.demo, cloud.alt_demo, cloud.admin):
            await person.compute.get(f"/v2.1/servers/{server}", headers={"X-Service-Token": secrets[-1]})
            await person.compute.get(f"/v2.1/servers?name=x&token={person.token}")
            await person.admin.get("/v1.0/pods")
            await person.compute.post("/v2.1/servers", data=b"{")
        nova = cloud.pod("Pod1").nova
        for kind in ("reset", "hang", "truncate", "wrong_json", "status"):
            nova.behave(kind, method="GET", path="/servers/")
            await cloud.demo.compute.get(f"/v2.1/servers/{server}") if kind != "hang" else await self.left(
                cloud, server
            )
            nova.behave_well()
        await cloud.pod("Pod1").fake.go_down()
        await cloud.demo.compute.get(f"/v2.1/servers/{server}")
        await cloud.demo.compute.get(f"/v2.1/servers/{NOTHING}")
        cloud.database_down()
        await cloud.demo.compute.post("/v2.1/servers", a_server())
        await cloud.keystone_down()
        await cloud.demo.compute.with_token(secrets[-1]).get("/v2.1/flavors")
        await cloud.daemons[0].stop()

        told = events.text() + cloud.access_lines()

        self.assertGreater(len(told), 1000)
        self.assertIn("GET /v2.1/servers", told)
        self.assertEqual([], [secret for secret in secrets if secret in told])

    async def test_in_the_path(self) -> None:
        """
        A token that a client wrote into a path or a parameter of another name is not in the access log either.
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.demo.compute.get(f"/v2.1/servers?name={cloud.demo.token}")
        await cloud.demo.compute.get(f"/v2.1/{cloud.demo.token}/servers")
        await cloud.daemons[0].stop()

        self.assertNotIn(cloud.demo.token, cloud.access_lines())

    async def left(self, cloud: Cloud, server: str) -> None:
        """
        Ask for a server whose pod hangs, and leave.
        """
        asking = Deferred.fromCoroutine(cloud.demo.compute.get(f"/v2.1/servers/{server}"))
        await pause(0.05)
        hang_up(asking)
        await pause(0.02)

    async def test_not_in_errors(self) -> None:
        """
        No answer repeats the token that it was asked with.
        """
        cloud = await self.cloud(TWO_PODS)
        client = cloud.demo.compute

        answers = [
            await client.get(f"/v2.1/{client.token}/servers"),
            await client.get("/v2.1/servers", version="0.0.0"),
            await client.post("/v2.1/servers", data=b"["),
            await client.get(f"/v2.1/servers/{NOTHING}"),
        ]

        for answer in answers:
            self.assertNotIn(f"token {client.token}", answer.body.decode())
            self.assertNotIn(str(client.token), str(list(answer.headers.getAllRawHeaders())))

    async def test_service_token_reaches_the_pod_and_no_header_of_identity(self) -> None:
        """
        A client cannot pass for somebody else by the header fields that services trust.
        """
        cloud = await self.cloud(TWO_PODS)
        forged = {
            "X-User-Id": "root",
            "X-Roles": "admin",
            "X-Project-Id": "p",
            "X_Roles": "admin",
            "X-Role": "admin",
        }

        await cloud.demo.compute.get("/v2.1/flavors", headers=forged)

        (got,) = cloud.pod("Pod1").nova.requests(path="/flavors")
        found = {name.replace("_", "-") for name in got["headers"]}
        self.assertEqual(set(), found & {name.lower().replace("_", "-") for name in forged})
