"""
From the URLs of catalogs and configurations to addresses.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from trio2o.pods.addresses import Address, parse_root, root_url


class RootUrlTests(SynchronousTestCase):
    """
    The root of a service.
    """

    def test_catalog_urls(self) -> None:
        """
        Version, project id or its placeholder, query and trailing slashes go; a path before them stays.
        """
        for url, root in {
            "http://nova:8774/v2.1": "http://nova:8774",
            "http://nova:8774/v2.1/": "http://nova:8774",
            "http://nova:8774/v2.1/6f70656e737461636b20342065766572": "http://nova:8774",
            "http://nova:8774/v2/%(tenant_id)s": "http://nova:8774",
            "http://nova:8774/v2.1/$(project_id)s/": "http://nova:8774",
            "https://pod.example/compute/v2.1": "https://pod.example/compute",
            "https://pod.example/volume/v3/%(project_id)s": "https://pod.example/volume",
            "https://pod.example/volume": "https://pod.example/volume",
            "https://pod.example/": "https://pod.example",
            "http://neutron:9696": "http://neutron:9696",
            "http://[::1]:8774/v2.1?x=1#y": "http://[::1]:8774",
            " http://nova:8774/v2.1 ": "http://nova:8774",
        }.items():
            self.assertEqual(root_url(url), root, url)

    def test_no_version(self) -> None:
        """
        What only looks like a version stays.
        """
        for url in ("http://h/versions", "http://h/v", "http://h/vx2", "http://v2.example"):
            self.assertEqual(root_url(url), url)

    def test_idempotent(self) -> None:
        """
        A root is its own root.
        """
        self.assertEqual(root_url(root_url("http://h/compute/v2.1/%(project_id)s")), "http://h/compute")


class AddressTests(SynchronousTestCase):
    """
    Roots, parsed.
    """

    def test_plain(self) -> None:
        """
        A port that is not the scheme's own stands in the authority.
        """
        self.assertEqual(
            parse_root("http://nova:8774"),
            Address(secure=False, host="nova", port=8774, authority=b"nova:8774", prefix=b""),
        )

    def test_secure(self) -> None:
        """
        The scheme's own port does not stand in the authority; the path is a prefix without trailing slash.
        """
        self.assertEqual(
            parse_root("https://pod.example/compute/"),
            Address(secure=True, host="pod.example", port=443, authority=b"pod.example", prefix=b"/compute"),
        )

    def test_ipv6(self) -> None:
        """
        An IPv6 address has brackets in the authority only.
        """
        address = parse_root("http://[2001:db8::1]:8776")

        self.assertEqual((address.host, address.authority), ("2001:db8::1", b"[2001:db8::1]:8776"))

    def test_refused(self) -> None:
        """
        Anything else is a ValueError, and a password is not repeated in it.
        """
        for root in (
            "nova:8774",
            "ftp://h",
            "http://",
            "http://h\u00fc",
            "http://h/a b",
            "http://h:port",
            "http://h:99999",
        ):
            self.assertRaises(ValueError, parse_root, root)
        error = self.assertRaises(ValueError, parse_root, "http://user:secret@h")
        self.assertNotIn("secret", str(error))
