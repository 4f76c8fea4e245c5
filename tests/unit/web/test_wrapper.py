"""
What every request goes through: ids, authentication, versions, errors, the answer, the record.
"""

from __future__ import annotations

import re
from typing import Any

from attrs import asdict
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionLost
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from tests.unit.strategies.doubles import MemoryAnswer
from tests.unit.web.gateway import (
    ADMIN_TOKEN,
    P1,
    P2,
    ROOT,
    SERVICE_TOKEN,
    TOKEN,
    AnsweringStrategy,
    GatewayCase,
    MemoryTokens,
    VolumeCase,
    an_identity,
    parsed,
)
from trio2o.errors import (
    BadRequest,
    DatabaseUnavailable,
    NotFound,
    PodBroken,
    PodTimeout,
    PodUnreachable,
    Unauthorized,
    Unavailable,
)
from trio2o.exchange import Answer
from trio2o.interfaces import IStrategy, ITokenValidator
from trio2o.model import AccessRule, Pod

ID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
SHOW = f"/v2.1/servers/{ID}"
VOLUME = f"/v3/{P1}/volumes/{ID}"
VERSION = b"OpenStack-API-Version"
GLOBAL_ID = b"req-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


class DoublesTests(GatewayCase):
    """
    The doubles of these tests.
    """

    def test_interfaces(self) -> None:
        """
        Each provides its interface.
        """
        self.assertTrue(verifyObject(ITokenValidator, MemoryTokens()))
        self.assertTrue(verifyObject(IStrategy, AnsweringStrategy("route")))


