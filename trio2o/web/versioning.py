"""
Microversions at the front end: what the client asked for, within the range that all pods share.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define

from trio2o.errors import BadRequest, GatewayError, NotAcceptable
from trio2o.exchange import HeaderList
from trio2o.interfaces import IPodFactsBook
from trio2o.surface.microversions import RULES, MicroversionRules, Range, Version
from trio2o.surface.surfaces import Surface

#: What is advertised while no pod could be asked yet: the services' first microversions.
_FIRST: Mapping[str, Range] = {
    "compute": Range(Version(2, 1), Version(2, 1)),
    "volume": Range(Version(3, 0), Version(3, 0)),
}

#: A range that no version is outside of, to read what was asked for.
_ANY = Range(Version(0, 0), Version(1 << 30, 0))


@define(kw_only=True)
class Versioning:
    """
    Negotiates for one surface.
    """

    _surface: Surface
    _facts: IPodFactsBook

    @property
    def _rules(self) -> MicroversionRules:
        return RULES[self._surface.microversion_service]

    def range(self) -> Range:
        """
        The advertised range: one for every call.
        """
        known = self._facts.microversions(self._surface.name)
        if known is None:
            return _FIRST[self._surface.name]
        lowest, highest = known
        return Range(Version(*lowest), Version(*highest))

    def negotiated(self, fields: HeaderList) -> tuple[Version | None, HeaderList]:
        """
        See :meth:`trio2o.surface.microversions.MicroversionRules.negotiated`.
        """
        return self._rules.negotiated(fields, self.range())

    def told(self, fields: HeaderList, error: GatewayError | None = None) -> HeaderList:
        """
        The version fields of an answer that no pod gave, as the services send them; a 406 repeats what was asked for.

        An answer to a malformed version has none of them.
        """
        try:
            version = self._rules.asked(fields, _ANY if isinstance(error, NotAcceptable) else self.range())
        except (BadRequest, NotAcceptable):
            return []
        text = str(version or self.range().minimum).encode("ascii")
        service = self._surface.microversion_service.encode("ascii")
        told: HeaderList = [(b"OpenStack-API-Version", service + b" " + text)]
        if self._surface.legacy_microversion_header:
            told.append((b"X-OpenStack-Nova-API-Version", text))
        told.append((b"Vary", b"OpenStack-API-Version"))
        if self._surface.legacy_microversion_header:
            told.append((b"Vary", b"X-OpenStack-Nova-API-Version"))
        return told
