"""
Pods that show what nobody asked about, and callers who may not look.
"""

from __future__ import annotations

from attrs import evolve

from tests.unit.strategies.case import P1, S1, S2, V1, StrategyCase, a_context, a_server
from tests.unit.strategies.doubles import Reply
from trio2o.errors import Forbidden, NotFound, Unavailable
from trio2o.model import AccessRule, Kind
from trio2o.surface.kinds import read_time

REFUSAL = {"forbidden": {"code": 403, "message": "Policy doesn't allow this."}}


class ImpostorTests(StrategyCase):
    """
    A pod that answers with another resource.
    """

    def test_another_id(self) -> None:
        """
        A pod that shows another server than the one it was asked about is taken for silent, and gets no route to either.
        """
        self.everybody_says(404, f"/v2.1/servers/{S1}")
        self.pods.on("Pod2", "GET", f"/v2.1/servers/{S1}", Reply(200, {"server": a_server(2)}))

        self.refused(Unavailable, "GET", f"/v2.1/servers/{S1}")

        self.assertEqual((None, None), (self.stored_route(S1), self.stored_route(S2)))
        self.assertIsNone(self.state.route(Kind.SERVER, S2))

    def test_id_in_capitals(self) -> None:
        """
        The case of an id makes no other one of it.
        """
        self.everybody_says(404, f"/v2.1/servers/{S1}")
        shown = Reply(200, {"server": {**a_server(1), "id": S1.upper()}})
        self.pods.on("Pod2", "GET", f"/v2.1/servers/{S1}", shown)

        self.assertEqual(200, self.asked("GET", f"/v2.1/servers/{S1}").status)

        self.assertEqual("Pod2-id", getattr(self.stored_route(S1), "pod_id", None))


class NotFoundTests(StrategyCase):
    """
    404s that do not say that a resource is gone.
    """

    def test_head(self) -> None:
        """
        A HEAD, which Nova answers with 404 whatever there is, ends no route.
        """
        self.has_route(S1, self.pod1)
        html = Reply(404, b"", [(b"content-type", b"text/html; charset=UTF-8")])
        for reply in (html, Reply(404)):
            self.pods.on("Pod1", "HEAD", f"/v2.1/servers/{S1}", reply)
            self.assertEqual(404, self.asked("HEAD", f"/v2.1/servers/{S1}").status)

        self.assertIsNotNone(self.state.route(Kind.SERVER, S1))

    def test_page_of_a_balancer(self) -> None:
        """
        A 404 that is a page, as a balancer in front of the pod's service gives it, ends no route.
        """
        self.has_route(S1, self.pod1)
        page = Reply(404, b"<html>no such backend</html>", [(b"content-type", b"text/html")])
        self.pods.on("Pod1", "GET", f"/v2.1/servers/{S1}", page)

        self.assertEqual(404, self.asked("GET", f"/v2.1/servers/{S1}").status)

        self.assertIsNotNone(self.state.route(Kind.SERVER, S1))

    def test_strange_times(self) -> None:
        """
        A time that is none in UTC is no time.
        """
        self.assertIsNone(read_time("0001-01-01T00:00:00+05:00"))


class ForbiddenTests(StrategyCase):
    """
    Callers whose roles do not let them look.
    """

    def test_nobody_shows_it(self) -> None:
        """
        403 of a pod is 403 here, not the 503 of a pod that is silent, and is not remembered.
        """
        self.everybody_says(404, f"/v2.1/servers/{S1}")
        self.pods.on("Pod2", "GET", f"/v2.1/servers/{S1}", Reply(403, REFUSAL))

        self.refused(Forbidden, "GET", f"/v2.1/servers/{S1}")
        self.everybody_says(404, f"/v2.1/servers/{S1}")
        self.pods.on("Pod2", "GET", f"/v2.1/servers/{S1}", Reply(200, {"server": a_server(1)}))

        self.assertEqual(200, self.asked("GET", f"/v2.1/servers/{S1}").status)

    def test_in_a_body(self) -> None:
        """
        A create that names what the caller may not see reaches a pod, whose words count.
        """
        self.everybody_says(403, f"/v3/{P1}/volumes/{V1}", REFUSAL)
        self.pods.on("*", "POST", "/v2.1/servers", Reply(400, {"badRequest": {"code": 400, "message": "no"}}))
        devices = [{"source_type": "volume", "uuid": V1, "boot_index": 0}]

        answer = self.asked("POST", "/v2.1/servers", {"server": {"block_device_mapping_v2": devices}})

        self.assertEqual(400, answer.status)

    def test_no_project(self) -> None:
        """
        With a token without a project pods are asked below the version, not below an empty segment.
        """
        self.everybody_says(404, f"/v3/volumes/{V1}")

        self.refused(NotFound, "GET", f"/v3/volumes/{V1}", context=a_context("volume", project=""))


class GroupTests(StrategyCase):
    """
    Kinds that the lowest microversion does not know.
    """

    def test_asked_with_its_version(self) -> None:
        """
        A volume's group is looked for with a microversion that has groups, whatever the client asked with (I6).
        """
        shown = Reply(200, {"group": {"id": S1, "name": "g"}})
        self.everybody_says(404, f"/v3/{P1}/groups/{S1}")
        self.pods.on("Pod2", "GET", f"/v3/{P1}/groups/{S1}", shown)
        self.pods.on("Pod2", "POST", f"/v3/{P1}/volumes", Reply(202, {"volume": {"id": V1}}))

        self.asked(
            "POST",
            f"/v3/{P1}/volumes",
            {"volume": {"size": 1, "group_id": S1}},
            surface="volume",
            headers=[(b"OpenStack-API-Version", b"volume 3.60")],
        )

        asked = {called.header(b"openstack-api-version") for called in self.pods.calls[:-1]}
        self.assertEqual({b"volume 3.13"}, asked)
        self.assertEqual(
            ("Pod2", b"volume 3.60"), (self.pods.last.pod, self.pods.last.header(b"openstack-api-version"))
        )


class AccessRulesTests(StrategyCase):
    """
    Application credentials that may do little.
    """

    def test_plain_list(self) -> None:
        """
        With a token that has access rules pods are asked for the list that the client asked for, and for no other.
        """
        self.everybody_says(200, "/v2.1/servers", {"servers": [{"id": S1, "name": "n", "links": []}]})
        plain = a_context()
        rule = AccessRule(service="compute", method="GET", path="/v2.1/servers")
        context = evolve(plain, identity=evolve(plain.identity, access_rules=(rule,)))

        answer = self.asked("GET", "/v2.1/servers", context=context)

        self.assertEqual(200, answer.status)
        self.assertEqual({"/v2.1/servers"}, {called.path for called in self.pods.calls})


class CursorTests(StrategyCase):
    """
    Where lists ended.
    """

    def test_long_queries(self) -> None:
        """
        What is remembered of a page does not grow with its query.
        """
        self.everybody_says(200, "/v2.1/servers/detail", {"servers": [a_server(1)]})

        self.asked("GET", "/v2.1/servers/detail?limit=1&name=" + "x" * 20_000)

        ((listing, _),) = self.strategies["merge"]._cursors._kept  # type: ignore[attr-defined]
        self.assertEqual(32, len(listing))
