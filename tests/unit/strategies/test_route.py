"""
The strategy ``route``: one request to the pod that has the resource.
"""

from __future__ import annotations

import gc

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone

from tests.unit.strategies.absent import absent
from tests.unit.strategies.case import (
    LIMIT,
    N1,
    P1,
    P2,
    ROOT,
    S1,
    S2,
    V1,
    X1,
    StrategyCase,
    a_context,
    a_server,
    a_volume,
)
from tests.unit.strategies.doubles import JSON, Broken, Hang, MemoryAnswer, MemoryBody, Reply, Unreachable
from trio2o.errors import BadGateway, BadRequest, BodyTooLarge, GatewayTimeout, NotFound, Unavailable
from trio2o.model import Kind, PodState
from trio2o.rewriting.links import LinkStream

SHOW = f"/v2.1/servers/{S1}"
ACTION = f"{SHOW}/action"


class KnownTests(StrategyCase):
    """
    A resource whose route is known.
    """

    def setUp(self) -> None:
        super().setUp()
        self.has_route(S1, self.pod2)

    def test_memory(self) -> None:
        """
        A route in memory takes one call, to its pod, and no look at the database (I1).
        """
        self.database.available = False
        self.pods.on("Pod2", "GET", SHOW, Reply(200, {"server": a_server(1)}))

        answer = self.asked("GET", SHOW)

        self.assertEqual((200, ["Pod2"], ("Pod2",)), (answer.status, self.pods.asked(), answer.pods))
        self.assertEqual([], self.route_store.calls)
        self.assertEqual(["memory"], self.sources)

    def test_capital_letters(self) -> None:
        """
        An id in capital letters finds its route, and reaches the pod as it was spelled.
        """
        path = f"/v2.1/servers/{S1.upper()}"
        self.has_route(S2, self.pod3)
        self.pods.on("Pod2", "GET", path, Reply(200, {"server": a_server(1)}))

        self.asked("GET", path)

        self.assertEqual(path, self.pods.last.path)

    def test_request_untouched(self) -> None:
        """
        Path, query and fields of the client reach the pod as they were, with the token that the pod knows (I3).
        """
        target = f"/v2.1/{P1}/servers/{S1}/ips?changes=%2F&x=&x=1"
        self.pods.on("Pod2", "GET", f"/v2.1/{P1}/servers/{S1}/ips", Reply(200, {"addresses": {}}))

        self.asked("GET", target, headers=[(b"X-From-The-Future", b"1"), (b"X-From-The-Future", b"2")])

        self.assertEqual(target.encode(), self.pods.last.call.target)
        self.assertEqual(
            [
                (b"Accept", b"application/json"),
                (b"X-From-The-Future", b"1"),
                (b"X-From-The-Future", b"2"),
                (b"X-Auth-Token", b"user-token at Pod2"),
            ],
            self.pods.last.call.headers,
        )

    def test_query_mark(self) -> None:
        """
        An empty query stays an empty query, and none stays none.
        """
        self.pods.on("*", "GET", SHOW, Reply(200, {"server": a_server(1)}))

        for target in (SHOW, SHOW + "?"):
            self.asked("GET", target)
            self.assertEqual(target.encode(), self.pods.last.call.target)

    def test_slow_pod_token(self) -> None:
        """
        A pod whose token takes a look-up gets that token.
        """
        self.tokens.slow.add("Pod2")
        self.pods.on("Pod2", "GET", SHOW, Reply(200, {"server": a_server(1)}))

        self.asked("GET", SHOW)

        self.assertEqual(b"user-token at Pod2", self.pods.last.header(b"x-auth-token"))

    def test_upload_is_streamed(self) -> None:
        """
        A body that nobody needs to understand is handed on as it comes (I2).
        """
        target = f"{SHOW}/metadata"
        body = MemoryBody(b"x" * (10 * LIMIT))
        self.pods.on("Pod2", "POST", target, Reply(200, {"metadata": {}}))

        self.asked("POST", target, memory_body=body)

        self.assertEqual((True, body.content), (self.pods.last.streamed, self.pods.last.body))
        self.assertEqual(["producer"], body.used)

    def test_answer_is_streamed(self) -> None:
        """
        An answer below the resource goes on while it comes, its links rewritten on the way.
        """
        target = f"{SHOW}/os-interface"
        self.pods.on("Pod2", "GET", target, Reply(200, {"interfaceAttachments": []}))

        answer = self.asked("GET", target)

        self.assertIsInstance(answer.body, MemoryAnswer)
        self.assertIsInstance(answer.transform, LinkStream)

    def test_what_is_no_json(self) -> None:
        """
        An answer that is no JSON, or is packed, goes on byte by byte.
        """
        target = f"{SHOW}/os-interface"
        packed = [JSON, (b"content-encoding", b"gzip")]
        for headers in ([(b"content-type", b"text/plain")], packed, []):
            self.pods.on("Pod2", "GET", target, Reply(200, b"http://pod2.example:8774/", headers))
            with self.subTest(headers=headers):
                self.assertIsNone(self.asked("GET", target).transform)

    def test_links_and_zone(self) -> None:
        """
        A show has the top region's links and the top name of the zone (I4).
        """
        self.pods.on("Pod2", "GET", SHOW, Reply(200, {"server": a_server(1, "Pod2")}))

        server = self.shown(self.asked("GET", SHOW))["server"]

        self.assertEqual("az1", server["OS-EXT-AZ:availability_zone"])
        self.assertEqual(f"{ROOT.decode()}/v2.1/servers/{S1}", server["links"][0]["href"])

    def test_users_own_text(self) -> None:
        """
        Metadata that looks like a zone or a link stays as its user wrote it (I4).
        """
        metadata = {
            "availability_zone": "nova",
            "OS-EXT-AZ:availability_zone": "nova",
            "href": "http://pod2.example:8774/x",
        }
        self.pods.on("Pod2", "GET", SHOW, Reply(200, {"server": a_server(1, metadata=metadata)}))

        self.assertEqual(metadata, self.shown(self.asked("GET", SHOW))["server"]["metadata"])

    def test_location(self) -> None:
        """
        A Location at the pod's own root names the top region; another one, such as Glance's, stays.
        """
        for at_pod, told in (
            (b"http://pod2.example:8774/v2.1/x", ROOT + b"/v2.1/x"),
            (b"http://glance.example:9292/v2/images/i", b"http://glance.example:9292/v2/images/i"),
        ):
            self.pods.on("Pod2", "POST", ACTION, Reply(202, b"", [(b"location", at_pod)]))
            answer = self.asked("POST", ACTION, {"createImage": {"name": "i"}})
            self.assertEqual([(b"location", told)], answer.headers)

    def test_head(self) -> None:
        """
        A HEAD of a resource is not read: there is no body.
        """
        path = f"/v3/{P1}/volumes/{V1}"
        self.has_route(V1, self.pod1, kind=Kind.VOLUME)
        self.pods.on("Pod1", "HEAD", path, Reply(200))

        answer = self.asked("HEAD", path, surface="volume")

        self.assertIsInstance(answer.body, MemoryAnswer)

    def test_disabled_pod(self) -> None:
        """
        A pod that its operator has disabled is not asked; users are not told which one it is.
        """
        self.change_pod(self.pod2, state=PodState.DISABLED)

        error = self.refused(Unavailable, "GET", SHOW)

        self.assertEqual([], self.pods.calls)
        self.assertNotIn("Pod2", error.message)
        self.assertIn("Pod2", error.admin_detail)

    def test_pods_that_serve_what_they_have(self) -> None:
        """
        A pod in maintenance or draining serves the resources that it has (I11).
        """
        self.pods.on("Pod2", "GET", SHOW, Reply(200, {"server": a_server(1)}))
        for state in (PodState.MAINTENANCE, PodState.DRAINING):
            self.change_pod(self.pod2, state=state)
            with self.subTest(state=state):
                self.assertEqual(200, self.asked("GET", SHOW).status)

    def test_cut_short(self) -> None:
        """
        A show whose body breaks off is a 502.
        """
        self.pods.on("Pod2", "GET", SHOW, Reply(200, None))

        self.refused(BadGateway, "GET", SHOW)