class AuthenticationTests(GatewayCase):
    """
    Who asks.
    """

    def test_cached(self) -> None:
        """
        A token in the cache takes no question to Keystone (I1).
        """
        self.assertEqual(200, self.ask("GET", SHOW).status)

        self.assertEqual([], self.tokens.asked)
        ((_, context),) = self.strategies["route"].calls
        self.assertEqual((an_identity(), TOKEN, P1), (context.identity, context.token, context.project_id))

    def test_validated(self) -> None:
        """
        Another one is asked for, together with the service token that came with it.
        """
        self.tokens.at_keystone[b"new"] = an_identity(user_id="u2")

        self.ask("GET", SHOW, (b"X-Service-Token", SERVICE_TOKEN), token=b"new")
        self.ask("GET", SHOW, token=b"new")

        self.assertEqual([(b"new", SERVICE_TOKEN), (b"new", None)], self.tokens.asked)
        self.assertEqual("u2", self.strategies["route"].calls[0][1].identity.user_id)

    def test_none_and_unknown(self) -> None:
        """
        Without a token, with an empty and with an unknown one it is Keystone's 401, and nothing is carried out.
        """
        for token in (None, b"", b"unknown"):
            with self.subTest(token=token):
                response = self.ask("GET", SHOW, token=token)
                self.assertEqual(
                    {
                        "error": {
                            "code": 401,
                            "title": "Unauthorized",
                            "message": "The request you have made requires authentication.",
                        }
                    },
                    response.json,
                )
                self.assertEqual(401, response.status)
                self.assertEqual(
                    b'Keystone uri="https://keystone.example"', response.value(b"www-authenticate")
                )

        self.assertEqual([], self.strategies["route"].calls)

    def test_no_versions_in_401(self) -> None:
        """
        A 401 says nothing of versions: it is given ahead of what negotiates them.
        """
        response = self.ask("GET", SHOW, (VERSION, b"compute 2.60"), token=None)

        self.assertEqual([], response.values(b"openstack-api-version") + response.values(b"vary"))

    def test_before_everything_else(self) -> None:
        """
        Paths and versions that do not exist are told to those alone who are known.
        """
        for target in ("/nowhere", "/v2.1/x/y", f"/v2.1/{P2}/servers"):
            self.assertEqual(401, self.ask("GET", target, token=None).status)
        self.assertEqual(401, self.ask("GET", SHOW, (VERSION, b"compute 9.9"), token=None).status)

    def test_head(self) -> None:
        """
        The 401 of a HEAD has no body.
        """
        response = self.ask("HEAD", SHOW, token=None)

        self.assertEqual((401, b""), (response.status, response.body))

    def test_keystone_away(self) -> None:
        """
        With Keystone gone an unknown token is 503 with Retry-After, never allowed (I18).
        """
        self.tokens.failure = Unavailable("Keystone is away.", headers=[(b"Retry-After", b"5")])

        response = self.ask("GET", SHOW, token=b"new")

        self.assertEqual((503, b"5"), (response.status, response.value(b"retry-after")))
        self.assertEqual([], self.strategies["route"].calls)
        self.assertEqual(200, self.ask("GET", SHOW).status)

    def test_last_token(self) -> None:
        """
        Of two tokens the last one counts, as the services have it.
        """
        self.assertEqual(401, self.ask("GET", SHOW, (b"X-Auth-Token", b"unknown")).status)

    def test_access_rules(self) -> None:
        """
        An application credential is held to the path that the client called.
        """
        rule = AccessRule(service="compute", method="GET", path="/v2.1/servers/*")
        self.tokens.cached[TOKEN] = an_identity(access_rules=(rule,))

        self.assertEqual(200, self.ask("GET", SHOW + "?x=/y").status)
        for method, target in (("DELETE", SHOW), ("GET", f"{SHOW}/ips"), ("GET", f"/v2.1/{P1}/servers/{ID}")):
            self.assertEqual(401, self.ask(method, target).status)

    def test_access_rules_and_services(self) -> None:
        """
        A good service token stands for access rules that do not fit; another one does not.
        """
        self.tokens.cached[TOKEN] = an_identity(access_rules=())
        self.tokens.services.add(SERVICE_TOKEN)

        self.assertEqual(200, self.ask("GET", SHOW, (b"X-Service-Token", SERVICE_TOKEN)).status)
        self.assertEqual(401, self.ask("GET", SHOW, (b"X-Service-Token", b"other")).status)

    def test_other_project(self) -> None:
        """
        A URL with another project than the token's is a 400 in Nova's words, admins included.
        """
        for token in (TOKEN, ADMIN_TOKEN):
            response = self.ask("GET", f"/v2.1/{P2}/servers/{ID}", token=token)
            self.assertEqual(
                {
                    "badRequest": {
                        "code": 400,
                        "message": f"Malformed request URL: URL's project_id '{P2}' doesn't match "
                        f"Context's project_id '{P1}'",
                    }
                },
                response.json,
            )
        self.assertEqual([], self.strategies["route"].calls)

    def test_own_project(self) -> None:
        """
        The own project in the URL, or none, is fine.
        """
        for target in (SHOW, f"/v2.1/{P1}/servers/{ID}", f"/v2/{P1}/servers/{ID}"):
            self.assertEqual(200, self.ask("GET", target).status)

    def test_token_without_project(self) -> None:
        """
        A token without a project fits no project's URL.
        """
        self.tokens.cached[TOKEN] = an_identity(project_id=None)

        self.assertEqual(400, self.ask("GET", f"/v2.1/{P1}/servers/{ID}").status)
        self.assertEqual(200, self.ask("GET", SHOW).status)
        self.assertEqual("", self.strategies["route"].calls[0][1].project_id)


class VolumeProjectTests(VolumeCase):
    """
    The same at the volume surface.
    """

    def test_other_project(self) -> None:
        """
        Cinder has words of its own for another project in the URL.
        """
        response = self.ask("GET", f"/v3/{P2}/volumes/{ID}")

        self.assertEqual({"badRequest": {"code": 400, "message": "Malformed request url"}}, response.json)

    def test_without_project(self) -> None:
        """
        A URL without project is served.
        """
        self.assertEqual(200, self.ask("GET", f"/v3/volumes/{ID}").status)


