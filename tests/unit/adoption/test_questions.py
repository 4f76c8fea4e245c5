"""
Questions with the daemon's own token.
"""

from __future__ import annotations

import orjson
from attrs import evolve
from twisted.internet.defer import Deferred

from tests.unit.adoption.case import CINDER_SERVICES, NOVA_SERVICES, OWN, AdoptionCase
from tests.unit.strategies.doubles import Broken, Reply, Unreachable
from trio2o.errors import PodBroken, Unavailable
from trio2o.model import PodSettings


class GetTests(AdoptionCase):
    """
    One question.
    """

    def test_sent(self) -> None:
        """
        The question has the pod's own token, the microversion, and the project of the daemon's user in Cinder's path.
        """
        self.pods.on("Pod1", "GET", f"/v3/{OWN}/volumes/1", Reply(body={"volume": {"id": "1"}}))

        said = self.now(
            self.questions.get(self.pod1, "volume", "/v3/{project_id}/volumes/1", version="volume 3.27")
        )

        self.assertEqual((200, {"volume": {"id": "1"}}), (said.status, said.body))
        sent = self.pods.last
        self.assertEqual("volume", sent.call.service)
        self.assertEqual(b"volume 3.27", sent.header(b"openstack-api-version"))
        self.assertIn(b"own-1", sent.header(b"x-auth-token") or b"")
        self.assertIn(b"Pod1", sent.header(b"x-auth-token") or b"")

    def test_no_project(self) -> None:
        """
        A token without a project has none to put in a path.
        """
        self.tokens.project_id = None
        self.pods.on("Pod1", "GET", "/v3/volumes/1", Reply(404, {}))
        self.assertEqual(
            404, self.now(self.questions.get(self.pod1, "volume", "/v3/{project_id}/volumes/1")).status
        )

    def test_no_json(self) -> None:
        """
        A body that is no JSON is no body.
        """
        self.pods.on("Pod1", "GET", "/x", Reply(404, b"<html>"))
        said = self.now(self.questions.get(self.pod1, "compute", "/x"))
        self.assertEqual((404, None), (said.status, said.body))

    def test_token_refused(self) -> None:
        """
        A token that a pod refuses is given back, and another one tried once.
        """
        self.pods.on("Pod1", "GET", "/x", Reply(401, {}), Reply(200, {"a": 1}))
        self.assertEqual(200, self.now(self.questions.get(self.pod1, "compute", "/x")).status)
        self.assertEqual([b"own-1"], self.own.invalidated)
        self.assertIn(b"own-2", self.pods.last.header(b"x-auth-token") or b"")

        self.pods.on("Pod1", "GET", "/x", Reply(401, {}))
        self.assertEqual(401, self.now(self.questions.get(self.pod1, "compute", "/x")).status)
        self.assertEqual(4, len(self.pods.calls))

    def test_no_answer(self) -> None:
        """
        A pod that gives no whole answer, and a Keystone that gives no token, are told.
        """
        for script in (Broken(), Reply(200, None)):
            self.pods.on("Pod1", "GET", "/x", script)
            asked = Deferred.fromCoroutine(self.questions.get(self.pod1, "compute", "/x"))
            self.failureResultOf(asked, PodBroken)
        self.own.number = None
        asked = Deferred.fromCoroutine(self.questions.get(self.pod1, "compute", "/x"))
        self.failureResultOf(asked, Unavailable)


class SendTests(AdoptionCase):
    """
    One request that changes something.
    """

    def test_sent(self) -> None:
        """
        It has the pod's own token, the microversion and the body as JSON, over a connection that was not left idle.
        """
        self.pods.on("Pod1", "POST", f"/v3/{OWN}/types", Reply(202, {"volume_type": {"id": "1"}}))

        said = self.now(
            self.questions.send(
                "POST",
                self.pod1,
                "volume",
                "/v3/{project_id}/types",
                body={"volume_type": {"name": "schön"}},
                version="volume 3.27",
            )
        )

        self.assertEqual((202, {"volume_type": {"id": "1"}}), (said.status, said.body))
        sent = self.pods.last
        self.assertEqual({"volume_type": {"name": "schön"}}, orjson.loads(sent.body))
        self.assertEqual(b"application/json", sent.header(b"content-type"))
        self.assertEqual(b"volume 3.27", sent.header(b"openstack-api-version"))
        self.assertTrue(sent.call.fresh)

    def test_no_body(self) -> None:
        """
        Without a body there is none, and no type of one.
        """
        self.pods.on("Pod1", "DELETE", "/v2.1/flavors/1", Reply(202, b""))
        said = self.now(self.questions.send("DELETE", self.pod1, "compute", "/v2.1/flavors/1"))
        self.assertEqual((202, None), (said.status, said.body))
        self.assertIsNone(self.pods.last.call.body)
        self.assertIsNone(self.pods.last.header(b"content-type"))

    def test_token_refused(self) -> None:
        """
        A pod that refuses the token has done nothing: the same is sent once more with another.
        """
        self.pods.on("Pod1", "PUT", "/x", Reply(401, {}), Reply(200, {"a": 1}))
        said = self.now(self.questions.send("PUT", self.pod1, "compute", "/x", body={"b": 2}))
        self.assertEqual(200, said.status)
        self.assertEqual([b'{"b":2}'] * 2, [call.body for call in self.pods.calls])


