"""
What is judged before anything starts.
"""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from trio2o.errors import ConfigErrors
from trio2o.startup import own_credentials, read_config

IDENTITY = """
identity:
  auth_url: http://keystone:5000
  auth: {username: trio2o, password: s3cret, project_name: service, user_domain_id: default, project_domain_id: default}
"""

CLOUDS = """
clouds:
  mine:
    auth: {auth_url: "http://other:5000", username: trio2o, user_domain_id: default}
    cacert: /from/clouds.pem
    interface: internal
  empty:
    auth: {username: trio2o, password: x, user_domain_id: default}
"""

SECURE = """
clouds:
  mine: {auth: {password: hush}}
"""


class StartupTestCase(SynchronousTestCase):
    """
    Files in a folder of their own.
    """

    def setUp(self) -> None:
        """
        Make the folder.
        """
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()

    def write(self, name: str, text: str) -> Path:
        """
        Write one of the files.
        """
        path = self.folder / name
        path.write_text(text)
        return path


class ReadConfigTests(StartupTestCase):
    """
    One judgement over configuration, credentials, scheduler and policy.
    """

    def test_right(self) -> None:
        """
        A right file gives its configuration.
        """
        self.assertEqual(read_config(self.write("t.yaml", IDENTITY)).region, "RegionOne")

    def test_everything_wrong(self) -> None:
        """
        Mistakes in all of them are told at once.
        """
        self.write("policy.yaml", '"trio2o:pods:creat": "role:admin"\n')
        path = self.write(
            "t.yaml",
            IDENTITY.replace("s3cret,", "s3cret, usernam: x,")
            + "policy_file: policy.yaml\nregoin: x\nscheduling: {filters: [stat], weighers: {bound: 1}}\n",
        )
        errors = self.assertRaises(ConfigErrors, read_config, path).errors
        self.assertEqual(
            errors[:4],
            (
                f"{path}: regoin: unknown key (did you mean region?)",
                f"{path}: scheduling.filters[0]: unknown filter stat (did you mean state?)",
                f"{path}: scheduling.weighers.bound: unknown weigher bound",
                f"{path}: identity: auth_type password does not know usernam",
            ),
        )
        self.assertEqual(len(errors), 5)
        self.assertTrue(errors[4].startswith(f"{self.folder}/policy.yaml: trio2o:pods:creat: "), errors[4])

    def test_unknown_plugin(self) -> None:
        """
        An authentication type that does not exist is told.
        """
        path = self.write("t.yaml", IDENTITY + "  auth_type: pasword\n")
        errors = self.assertRaises(ConfigErrors, read_config, path).errors
        self.assertEqual(errors, (f"{path}: identity: no such auth_type: pasword",))

    def test_no_password(self) -> None:
        """
        A password that was forgotten is told, not a crash.
        """
        path = self.write("t.yaml", IDENTITY.replace("password: s3cret, ", ""))
        errors = self.assertRaises(ConfigErrors, read_config, path).errors
        self.assertEqual(len(errors), 1)
        self.assertIn("password", errors[0])

    def test_unknown_cloud(self) -> None:
        """
        A cloud that clouds.yaml does not have is told.
        """
        self.write("clouds.yaml", CLOUDS)
        path = self.write("t.yaml", "identity: {cloud: yours, clouds_file: clouds.yaml}\n")
        errors = self.assertRaises(ConfigErrors, read_config, path).errors
        self.assertEqual(errors, (f"{path}: identity: {self.folder}/clouds.yaml: no cloud yours",))

    def test_cloud_without_url(self) -> None:
        """
        A cloud without an auth_url is told.
        """
        self.write("clouds.yaml", CLOUDS)
        path = self.write("t.yaml", "identity: {cloud: empty, clouds_file: clouds.yaml}\n")
        errors = self.assertRaises(ConfigErrors, read_config, path).errors
        self.assertEqual(len(errors), 1)
        self.assertIn("auth_url", errors[0])


class OwnCredentialsTests(StartupTestCase):
    """
    What the daemon logs in with.
    """

    def test_own_words(self) -> None:
        """
        The section's options and its auth_url make the credentials.
        """
        credentials = own_credentials(read_config(self.write("t.yaml", IDENTITY)).identity)
        self.assertEqual((credentials.auth_type, credentials.ca_file), ("password", ""))
        self.assertEqual(credentials.interface, "public")
        self.assertEqual(credentials.auth["auth_url"], "http://keystone:5000")
        self.assertEqual(credentials.auth["password"], "s3cret")

    def test_cloud(self) -> None:
        """
        A cloud brings its CA and interface, and its secrets from secure.yaml.
        """
        self.write("clouds.yaml", CLOUDS)
        self.write("secure.yaml", SECURE)
        config = read_config(self.write("t.yaml", "identity: {cloud: mine, clouds_file: clouds.yaml}\n"))
        credentials = own_credentials(config.identity)
        self.assertEqual(credentials.auth["password"], "hush")
        self.assertEqual((credentials.ca_file, credentials.interface), ("/from/clouds.pem", "internal"))

    def test_cloud_overridden(self) -> None:
        """
        What the configuration says of CA and interface wins over the cloud.
        """
        self.write("clouds.yaml", CLOUDS)
        self.write("secure.yaml", SECURE)
        self.write("ca.pem", "")
        config = read_config(
            self.write(
                "t.yaml",
                "identity: {cloud: mine, clouds_file: clouds.yaml, ca_file: ca.pem, interface: admin}\n",
            )
        )
        credentials = own_credentials(config.identity)
        self.assertEqual((credentials.ca_file, credentials.interface), (f"{self.folder}/ca.pem", "admin"))
