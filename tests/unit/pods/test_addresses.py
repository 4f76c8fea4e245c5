"""
From the roots of services to addresses.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from trio2o.pods.addresses import Address, parse_root


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
