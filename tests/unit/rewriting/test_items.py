"""
One metadata item in a body.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.rewriting.test_zones import resources, styles, values
from trio2o.rewriting.items import Taken, with_item, without_echo, without_item

NAME, VALUE = "trio2o:intent", 'a"b'
texts = st.text(max_size=5)
metadata = st.dictionaries(texts, texts, max_size=4)


def written(document: Any, **style: Any) -> bytes:
    """
    A body.
    """
    return json.dumps(document, **style).encode()


class PropertyTests(SynchronousTestCase):
    """
    Whatever the body is.
    """

    @given(resources, st.none() | metadata, styles, values)
    def test_put_in(
        self, resource: dict[str, Any], own: dict[str, str] | None, style: Any, other: Any
    ) -> None:
        """
        The item is added to what is there, and nothing else changes; taken out again, the same JSON is left.
        """
        if own is not None:
            resource = {**resource, "metadata": own}
        document = {"server": resource, "os:scheduler_hints": other}
        body = written(document, **style)

        marked = with_item(body, "server", NAME, VALUE)

        assert marked is not None
        expected = {**document, "server": {**resource, "metadata": {**(own or {}), NAME: VALUE}}}
        self.assertEqual(expected, json.loads(marked))
        left = json.loads(without_item(marked, "server", NAME))
        self.assertEqual({**document, "server": {**resource, "metadata": own or {}}}, left)

    @given(resources, metadata, styles)
    def test_other_bytes(self, resource: dict[str, Any], own: dict[str, str], style: Any) -> None:
        """
        Putting it in only adds bytes in one place.
        """
        body = written({"volume": {**resource, "metadata": own}}, **style)
        marked = with_item(body, "volume", NAME, VALUE)
        assert marked is not None
        item = marked.index(b'"trio2o:intent":"a\\"b"')
        size = len(marked) - len(body)
        self.assertEqual(body, marked[:item] + marked[item + size :])

    @given(resources, metadata, st.integers(0, 3), styles)
    def test_taken_out(self, resource: dict[str, Any], own: dict[str, str], at: int, style: Any) -> None:
        """
        The item is taken out wherever a pod puts it; an answer without it stays as it is.
        """
        items = list(own.items())
        with_it = dict([*items[:at], (NAME, VALUE), *items[at:]])
        document = {"volume": {**resource, "metadata": own}}
        body = written({"volume": {**resource, "metadata": with_it}}, **style)
        self.assertEqual(document, json.loads(without_item(body, "volume", NAME)))
        self.assertEqual(written(document, **style), without_item(written(document, **style), "volume", NAME))

    @given(st.binary(max_size=20) | values.map(written))
    def test_anything(self, body: bytes) -> None:
        """
        No body is too odd; one without a resource is left for the pod to refuse.
        """
        marked = with_item(body, "server", NAME, VALUE)
        self.assertEqual(body, without_item(body, "server", NAME))
        if marked is not None:
            self.assertIn(NAME, json.loads(marked)["server"]["metadata"])


class ItemTests(SynchronousTestCase):
    """
    One by one.
    """

    def test_null(self) -> None:
        """
        Cinder takes null for no metadata, Nova does not.
        """
        self.assertEqual(
            b'{"volume": {"metadata": {"n":"v"}, "size": 1}}',
            with_item(b'{"volume": {"metadata": null, "size": 1}}', "volume", "n", "v"),
        )
        self.assertIsNone(with_item(b'{"server": {"metadata": null}}', "server", "n", "v"))

    def test_malformed(self) -> None:
        """
        Metadata that is no object is the pod's to refuse.
        """
        for wrong in (b"[]", b'"a"', b"1", b"true"):
            self.assertIsNone(with_item(b'{"volume": {"metadata": %s}}' % wrong, "volume", "n", "v"))
        self.assertIsNone(with_item(b'{"server": []}', "server", "n", "v"))

    def test_twice(self) -> None:
        """
        Of two equal keys both get it: which one counts is the reader's to say.
        """
        marked = with_item(b'{"server": {"metadata": {}, "metadata": {"a": "b"}}}', "server", "n", "v")
        self.assertEqual(b'{"server": {"metadata": {"n":"v"}, "metadata": {"n":"v","a": "b"}}}', marked)

    def test_taken(self) -> None:
        """
        A body that has an item of this name is told, however it spells it.
        """
        for spelled in (b'"n"', b'"\\u006e"'):
            with self.assertRaises(Taken):
                with_item(b'{"server": {"metadata": {%s: "x"}}}' % spelled, "server", "n", "v")

    def test_echo(self) -> None:
        """
        A refusal that repeats the request in Python's words repeats what the client sent.
        """
        for sent, words in (
            ({}, "Value: {}."),
            ({"name": "x"}, "Value: {'name': 'x'}."),
            ({"metadata": {}}, "Value: {'metadata': {}}."),
            ({"metadata": {"a": "b"}, "name": "x"}, "Value: {'metadata': {'a': 'b'}, 'name': 'x'}."),
        ):
            marked = with_item(written({"server": sent}), "server", NAME, "v-1")
            assert marked is not None
            told = f"Value: {json.loads(marked)['server']!r}."
            self.assertIn(NAME, told)
            left = without_echo(told.encode(), NAME, "v-1", alone="metadata" not in sent)
            self.assertEqual(words, left.decode())

    def test_of_the_resource_alone(self) -> None:
        """
        Metadata elsewhere in an answer stays as it is.
        """
        body = b'{"volume": {"volume_image_metadata": {"n": "v"}, "metadata": {}}, "metadata": {"n": "v"}}'
        self.assertEqual(body, without_item(body, "volume", "n"))
