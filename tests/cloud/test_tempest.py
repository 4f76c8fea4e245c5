"""
What the tempest command keeps, counts and tells; this needs neither a cloud nor tempest.
"""

from __future__ import annotations

import configparser
import io
import json
import sys
import types
import unittest
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from cloud.plan import Plan
from cloud.tempest.results import Comparison, Results, total
from cloud.tempest.running import Workers
from cloud.tempest.settings import Facts, Mode, places, tempest_conf
from cloud.tempest.worker import first_line, serve

PLAN = Plan.from_environment({"TRIO2O_CLOUD": "/srv/cloud"})
EVEN = {"pod1": {"servers": 5, "volumes": 5}, "pod2": {"servers": 5, "volumes": 5}}


class SettingsTests(SynchronousTestCase):
    """
    The configuration.
    """

    def conf(self, place: str, mode: Mode) -> dict[str, dict[str, str]]:
        """
        The configuration of a place.
        """
        text = tempest_conf(
            PLAN,
            places(PLAN)[place],
            mode,
            PLAN.pods[0],
            Facts(image="i1", image_alt="i2", public_network="n1", network_extensions=("router", "qos")),
            log=Path("/srv/log"),
            locks=Path("/srv/locks"),
        )
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_string(text)
        return {name: dict(parser[name]) for name in parser.sections()}

    def test_regions_alone_differ(self) -> None:
        """
        Between a pod and the top region nothing differs but the regions of compute and volume.
        """
        for mode in Mode:
            pod, top = self.conf("pod1", mode), self.conf("top", mode)
            different = {
                (section, key)
                for section in pod
                for key in pod[section]
                if pod[section][key] != top[section][key]
            }
            self.assertEqual(different, {("compute", "region"), ("volume", "region")})
            self.assertEqual(top["compute"]["region"], "RegionOne")

    def test_fixed_network(self) -> None:
        """
        One mode fixes a network, the other names none.
        """
        self.assertEqual(self.conf("top", Mode.NETWORK)["compute"]["fixed_network_name"], "shared-net")
        self.assertEqual(self.conf("top", Mode.PLAIN)["compute"]["fixed_network_name"], "")