class VersionTests(GatewayCase):
    """
    Microversions.
    """

    def test_asked(self) -> None:
        """
        What was asked for is known to the strategy, ``latest`` as the maximum that all pods have; pods are asked for that.
        """
        for sent, asked, forwarded in (
            (b"compute 2.60", (2, 60), b"compute 2.60"),
            (b"compute latest", (2, 96), b"compute 2.96"),
            (b"volume 3.1", None, b"volume 3.1"),
        ):
            self.ask("GET", SHOW, (VERSION, sent))
            inbound, _ = self.strategies["route"].calls[-1]
            self.assertEqual(asked, inbound.microversion)
            self.assertEqual(forwarded, inbound.header(b"openstack-api-version"))

    def test_out_of_range(self) -> None:
        """
        A version that not all pods have is a 406 that says what is there, with the version that was asked for in its fields.
        """
        for sent in (b"2.97", b"2.0", b"3.1"):
            response = self.ask("GET", SHOW, (VERSION, b"compute " + sent))
            with self.subTest(version=sent):
                self.assertEqual(406, response.status)
                self.assertEqual(
                    {
                        "computeFault": {
                            "code": 406,
                            "message": f"Version {sent.decode()} is not supported by the API. "
                            "Minimum is 2.1 and maximum is 2.96.",
                        }
                    },
                    response.json,
                )
                self.assertEqual(b"compute " + sent, response.value(b"openstack-api-version"))
                self.assertEqual(sent, response.value(b"x-openstack-nova-api-version"))
                self.assertEqual(
                    [b"OpenStack-API-Version", b"X-OpenStack-Nova-API-Version"], response.values(b"vary")
                )

        self.assertEqual([], self.strategies["route"].calls)

    def test_malformed(self) -> None:
        """
        A version that is none is a 400 without version fields.
        """
        response = self.ask("GET", SHOW, (VERSION, b"compute two"))

        self.assertEqual(400, response.status)
        self.assertIn("is of invalid format", response.json["badRequest"]["message"])
        self.assertIsNone(response.value(b"openstack-api-version"))

    def test_own_answers(self) -> None:
        """
        An answer that no pod gave has the version fields that Nova sends.
        """
        for sent, told in ((None, b"2.1"), (b"compute 2.60", b"2.60"), (b"compute latest", b"2.96")):
            headers = () if sent is None else ((VERSION, sent),)
            response = self.ask("GET", "/v2.1/os-availability-zone", *headers)
            self.assertEqual(b"compute " + told, response.value(b"openstack-api-version"))
            self.assertEqual(told, response.value(b"x-openstack-nova-api-version"))

    def test_errors(self) -> None:
        """
        So has an error.
        """
        self.strategies["route"].answer = NotFound("x")

        response = self.ask("GET", SHOW, (VERSION, b"compute 2.60"))

        self.assertEqual(b"compute 2.60", response.value(b"openstack-api-version"))
        self.assertEqual(2, len(response.values(b"vary")))

    def test_pods_own_fields(self) -> None:
        """
        What a pod said has the pod's fields, and no others (I3).
        """
        fields = [(b"vary", b"Accept"), (b"openstack-api-version", b"compute 2.1"), (b"x-future", b"1")]
        self.strategies["route"].answer = Answer(status=200, headers=fields, passed_on=True)

        response = self.ask("GET", SHOW, (VERSION, b"compute 2.60"))

        self.assertEqual([b"Accept"], response.values(b"vary"))
        self.assertEqual(b"compute 2.1", response.value(b"openstack-api-version"))
        self.assertEqual(b"1", response.value(b"x-future"))
        self.strategies["route"].answer = Answer(status=200, passed_on=True)
        self.assertEqual([], self.ask("GET", SHOW).values(b"vary"))