class SilenceTests(StrategyCase):
    """
    The pod of a known resource gives no answer.
    """

    def setUp(self) -> None:
        super().setUp()
        self.has_route(
            S1,
            self.pod2,
            details={
                "user_id": "u1",
                "flavor": {"id": "7"},
                "image": {"id": "i", "links": []},
                "az": "az1",
                "noted_at": 1767225600,
            },
        )

    def test_kinds_of_silence(self) -> None:
        """
        Unreachable is 503 with Retry-After, late is 504, broken is 502; only the detail for admins names the pod.
        """
        for script, kind, fields in (
            (Unreachable(), Unavailable, ((b"Retry-After", b"10"),)),
            (Hang(), GatewayTimeout, ()),
            (Broken(), BadGateway, ()),
        ):
            self.pods.on("Pod2", "GET", SHOW, script)
            started = self.started("GET", SHOW)
            self.clock.advance(60)
            with self.subTest(kind=kind):
                error = self.failureResultOf(started, kind).value
                self.assertEqual(fields, error.headers)
                self.assertNotIn("Pod2", error.message)
                self.assertIn("Pod2", error.admin_detail)

    def test_nothing_is_repeated(self) -> None:
        """
        A write whose pod broke off is sent once (I13).
        """
        self.pods.on("Pod2", "POST", ACTION, Broken())

        self.refused(BadGateway, "POST", ACTION, {"reboot": {"type": "SOFT"}})

        self.assertEqual(["Pod2"], self.pods.asked())

    def test_unknown(self) -> None:
        """
        From 2.69 on its owner sees the server as Nova shows those of a cell that is down (I8).
        """
        self.pods.on("Pod2", "GET", SHOW, Unreachable())

        answer = self.asked("GET", SHOW, version=(2, 69))

        self.assertEqual((200, (self.pod2,)), (answer.status, answer.missing))
        self.assertEqual(
            {
                "server": {
                    "id": S1,
                    "status": "UNKNOWN",
                    "tenant_id": P1,
                    "user_id": "u1",
                    "created": "2026-01-01T00:00:00Z",
                    "flavor": {"id": "7"},
                    "image": {"id": "i"},
                    "OS-EXT-AZ:availability_zone": "az1",
                    "OS-EXT-STS:power_state": 0,
                    "links": [
                        {"rel": "self", "href": f"https://cloud.example/v2.1/servers/{S1}"},
                        {"rel": "bookmark", "href": f"https://cloud.example/servers/{S1}"},
                    ],
                }
            },
            self.shown(answer),
        )

    def test_unknown_for_admins(self) -> None:
        """
        An admin of another project sees it too.
        """
        self.pods.on("Pod2", "GET", SHOW, Unreachable())

        answer = self.asked("GET", SHOW, version=(2, 69), context=a_context(project=P2, roles="admin"))

        self.assertEqual(P1, self.shown(answer)["server"]["tenant_id"])

    def test_unknown_for_nobody_else(self) -> None:
        """
        A stranger, an older microversion, a change and what is below the server get the error (I8, I17).
        """
        self.pods.on("Pod2", "*", "*", Unreachable())
        for method in ("GET", "PUT", "DELETE"):
            for path in (SHOW, f"{SHOW}/ips"):
                self.pods.on("Pod2", method, path, Unreachable())
        newest = {"version": (2, 96)}
        for method, path, more in (
            ("GET", SHOW, {**newest, "context": a_context(project=P2)}),
            ("GET", SHOW, {**newest, "context": a_context(project="")}),
            ("GET", SHOW, {"version": (2, 68)}),
            ("GET", SHOW, {}),
            ("PUT", SHOW, newest),
            ("DELETE", SHOW, newest),
            ("GET", f"{SHOW}/ips", newest),
        ):
            with self.subTest(method=method, path=path, more=more):
                self.refused(Unavailable, method, path, **more)

    def test_no_project_owns_nothing(self) -> None:
        """
        A token without a project owns no resource, not even one whose project is not known.
        """
        self.has_route(S1, self.pod2, project="")
        self.pods.on("Pod2", "GET", SHOW, Unreachable())

        self.refused(Unavailable, "GET", SHOW, version=(2, 96), context=a_context(project=""))

    def test_volumes_are_never_unknown(self) -> None:
        """
        Cinder knows no such status: a volume of a silent pod is a 503.
        """
        self.has_route(V1, self.pod1, kind=Kind.VOLUME)
        path = f"/v3/{P1}/volumes/{V1}"
        self.pods.on("Pod1", "GET", path, Unreachable())

        self.refused(Unavailable, "GET", path, surface="volume", version=(3, 71))