class ResultsTests(SynchronousTestCase):
    """
    What is kept.
    """

    def results(self, *told: Mapping[str, Any]) -> Results:
        """
        Results of a file with these lines.
        """
        results = Results(path=Path(self.mktemp()))
        for each in told:
            results.add(each)
        return results

    def test_continued(self) -> None:
        """
        What one run kept is known to the next; a later result counts; a line that was cut off is left out.
        """
        kept = self.results(
            {"test": "a", "outcome": "fail", "why": "no"},
            {"test": "a", "outcome": "pass"},
            {"test": "b", "outcome": "fail"},
            {"made": {"pod1": {"servers": 1}}},
            {"made": {"pod1": {"servers": 2, "volumes": 1}}},
        )
        with kept.path.open("a") as file:
            file.write('{"test": "c", "outc')

        again = Results(path=kept.path)

        self.assertEqual(again.named("pass"), {"a"})
        self.assertEqual(again.named("fail"), {"b"})
        self.assertEqual(again.made, {"pod1": {"servers": 3, "volumes": 1}})

    def test_forgotten(self) -> None:
        """
        Nothing is known of a file that was forgotten.
        """
        kept = self.results({"test": "a", "outcome": "pass"}, {"made": EVEN})
        kept.forget()

        self.assertEqual((Results(path=kept.path).by_test, kept.by_test, kept.made), ({}, {}, {}))

    def test_difference(self) -> None:
        """
        A test that passes at the pod is missed where it fails or is skipped at the top; what fails at the pod is nobody's fault.
        """
        pod = self.results(
            *({"test": name, "outcome": "pass"} for name in "abcd"), {"test": "e", "outcome": "fail"}
        )
        top = self.results(
            {"made": EVEN},
            {"test": "a", "outcome": "pass"},
            {"test": "b", "outcome": "fail", "why": "Details: gone"},
            {"test": "c", "outcome": "skip"},
            {"test": "e", "outcome": "fail"},
        )
        comparison = Comparison(mode="plain", pod=pod, top=top)

        self.assertEqual([each.test for each in comparison.differences()], ["b", "c"])
        self.assertIn("      Details: gone", comparison.lines())
        self.assertIn("  1 of them were not run at the top yet", comparison.lines())
        self.assertEqual(total([comparison]), (1, 4))

    def test_every_mode(self) -> None:
        """
        A test passes at the top when it does in each mode in which it passes at the pod.
        """
        both = [{"test": "a", "outcome": "pass"}, {"test": "b", "outcome": "pass"}]
        one = [{"test": "a", "outcome": "pass"}, {"test": "b", "outcome": "fail"}]
        plain = Comparison(mode="plain", pod=self.results(*both), top=self.results({"made": EVEN}, *both))
        network = Comparison(mode="network", pod=self.results(*both), top=self.results({"made": EVEN}, *one))
        partly = Comparison(mode="network", pod=self.results(*one), top=self.results({"made": EVEN}, *one))

        self.assertEqual(total([plain, network]), (1, 2))
        self.assertEqual(total([plain, partly]), (2, 2))

    def test_share(self) -> None:
        """
        A pod's share is that of the kind of which it got less; what nobody got says nothing.
        """
        none, some = self.results(), self.results({"made": {"pod1": {"servers": 1}, "pod2": {"servers": 3}}})
        both = self.results(
            {"made": {"pod1": {"servers": 3, "volumes": 1}, "pod2": {"servers": 1, "volumes": 4}}}
        )

        self.assertEqual((none.share("pod1"), some.share("pod1"), both.share("pod1")), (0.0, 0.25, 0.2))
        self.assertEqual(both.share("pod2"), 0.25)

    def test_uneven(self) -> None:
        """
        A run counts nothing when a pod got less than 30 % of the servers or of the volumes, or nobody counted.
        """
        passed = {"test": "a", "outcome": "pass"}
        for made, reasons in (
            (EVEN, 0),
            ({"pod1": {"servers": 7, "volumes": 3}, "pod2": {"servers": 3, "volumes": 7}}, 0),
            ({"pod1": {"servers": 8, "volumes": 5}, "pod2": {"servers": 3, "volumes": 5}}, 1),
            ({"pod1": {"servers": 0, "volumes": 0}, "pod2": {"servers": 3, "volumes": 5}}, 2),
        ):
            run = Comparison(mode="plain", pod=self.results(passed), top=self.results(passed, {"made": made}))
            self.assertEqual(len(run.uneven()), reasons, made)
            self.assertEqual(total([run]), (0 if reasons else 1, 1))
        silent = Comparison(mode="plain", pod=self.results(passed), top=self.results(passed))
        self.assertEqual(total([silent]), (0, 1))


NAME = "sample_for_worker.Sample"
UNSET = "sample_for_worker.Unset"


def sample_module() -> types.ModuleType:
    """
    A module with classes for the worker; they are no module's of ours, or trial would run what fails on purpose.
    """

    class Sample(unittest.TestCase):
        def test_passes(self) -> None:
            """
            Nothing.
            """

        def test_fails(self) -> None:
            self.fail("because of this")

        def test_skipped(self) -> None:
            self.skipTest("for a reason")

    class Unset(Sample):
        @classmethod
        def setUpClass(cls) -> None:
            raise ValueError("no cloud")

    class Untidy(Sample):
        @classmethod
        def tearDownClass(cls) -> None:
            raise ValueError("still there")

    module = types.ModuleType("sample_for_worker")
    for name, each in (("Sample", Sample), ("Unset", Unset), ("Untidy", Untidy)):
        each.__module__, each.__qualname__ = module.__name__, name
        setattr(module, name, each)
    return module