class RequestIdTests(GatewayCase):
    """
    Request ids.
    """

    def test_own(self) -> None:
        """
        Every answer has an id of its own, under both names, whatever the answer is.
        """
        ids: set[bytes | None] = set()
        for target, token in (
            (SHOW, TOKEN),
            (SHOW, None),
            ("/", None),
            ("/nowhere", TOKEN),
            ("/healthcheck", None),
        ):
            response = self.ask("GET", target, token=token)
            found = response.value(b"x-openstack-request-id")
            with self.subTest(target=target):
                self.assertRegex((found or b"").decode(), r"^req-[0-9a-f-]{36}$")
                self.assertEqual(found, response.value(b"x-compute-request-id"))
            ids.add(found)

        self.assertEqual(5, len(ids))
        self.assertEqual(ids, {record.request_id.encode() for record in self.records})

    def test_pods_ids(self) -> None:
        """
        Of an answer that is passed on the client gets the pod's request id, once under each name, and the record has both ids.
        """
        names = (b"x-openstack-request-id", b"x-compute-request-id")
        self.strategies["route"].answer = Answer(
            status=200, headers=[(name, GLOBAL_ID) for name in names], passed_on=True
        )

        response = self.ask("GET", SHOW)

        self.assertEqual([[GLOBAL_ID]] * 2, [response.values(name) for name in names])
        self.assertEqual(GLOBAL_ID.decode(), self.record.pod_request_id)
        self.assertNotEqual(GLOBAL_ID.decode(), self.record.request_id)

    def test_ids_that_are_not_the_pods(self) -> None:
        """
        The gateway's id is told where a pod's is none, and where the answer is made of what several pods said.
        """
        name = b"x-openstack-request-id"
        for said, passed_on in ((b"req-pod", True), (GLOBAL_ID, False)):
            self.strategies["route"].answer = Answer(status=200, headers=[(name, said)], passed_on=passed_on)
            response = self.ask("GET", SHOW)
            with self.subTest(said=said):
                self.assertEqual([self.records[-1].request_id.encode()], response.values(name))
                self.assertEqual("", self.records[-1].pod_request_id)

    def test_handed_on(self) -> None:
        """
        The client's global id goes on to the pod; without one it is the gateway's own.
        """
        self.ask("GET", SHOW, (b"X-Openstack-Request-Id", GLOBAL_ID))
        self.ask("GET", SHOW)

        first, second = (inbound for inbound, _ in self.strategies["route"].calls)
        self.assertEqual(GLOBAL_ID, first.header(b"x-openstack-request-id"))
        self.assertEqual(self.records[1].request_id.encode(), second.header(b"x-openstack-request-id"))
        self.assertEqual([GLOBAL_ID.decode(), ""], [record.global_request_id for record in self.records])
        self.assertNotEqual(GLOBAL_ID.decode(), self.records[0].request_id)

    def test_what_is_none(self) -> None:
        """
        What is no request id goes no further: it would get into logs.
        """
        for sent in (b"x", b"req-1", GLOBAL_ID + b"0", TOKEN):
            self.ask("GET", SHOW, (b"X-Openstack-Request-Id", sent))
            inbound, _ = self.strategies["route"].calls[-1]
            with self.subTest(sent=sent):
                self.assertNotEqual(sent, inbound.header(b"x-openstack-request-id"))
                self.assertEqual("", self.records[-1].global_request_id)


class InboundTests(GatewayCase):
    """
    What a strategy is given.
    """

    def test_request(self) -> None:
        """
        Path and query as they were sent, the path's parameters decoded, and the body.
        """
        target = f"/v2.1/{P1}/servers/{ID}/tags/a%20b?x=%2F&&y"
        self.ask("PUT", target, body=b"hello")

        inbound, _ = self.strategies["route"].calls[0]
        self.assertEqual(
            (b"PUT", target.encode()), (inbound.method, inbound.path + b"?" + (inbound.query or b""))
        )
        self.assertEqual(ID, inbound.ids["id"])
        self.assertEqual((5, ROOT), (inbound.body.length, inbound.public_root))
        self.assertEqual(b"hello", self.successResultOf(inbound.body.read(10)))

    def test_fields(self) -> None:
        """
        The client's fields in their order, without what is the connection's, and the token (I3, I17).
        """
        self.ask(
            "GET",
            SHOW,
            (b"X-Future", b"1"),
            (b"Connection", b"X-Hop"),
            (b"X-Hop", b"x"),
            (b"X-Future", b"2"),
            (b"X-Roles", b"admin"),
            (b"X-Service-Token", SERVICE_TOKEN),
            (b"Accept", b"a"),
        )

        inbound, _ = self.strategies["route"].calls[0]
        names = [name.lower() for name, _ in inbound.headers]
        self.assertEqual(2, names.count(b"x-future"))
        for name in (b"host", b"connection", b"x-hop", b"x-roles", b"x-auth-token"):
            self.assertNotIn(name, names)
        self.assertEqual(SERVICE_TOKEN, inbound.header(b"x-service-token"))
        self.assertEqual(b"192.0.2.1", inbound.header(b"x-forwarded-for"))
        self.assertEqual(b"cloud.example", inbound.header(b"x-forwarded-host"))
        self.assertEqual(b"http", inbound.header(b"x-forwarded-proto"))
        self.assertEqual(b"1.1 trio2o", inbound.header(b"via"))

    def test_answers_can_be_read(self) -> None:
        """
        Pods are not asked to pack answers whose links are to be changed (I4).
        """
        self.ask("GET", SHOW, (b"Accept-Encoding", b"gzip, deflate"))

        inbound, _ = self.strategies["route"].calls[0]
        self.assertIsNone(inbound.header(b"accept-encoding"))

    def test_loop(self) -> None:
        """
        A request that has passed this gateway before is refused, before anything else; only admins are told why.
        """
        response = self.ask("GET", SHOW, (b"Via", b"1.0 fred, 1.1 trio2o"), token=None)

        self.assertEqual(400, response.status)
        self.assertNotIn(b"endpoint", response.body)
        self.assertIn("endpoint", self.record.detail)


