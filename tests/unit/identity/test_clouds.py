"""
Credentials from ``clouds.yaml``.
"""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from trio2o.identity.clouds import clouds_files, parse_cloud, read_cloud
from trio2o.identity.plugins import BadCredentials

FILE = """
clouds:
  top:
    region_name: RegionOne
    interface: internalURL
    cacert: /etc/ca.pem
    auth:
      auth_url: http://k:5000
      username: gateway
"""

SECURE = """
clouds:
  top:
    auth:
      password: hidden
"""


class CloudTests(SynchronousTestCase):
    """
    One cloud of the file.
    """

    def folder(self, **texts: str) -> Path:
        """
        A folder with these files.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        for name, text in texts.items():
            (folder / f"{name}.yaml").write_text(text)
        return folder

    def test_read(self) -> None:
        """
        A cloud has its options, with the secrets of ``secure.yaml``, and shows none of them.
        """
        folder = self.folder(clouds=FILE, secure=SECURE)
        cloud = read_cloud("top", [folder / "missing.yaml", folder / "clouds.yaml"])
        self.assertEqual(cloud.auth_type, "password")
        self.assertEqual(
            cloud.auth, {"auth_url": "http://k:5000", "username": "gateway", "password": "hidden"}
        )
        self.assertEqual((cloud.interface, cloud.ca_file), ("internal", "/etc/ca.pem"))
        self.assertNotIn("hidden", repr(cloud))

    def test_places(self) -> None:
        """
        The file that the environment names comes first, then the usual ones.
        """
        files = clouds_files({"OS_CLIENT_CONFIG_FILE": "/x/y.yaml"}, Path("/home/u"))
        self.assertEqual(
            [str(file) for file in files],
            [
                "/x/y.yaml",
                "clouds.yaml",
                "/home/u/.config/openstack/clouds.yaml",
                "/etc/openstack/clouds.yaml",
            ],
        )
        self.assertEqual(str(clouds_files({}, Path("/home/u"))[0]), "clouds.yaml")

    def test_problems(self) -> None:
        """
        What is missing or cannot be used is refused, with the place.
        """
        auth = {"auth": {"auth_url": "http://k"}}
        table = [
            ({}, "f: no cloud top"),
            ({"clouds": []}, "f: no cloud top"),
            ({"clouds": {"top": {**auth, "profile": "rackspace"}}}, "f: clouds.top.profile: "),
            ({"clouds": {"top": {**auth, "verify": False}}}, "f: clouds.top.verify: "),
        ]
        for document, reason in table:
            with self.subTest(reason=reason):
                problem = self.assertRaises(BadCredentials, parse_cloud, "top", document, {}, where="f")
                self.assertIn(reason, str(problem))

    def test_no_file(self) -> None:
        """
        With no file the places that were tried are told.
        """
        problem = self.assertRaises(BadCredentials, read_cloud, "top", [Path("/nowhere/clouds.yaml")])
        self.assertIn("/nowhere/clouds.yaml", str(problem))

    def test_bad_yaml(self) -> None:
        """
        A file that is not YAML is told by its line, and not quoted.
        """
        folder = self.folder(clouds="clouds:\n  top: {password: hidden\n  x: [")
        problem = self.assertRaises(BadCredentials, read_cloud, "top", [folder / "clouds.yaml"])
        self.assertIn("at line 3", str(problem))
        self.assertNotIn("hidden", str(problem))