class GoneTests(StrategyCase):
    """
    The pod of a known route says 404.
    """

    def setUp(self) -> None:
        super().setUp()
        self.has_route(S1, self.pod2)
        for method in ("GET", "DELETE"):
            self.pods.on("Pod2", method, SHOW, absent)

    def test_owner(self) -> None:
        """
        The owner's 404 ends the route, in memory and with a tombstone in the database.
        """
        for method in ("GET", "DELETE"):
            self.has_route(S1, self.pod2)
            with self.subTest(method=method):
                self.assertEqual(404, self.asked(method, SHOW).status)
                self.assertIsNone(self.state.route(Kind.SERVER, S1))
                route = self.stored_route(S1)
                self.assertIsNotNone(route and route.deleted_at)

    def test_admin(self) -> None:
        """
        An admin's 404 ends it too.
        """
        self.asked("GET", SHOW, context=a_context(project=P2, roles="admin"))

        self.assertIsNone(self.state.route(Kind.SERVER, S1))

    def test_stranger(self) -> None:
        """
        A stranger's 404 passes, and ends no route (I7).
        """
        for project in (P2, ""):
            answer = self.asked("GET", SHOW, context=a_context(project=project))

            self.assertEqual(404, answer.status)
            self.assertIsNotNone(self.state.route(Kind.SERVER, S1))
            route = self.stored_route(S1)
            self.assertIsNone(route and route.deleted_at)

    def test_other_words(self) -> None:
        """
        A 404 that does not name the server is about something else, such as a path that a microversion took away.
        """
        for body in (
            {"itemNotFound": {"code": 404, "message": "The resource could not be found."}},
            b"{",
            [],
        ):
            self.pods.on("Pod2", "GET", SHOW, Reply(404, body))

            answer = self.asked("GET", SHOW)

            self.assertEqual(
                (404, body), (answer.status, answer.body if body == b"{" else self.shown(answer))
            )
            self.assertIsNotNone(self.state.route(Kind.SERVER, S1))

    def test_below(self) -> None:
        """
        A 404 for something below the server says nothing about the server.
        """
        path = f"{SHOW}/tags/blue"
        self.pods.on("Pod2", "GET", path, Reply(404, {"itemNotFound": {"code": 404}}))

        self.asked("GET", path)

        self.assertIsNotNone(self.state.route(Kind.SERVER, S1))

    def test_deleted(self) -> None:
        """
        The 204 of a delete does not end the route: the server still is there until its pod says 404.
        """
        self.pods.on("Pod2", "DELETE", SHOW, Reply(204, b"", []))

        self.assertEqual(204, self.asked("DELETE", SHOW).status)

        self.assertIsNotNone(self.state.route(Kind.SERVER, S1))

    def test_asked_again(self) -> None:
        """
        After the route ended the pods are asked, since the resource may be in another one.
        """
        self.asked("GET", SHOW)
        self.pods.on("*", "GET", SHOW, Reply(404))
        self.pods.on("Pod3", "GET", SHOW, Reply(200, {"server": a_server(1, "Pod3")}))

        self.assertEqual(200, self.asked("GET", SHOW).status)
        self.assertEqual("Pod3-id", self.state.route(Kind.SERVER, S1).pod_id)  # type: ignore[union-attr]


