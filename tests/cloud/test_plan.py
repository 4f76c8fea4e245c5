"""
What follows from the number of pods, and the files that are made of it; this needs no cloud.
"""

from __future__ import annotations

import configparser
import os
from pathlib import Path

import yaml
from twisted.trial.unittest import SynchronousTestCase

from cloud.files import changed_at, clouds_yaml, daemon_yaml, rendered
from cloud.plan import Plan, WrongSetting
from cloud.processes import Process
from cloud.services import everything
from trio2o.startup import read_config

THREE = Plan.from_environment({"TRIO2O_CLOUD": "/srv/cloud", "TRIO2O_CLOUD_PODS": "3"})


class PlanTests(SynchronousTestCase):
    """
    The environment variables, and what they give.
    """

    def test_wrong_settings(self) -> None:
        """
        A number of pods that is none, too small or too large, and a folder without a root are refused by their names.
        """
        for number in ("x", "1", "6", "-2", "2.5"):
            refused = self.assertRaises(WrongSetting, Plan.from_environment, {"TRIO2O_CLOUD_PODS": number})
            self.assertIn(f"TRIO2O_CLOUD_PODS={number}", str(refused))
        self.assertRaises(WrongSetting, Plan.from_environment, {"TRIO2O_CLOUD": "here"})

    def test_ports(self) -> None:
        """
        No two processes of the largest cloud share a name or a port.
        """
        plan = Plan.from_environment({"TRIO2O_CLOUD_PODS": "5"})
        ports = [port for service in everything(plan) for port in service.ports]
        names = [service.name for service in everything(plan)]

        self.assertEqual(len(set(ports)), len(ports))
        self.assertEqual(len(set(names)), len(names))
        self.assertLess(max(ports), 65536)


class FilesTests(SynchronousTestCase):
    """
    The files.
    """

    def test_regions(self) -> None:
        """
        Every section of a pod's service that names a region names the pod's own, but for Keystone's.
        """
        files = rendered(THREE)
        for pod in THREE.pods:
            for service in (
                "nova/nova",
                "nova/nova-cpu",
                "cinder/cinder",
                "neutron/neutron",
                "placement/placement",
            ):
                parser = configparser.RawConfigParser()
                parser.read_string(files[f"{pod.name}/{service}.conf"])
                for section in parser.sections():
                    for option, value in parser.items(section):
                        if option in ("region_name", "os_region_name") and section != "keystone":
                            self.assertEqual(pod.region, value, f"{service} [{section}] {option}")

    def test_logins(self) -> None:
        """
        Every login to another service names a region, so that none takes the catalog's first, which is the gateway.
        """
        for name, text in rendered(THREE).items():
            if name.endswith(".conf") and "rabbitmq" not in name:
                parser = configparser.RawConfigParser()
                parser.read_string(text)
                for section in parser.sections():
                    options = dict(parser.items(section))
                    if "auth_url" in options and section != "service_user":
                        self.assertTrue(
                            {"region_name", "os_region_name"} & set(options), f"{name} [{section}]"
                        )

    def test_daemon(self) -> None:
        """
        The daemon's configuration is right, and names every pod once, with its zone.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "trio2o.yaml").write_text(daemon_yaml(THREE))

        config = read_config(folder / "trio2o.yaml")

        self.assertEqual(
            [("Pod1", "az1"), ("Pod2", "az2"), ("Pod3", "az1")], [(pod.name, pod.az) for pod in config.pods]
        )

    def test_clients(self) -> None:
        """
        Clients have the top region and every pod, as administrator and as an ordinary user.
        """
        clouds = yaml.safe_load(clouds_yaml(THREE))["clouds"]

        names = ("top", "pod1", "pod2", "pod3")
        self.assertEqual({*names, *(f"{name}-demo" for name in names)}, set(clouds))
        self.assertEqual("Pod3", clouds["pod3-demo"]["region_name"])


class ChangedTests(SynchronousTestCase):
    """
    What tells which processes need a restart.
    """

    def test_latest_of_each_owner(self) -> None:
        """
        The newest file of a service, or of a whole pod, counts; others' files do not.
        """
        plan = Plan.from_environment({"TRIO2O_CLOUD": str(Path(self.mktemp()).absolute())})
        for name in rendered(plan):
            path = plan.configuration / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            os.utime(path, (100.0, 100.0))
        os.utime(plan.configuration / "pod2" / "cinder" / "cinder.conf", (200.0, 200.0))
        os.utime(plan.configuration / "rabbitmq" / "definitions.json", (300.0, 300.0))

        changed = changed_at(plan)

        self.assertEqual(
            (100.0, 200.0, 300.0, 100.0),
            tuple(changed[name] for name in ("pod1", "pod2", "rabbitmq", "trio2o")),
        )


class ProcessTests(SynchronousTestCase):
    """
    Recorded processes.
    """

    def test_another_program(self) -> None:
        """
        A pid that another program has by now is not the process, and no signal reaches it.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        process = Process(name="one", run=folder, logs=folder)
        process.pid_file.write_text("1 42\n")

        process.signal(0)

        self.assertIsNone(process.pid)

    def test_no_record(self) -> None:
        """
        Nothing, and what is no record, is no process.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        process = Process(name="one", run=folder, logs=folder)

        self.assertIsNone(process.pid)
        process.pid_file.write_text("17\n")
        self.assertIsNone(process.pid)
