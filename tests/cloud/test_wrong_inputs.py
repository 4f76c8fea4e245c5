"""
Requests that are wrong get the same answer at the top region as at a pod.
"""

from __future__ import annotations

from tests.cloud import wrong_inputs
from tests.cloud.side_by_side import SideBySide
from tests.cloud.wrong_inputs import both


class WrongInputTests(SideBySide):
    """
    One test for each scenario and service.
    """

    def test_compute_version_documents(self) -> None:
        """
        Version documents of the compute surface.
        """
        self.compare(both(wrong_inputs.version_documents, "compute"), "compute version_documents")

    def test_volume_version_documents(self) -> None:
        """
        Version documents of the volume surface.
        """
        self.compare(both(wrong_inputs.version_documents, "volume"), "volume version_documents")

    def test_compute_tokens(self) -> None:
        """
        Missing and wrong tokens.
        """
        self.compare(both(wrong_inputs.tokens, "compute"), "compute tokens")

    def test_volume_tokens(self) -> None:
        """
        Missing and wrong tokens.
        """
        self.compare(both(wrong_inputs.tokens, "volume"), "volume tokens")

    def test_compute_projects(self) -> None:
        """
        Project ids in the path.
        """
        self.compare(both(wrong_inputs.projects, "compute"), "compute projects")

    def test_volume_projects(self) -> None:
        """
        Project ids in the path.
        """
        self.compare(both(wrong_inputs.projects, "volume"), "volume projects")

    def test_compute_microversions(self) -> None:
        """
        Microversions, wrong ones too.
        """
        self.compare(both(wrong_inputs.microversions, "compute"), "compute microversions")

    def test_volume_microversions(self) -> None:
        """
        Microversions, wrong ones too.
        """
        self.compare(both(wrong_inputs.microversions, "volume"), "volume microversions")

    def test_compute_paths(self) -> None:
        """
        Unknown paths and wrong methods.
        """
        self.compare(both(wrong_inputs.paths, "compute"), "compute paths")

    def test_volume_paths(self) -> None:
        """
        Unknown paths and wrong methods.
        """
        self.compare(both(wrong_inputs.paths, "volume"), "volume paths")

    def test_compute_unknown_ids(self) -> None:
        """
        Ids that nothing has.
        """
        self.compare(both(wrong_inputs.unknown_ids, "compute"), "compute unknown_ids")

    def test_volume_unknown_ids(self) -> None:
        """
        Ids that nothing has.
        """
        self.compare(both(wrong_inputs.unknown_ids, "volume"), "volume unknown_ids")

    def test_compute_bodies(self) -> None:
        """
        Malformed and huge bodies.
        """
        self.compare(both(wrong_inputs.bodies, "compute"), "compute bodies")

    def test_volume_bodies(self) -> None:
        """
        Malformed and huge bodies.
        """
        self.compare(both(wrong_inputs.bodies, "volume"), "volume bodies")
