"""
Ids that each pod gives of its own, in what goes to a pod and what comes back.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from typing import Any

import orjson
from attrs import define, field
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.unit.strategies.case import P1, StrategyCase, a_context
from tests.unit.strategies.doubles import MemoryAnswer, Reply
from trio2o.interfaces import IBodyTransform, IPodAnswer, IPodIds, ISharedIds
from trio2o.model import Kind, PodState
from trio2o.model.shared import SharedCopy, SharedKey, SharedResource
from trio2o.rewriting.ids import nobodys
from trio2o.strategies.forwarding import Forwarder
from trio2o.strategies.mapped import MappedAnswer, MappedIdentity, WholeBody

V1, V2 = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
#: A type, a group type and QoS specs at the top, where they are Pod1's own, and in Pod2.
T, T2 = "11111111-0000-4000-8000-000000000001", "11111111-0000-4000-8000-000000000002"
G, G2 = "22222222-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
Q, Q2 = "33333333-0000-4000-8000-000000000001", "33333333-0000-4000-8000-000000000002"
OWN = {("volume_type", T): T2, ("group_type", G): G2, ("qos_specs", Q): Q2}


@implementer(IPodIds)
@define
class OfPod:
    """
    Pod2 has ids of its own.
    """

    pod_id: str
    asked: list[str] = field(factory=list)

    def own(self, kind: str, top_id: str) -> str | None:
        self.asked.append(top_id)
        known = OWN.get((kind, top_id))
        return known if known is None or self.pod_id == "Pod2-id" else top_id

    def top(self, kind: str, own_id: str) -> str | None:
        self.asked.append(own_id)
        if self.pod_id != "Pod2-id":
            return own_id if (kind, own_id) in OWN else None
        return next((top for (of, top), own in OWN.items() if (of, own) == (kind, own_id)), None)

    def differ(self, kinds: Collection[str]) -> bool:
        return self.pod_id == "Pod2-id"

    def wanted(self, kind: str, top_id: str) -> bool:
        return (kind, top_id) in OWN


@implementer(ISharedIds)
@define
class Known:
    """
    What this process knows.
    """

    pods: dict[str, OfPod] = field(factory=dict)

    def of(self, pod_id: str) -> OfPod:
        return self.pods.setdefault(pod_id, OfPod(pod_id))

    def behind(self) -> frozenset[str]:
        return frozenset()

    def incomplete(self) -> frozenset[str]:
        return frozenset()

    def lacking(self, kind: str, top_id: str) -> frozenset[str]:
        return frozenset()

    def resource(self, kind: str, top_id: str) -> SharedResource | None:
        known = (kind, top_id) in OWN
        return SharedResource(key=SharedKey(kind, "gold"), top_id=top_id) if known else None

    def copies(self, kind: str, top_id: str) -> Mapping[str, SharedCopy]:
        return {}


class MappedCase(StrategyCase):
    """
    Two pods, the second with other ids.
    """

    def make(self) -> None:
        super().make()
        self.known = Known()
        mapped = MappedIdentity(ids=self.known)
        self.forwarder._mapped = mapped
        assert isinstance(self.forwarder, Forwarder)
        self.has_pods(self.pod1, self.pod2)

    def volume(self, method: str, path: str, body: Any = b"", **more: Any) -> Any:
        """
        The answer to a request about volumes, parsed.
        """
        return self.asked(method, f"/v3/{P1}{path}", body, surface="volume", **more)

    def told(self, pod: str, method: str, path: str, status: int, body: Any) -> None:
        """
        What a pod says.
        """
        self.pods.on(pod, method, f"/v3/{P1}{path}", Reply(status, body))

    def sent(self) -> Any:
        """
        The body that the last pod got.
        """
        body = self.pods.last.call.body
        assert isinstance(body, bytes)
        return orjson.loads(body)


class VolumeTests(MappedCase):
    """
    Volumes and what they name.
    """

    def test_show(self) -> None:
        """
        A volume shows its type's top id, from the microversion on that shows one; metadata stays.
        """
        self.has_route(V2, self.pod2, kind=Kind.VOLUME)
        shown = {"id": V2, "metadata": {"volume_type_id": T2, "x": T2}, "volume_type_id": T2}
        self.told("Pod2", "GET", f"/volumes/{V2}", 200, {"volume": shown})

        answer = self.shown(self.volume("GET", f"/volumes/{V2}", version=(3, 63)))

        self.assertEqual({**shown, "volume_type_id": T}, answer["volume"])
        before = self.shown(self.volume("GET", f"/volumes/{V2}", version=(3, 62)))
        self.assertEqual(shown, before["volume"])

    def test_nothing_is_looked_up_for_nothing(self) -> None:
        """
        Below that microversion, and where no row says that there are ids, nobody asks what an id is called.
        """
        self.has_route(V2, self.pod2, kind=Kind.VOLUME)
        self.told("Pod2", "GET", f"/volumes/{V2}", 200, {"volume": {"id": V2, "x": T2}})
        self.told("Pod2", "GET", f"/volumes/{V2}/metadata", 200, {"metadata": {"x": T2}})

        self.volume("GET", f"/volumes/{V2}", version=(3, 62))
        self.volume("GET", f"/volumes/{V2}/metadata", version=(3, 70))

        self.assertEqual([], self.known.of("Pod2-id").asked)

    def test_list(self) -> None:
        """
        A list of two pods has top ids, and its filter is each pod's own id.
        """
        for pod, volume_id, own in (("Pod1", V1, T), ("Pod2", V2, T2)):
            item = {
                "id": volume_id,
                "created_at": "2026-01-01T00:00:00.000000",
                "metadata": {"volume_type_id": T2},
                "volume_type_id": own,
            }
            self.told(pod, "GET", "/volumes/detail", 200, {"volumes": [item]})

        answer = self.shown(
            self.volume("GET", f"/volumes/detail?volume_type_id={T}&name={T}", version=(3, 70))
        )

        self.assertEqual([T, T], [each["volume_type_id"] for each in answer["volumes"]])
        self.assertEqual([T2, T2], [each["metadata"]["volume_type_id"] for each in answer["volumes"]])
        asked = {call.pod: call.query or "" for call in self.pods.calls}
        self.assertIn(f"volume_type_id={T}&name={T}", asked["Pod1"])
        self.assertIn(f"volume_type_id={T2}&name={T}", asked["Pod2"])

    def test_create(self) -> None:
        """
        A create gets the id of the pod that it goes to; all else stays as it was sent, spaces too.
        """
        self.change_pod(self.pod1, state=PodState.MAINTENANCE)
        self.told("Pod2", "POST", "/volumes", 202, {"volume": {"id": V2, "volume_type_id": T2}})
        body = b'{"volume":  {"size": 1, "volume_type": "%s", "name": "%s"}}' % (T.encode(), T.encode())

        answer = self.shown(self.volume("POST", "/volumes", body, version=(3, 70)))

        self.assertEqual(body.replace(T.encode(), T2.encode(), 1), self.pods.last.call.body)
        self.assertEqual(T, answer["volume"]["volume_type_id"])

    def test_errors(self) -> None:
        """
        What a pod says of an id that it does not take names the top's.
        """
        self.has_route(V2, self.pod2, kind=Kind.VOLUME)
        words = {"badRequest": {"code": 400, "message": f"Type {T2} is not {V2}'s."}}
        self.told("Pod2", "POST", f"/volumes/{V2}/action", 400, words)

        answer = self.volume("POST", f"/volumes/{V2}/action", {"os-retype": {"new_type": T}})

        self.assertEqual({"os-retype": {"new_type": T2}}, self.sent())
        self.assertEqual(f"Type {T} is not {V2}'s.", self.shown(answer)["badRequest"]["message"])

    def test_placement_goes_by_names(self) -> None:
        """
        What is known of pods goes by the types' names.
        """
        named = self.forwarder.named({"volume_type": T, "volume_types": [T, "x", 1], "size": 1})

        self.assertEqual({"volume_type": "gold", "volume_types": ["gold", "x", 1], "size": 1}, named)
        self.assertEqual("gold", self.forwarder.type_name(T))
        self.assertEqual({"volume_types": f"gold,{V1}"}, self.forwarder.named({"volume_types": f"{T},{V1}"}))

    def test_same_pod(self) -> None:
        """
        Of a pod whose ids are the top's nothing is looked up or read: a body that could name a type streams.
        """
        self.has_route(V1, self.pod1, kind=Kind.VOLUME)
        self.told("Pod1", "GET", f"/volumes/{V1}", 200, {"volume": {"id": V1, "volume_type_id": T}})
        self.told("Pod1", "PUT", f"/volumes/{V1}", 404, {"itemNotFound": {"code": 404, "message": f"no {T}"}})
        self.told("Pod1", "GET", "/volumes/detail", 200, {"volumes": []})

        shown = self.shown(self.volume("GET", f"/volumes/{V1}", version=(3, 70)))
        self.volume("PUT", f"/volumes/{V1}", {"volume": {"name": "x"}})

        self.assertEqual(T, shown["volume"]["volume_type_id"])
        self.assertNotIsInstance(self.pods.last.call.body, bytes)
        self.assertEqual([], self.known.of("Pod1-id").asked)

    def test_words_of_any_row(self) -> None:
        """
        Errors name top ids where nothing else of a row has any.
        """
        self.has_route(V2, self.pod2, kind=Kind.BACKUP)
        words = {"badRequest": {"code": 400, "message": f"Type {T2} with {Q2} of {G2} is not {V2}'s."}}
        self.told("Pod2", "POST", f"/backups/{V2}/restore", 400, words)

        answer = self.shown(self.volume("POST", f"/backups/{V2}/restore", {"restore": {"name": T2}}))

        self.assertEqual(f"Type {T} with {Q} of {G} is not {V2}'s.", answer["badRequest"]["message"])

    def test_other_pods_id(self) -> None:
        """
        The id by which a pod alone knows a type is none to users who retype a volume, in the pod's words.
        """
        self.has_route(V2, self.pod2, kind=Kind.VOLUME)
        hidden = nobodys(T2)
        words = {"itemNotFound": {"code": 404, "message": f"Volume type {hidden} could not be found."}}
        self.told("Pod2", "POST", f"/volumes/{V2}/action", 404, words)

        answer = self.volume("POST", f"/volumes/{V2}/action", {"os-retype": {"new_type": T2}})

        self.assertEqual({"os-retype": {"new_type": hidden}}, self.sent())
        self.assertEqual(
            f"Volume type {T2} could not be found.", self.shown(answer)["itemNotFound"]["message"]
        )

    def test_proxy(self) -> None:
        """
        A volume that is made by Nova's old path has the pod's type.
        """
        self.change_pod(self.pod1, state=PodState.MAINTENANCE)
        self.pods.on("Pod2", "POST", "/v2.1/os-volumes", Reply(400, {"badRequest": {"message": f"no {T2}"}}))

        answer = self.asked("POST", "/v2.1/os-volumes", {"volume": {"size": 1, "volume_type": T}})

        self.assertEqual({"volume": {"size": 1, "volume_type": T2}}, self.sent())
        self.assertEqual({"badRequest": {"message": f"no {T}"}}, self.shown(answer))

    def test_server(self) -> None:
        """
        The type of a disk that a server is made with is the pod's.
        """
        self.change_pod(self.pod1, state=PodState.MAINTENANCE)
        self.pods.on("Pod2", "POST", "/v2.1/servers", Reply(400, {"badRequest": {"message": f"no {T2}"}}))
        disk = {"uuid": V1, "volume_type": T, "tag": T}
        wanted = {"server": {"name": "s", "flavorRef": "1", "block_device_mapping_v2": [disk]}}
        self.pods.on("*", "GET", f"/v3/{P1}/volumes/{V1}", Reply(404, b"{}"), service="volume")

        answer = self.asked("POST", "/v2.1/servers", wanted)

        self.assertEqual({**disk, "volume_type": T2}, self.sent()["server"]["block_device_mapping_v2"][0])
        self.assertEqual({"badRequest": {"message": f"no {T}"}}, self.shown(answer))


class TypeTests(MappedCase):
    """
    The types themselves.
    """

    def test_show(self) -> None:
        """
        A type is asked for by each pod's own id, and shown by the top's.
        """
        self.told("Pod1", "GET", f"/types/{T}", 404, {"itemNotFound": {"code": 404, "message": "none"}})
        shown = {"id": T2, "name": T2, "qos_specs_id": Q2, "extra_specs": {"id": T2}}
        self.told("Pod2", "GET", f"/types/{T2}", 200, {"volume_type": shown})

        answer = self.volume("GET", f"/types/{T}")
        body = answer.transform.feed(orjson.dumps({"volume_type": shown})) + answer.transform.flush()

        self.assertEqual({**shown, "id": T, "qos_specs_id": Q}, orjson.loads(body)["volume_type"])

    def test_other_pods_id(self) -> None:
        """
        A type is not found by the id that another pod alone knows it by.
        """
        missing = {"itemNotFound": {"code": 404, "message": "none"}}
        self.told("Pod1", "GET", f"/types/{T2}", 404, missing)
        self.told("Pod2", "GET", f"/types/{T2}", 200, {"volume_type": {"id": T2}})
        self.told("Pod2", "GET", f"/types/{nobodys(T2)}", 404, missing)

        self.assertEqual(404, self.volume("GET", f"/types/{T2}").status)

    def test_upper_case(self) -> None:
        """
        An id in upper case is one for the pods that take it so, and no other of theirs.
        """
        letters, own = "abcdef12" + T[8:], "fedcba21" + T2[8:]
        self.patch(sys.modules[__name__], "OWN", {("volume_type", letters): own})
        self.told("Pod1", "GET", f"/types/{letters.upper()}", 404, {"itemNotFound": {"message": "none"}})
        self.told("Pod2", "GET", f"/types/{own.upper()}", 200, {"volume_type": {"id": own}})
        answer = self.volume("GET", f"/types/{letters.upper()}")
        body = answer.transform.feed(orjson.dumps({"volume_type": {"id": own}})) + answer.transform.flush()
        self.assertEqual({"volume_type": {"id": letters}}, orjson.loads(body))

    def test_list(self) -> None:
        """
        Where only the ids differ, pods agree.
        """
        for pod, own in (("Pod1", T), ("Pod2", T2)):
            self.told(pod, "GET", "/types", 200, {"volume_types": [{"id": own, "name": "gold"}]})

        answer = self.shown(self.volume("GET", "/types"))

        self.assertEqual([{"id": T, "name": "gold"}], answer["volume_types"])
        self.assertEqual(2, len(self.pods.calls))

    def test_pools(self) -> None:
        """
        Pools are asked for by the type's own id in each pod.
        """
        path = f"/v3/{P1}/scheduler-stats/get_pools"
        self.pods.on("*", "GET", path, Reply(200, {"pools": []}))

        self.volume("GET", f"/scheduler-stats/get_pools?volume_type={T}&name={T}")

        asked = {call.pod: call.query or "" for call in self.pods.calls}
        self.assertIn(f"volume_type={T}", asked["Pod1"])
        self.assertIn(f"volume_type={T2}", asked["Pod2"])
        self.assertIn(f"name={T}", asked["Pod2"])

    def test_unknown_id(self) -> None:
        """
        An id that no pod's thing has at the top goes on as it is: to what one pod alone has.
        """
        self.told("Pod1", "PUT", f"/types/{V1}", 404, {"itemNotFound": {"code": 404, "message": V1}})
        self.told("Pod2", "PUT", f"/types/{V1}", 200, {"volume_type": {"id": V1}})

        answer = self.volume("PUT", f"/types/{V1}", {"volume_type": {"name": "x"}})

        self.assertEqual(200, answer.status)

    def test_default_type(self) -> None:
        """
        A body that is streamed elsewhere is read where it may name a type.
        """
        for pod, own in (("Pod1", T), ("Pod2", T2)):
            told = {"default_type": {"project_id": P1, "volume_type_id": own}}
            self.told(pod, "PUT", f"/default-types/{P1}", 200, told)

        wanted = {"default_type": {"volume_type": T}}
        answer = self.shown(self.volume("PUT", f"/default-types/{P1}", wanted))

        self.assertEqual({"default_type": {"volume_type": T2}}, self.sent())
        self.assertEqual(T, answer["default_type"]["volume_type_id"])


class WholeBodyTests(MappedCase):
    """
    A body that is held back.
    """

    def test_changed_at_its_end(self) -> None:
        """
        It is changed as one, however it came.
        """
        body = WholeBody(rewrites=bytes.upper, then=None)

        self.assertEqual([b"", b"", b"ABC"], [body.feed(b"a"), body.feed(b"bc"), body.flush()])

    def test_too_large(self) -> None:
        """
        One that is too large to be held goes on as it is, in bounded memory.
        """
        body = WholeBody(rewrites=bytes.upper, then=None, limit=3)

        self.assertEqual(
            [b"", b"abcd", b"e", b""], [body.feed(b"ab"), body.feed(b"cd"), body.feed(b"e"), body.flush()]
        )

    def test_interfaces(self) -> None:
        """
        What stands for a pod's answer, and for its way to the client, is all that those have to be.
        """
        verifyObject(IBodyTransform, WholeBody(rewrites=bytes.upper, then=None))
        inner = MemoryAnswer(404, [(b"content-type", b"application/json")], b"{}", "Pod2")
        answer = MappedAnswer(inner=inner, rewrites=bytes.upper)
        verifyObject(IPodAnswer, answer)
        self.assertEqual(b"{}", self.successResultOf(answer.read(10)))
        self.assertEqual((404, "Pod2"), (answer.status, answer.pod_name))
        self.assertEqual(b"application/json", answer.header(b"content-type"))

    def test_context(self) -> None:
        """
        Whoever asks, ids are the same.
        """
        self.has_route(V2, self.pod2, kind=Kind.VOLUME)
        self.told("Pod2", "GET", f"/volumes/{V2}", 200, {"volume": {"id": V2, "volume_type_id": T2}})

        answer = self.volume(
            "GET", f"/volumes/{V2}", version=(3, 63), context=a_context("volume", roles="admin")
        )

        self.assertEqual(T, self.shown(answer)["volume"]["volume_type_id"])