class ObstacleTests(AdoptionCase):
    """
    Is the daemon's user shown everything?
    """

    def test_admin(self) -> None:
        """
        Who is shown the services is: asked once for each service of a pod, and again with another token.
        """
        for _ in range(2):
            self.assertEqual("", self.now(self.questions.obstacle(self.pod1, "compute")))
            self.assertEqual("", self.now(self.questions.obstacle(self.pod1, "volume")))
        self.assertEqual([NOVA_SERVICES, CINDER_SERVICES], [call.path for call in self.pods.calls])
        self.own.number = 7
        self.assertEqual("", self.now(self.questions.obstacle(self.pod1, "compute")))
        self.assertEqual(3, len(self.pods.calls))

    def test_none(self) -> None:
        """
        Who is refused is not, and is asked anew after a minute: a role may have been given meanwhile.
        """
        self.pods.on("Pod1", "GET", NOVA_SERVICES, Reply(403, {"forbidden": {"code": 403}}))
        for seconds in (0.0, 59.0):
            self.clock.advance(seconds)
            self.assertIn("role admin", self.now(self.questions.obstacle(self.pod1, "compute")))
        self.assertEqual(1, len(self.pods.calls))
        self.pods.on("Pod1", "GET", NOVA_SERVICES, Reply(200, {"services": []}))
        self.clock.advance(1.0)
        self.assertEqual("", self.now(self.questions.obstacle(self.pod1, "compute")))
        self.assertEqual(2, len(self.pods.calls))

    def test_another_setup(self) -> None:
        """
        A refusal is one of the pod as it was set up, and of the token that was sent; so is a yes.
        """
        self.pods.on("Pod1", "GET", NOVA_SERVICES, Reply(403, {}))
        self.assertTrue(self.now(self.questions.obstacle(self.pod1, "compute")))
        self.own.number = 7
        self.assertTrue(self.now(self.questions.obstacle(self.pod1, "compute")))
        self.assertEqual(2, len(self.pods.calls))
        moved = evolve(self.pod1, settings=PodSettings(endpoints={"compute": "http://elsewhere/v2.1"}))
        self.pods.on("Pod1", "GET", NOVA_SERVICES, Reply(200, {"services": []}))
        self.assertEqual("", self.now(self.questions.obstacle(moved, "compute")))
        self.pods.on("Pod1", "GET", NOVA_SERVICES, Reply(403, {}))
        self.assertTrue(self.now(self.questions.obstacle(self.pod1, "compute")))
        self.assertEqual(4, len(self.pods.calls))

    def test_unclear(self) -> None:
        """
        Who is answered anything else is not sure to be shown all; what may be otherwise a moment later is asked anew.
        """
        for reply in (Reply(200, b"<html>"), Reply(200, {"services": None}), Reply(500), Reply(429)):
            self.pods.on("Pod1", "GET", NOVA_SERVICES, reply)
            self.assertIn(str(reply.status), self.now(self.questions.obstacle(self.pod1, "compute")))
        self.assertEqual(4, len(self.pods.calls))
        self.pods.on("Pod1", "GET", NOVA_SERVICES, Reply(404, b"<html>"))
        for _ in range(2):
            self.assertIn("404", self.now(self.questions.obstacle(self.pod1, "compute")))
        self.assertEqual(5, len(self.pods.calls))

    def test_silent(self) -> None:
        """
        A pod that says nothing raises what that is.
        """
        self.pods.on("Pod1", "GET", NOVA_SERVICES, Unreachable())
        asked = Deferred.fromCoroutine(self.questions.obstacle(self.pod1, "compute"))
        self.assertEqual("Pod1", self.failureResultOf(asked).value.pod_name)
