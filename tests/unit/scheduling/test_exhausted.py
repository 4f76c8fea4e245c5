"""
Which requests a pod's refusals keep away.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import NOTHING, Amounts, Candidate, Kind, Lack, Mark, PlacementRequest, Pod
from trio2o.scheduling.exhausted import ExhaustedFilter, covers
from trio2o.scheduling.refusals import mark_of

POD = Pod(id="1", name="Pod1", az_name="az1")
SERVER = PlacementRequest(
    project_id="p", kind=Kind.SERVER, needs=Amounts(vcpus=2.0, ram_mb=4096.0), flavor="medium"
)
VOLUME = PlacementRequest(project_id="p", kind=Kind.VOLUME, needs=Amounts(volume_gb=10.0), volume_type="fast")

AMOUNTS = st.builds(
    Amounts,
    vcpus=st.integers(0, 3),
    ram_mb=st.integers(0, 3),
    disk_gb=st.integers(0, 3),
    volume_gb=st.integers(0, 3),
)
REQUESTS = st.builds(
    PlacementRequest,
    project_id=st.sampled_from("pq"),
    kind=st.sampled_from((Kind.SERVER, Kind.VOLUME)),
    needs=st.none() | AMOUNTS,
    flavor=st.sampled_from((None, "a", "b")),
    pod_group=st.sampled_from(("", "gpu")),
)


class CoverTests(SynchronousTestCase):
    """
    A request of one server, or volume, was refused.
    """

    def covered(self, refused: PlacementRequest, lack: Lack = Lack.HOST, **changes: Any) -> bool:
        """
        Whether a request that differs in this is kept away.
        """
        mark = mark_of(lack, "1", refused)
        assert mark is not None
        return covers(mark, evolve(refused, **changes))

    def test_size(self) -> None:
        """
        As much of the same flavor, or more of everything, is kept away; less of anything is not.
        """
        self.assertTrue(self.covered(SERVER))
        self.assertTrue(self.covered(SERVER, needs=Amounts(vcpus=4.0, ram_mb=8192.0)))
        self.assertFalse(self.covered(SERVER, needs=Amounts(vcpus=1.0, ram_mb=8192.0)))
        self.assertFalse(self.covered(SERVER, needs=NOTHING))
        self.assertFalse(self.covered(SERVER, needs=None))

    def test_flavor(self) -> None:
        """
        Another flavor is kept away where it is larger, and not where it is as large: it may need less of a host.
        """
        larger = Amounts(vcpus=4.0, ram_mb=4096.0)
        self.assertTrue(self.covered(SERVER, flavor="large", needs=larger))
        self.assertFalse(self.covered(SERVER, flavor="plain"))
        self.assertFalse(self.covered(SERVER, flavor="large", needs=larger, pod_group="gpu"))

    def test_volume_type(self) -> None:
        """
        Volumes of another type are kept by another backend.
        """
        self.assertTrue(self.covered(VOLUME, needs=Amounts(volume_gb=11.0)))
        self.assertFalse(self.covered(VOLUME, needs=Amounts(volume_gb=11.0), volume_type="slow"))
        self.assertFalse(self.covered(VOLUME, needs=Amounts(volume_gb=9.0)))

    def test_kind_and_project(self) -> None:
        """
        A quota is the project's, a missing host everybody's, and each of its kind only.
        """
        self.assertFalse(self.covered(SERVER, lack=Lack.QUOTA, project_id="q"))
        self.assertTrue(self.covered(SERVER, lack=Lack.HOST, project_id="q"))
        self.assertFalse(self.covered(SERVER, kind=Kind.VOLUME))

    def test_image(self) -> None:
        """
        Others are kept away where they ask with the image that found no host: another one may find one. Who met it is, with any.
        """
        refused = evolve(SERVER, image="i")
        self.assertTrue(self.covered(refused, project_id="q"))
        self.assertFalse(self.covered(refused, project_id="q", image="j"))
        self.assertTrue(self.covered(refused, image="j"))
        self.assertTrue(self.covered(refused, lack=Lack.QUOTA, image="j"))

    def test_any_size(self) -> None:
        """
        What was refused whatever its size keeps all away.
        """
        mark = Mark(pod_id="1", kind=Kind.SERVER, lack=Lack.SERVICE)
        self.assertTrue(covers(mark, evolve(SERVER, needs=NOTHING, flavor=None)))

    @given(REQUESTS, AMOUNTS)
    def test_larger(self, request: PlacementRequest, more: Amounts) -> None:
        """
        What is kept away stays so when it asks for more; and what was refused is itself kept away.
        """
        mark = mark_of(Lack.HOST, "1", request)
        if mark is None:
            return
        self.assertTrue(covers(mark, request))
        assert request.needs is not None
        self.assertTrue(covers(mark, evolve(request, needs=request.needs.plus(more))))

    def test_filter(self) -> None:
        """
        The filter drops a pod by any of its marks.
        """
        small = mark_of(Lack.HOST, "1", SERVER)
        other = mark_of(Lack.HOST, "1", VOLUME)
        assert small is not None and other is not None
        accepts = ExhaustedFilter().accepts
        self.assertTrue(accepts(Candidate(pod=POD), SERVER))
        self.assertTrue(accepts(Candidate(pod=POD, exhausted=(other,)), SERVER))
        self.assertFalse(accepts(Candidate(pod=POD, exhausted=(other, small)), SERVER))