class ShieldTests(StrategyCase):
    """
    The client leaves while its request is under way.
    """

    def setUp(self) -> None:
        super().setUp()
        self.has_route(S1, self.pod2)

    def left(self, method: str, path: str, body: object = b"") -> Deferred[object]:
        """
        A request whose client is gone.
        """
        self.pods.on("Pod2", method, path, Hang())
        started = self.started(method, path, body)
        started.cancel()
        self.failureResultOf(started, CancelledError)
        return started

    def test_reads(self) -> None:
        """
        The pod's request of a read ends with its client.
        """
        self.left("GET", SHOW)

        self.assertTrue(self.pods.last.cancelled)
        self.assertEqual([], self.running)

    def test_writes(self) -> None:
        """
        Whatever may change something runs to its end, and the daemon knows until when.
        """
        for method, path, body in (
            ("DELETE", SHOW, b""),
            ("PUT", SHOW, {"server": {"name": "n"}}),
            ("POST", ACTION, {"pause": None}),
            ("POST", f"{SHOW}/os-volume_attachments", b"{}"),
            ("DELETE", f"{SHOW}/tags/blue", b""),
        ):
            with self.subTest(method=method, path=path):
                self.left(method, path, body)
                self.assertFalse(self.pods.last.cancelled)
                self.assertEqual([1], self.running)
                self.clock.advance(60)
                self.assertEqual([], self.running)

    def test_client_leaves_in_its_body(self) -> None:
        """
        A client that leaves before its action is complete ends the request, quietly: nothing reaches the pod.
        """
        body = MemoryBody(b"{}", held=Deferred())
        started = self.started("POST", ACTION, memory_body=body)
        started.cancel()
        self.failureResultOf(started, CancelledError)
        assert body.held is not None
        body.held.errback(ConnectionDone())

        self.assertEqual([], self.pods.calls)
        self.assertEqual([], self.running)
        gc.collect()
        self.assertEqual([], self.flushLoggedErrors())