class RootTests(GatewayCase):
    """
    What links begin with when no public URL is configured.
    """

    public_root = None
    trusted = ("10.0.0.0/8",)

    def root(self, *headers: tuple[bytes, bytes], address: str = "192.0.2.1") -> bytes:
        """
        The root that a strategy is given.
        """
        self.ask("GET", SHOW, *headers, host=b"here.example:8774", address=address)
        return self.strategies["route"].calls[-1][0].public_root

    def test_host(self) -> None:
        """
        It is how the client reached the gateway.
        """
        self.assertEqual(b"http://here.example:8774", self.root())

    def test_balancer(self) -> None:
        """
        What a trusted balancer says of it counts, and what another says does not.
        """
        told = ((b"X-Forwarded-Proto", b"https"), (b"X-Forwarded-Host", b"top.example"))

        self.assertEqual(b"https://top.example", self.root(*told, address="10.0.0.1"))
        self.assertEqual(b"http://here.example:8774", self.root(*told, address="192.0.2.1"))

    def test_client(self) -> None:
        """
        The record has the address behind trusted balancers.
        """
        told = (b"X-Forwarded-For", b"198.51.100.7, 10.0.0.9")
        for address, client in (("10.0.0.1", "198.51.100.7"), ("192.0.2.1", "192.0.2.1")):
            self.root(told, address=address)
            self.assertEqual(client, self.records[-1].client)

    def test_client_of_a_new_token(self) -> None:
        """
        Whoever asks Keystone is told the same address.
        """
        told = (b"X-Forwarded-For", b"198.51.100.7, 10.0.0.9")
        self.tokens.at_keystone.update(self.tokens.cached)
        self.tokens.cached.clear()
        self.root(told, address="10.0.0.1")
        self.assertEqual(["198.51.100.7"], self.tokens.askers)


class ErrorTests(GatewayCase):
    """
    Errors (I5).
    """

    def fails(self, error: Exception, **more: Any) -> Any:
        """
        The answer when a strategy fails.
        """
        self.strategies["route"].answer = error
        return self.ask("GET", SHOW, **more)

    def test_shape(self) -> None:
        """
        A refusal has Nova's shape, and its own further fields.
        """
        response = self.fails(NotFound("Instance x could not be found.", headers=[(b"X-More", b"1")]))

        self.assertEqual(
            (404, {"itemNotFound": {"code": 404, "message": "Instance x could not be found."}}),
            (response.status, response.json),
        )
        self.assertEqual(b"1", response.value(b"x-more"))

    def test_admin_detail(self) -> None:
        """
        What may name a pod is told to admins, and stands in the record.
        """
        error = Unavailable("Not now.", admin_detail="Pod1: refused")

        self.assertEqual("Not now.", self.fails(error).json["serviceUnavailable"]["message"])
        self.assertEqual(
            "Not now. (Pod1: refused)",
            self.fails(error, token=ADMIN_TOKEN).json["serviceUnavailable"]["message"],
        )
        self.assertEqual(["Pod1: refused"] * 2, [record.detail for record in self.records])

    def test_pods(self) -> None:
        """
        A pod's failure that a strategy let through is 503, 504 or 502.
        """
        for error, status in (
            (PodUnreachable("Pod1", "x", sent=False), 503),
            (PodTimeout("Pod1", "x", sent=True), 504),
            (PodBroken("Pod1", "x", sent=True), 502),
        ):
            response = self.fails(error)
            self.assertEqual(status, response.status)
            self.assertNotIn(b"Pod1", response.body)
            self.assertIn("Pod1", self.records[-1].detail)

    def test_database(self) -> None:
        """
        A database that is away is a 503 with Retry-After (I15).
        """
        response = self.fails(DatabaseUnavailable("at db.example: refused"))

        self.assertEqual((503, b"5"), (response.status, response.value(b"retry-after")))
        self.assertNotIn(b"db.example", response.body)

    def test_bug(self) -> None:
        """
        A bug is a 500 without a detail, admins included; the log has the traceback and the request id.
        """
        for token in (TOKEN, ADMIN_TOKEN):
            response = self.fails(ZeroDivisionError("secret detail"), token=token)
            (failure,) = self.flushLoggedErrors(ZeroDivisionError)
            self.assertIn("carry_out", failure.getTraceback())
            self.assertEqual(500, response.status)
            self.assertEqual(["computeFault"], list(response.json))
            self.assertNotIn(b"secret detail", response.body)
            self.assertNotIn(b"ZeroDivision", response.body)
            self.assertEqual(
                (500, "unexpected ZeroDivisionError"), (self.records[-1].status, self.records[-1].detail)
            )
            self.assertTrue(response.value(b"x-openstack-request-id"))

    def test_bug_is_logged_with_its_request(self) -> None:
        """
        The event of a bug names the request.
        """
        events: list[Any] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)

        self.fails(ZeroDivisionError())
        self.flushLoggedErrors(ZeroDivisionError)

        (event,) = (event for event in events if event.get("log_failure"))
        self.assertEqual(self.record.request_id, event["request_id"])

    def test_bug_after_the_head(self) -> None:
        """
        A bug after the head is out cuts the connection: nobody takes a part for the whole.
        """
        self.strategies["route"].answer = Answer(
            status=200, headers=[(b"X-Evil", b"a\r\nb")], body=b"hello", passed_on=True
        )

        _, transport = self.begin("GET", SHOW)

        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))
        self.assertTrue(transport.aborted or transport.disconnecting or transport.disconnected)
        self.assertNotIn(b"hello", transport.value())
        self.assertFalse(self.record.whole)

    def test_bug_of_the_observer(self) -> None:
        """
        A record that cannot be taken leaves no request that seems to run for ever.
        """
        self.observe = self.broken  # type: ignore[method-assign]
        self.serve()

        self.assertEqual(200, self.ask("GET", SHOW).status)
        self.assertEqual(0, self.running)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def broken(self, record: object) -> None:
        """
        A broken observer.
        """
        raise ZeroDivisionError