class WorkerTests(SynchronousTestCase):
    """
    The process in tempest's environment.
    """

    def setUp(self) -> None:
        sys.modules["sample_for_worker"] = sample_module()
        self.addCleanup(sys.modules.pop, "sample_for_worker")

    def told(self, *orders: Mapping[str, Any]) -> list[dict[str, Any]]:
        """
        What is told of orders.
        """
        told: list[dict[str, Any]] = []
        serve(io.StringIO("".join(json.dumps(order) + "\n" for order in orders)), told.append)
        return told

    def test_outcomes(self) -> None:
        """
        Each test is told once, with its outcome and why; then the class is done.
        """
        *results, done = self.told({"class": NAME, "tests": None})

        self.assertEqual(
            {each["test"].rpartition(".")[2]: (each["outcome"], each["why"]) for each in results},
            {
                "test_passes": ("pass", ""),
                "test_fails": ("fail", "AssertionError: because of this"),
                "test_skipped": ("skip", "for a reason"),
            },
        )
        self.assertEqual(done, {"class": NAME, "done": True})

    def test_selected(self) -> None:
        """
        Only the tests that are asked for run.
        """
        told = self.told({"class": NAME, "tests": [f"{NAME}.test_passes"]})

        self.assertEqual([each["test"] for each in told[:-1]], [f"{NAME}.test_passes"])

    def test_class_that_cannot_be_set_up(self) -> None:
        """
        Every selected test of it has failed, and why says that none of them ran.
        """
        told = self.told({"class": UNSET, "tests": [f"{UNSET}.test_passes", f"{UNSET}.test_fails"]})

        self.assertEqual(
            {(each["test"], each["outcome"], each["why"]) for each in told[:-1]},
            {
                (f"{UNSET}.{test}", "fail", "setUpClass: ValueError: no cloud")
                for test in ("test_passes", "test_fails")
            },
        )

    def test_class_that_is_not_tidied_up(self) -> None:
        """
        Its tests have the results that they had, and why is in the log.
        """
        log = io.StringIO()
        self.patch(sys, "stderr", log)
        name = "sample_for_worker.Untidy"

        told = self.told({"class": name, "tests": [f"{name}.test_passes"]})

        self.assertEqual([each["outcome"] for each in told[:-1]], ["pass"])
        self.assertIn("ValueError: still there", log.getvalue())

    def test_first_line(self) -> None:
        """
        Of a traceback the exception is told, with what it says on further lines, after the last frame.
        """
        text = (
            "Traceback (most recent call last):\n"
            '  File "a.py", line 1, in f\n    call()\n    ^^^^^^\n'
            '  File "b.py", line 2, in g\n    raise BadRequest(\n'
            "tempest.lib.exceptions.BadRequest: Bad request\nDetails: {'code': 400}\n"
        )

        self.assertEqual(
            first_line(text), "tempest.lib.exceptions.BadRequest: Bad request Details: {'code': 400}"
        )


class RunningTests(SynchronousTestCase):
    """
    Processes side by side.
    """

    def run_classes(
        self, names: list[str], shares: tuple[float, float] = (0.0, 0.0), patience: float = 60.0
    ) -> list[dict[str, Any]]:
        """
        Run classes of a module that is written for it, and give what is told.
        """
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        (folder / "sample_of_running.py").write_text(
            "import os, unittest\n"
            "class Good(unittest.TestCase):\n"
            "    def test_one(self):\n        print('noise', flush=True)\n"
            "    def test_two(self):\n        self.fail(os.environ['WHICH'])\n"
            "class Dying(unittest.TestCase):\n"
            "    def test_one(self):\n        pass\n"
            "    def test_two(self):\n        os._exit(3)\n"
        )
        workers = Workers(
            python=Path(sys.executable),
            log=folder / "log",
            environments=[{"PYTHONPATH": str(folder), "WHICH": which} for which in ("first", "second")],
            share=lambda which: shares[which],
            number=1,
            patience=patience,
        )
        told: list[dict[str, Any]] = []
        orders = [
            (
                f"sample_of_running.{name}",
                [f"sample_of_running.{name}.test_{each}" for each in ("one", "two")],
            )
            for name in names
        ]
        workers.run(orders, lambda value: told.append(dict(value)))
        return told

    def test_turns(self) -> None:
        """
        Classes run with each environment by turns, in a process for each, and what tests print harms nothing.
        """
        told = self.run_classes(["Good", "Good", "Good"])

        self.assertEqual(
            [each["why"] for each in told if each.get("outcome") == "fail"],
            [f"AssertionError: {which}" for which in ("first", "second", "first")],
        )
        self.assertEqual([each["projects"] for each in told if "class" in each], [[], [], []])

    def test_shares(self) -> None:
        """
        What has had the smaller part is used.
        """
        told = self.run_classes(["Good", "Good"], shares=(0.6, 0.4))

        self.assertEqual(
            [each["why"] for each in told if each.get("outcome") == "fail"], ["AssertionError: second"] * 2
        )

    def test_process_that_ends(self) -> None:
        """
        Where a process ends, what is left of its class has failed, and the next class has a process again.
        """
        told = self.run_classes(["Dying", "Good", "Good"])

        self.assertEqual(
            [(each["test"].partition(".")[2], each["outcome"]) for each in told if "test" in each][:2],
            [("Dying.test_one", "pass"), ("Dying.test_two", "fail")],
        )
        self.assertEqual(len([each for each in told if each.get("outcome") == "pass"]), 3)