class ActionTests(StrategyCase):
    """
    Actions, of which one may name a zone.
    """

    def setUp(self) -> None:
        super().setUp()
        self.has_route(S1, self.pod1)
        self.pods.on("*", "POST", ACTION, Reply(202, b"", []))

    def test_untouched(self) -> None:
        """
        An action without a zone reaches the pod byte by byte, whatever it holds.
        """
        for body in (
            b'{"reboot" :  {"type": "HARD"}}',
            b'{ "unshelve": null }',
            b'{"unshelve": {"availability_zone": null}}',
            b'{"unshelve": {"availability_zone": 7}}',
            b'{"rebuild": {"metadata": {"availability_zone": "az1", "unshelve": "\\"unshelve\\""}}}',
            b'["unshelve", "availability_zone"]',
            b'{"unshelve": "availability_zone',
        ):
            with self.subTest(body=body):
                self.asked("POST", ACTION, body)
                self.assertEqual(body, self.pods.last.body)

    def test_unshelve(self) -> None:
        """
        The zone of an unshelve becomes the pod's own, and nothing else changes.
        """
        self.asked("POST", ACTION, b'{"unshelve" : {"host": "h",  "availability_zone": "az1"}}')

        self.assertEqual(b'{"unshelve" : {"host": "h",  "availability_zone": "nova"}}', self.pods.last.body)

    def test_unshelve_without_length(self) -> None:
        """
        So does one whose length the client has not told.
        """
        body = MemoryBody(b'{"unshelve": {"availability_zone": "az1"}}', chunked=True)

        self.asked("POST", ACTION, memory_body=body)

        self.assertEqual(b'{"unshelve": {"availability_zone": "nova"}}', self.pods.last.body)

    def test_pod_without_zone(self) -> None:
        """
        In a pod without a zone of its own the name is taken out.
        """
        self.has_route(S1, self.pod3)

        self.asked("POST", ACTION, b'{"unshelve": {"availability_zone": "az2", "host": "h"}}')

        self.assertEqual(b'{"unshelve": {"host": "h"}}', self.pods.last.body)

    def test_foreign_zone(self) -> None:
        """
        A zone that the server's pod is not in is refused in Nova's words, and the pod hears nothing.
        """
        for zone in ("az2", "nova", "nowhere"):
            error = self.refused(BadRequest, "POST", ACTION, {"unshelve": {"availability_zone": zone}})
            self.assertEqual("The requested availability zone is not available", error.message)

        self.assertEqual([], self.pods.calls)

    def test_large(self) -> None:
        """
        An action that is larger than what is read is streamed.
        """
        self.asked("POST", ACTION, b'{"rebuild": "%s"}' % (b"x" * LIMIT))

        self.assertTrue(self.pods.last.streamed)