class MissingTests(GatewayCase):
    """
    Answers that are not of the whole cloud (I8).
    """

    def test_told(self) -> None:
        """
        Users read which zones are incomplete, admins also which pods; the record has the pods.
        """
        missing = tuple(
            Pod(id=name, name=name, az_name=zone)
            for name, zone in (("Pod3", "az2"), ("Pod2", "az1"), ("Pod1", "az1"))
        )
        self.strategies["merge"].answer = Answer(status=200, missing=missing, pods=("Pod4",))

        users = self.ask("GET", "/v2.1/servers")
        admins = self.ask("GET", "/v2.1/servers", token=ADMIN_TOKEN)

        self.assertEqual(b"az1, az2", users.value(b"x-trio2o-incomplete-zones"))
        self.assertIsNone(users.value(b"x-trio2o-missing-pods"))
        self.assertEqual(b"Pod1, Pod2, Pod3", admins.value(b"x-trio2o-missing-pods"))
        self.assertEqual(
            (("Pod3", "Pod2", "Pod1"), ("Pod4",)), (self.records[0].missing, self.records[0].pods)
        )

    def test_whole(self) -> None:
        """
        A whole answer says nothing of it.
        """
        self.assertIsNone(self.ask("GET", "/v2.1/servers").value(b"x-trio2o-incomplete-zones"))


