"""
``/messages``: what users are told of creates that failed later.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.cinder import body, views
from trio2o.sandbox.cinder.paging import Keys, Page
from trio2o.sandbox.cinder.records import Message
from trio2o.sandbox.cinder.store import CinderStore

_SINCE, _PAGES = 3, 5
_SORT_KEYS: Keys = {
    "id": lambda each: each.id,
    "created_at": lambda each: each.created_at,
    "resource_uuid": lambda each: each.resource_id,
}
#: Cinder's default for how long a message is kept.
_KEPT = timedelta(days=30)


@define(eq=False)
class Messages:
    """
    One message for each volume that no host took.
    """

    store: CinderStore

    @route("GET", "/messages")
    def index(self, call: Call) -> Answer:
        body.since(call, _SINCE)
        found = [each for each in self.store.messages.values() if each.project_id == call.project_id]
        if call.minor < _PAGES:
            return Answer(body={"messages": [self._shown(each, call) for each in found]})
        if call.arg("resource_uuid") is not None:
            found = [each for each in found if each.resource_id == call.arg("resource_uuid")]
        page = Page.wanted(call)
        chosen = page.of(found, _SORT_KEYS, lambda marker: self._find(marker, call))
        links = page.links(call, chosen)
        listed = {"messages": [self._shown(each, call) for each in chosen]}
        return Answer(body=listed | ({"messages_links": links} if links else {}))

    @route("GET", "/messages/<message_id>")
    def show(self, call: Call, message_id: str) -> Answer:
        return Answer(body={"message": self._shown(self._find(message_id, call), call)})

    @route("DELETE", "/messages/<message_id>")
    def delete(self, call: Call, message_id: str) -> Answer:
        del self.store.messages[self._find(message_id, call).id]
        return Answer(status=204)

    def _find(self, message_id: str, call: Call) -> Message:
        body.since(call, _SINCE)
        found = self.store.messages.get(message_id)
        if found is None or (found.project_id != call.project_id and not call.caller.is_admin):
            raise not_found(f"Message {message_id} could not be found.")
        return found

    @staticmethod
    def _shown(each: Message, call: Call) -> dict[str, Any]:
        path = f"/messages/{each.id}"
        return {
            "id": each.id,
            "event_id": "VOLUME_VOLUME_001_003",
            "user_message": "schedule allocate volume:Could not find any available weighted backend.",
            "message_level": "ERROR",
            "created_at": views.moment(each.created_at),
            "guaranteed_until": views.moment(each.created_at + _KEPT),
            "request_id": each.request_id,
            "links": [
                {"rel": "self", "href": call.base + path},
                {"rel": "bookmark", "href": f"{call.origin}/{call.project_id}{path}"},
            ],
            "resource_type": "VOLUME",
            "resource_uuid": each.resource_id,
        }