class UpdateTests(StrategyCase):
    """
    Updates of a server, which may name the zone that it is to be pinned to.
    """

    def setUp(self) -> None:
        super().setUp()
        self.has_route(S1, self.pod1)
        self.pods.on("*", "PUT", SHOW, Reply(200, b"{}", []))

    def test_refused_pin(self) -> None:
        """
        Nova's words for a pin elsewhere name the server's zone as users know it; what they asked for stays, as do others.
        """
        told = "Server can only be pinned to its current availability zone '{}', but 'nova' was requested."
        other = "Cannot change pinned availability zone directly. Unpin first from 'nova'."
        for said, heard in (
            (told.format("nova"), told.format("az1")),
            (told.format("strange"), told.format("strange")),
            (other, other),
        ):
            fault = {"conflictingRequest": {"code": 409, "message": said}}
            self.pods.on("Pod1", "PUT", SHOW, Reply(409, fault))

            answer = self.asked("PUT", SHOW, {"server": {"pinned_availability_zone": "nova"}})

            self.assertEqual(409, answer.status)
            self.assertEqual(heard, self.shown(answer)["conflictingRequest"]["message"])

    def test_pinned(self) -> None:
        """
        The server's own zone becomes the pod's, and nothing else changes.
        """
        self.asked("PUT", SHOW, b'{"server" : {"name": "az1",  "pinned_availability_zone": "az1"}}')

        self.assertEqual(
            b'{"server" : {"name": "az1",  "pinned_availability_zone": "nova"}}', self.pods.last.body
        )

    def test_untouched(self) -> None:
        """
        Every other update reaches the pod byte by byte.
        """
        for body in (
            b'{"server" :  {"name": "n"}}',
            b'{"server": {"pinned_availability_zone": null}}',
            b'{"server": {"pinned_availability_zone": "az2"}}',
            b'{"server": {"pinned_availability_zone": ["az1"]}}',
            b'{"server": "pinned_availability_zone"}',
            b'["pinned_availability_zone"]',
            b'{"server": {"pinned_availability_zone": "az1"',
        ):
            with self.subTest(body=body):
                self.asked("PUT", SHOW, body)
                self.assertEqual(body, self.pods.last.body)

    def test_pod_without_zone(self) -> None:
        """
        Where the pod has no zone of its own that is known, it decides.
        """
        self.has_route(S1, self.pod3)
        body = b'{"server": {"pinned_availability_zone": "az2"}}'

        self.asked("PUT", SHOW, body)

        self.assertEqual(body, self.pods.last.body)

    def test_large(self) -> None:
        """
        One that is larger than what is read is streamed.
        """
        self.asked("PUT", SHOW, b'{"server": {"description": "%s"}}' % (b"x" * LIMIT))

        self.assertTrue(self.pods.last.streamed)


