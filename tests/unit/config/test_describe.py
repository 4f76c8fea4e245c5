"""
The sample configurations and the reference page tell the truth.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import attrs
import yaml
from twisted.trial.unittest import SynchronousTestCase

from trio2o.config import describe
from trio2o.config.load import load, parse
from trio2o.config.schema import Config

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "conf" / "trio2o.yaml"

#: Options whose keys are the operator's.
MAPPINGS = (
    "identity.auth",
    "scheduling.weighers",
    "scheduling.tolerations",
    "scheduling.refusal_headers",
    "shared.kinds",
    "usage.sources",
    "quotas.compute",
    "quotas.volume",
)

#: A commented option, such as ``  #max_page: 1000``; prose has a blank after the ``#``.
COMMENTED = re.compile(r"^( *)#([a-z_]+:.*)$")


def option_paths(section: Any, prefix: str = "") -> set[str]:
    """
    The paths of all options below a value of the schema, by nothing but attrs.
    """
    found: set[str] = set()
    for attribute in attrs.fields(type(section)):
        value = getattr(section, attribute.name)
        path = f"{prefix}{attribute.name}"
        if isinstance(value, tuple) and value and attrs.has(type(value[0])):
            found |= option_paths(value[0], f"{path}[].")
        elif attrs.has(type(value)) and attribute.name not in ("auth", "dsn"):
            found |= option_paths(value, f"{path}.")
        else:
            found.add(path)
    return found


def yaml_paths(content: Any, prefix: str = "") -> set[str]:
    """
    The paths of all scalars, lists and credentials in a YAML document.
    """
    found: set[str] = set()
    for key, value in content.items():
        path = f"{prefix}{key}"
        if key == "pods" and not prefix:
            found |= yaml_paths(value[0], f"{path}[].")
        elif isinstance(value, dict) and path not in MAPPINGS:
            found |= yaml_paths(value, f"{path}.")
        else:
            found.add(path)
    return found


def uncommented(text: str) -> str:
    """
    The sample with every option in force.
    """
    return "\n".join(COMMENTED.sub(r"\1\2", line) for line in text.splitlines())


class SampleTests(SynchronousTestCase):
    """
    ``conf/trio2o.yaml``.
    """

    def setUp(self) -> None:
        """
        Read the file.
        """
        self.text = SAMPLE.read_text("utf-8")

    def test_up_to_date(self) -> None:
        """
        The file is what the schema gives: ``trio2o config sample > conf/trio2o.yaml``.
        """
        self.assertEqual(self.text, describe.sample())

    def test_right(self) -> None:
        """
        As it stands it is a right configuration.
        """
        config = load(SAMPLE, environment={})
        self.assertEqual([pod.name for pod in config.pods], ["Pod1"])

    def test_every_option(self) -> None:
        """
        Every option of the schema is there, and no other.
        """
        config = load(SAMPLE, environment={})
        self.assertEqual(yaml_paths(yaml.safe_load(uncommented(self.text))), option_paths(config))

    def test_true_defaults(self) -> None:
        """
        Where a default is told, a file that says the same changes nothing.
        """
        told = re.compile(r"Default: (?!none[.,]|''|\[\])", re.DOTALL)
        lines: list[str] = []
        comment = ""
        for line in self.text.splitlines():
            if line.lstrip().startswith("# "):
                comment += line.replace("#", "")
                continue
            lines.append(COMMENTED.sub(r"\1\2", line) if told.search(" ".join(comment.split())) else line)
            comment = ""
        text = "\n".join(lines)
        self.assertGreater(len(yaml_paths(yaml.safe_load(text))), 30)
        read = parse(text, name="sample", folder=SAMPLE.parent, environment={})
        self.assertEqual(read, load(SAMPLE, environment={}))

    def test_examples_are_right(self) -> None:
        """
        An example of an option without a default is accepted, but for files that are not there.
        """
        text = re.sub(r"^ *#(policy_file|ca_file|clouds_file|cloud):.*$", "", self.text, flags=re.MULTILINE)
        config = parse(uncommented(text), name="sample", folder=SAMPLE.parent, environment={})
        self.assertEqual(config.pods[0].endpoints.compute, "https://nova.pod1.example.org:8774")

    def test_minimal(self) -> None:
        """
        The smallest configuration is right, and takes every default but for what it must say.
        """
        config = load(SAMPLE.with_name("trio2o-minimal.yaml"), environment={})
        self.assertEqual(config, Config(identity=config.identity, pods=config.pods))


class ReferenceTests(SynchronousTestCase):
    """
    What people read of the options.
    """

    def test_page(self) -> None:
        """
        The reference page is what the schema gives: ``trio2o config options --format rst > docs/options.rst``.
        """
        self.assertEqual((ROOT / "docs" / "options.rst").read_text("utf-8"), describe.reference())

    def test_every_option_is_explained(self) -> None:
        """
        Every option and section says what it does; durations and sizes say their unit.
        """
        for each in describe.options():
            self.assertTrue(each.help.endswith("."), each.path)
            if each.key.endswith("_seconds") and each.default is not None:
                self.assertTrue(each.default_text.endswith(" seconds"), each.path)
            if each.key.endswith("_bytes"):
                self.assertTrue(each.default_text.endswith(" bytes"), each.path)

    def test_listing(self) -> None:
        """
        The plain list has each option's path, help and default.
        """
        text = describe.listing()
        self.assertIn("\nlimits.max_page\n    The most items", text)
        self.assertIn("\npods[].name\n    The pod's Keystone region. Required.\n", text)

    def test_limits(self) -> None:
        """
        Numbers say between which they are accepted, as the errors of a file do.
        """
        each = {each.path: each for each in describe.options()}
        self.assertEqual(
            "Default: 5 seconds, from 0.05 to 300.", each["pod_defaults.connect_timeout_seconds"].fallback()
        )
        self.assertEqual("Default: none.", each["pods[].ca_file"].fallback())
