"""
Flavors and key pairs: read from the fake Nova, and made there what is wanted.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from treq.testing import StubTreq
from twisted.internet.task import Clock

from tests.unit.sandbox.asking import Api
from tests.unit.shared.case import OWNER, PROJECT, FakeAsk, KindCase
from trio2o.model.shared import SharedKey
from trio2o.sandbox.call import Caller
from trio2o.sandbox.clock import PodClock
from trio2o.sandbox.frame import StaticTokens
from trio2o.sandbox.nova.service import make_nova
from trio2o.sandbox.pod_state import PodState
from trio2o.shared.flavors import Flavors
from trio2o.shared.key_pairs import KeyPairs

#: A public key as OpenSSH writes it.
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
_quick = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


class NovaKindCase(KindCase):
    """
    One pod's Nova.
    """

    def pod(self) -> FakeAsk:
        wall = Clock()
        state = PodState(name="Pod1", clock=PodClock(wall, manual=True))
        admin = Caller(user_id="admin", project_id=PROJECT, roles=frozenset({"admin"}))
        frame = make_nova(state, StaticTokens({"admin-token": admin}), wall)
        return FakeAsk(Api(StubTreq(frame.resource()), "http://pod1.test/v2.1"), "/v2.1")


names = st.sampled_from(["one", "two"])
numbers = st.integers(1, 3)
flavors = st.builds(
    lambda name, public, projects, **more: {
        "name": name,
        "is_public": public,
        "projects": [] if public else sorted(projects),
        **more,
    },
    names,
    st.booleans(),
    st.sets(st.sampled_from(["p1", "p2", "p3"])),
    ram=numbers,
    vcpus=numbers,
    disk=st.integers(0, 2),
    ephemeral=st.integers(0, 2),
    swap=st.integers(0, 2),
    rxtx_factor=st.sampled_from([1.0, 2.5]),
    description=st.none() | st.sampled_from(["", "d"]),
    extra_specs=st.dictionaries(
        st.sampled_from(["a", "hw:b", "c.d e"]), st.text("xyz ", max_size=3), max_size=3
    ),
)
pairs = st.builds(
    lambda public, kind: {"public_key": public, "type": kind},
    st.sampled_from([f"{KEY} one", f"{KEY[:-8]}AQEBAQEB two"]),
    st.just("ssh"),
)


class FlavorTests(NovaKindCase):
    """
    Flavors.
    """

    kind = Flavors()

    @_quick
    @given(flavors, flavors)
    def test_converges(self, first: dict[str, Any], second: dict[str, Any]) -> None:
        """
        Whatever a pod has of a flavor, the steps make it what is wanted, and then there are none.
        """
        self.fresh()
        for document in (first, second):
            seen = self.converge(self.resource("7", document))
            assert seen is not None
            self.assertEqual((document, "7"), (seen.document, seen.key.name))
            self.assertEqual([], self.kind.steps(self.resource("7", document), seen, self.ids))
        listed = self.now(self.kind.read_all(self.ask, self.ids, ()))
        self.assertEqual([seen], [one for one in listed if one.key.name == "7"])
        self.assertIsNone(self.converge(self.resource("7", {}, deleted=True)))


class KeyPairTests(NovaKindCase):
    """
    Key pairs.
    """

    kind = KeyPairs()

    @_quick
    @given(st.sampled_from(["k", "a key", "k-1"]), pairs, pairs)
    def test_converges(self, name: str, first: dict[str, Any], second: dict[str, Any]) -> None:
        """
        Whatever a pod has of a user's key pair, the steps make it what is wanted, and then there are none.
        """
        self.fresh()
        for document in (first, second):
            seen = self.converge(self.resource(name, document))
            assert seen is not None
            self.assertEqual((document, SharedKey("key_pair", name, OWNER)), (seen.document, seen.key))
        self.assertEqual([seen], self.now(self.kind.read_all(self.ask, self.ids, {OWNER, "nobody"})))
        self.assertIsNone(self.converge(self.resource(name, {}, deleted=True)))
