"""
The metrics of several workers as one exposition.
"""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families
from twisted.trial.unittest import SynchronousTestCase

from trio2o.ops.metrics import Metrics
from trio2o.service.workers.metrics import merged


def numbers(text: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """
    Every sample but the times of making, by name and labels.
    """
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


class MergedTests(SynchronousTestCase):
    """
    :func:`merged`.
    """

    def test_each_sample_once(self) -> None:
        """
        Every sample of every worker is there, with its worker's number and its own value, and nothing else.
        """
        texts = {}
        for worker, requests in (("1", 3), ("2", 5)):
            metrics = Metrics()
            for _ in range(requests):
                metrics.request("compute", "GET", "/servers/{id}", 200, 0.01)
            metrics.request("compute", "GET", '/odd {"\\\n', 200, 0.01)
            metrics.watch("trio2o_state_ready", lambda: 1.0)
            texts[worker] = metrics.exposition()

        found = numbers(merged(texts))

        expected = {
            (name, tuple(sorted([*labels, ("worker", worker)]))): value
            for worker, text in texts.items()
            for (name, labels), value in numbers(text).items()
        }
        self.assertEqual(expected, found)
        told = (("method", "GET"), ("operation", "/servers/{id}"), ("status", "2xx"), ("surface", "compute"))
        self.assertEqual(5.0, found["trio2o_requests_total", (*told, ("worker", "2"))])

    def test_families_are_told_once(self) -> None:
        """
        Each family has one HELP and one TYPE, and its samples stand together, as the format wants.
        """
        both = merged({"1": Metrics().exposition(), "2": Metrics().exposition()}).decode()

        heads = [line for line in both.splitlines() if line.startswith("# TYPE")]
        self.assertEqual(sorted(set(heads)), sorted(heads))
        self.assertIn("# TYPE trio2o_requests_total counter", heads)

    def test_as_it_was_told(self) -> None:
        """
        Nothing of a line changes but for the label; what one worker has alone is there, too.
        """
        one = b'# HELP a_total All {of} it.\n# TYPE a_total counter\na_total{x="{ }"} 1.0\n'
        two = one + b"# HELP b B.\n# TYPE b gauge\nb NaN\n"

        self.assertEqual(
            b"# HELP a_total All {of} it.\n# TYPE a_total counter\n"
            b'a_total{x="{ }",worker="1"} 1.0\na_total{x="{ }",worker="2"} 1.0\n'
            b'# HELP b B.\n# TYPE b gauge\nb{worker="2"} NaN\n',
            merged({"1": one, "2": two}),
        )
