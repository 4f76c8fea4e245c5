"""
How pods differ, as operators read it.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.administration.doubles import Cloud
from trio2o.administration.drift import NamedDrift, table
from trio2o.errors import Unavailable
from trio2o.model import Pod
from trio2o.model.shared import Difference, Drift, SharedKey

DRIFT = Drift(
    key=SharedKey("flavor", "f\n1"), pod_id="p", difference=Difference.DIFFERENT, detail="ram, swap"
)


class DriftTests(SynchronousTestCase):
    """
    One difference.
    """

    def test_found(self) -> None:
        """
        Differences come with their pods' names; without the database it is 503.
        """
        cloud = Cloud()
        cloud.database.put_pod(Pod(id="p", name="Pod1", az_name="az1"))
        self.successResultOf(Deferred.fromCoroutine(cloud.shared.report("flavor", [DRIFT])))
        (named,) = self.successResultOf(Deferred.fromCoroutine(cloud.drift.find()))
        self.assertEqual(("Pod1", DRIFT.key), (named.pod_name, named.drift.key))
        cloud.database.available = False
        self.failureResultOf(Deferred.fromCoroutine(cloud.drift.find()), Unavailable)

    def test_table(self) -> None:
        """
        A line for each, whatever names hold; a sentence for none.
        """
        lines = table([NamedDrift(drift=DRIFT, pod_name="Pod1")], 600).splitlines()
        self.assertEqual(2, len(lines))
        self.assertEqual(["kind", "name", "owner", "pod", "difference"], lines[0].split())
        self.assertTrue(lines[1].endswith("Pod1  different   ram, swap"), lines[1])
        none = "the last comparison has left no differences (pods are compared"
        self.assertEqual(f"{none} every 600 s)", table([], 600.0))
        self.assertEqual(f"{none} never: shared.compare_seconds is 0)", table([], 0.0))
