"""
A pod is away, or refuses, while what all pods have the same is written; users see what ``docs/operate.rst`` ("What pods have the
same") says.

``make test-cloud-faults`` runs these; without ``TRIO2O_CLOUD_FAULTS=1`` they are skipped.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from attrs import evolve
from twisted.python import log

from cloud.plan import ADMIN_PORT, CHECKOUT
from tests.cloud.faults_case import AZ2, FaultCase
from tests.cloud.faults_users import Seen, User, eventually, together
from tests.cloud.making import KEY

NOVA, CINDER = "pod2-nova-api", "pod2-cinder-api"

#: Who may make flavors where this is the pod's policy: nobody.
_NO_FLAVORS = '"os_compute_api:os-flavor-manage:create": "!"\n'

_PRIVATE_FLAVOR, _PRIVATE_TYPE = "os-flavor-access:is_public", "os-volume-type-access:is_public"


class SharedFaultTests(FaultCase):
    """
    The second pod, by its zone, its own answers, and the administrator at the top region.
    """

    def setUp(self) -> None:
        super().setUp()
        session = self.cloud.admin.session
        account = evolve(self.account, project_id=session.get_project_id(), token=session.get_token())
        self.admin = evolve(self.user, account=account)
        self.there = evolve(self.pods[1], account=account)
        self.own = self.account.project_name

    def written(self, service: str, path: str, body: Any) -> Any:
        """
        What the top region says to a write that one pod has taken; the other's zone is told.
        """
        seen = self.admin.ask(service, "POST", path, body)
        self.assertIn(seen.status, (200, 201, 202), seen.reply.body)
        self.assertEqual(AZ2, seen.field("X-Trio2o-Incomplete-Zones"))
        return seen.json() if seen.reply.body else None

    def gone_afterwards(self, service: str, path: str, at: User | None = None) -> None:
        """
        Delete something at the top region in the end.
        """
        self.addCleanup((at or self.admin).ask, service, "DELETE", path)

    def flavor_specs(self) -> Any:
        """
        The extra specs of the flavor in the second pod.
        """
        return (
            self.there.ask("compute", "GET", f"/flavors/{self.own}/os-extra_specs").json().get("extra_specs")
        )

    def flavor_access(self) -> Any:
        """
        The projects that have the flavor in the second pod.
        """
        said = self.there.ask("compute", "GET", f"/flavors/{self.own}/os-flavor-access").json()
        return [each["tenant_id"] for each in said.get("flavor_access", ())]

    def type_id(self) -> str | None:
        """
        The second pod's own id of the volume type.
        """
        listed = self.there.ask("volume", "GET", "/types?is_public=None").json()["volume_types"]
        return next((str(each["id"]) for each in listed if each["name"] == self.own), None)

    def has_type(self) -> bool:
        """
        Whether the second pod has the volume type with all that belongs to it.
        """
        own = self.type_id()
        if own is None:
            return False
        path = f"/types/{own}"
        access = self.there.ask("volume", "GET", f"{path}/os-volume-type-access").json()
        found = (
            self.there.ask("volume", "GET", path).json()["volume_type"].get("extra_specs"),
            [each["project_id"] for each in access.get("volume_type_access", ())],
            self.there.ask("volume", "GET", f"{path}/encryption").json().get("cipher"),
        )
        return found == ({"trio2o:a": "1"}, [self.account.project_id], "aes-xts-plain64")

    def has_flavor(self) -> bool:
        """
        Whether the second pod has the flavor with all that belongs to it.
        """
        return (self.flavor_specs(), self.flavor_access()) == ({"trio2o:a": "1"}, [self.account.project_id])

    def first_taken(self, create: Callable[[], Seen], had: Callable[[], bool]) -> tuple[float, bool]:
        """
        Create until it is accepted: when that was, and whether the pod had everything then.
        """
        deadline = time.monotonic() + 120.0
        while True:
            seen = create()
            if seen.status == 202:
                return time.monotonic(), had()
            self.assertIn(seen.status, (503, 504), seen.reply.body)
            self.assertLess(time.monotonic(), deadline, "nothing is accepted")
            time.sleep(0.2)

    def test_returns(self) -> None:
        """
        A pod that was away while a flavor and a volume type were made has them, with extra specs, access and encryption, before
        it gets a server or a volume.
        """
        self.parts.stop(NOVA, CINDER)
        flavor = {"name": self.own, "id": self.own, "ram": 64, "vcpus": 1, "disk": 1, _PRIVATE_FLAVOR: False}
        self.written("compute", "/flavors", {"flavor": flavor})
        self.gone_afterwards("compute", f"/flavors/{self.own}")
        self.written("compute", f"/flavors/{self.own}/os-extra_specs", {"extra_specs": {"trio2o:a": "1"}})
        access = {"addTenantAccess": {"tenant": self.account.project_id}}
        self.written("compute", f"/flavors/{self.own}/action", access)
        kind = {"name": self.own, "extra_specs": {"trio2o:a": "1"}, _PRIVATE_TYPE: False}
        made = self.written("volume", "/types", {"volume_type": kind})["volume_type"]["id"]
        self.gone_afterwards("volume", f"/types/{made}")
        access = {"addProjectAccess": {"project": self.account.project_id}}
        self.written("volume", f"/types/{made}/action", access)
        secret = {"provider": "luks", "cipher": "aes-xts-plain64", "control_location": "front-end"}
        self.written("volume", f"/types/{made}/encryption", {"encryption": secret})
        for create in (self.user.create, self.user.create_volume):
            self.unavailable(create("too early", AZ2))

        def back() -> tuple[float, bool]:
            self.parts.start(NOVA, CINDER)
            return time.monotonic(), True

        began, server, volume = together(
            back,
            lambda: self.first_taken(
                lambda: self.user.create("first", AZ2, flavorRef=self.own), self.has_flavor
            ),
            # Cinder has no keys here to encrypt a volume of the type itself with
            lambda: self.first_taken(lambda: self.user.create_volume("first", AZ2), self.has_type),
        )

        self.assertTrue(server[1], "a server came before the flavor was whole")
        self.assertTrue(volume[1], "a volume came before the type was whole")
        log.msg(
            f"---- {self.id()}: after the pod's APIs answered, a server was accepted after {server[0] - began[0]:.1f} s, "
            f"a volume after {volume[0] - began[0]:.1f} s"
        )
        self.nothing_lost()

    def test_refuses(self) -> None:
        """
        A pod that may make no flavors leaves a dead letter that names it, gets everything else, and work; once that is mended
        ``trio2o jobs redo`` makes the flavor.
        """
        self.parts.stop(NOVA)
        policy = self.parts.plan.configuration / "pod2" / "nova" / "policy.yaml"
        policy.write_text(_NO_FLAVORS)

        def allow() -> None:
            # Nova takes it ill when a policy that it has read goes away
            self.parts.stop(NOVA)
            policy.unlink()

        self.addCleanup(allow)
        flavor = {"name": self.own, "id": self.own, "ram": 64, "vcpus": 1, "disk": 1}
        self.written("compute", "/flavors", {"flavor": flavor})
        self.gone_afterwards("compute", f"/flavors/{self.own}")
        aggregate = self.written("compute", "/os-aggregates", {"aggregate": {"name": self.own}})["aggregate"]
        self.gone_afterwards("compute", f"/os-aggregates/{aggregate['id']}")
        pair = {"keypair": {"name": self.own, "public_key": KEY}}
        self.assertEqual(200, self.user.ask("compute", "POST", "/os-keypairs", pair).status)
        self.gone_afterwards("compute", f"/os-keypairs/{self.own}", self.user)
        self.parts.start(NOVA)

        eventually(lambda: len(self.dead()) == 1, "there is a dead letter")
        (dead,) = self.dead()
        self.assertIn(f"flavor {self.own}", dead["error"])
        self.assertIn("os_compute_api:os-flavor-manage:create", dead["error"])
        self.assertIn("Pod2", dead["error"])
        self.assertEqual(200, self.pods[1].ask("compute", "GET", f"/os-keypairs/{self.own}").status)
        aggregates = self.there.ask("compute", "GET", "/os-aggregates").json()["aggregates"]
        self.assertIn(self.own, [each["name"] for each in aggregates])
        self.a_server(AZ2)
        self.assertEqual(404, self.there.ask("compute", "GET", f"/flavors/{self.own}").status)

        policy.write_text("{}\n")
        self.redo(dead["id"])
        eventually(
            lambda: self.there.ask("compute", "GET", f"/flavors/{self.own}").status == 200,
            "the flavor is there",
        )
        eventually(lambda: self.dead() == [], "there is no dead letter any more")
        self.nothing_lost()

    def dead(self) -> list[dict[str, Any]]:
        """
        The dead letters about this test's flavor.
        """
        url = f"http://127.0.0.1:{ADMIN_PORT}/v1.0/jobs?state=dead"
        found = self.cloud.admin.session.get(url).json()["jobs"]
        return [each for each in found if self.own in each["error"]]

    def redo(self, job: str) -> None:
        """
        Do a job again, as an operator does.
        """
        config = self.parts.plan.configuration / "trio2o" / "faults.yaml"
        command = [sys.executable, "-m", "trio2o", "jobs", "redo", job, "--config", str(config)]
        said = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
        self.assertEqual(0, said.returncode, said.stderr)
        log.msg(said.stdout)
