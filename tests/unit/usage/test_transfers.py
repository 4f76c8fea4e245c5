"""
What a volume transfer hands over.
"""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.usage.test_questions import POD, Answer
from trio2o.model import Holding, Pod
from trio2o.usage.transfers import TransferQuestions

T, V, S = (f"{number}0000000-0000-4000-8000-000000000000" for number in (1, 2, 3))


class TransferQuestionTests(SynchronousTestCase):
    """
    A pod with one transfer of a volume that has a snapshot.
    """

    def setUp(self) -> None:
        self.transfer = Answer(200, {"transfer": {"id": T, "volume_id": V, "no_snapshots": False}})
        self.volume = Answer(200, {"volume": {"id": V, "size": 3, "volume_type": "fast"}})
        self.snapshots = Answer(200, {"snapshots": [{"id": S, "size": 2}, {"id": "no id"}, None]})
        #: The newest microversion that it knows.
        self.old = False

    async def get(self, pod: Pod, service: str, path: str, *, version: str = "") -> Answer:
        """
        Answer.
        """
        if self.old and version:
            return Answer(406, None)
        return {
            f"/v3/{{project_id}}/os-volume-transfer/{T}": self.transfer,
            f"/v3/{{project_id}}/volumes/{V}": self.volume,
            f"/v3/{{project_id}}/snapshots/detail?all_tenants=1&volume_id={V}": self.snapshots,
        }[path]

    def offered(self) -> Sequence[Holding]:
        """
        Ask.
        """
        return self.successResultOf(Deferred.fromCoroutine(TransferQuestions(asks=self).offered(POD, T)))

    def test_told(self) -> None:
        """
        The volume first, then its snapshots, each with its type's part; whether the Cinder is new or old.
        """
        for self.old in (False, True):
            volume, snapshot = self.offered()
            self.assertEqual(("volume", V), (volume.kind, volume.resource_id))
            self.assertEqual(
                {"volumes": 1, "gigabytes": 3, "volumes_fast": 1, "gigabytes_fast": 3}, volume.amounts
            )
            self.assertEqual(("snapshot", S), (snapshot.kind, snapshot.resource_id))
            self.assertEqual(
                {"snapshots": 1, "gigabytes": 2, "snapshots_fast": 1, "gigabytes_fast": 2}, snapshot.amounts
            )

    def test_snapshots_stay(self) -> None:
        """
        Snapshots that stay are not handed over.
        """
        self.transfer = Answer(200, {"transfer": {"id": T, "volume_id": V, "no_snapshots": True}})
        (volume,) = self.offered()
        self.assertEqual(V, volume.resource_id)

    def test_untold(self) -> None:
        """
        Of what a pod does not tell, or tells as nonsense, nothing is known.
        """
        for name, answer in (
            ("transfer", Answer(404, {"itemNotFound": {}})),
            ("transfer", Answer(200, {"transfer": {"volume_id": "../x"}})),
            ("volume", Answer(200, {"volume": {"size": "much"}})),
            ("volume", Answer(200, [])),
        ):
            self.setUp()
            setattr(self, name, answer)
            self.assertEqual([], self.offered())
        self.setUp()
        self.snapshots = Answer(403, None)
        self.assertEqual(1, len(self.offered()))
