"""
Aggregates: what pods and users call them and their zones.
"""

from __future__ import annotations

import json

from hypothesis import assume, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import Pod
from trio2o.rewriting.aggregates import (
    aggregate_for_client,
    aggregate_for_pod,
    words_for_client,
    zone_asked,
    zone_at,
    zone_of,
)

POD = Pod(id="p2", name="Pod2", az_name="az1", pod_az_name="nova", serial=2)
PLAIN = Pod(id="p3", name="Pod3", az_name="az2", serial=3)


def doubled(number: int) -> int:
    """
    What users call a number.
    """
    return 2 * number


NAMES = st.text(st.sampled_from("abn.z "), min_size=1, max_size=4) | st.sampled_from(["az1", "nova", "az2"])


class ZoneTests(SynchronousTestCase):
    """
    Zones of aggregates.
    """

    def test_names(self) -> None:
        """
        A pod's own zone has the pod's name; every other zone one name everywhere.
        """
        self.assertEqual("nova", zone_at(POD, "az1"))
        self.assertEqual("az2", zone_at(POD, "az2"))
        self.assertEqual("fast", zone_at(POD, "fast"))
        self.assertEqual("az2", zone_at(PLAIN, "az2"))
        self.assertEqual("az1", zone_of(POD, "nova"))
        self.assertEqual("fast", zone_of(POD, "fast"))

    def test_not_its_own(self) -> None:
        """
        What is no zone of the pod's at the top never becomes its own zone there.
        """
        self.assertEqual("elsewhere.nova", zone_at(POD, "nova"))
        self.assertEqual("nova", zone_of(POD, "elsewhere.nova"))

    @given(zone=NAMES, top=NAMES, own=st.just("") | NAMES)
    def test_back_and_forth(self, zone: str, top: str, own: str) -> None:
        """
        What a pod was told is read as what was said, and is the pod's own zone only for that.
        """
        pod = Pod(id="p", name="p", az_name=top, pod_az_name=own)
        assume(not own or zone != "elsewhere." + own)

        there = zone_at(pod, zone)

        self.assertEqual(zone, zone_of(pod, there))
        if own:
            self.assertEqual(zone == top, there == own)


class RequestTests(SynchronousTestCase):
    """
    Requests for a pod.
    """

    def test_bodies(self) -> None:
        """
        The zone alone is exchanged, wherever it is named; every other byte stays.
        """
        for sent, there in (
            (
                b'{ "aggregate":{"name" : "az1","availability_zone" : "az1" }}',
                b'{ "aggregate":{"name" : "az1","availability_zone" : "nova" }}',
            ),
            (
                b'{"set_metadata": {"metadata": {"a": "az1", "availability_zone": "az1", "n": 1.0}}}',
                b'{"set_metadata": {"metadata": {"a": "az1", "availability_zone": "nova", "n": 1.0}}}',
            ),
            (
                b'{"aggregate": {"availability_zone": "x", "availability_zone": "az1"}}',
                b'{"aggregate": {"availability_zone": "x", "availability_zone": "nova"}}',
            ),
        ):
            self.assertEqual(there, aggregate_for_pod(sent, POD))
            self.assertEqual("az1", zone_asked(sent))

    def test_nothing_to_do(self) -> None:
        """
        What names no zone, another one, or is malformed goes on as it is.
        """
        for body in (
            b"",
            b"{",
            b"[]",
            b"\xff",
            b'{"aggregate": {"name": "a"}}',
            b'{"aggregate": {"availability_zone": null}}',
            b'{"aggregate": {"availability_zone": ["az1"]}}',
            b'{"aggregate": "az1"}',
            b'{"set_metadata": {"metadata": "az1"}}',
            b'{"set_metadata": {"availability_zone": "az1"}}',
            b'{"add_host": {"host": "az1"}}',
        ):
            self.assertEqual(body, aggregate_for_pod(body, POD))
            self.assertIsNone(zone_asked(body))


class AnswerTests(SynchronousTestCase):
    """
    A pod's answers.
    """

    def test_shown(self) -> None:
        """
        Number and zone are the top's, also in the metadata; names and other values stay.
        """
        shown = {
            "id": 7,
            "name": "nova",
            "metadata": {"availability_zone": "nova", "zone": "nova"},
            "availability_zone": "nova",
            "hosts": ["nova"],
        }
        body = json.dumps({"aggregate": shown}).encode()

        told = json.loads(aggregate_for_client(body, POD, doubled))["aggregate"]

        self.assertEqual(
            {
                **shown,
                "id": 14,
                "availability_zone": "az1",
                "metadata": {"availability_zone": "az1", "zone": "nova"},
            },
            told,
        )

    def test_refusals(self) -> None:
        """
        So are numbers and zones in the words of a refusal; what is no number of an aggregate stays.
        """
        for words, told in (
            ("Aggregate 7 could not be found.", "Aggregate 14 could not be found."),
            ("Aggregate 7 already has host h7.", "Aggregate 14 already has host h7."),
            ("Aggregate 7 already exists.", "Aggregate 7 already exists."),
            ("Cannot remove host h in aggregate 7", "Cannot remove host h in aggregate 14"),
            (
                "Cannot add host to aggregate 7. Reason: One or more hosts already in availability zone(s) ['nova'].",
                "Cannot add host to aggregate 14. Reason: One or more hosts already in availability zone(s) ['az1'].",
            ),
            (
                "Cannot add host to aggregate 7. Reason: The availability zone of the host would change from 'None' to "
                "'nova' but the host already has 7 instance(s).",
                "Cannot add host to aggregate 14. Reason: The availability zone of the host would change from 'None' to "
                "'az1' but the host already has 7 instance(s).",
            ),
            ("Invalid input received: id must be an integer",) * 2,
            ("Compute host 'nova' could not be found.",) * 2,
        ):
            self.assertEqual(told, words_for_client(words, POD, doubled))
        fault = b'{"conflictingRequest": {"code": 409, "message": "Aggregate 7 already has host h."}}'
        self.assertIn(b"Aggregate 14 already", aggregate_for_client(fault, POD, doubled))

    def test_other_answers(self) -> None:
        """
        What is something else stays as it is.
        """
        for body in (b"", b"<html>", b"[]", b"{}", b'{"a": 1}', b'{"message": "Not Found", "code": "404"}'):
            self.assertEqual(body, aggregate_for_client(body, POD, doubled))