class RecordTests(GatewayCase):
    """
    What is known of a request once it is over.
    """

    def test_answered(self) -> None:
        """
        The record has who asked what, what came of it and how long it took.
        """
        self.strategies["route"].held = Deferred()
        self.strategies["route"].answer = Answer(status=203, body=b"hello", pods=("Pod1",))
        _, transport = self.begin("GET", SHOW + "?x=1")
        self.assertEqual((1, []), (self.running, self.records))
        self.clock.advance(2.5)
        self.strategies["route"].held.callback(None)

        self.assertEqual(0, self.running)
        told = asdict(self.record)
        self.assertRegex(told.pop("request_id"), r"^req-")
        self.assertEqual(
            {
                "surface": "compute",
                "method": b"GET",
                "target": SHOW.encode() + b"?x=1",
                "client": "192.0.2.1",
                "global_request_id": "",
                "pod_request_id": "",
                "operation": "/servers/{id}",
                "strategy": "route",
                "project_id": P1,
                "user_id": "u1",
                "status": 203,
                "sent": 5,
                "whole": True,
                "pods": ("Pod1",),
                "missing": (),
                "pod_seconds": 2.5,
                "duration": 2.5,
                "detail": "",
            },
            told,
        )
        self.assertEqual(b"hello", parsed(transport.value()).body)

    def test_client_left(self) -> None:
        """
        A client that leaves before its answer is recorded as 499; whoever waits is told, and nothing is logged.
        """
        for path, strategy in ((SHOW, "route"), ("/v2.1/servers", "merge"), ("/v2.1/extensions", "any")):
            self.records.clear()
            cancelled: list[object] = []
            held: Deferred[None] = Deferred(cancelled.append)
            self.strategies[strategy].held = held
            channel, transport = self.begin("GET", path)
            self.leave(channel)
            with self.subTest(strategy=strategy):
                self.assertEqual([held], cancelled)
                self.assertEqual((499, False, 0), (self.record.status, self.record.whole, self.running))
                self.assertEqual(b"", transport.value())
        self.assertEqual([], self.flushLoggedErrors())

    def test_client_left_while_keystone_is_asked(self) -> None:
        """
        So is one that leaves while its token is looked up.
        """
        self.tokens.held = Deferred()
        channel, _ = self.begin("GET", SHOW, token=b"new")

        self.leave(channel)

        self.assertEqual((499, []), (self.record.status, self.strategies["route"].calls))

    def test_client_left_within_its_body(self) -> None:
        """
        So is one that breaks off within the body that it sends.
        """
        self.strategies["route"].reads = 100
        channel, _ = self.begin("POST", f"{SHOW}/action", (b"Content-Length", b"10"))

        self.leave(channel)

        self.assertEqual((499, 0), (self.record.status, self.running))
        self.assertEqual([], self.flushLoggedErrors())

    def test_cut_short(self) -> None:
        """
        An answer that the pod cuts short is not whole, and so it is for the client.
        """
        answer = CutAnswer(200, [], b"x" * 10, "Pod1")
        self.strategies["route"].answer = Answer(status=200, body=answer, pods=("Pod1",))

        _, transport = self.begin("GET", SHOW)

        self.assertTrue(transport.aborted)
        self.assertEqual((200, False), (self.record.status, self.record.whole))

    def test_streamed(self) -> None:
        """
        A pod's body is handed through.
        """
        answer = MemoryAnswer(200, [], b"hello", "Pod1")
        self.strategies["route"].answer = Answer(status=200, body=answer)

        self.assertEqual(b"hello", self.ask("GET", SHOW).body)
        self.assertEqual((5, True), (self.record.sent, self.record.whole))

    def test_unmatched(self) -> None:
        """
        A request without a row is recorded too.
        """
        self.ask("GET", "/nowhere")

        self.assertEqual(("unmatched", 404), (self.record.operation, self.record.status))


class CutAnswer(MemoryAnswer):
    """
    A body that breaks off.
    """

    def stream(self, receiver: Any) -> None:
        """
        See ``IPodAnswer``.
        """
        receiver.dataReceived(b"xxx")
        receiver.connectionLost(Failure(ConnectionLost()))


class SecrecyTests(GatewayCase):
    """
    Tokens stay where they belong (I17).
    """

    def test_nowhere(self) -> None:
        """
        No token is in a record, an event, an answer or in what shows a request's values, however the request ends.
        """
        events: list[Any] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        seen: list[bytes] = []
        ends: list[Answer | Exception] = [
            Answer(status=200, body=b"x"),
            NotFound("x"),
            Unauthorized("x"),
            BadRequest("x", admin_detail="y"),
            PodBroken("Pod1", "x", sent=True),
            DatabaseUnavailable("x"),
            ZeroDivisionError(),
            CancelledError(),
        ]
        for end in ends:
            self.strategies["route"].answer = end
            for headers in (
                (),
                ((b"X-Service-Token", SERVICE_TOKEN),),
                ((VERSION, b"compute 9.9"),),
                ((b"Via", b"1.1 trio2o"),),
            ):
                _, transport = self.begin("GET", SHOW, *headers, token=ADMIN_TOKEN)
                seen.append(transport.value())
        self.tokens.failure = Unauthorized("x")
        seen.append(self.begin("GET", SHOW, token=TOKEN + b"unknown")[1].value())
        self.flushLoggedErrors(ZeroDivisionError)

        told = repr(self.records) + repr(self.strategies["route"].calls) + repr(seen)
        told += "".join(
            f"{event!r} {event.get('log_failure') and event['log_failure'].getTraceback()}"
            for event in events
        )
        self.assertIsNone(re.search("gAAAAA", told))
        self.assertEqual(len(seen), len(self.records))