class MatesTests(StrategyCase):
    """
    A request that joins the resource with another one (I6).
    """

    def setUp(self) -> None:
        super().setUp()
        self.has_route(S1, self.pod1)

    def attach(self, volume: str = V1) -> tuple[str, str, dict[str, object]]:
        """
        Attach a volume to the server.
        """
        return "POST", f"{SHOW}/os-volume_attachments", {"volumeAttachment": {"volumeId": volume}}

    def test_same_pod(self) -> None:
        """
        With both in one pod the body goes on byte by byte.
        """
        self.has_route(V1, self.pod1, kind=Kind.VOLUME)
        method, path, body = self.attach()
        self.pods.on("Pod1", method, path, Reply(200, {"volumeAttachment": {}}))

        self.asked(method, path, b' {"volumeAttachment":  {"volumeId": "%s"}}' % V1.encode())

        self.assertEqual(b' {"volumeAttachment":  {"volumeId": "%s"}}' % V1.encode(), self.pods.last.body)

    def test_another_pod(self) -> None:
        """
        A volume of another pod is a 400 that names both resources, and the pod only to admins.
        """
        self.has_route(V1, self.pod2, kind=Kind.VOLUME)

        error = self.refused(BadRequest, *self.attach())

        self.assertEqual(
            f"Server {S1} and volume {V1} are in different parts of the cloud and cannot be used together.",
            error.message,
        )
        self.assertEqual("Pod1 and Pod2", error.admin_detail)
        self.assertEqual([], self.pods.calls)

    def test_swap(self) -> None:
        """
        So is one that is to take the place of an attached one.
        """
        self.has_route(V1, self.pod2, kind=Kind.VOLUME)

        self.refused(
            BadRequest, "PUT", f"{SHOW}/os-volume_attachments/{X1}", {"volumeAttachment": {"volumeId": V1}}
        )

    def test_found_by_asking(self) -> None:
        """
        A volume that no route knows is looked for with the caller's token, in the pods' Cinder, and adopted.
        """
        shown = f"/v3/{P1}/volumes/{V1}"
        self.everybody_says(404, shown)
        self.pods.on("Pod3", "GET", shown, Reply(200, {"volume": a_volume(3)}))

        self.refused(BadRequest, *self.attach())

        self.assertEqual({"volume"}, {called.call.service for called in self.pods.calls})
        self.assertEqual("Pod3-id", self.state.route(Kind.VOLUME, V1).pod_id)  # type: ignore[union-attr]

    def test_nowhere(self) -> None:
        """
        A volume that no pod has goes on: the pod's own words are the answer.
        """
        self.everybody_says(404, f"/v3/{P1}/volumes/{V1}")
        method, path, body = self.attach()
        self.pods.on("Pod1", method, path, Reply(404, {"itemNotFound": {"code": 404, "message": "Volume"}}))

        self.assertEqual(404, self.asked(method, path, body).status)

    def test_silent_pod(self) -> None:
        """
        A volume that a silent pod may have is a 503.
        """
        shown = f"/v3/{P1}/volumes/{V1}"
        self.everybody_says(404, shown)
        self.pods.on("Pod3", "GET", shown, Unreachable())

        self.refused(Unavailable, *self.attach())

    def test_attach_at_cinder(self) -> None:
        """
        Cinder's os-attach with a server of another pod names both.
        """
        self.has_route(V1, self.pod2, kind=Kind.VOLUME)

        error = self.refused(
            BadRequest,
            "POST",
            f"/v3/{P1}/volumes/{V1}/action",
            {"os-attach": {"instance_uuid": S1, "mountpoint": "/dev/vdb"}},
            surface="volume",
        )

        self.assertIn(f"Volume {V1} and server {S1}", error.message)

    def test_port(self) -> None:
        """
        A port is looked for at the pods' Neutron each time, and no route is kept for it.
        """
        port = f"/v2.0/ports/{X1}"
        self.everybody_says(404, port)
        self.pods.on("Pod2", "GET", port, Reply(200, {"port": {"id": X1, "project_id": P1}}))

        error = self.refused(
            BadRequest, "POST", f"{SHOW}/os-interface", {"interfaceAttachment": {"port_id": X1}}
        )

        self.assertIn(f"port {X1}", error.message)
        self.assertEqual({"network"}, {called.call.service for called in self.pods.calls})
        self.assertIsNone(self.state.route(Kind.PORT, X1))

    def test_network_of_several_pods(self) -> None:
        """
        A network that several pods have fits a server of each of them.
        """
        network = f"/v2.0/networks/{N1}"
        self.everybody_says(200, network, {"network": {"id": N1}})
        path = f"{SHOW}/os-interface"
        self.pods.on("Pod1", "POST", path, Reply(200, {"interfaceAttachment": {}}))

        self.assertEqual(200, self.asked("POST", path, {"interfaceAttachment": {"net_id": N1}}).status)

    def test_own_pod_is_silent(self) -> None:
        """
        Whether the server's own pod has a network that others have is not known while its Neutron is silent: it decides.
        """
        network = f"/v2.0/networks/{N1}"
        self.everybody_says(200, network, {"network": {"id": N1}})
        self.pods.on("Pod1", "GET", network, Unreachable())
        path = f"{SHOW}/os-interface"
        self.pods.on("Pod1", "POST", path, Reply(200, {"interfaceAttachment": {}}))

        self.assertEqual(200, self.asked("POST", path, {"interfaceAttachment": {"net_id": N1}}).status)

    def test_what_cannot_be_read(self) -> None:
        """
        A body that names nothing, or is none, is the pod's to refuse.
        """
        method, path, _ = self.attach()
        self.pods.on("Pod1", method, path, Reply(400, {"badRequest": {"code": 400}}))
        for body in (
            b"",
            b"{",
            b"[]",
            b"null",
            b'{"volumeAttachment": []}',
            b'{"volumeAttachment": {"volumeId": 7}}',
        ):
            with self.subTest(body=body):
                self.assertEqual(400, self.asked(method, path, body).status)
                self.assertEqual(body, self.pods.last.body)

    def test_too_large(self) -> None:
        """
        A body that must be read is read up to the limit (I2).
        """
        method, path, _ = self.attach()

        self.refused(BodyTooLarge, method, path, b" " * (LIMIT + 1))


class UnroutableTests(StrategyCase):
    """
    Ids that are none.
    """

    def test_malformed(self) -> None:
        """
        What cannot be an id is 404 in the service's words, and nobody is asked (I7).
        """
        for surface, path, words in (
            ("compute", "/v2.1/servers/{}", "Instance {} could not be found."),
            ("volume", f"/v3/{P1}/volumes/{{}}", "Volume {} could not be found."),
            ("volume", f"/v3/{P1}/snapshots/{{}}", "Snapshot {} could not be found."),
        ):
            for name in ("my-server", "123", S1[:-1], S1 + "0", S1.replace("-", "")):
                with self.subTest(path=path, name=name):
                    error = self.refused(NotFound, "GET", path.format(name), surface=surface)
                    self.assertEqual(words.format(name), error.message)

        self.assertEqual([], self.pods.calls)
        self.assertEqual([], self.route_store.calls)
