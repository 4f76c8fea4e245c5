"""
The catalog: reading, refreshing, failing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import HTTPConnectionPool
from zope.interface.verify import verifyObject

from tests.unit.identity.stub import OWN_PROJECT, World, status
from trio2o.errors import Unavailable
from trio2o.identity.catalog import KeystoneCatalog
from trio2o.identity.pod_tokens import SharedKeystone
from trio2o.identity.service import IdentityService
from trio2o.interfaces import ICatalog, IPodTokens
from trio2o.model import Identity, Pod


def compute(url: str, region: str = "Pod1") -> Mapping[str, Any]:
    """
    A catalog entry with one compute endpoint.
    """
    endpoint = {"id": "e1", "interface": "public", "region_id": region, "region": region, "url": url}
    return {"id": "s1", "type": "compute", "name": "nova", "endpoints": [endpoint]}


class CatalogTests(SynchronousTestCase):
    """
    The catalog of the daemon's own token.
    """

    def setUp(self) -> None:
        self.world = World()
        self.keystone, self.clock = self.world.keystone, self.world.clock
        self.keystone.catalog = [compute("http://a/v2.1")]
        self.catalog = self.a_catalog()

    def a_catalog(self, **options: Any) -> KeystoneCatalog:
        """
        A catalog with other settings.
        """
        return KeystoneCatalog(self.world.client, self.world.own, self.clock, chance=lambda: 0.5, **options)

    def refresh(self) -> Deferred[None]:
        """
        Read it.
        """
        return Deferred.fromCoroutine(self.catalog.refresh())

    def test_interface(self) -> None:
        """
        It is what :class:`ICatalog` says.
        """
        verifyObject(ICatalog, self.catalog)

    def test_read(self) -> None:
        """
        Once read it knows endpoints and regions; before, nothing.
        """
        self.assertEqual((self.catalog.endpoint("Pod1", "compute"), self.catalog.loaded), (None, False))
        self.successResultOf(self.refresh())
        self.assertEqual(self.catalog.endpoint("Pod1", "compute"), "http://a")
        self.assertIsNone(self.catalog.endpoint("Pod1", "volume"))
        self.assertIsNone(self.catalog.endpoint("Pod2", "compute"))
        self.assertEqual((self.catalog.regions(), self.catalog.loaded), (("Pod1",), True))

    def test_own_project(self) -> None:
        """
        The id that is cut from endpoints is that of the daemon's project.
        """
        entry = compute(f"http://a/v3/{OWN_PROJECT}")
        self.keystone.catalog = [{**entry, "type": "volumev3"}]
        self.successResultOf(self.refresh())
        self.assertEqual(self.catalog.endpoint("Pod1", "volume"), "http://a")

    def test_outage(self) -> None:
        """
        When Keystone cannot be asked, what was known stays.
        """
        self.successResultOf(self.refresh())
        self.clock.advance(10)
        self.keystone.fault = status(503)
        self.failureResultOf(self.refresh(), Unavailable)
        self.assertEqual(self.catalog.endpoint("Pod1", "compute"), "http://a")

    def test_not_understood(self) -> None:
        """
        A catalog that is no catalog changes nothing.
        """
        self.successResultOf(self.refresh())
        for broken in ([{"type": "compute", "endpoints": [1]}], [{"type": "compute", "endpoints": 1}], [1]):
            with self.subTest(broken=broken):
                self.clock.advance(10)
                self.keystone.catalog = broken
                self.failureResultOf(self.refresh(), Unavailable)
                self.assertEqual(self.catalog.endpoint("Pod1", "compute"), "http://a")

    def test_rate(self) -> None:
        """
        It is not read twice within ten seconds, and all who want it share one reading.
        """
        self.keystone.hold = True
        both = [self.refresh(), self.refresh()]
        self.keystone.release()
        for each in both:
            self.successResultOf(each)
        self.keystone.catalog = [compute("http://b/v2.1")]
        self.clock.advance(9.9)
        self.successResultOf(self.refresh())
        self.assertEqual(self.catalog.endpoint("Pod1", "compute"), "http://a")
        self.assertEqual(self.keystone.count("GET"), 1)
        self.clock.advance(0.1)
        self.successResultOf(self.refresh())
        self.assertEqual(self.catalog.endpoint("Pod1", "compute"), "http://b")

    def test_own_token_revoked(self) -> None:
        """
        A daemon whose token was revoked reads the catalog with another one.
        """
        self.successResultOf(self.refresh())
        self.clock.advance(60)
        self.keystone.revoked.add("own-1")
        self.successResultOf(self.refresh())
        self.assertEqual(self.keystone.count("POST"), 2)

    def test_own_token_ends_meanwhile(self) -> None:
        """
        When its token is good as the asker and gone as the subject, the daemon takes another one too.
        """
        self.successResultOf(self.refresh())
        self.clock.advance(60)
        self.keystone.fault = lambda seen: (
            (404, b"") if seen.headers.get("x-subject-token") == "own-1" else None
        )
        self.successResultOf(self.refresh())
        self.assertEqual(self.keystone.count("POST"), 2)

    def test_listed(self) -> None:
        """
        With ``list_endpoints`` Keystone's list fills in what the catalog does not show; the catalog has precedence.
        """
        self.keystone.lists = {
            "services": [{"id": "s1", "type": "compute"}],
            "endpoints": [
                {"service_id": "s1", "interface": "public", "region_id": region, "url": url}
                for region, url in (("Pod1", "http://other/v2.1"), ("Pod2", "http://b/%(tenant_id)s"))
            ],
        }
        self.catalog = self.a_catalog(list_endpoints=True)
        self.successResultOf(self.refresh())
        self.assertEqual(self.catalog.endpoint("Pod1", "compute"), "http://a")
        self.assertEqual(self.catalog.endpoint("Pod2", "compute"), "http://b")
        self.assertEqual(self.catalog.regions(), ("Pod1", "Pod2"))

    def test_list_not_permitted(self) -> None:
        """
        Where the daemon may not read the list, the catalog alone is used.
        """
        self.catalog = self.a_catalog(list_endpoints=True)
        self.successResultOf(self.refresh())
        self.assertEqual(self.catalog.regions(), ("Pod1",))

    def test_schedule(self) -> None:
        """
        Started, it is read at once and then from time to time.
        """
        self.catalog.start()
        self.assertEqual(self.catalog.endpoint("Pod1", "compute"), "http://a")
        self.keystone.catalog = [compute("http://b/v2.1")]
        self.clock.advance(299)
        self.assertEqual(self.catalog.endpoint("Pod1", "compute"), "http://a")
        self.clock.advance(1)
        self.assertEqual(self.catalog.endpoint("Pod1", "compute"), "http://b")

    def test_schedule_with_outage(self) -> None:
        """
        A reading that fails is tried again soon.
        """
        self.keystone.fault = status(503)
        self.catalog.start()
        self.assertFalse(self.catalog.loaded)
        self.keystone.fault = lambda seen: None
        self.clock.advance(10)
        self.assertTrue(self.catalog.loaded)

    def test_missing_endpoint(self) -> None:
        """
        An endpoint that is asked for and missing has the catalog read again, at most every ten seconds.
        """
        self.catalog.start()
        self.keystone.catalog = [compute("http://a/v2.1"), compute("http://b/v2.1", "Pod2")]
        self.assertIsNone(self.catalog.endpoint("Pod2", "compute"))
        self.assertEqual(self.keystone.count("GET"), 1)
        self.clock.advance(10)
        self.catalog.endpoint("Pod2", "compute")
        self.assertEqual(self.catalog.endpoint("Pod2", "compute"), "http://b")
        self.assertEqual(self.keystone.count("GET"), 2)

    def test_malformed_is_tried_again(self) -> None:
        """
        A catalog that was not understood is read again soon, without a traceback.
        """
        self.keystone.catalog = [1]  # type: ignore[list-item]
        self.catalog.start()
        self.assertEqual(self.flushLoggedErrors(), [])
        self.keystone.catalog = [compute("http://a/v2.1")]
        self.clock.advance(10)
        self.assertTrue(self.catalog.loaded)


class ServiceTests(SynchronousTestCase):
    """
    The identity branch of the service tree.
    """

    def test_start_and_stop(self) -> None:
        """
        While it runs token and catalog are there; stopped it leaves nothing scheduled.
        """
        world = World()
        world.keystone.catalog = [compute("http://a/v2.1")]
        catalog = KeystoneCatalog(world.client, world.own, world.clock)
        service = IdentityService(world.own, catalog, HTTPConnectionPool(MemoryReactorClock()))
        service.startService()
        self.assertTrue(catalog.loaded)
        self.assertEqual(world.keystone.count("POST"), 1)
        service.stopService()
        self.assertEqual(world.clock.getDelayedCalls(), [])

    def test_stop_during_start(self) -> None:
        """
        Stopped while Keystone is silent, it gives up.
        """
        world = World()
        world.keystone.hold = True
        service = IdentityService(
            world.own,
            KeystoneCatalog(world.client, world.own, world.clock),
            HTTPConnectionPool(MemoryReactorClock()),
        )
        service.startService()
        service.stopService()
        self.assertEqual(world.clock.getDelayedCalls(), [])
        self.assertEqual(self.flushLoggedErrors(), [])


class SharedKeystoneTests(SynchronousTestCase):
    """
    Pod tokens with one Keystone for all.
    """

    def test_same_token(self) -> None:
        """
        The pod gets the user's token, without waiting.
        """
        tokens = SharedKeystone()
        verifyObject(IPodTokens, tokens)
        identity = Identity(user_id="u1", project_id="p1", roles=frozenset(), expires_at=0.0)
        pod = Pod(id="1", name="Pod1", az_name="az1")
        self.assertEqual(tokens.peek(b"t1", identity, pod), b"t1")
        given = Deferred.fromCoroutine(tokens.pod_token(b"t1", identity, pod))
        self.assertEqual(self.successResultOf(given), b"t1")
