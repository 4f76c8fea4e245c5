"""
``/default-types``: the volume type that a project's volumes have where their create names none.
"""

from __future__ import annotations

from attrs import define

from trio2o.sandbox.answers import Answer, Fault, bad_request, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.cinder import body
from trio2o.sandbox.cinder.store import CinderStore

_SINCE = 62


@define(eq=False)
class DefaultTypes:
    """
    What admins set for projects. The fake takes any project's id.
    """

    store: CinderStore

    @route("GET", "/default-types")
    def index(self, call: Call) -> Answer:
        self._check(call)
        shown = [_fields(project, each.id) for project, each in self.store.types.of_projects.items()]
        return Answer(body={"default_types": shown})

    @route("GET", "/default-types/<project_id>")
    def show(self, call: Call, project_id: str) -> Answer:
        self._check(call)
        found = self.store.types.of_projects.get(project_id)
        if found is None:
            raise not_found(f"Default type for project {project_id} not found.")
        return Answer(body={"default_type": _fields(project_id, found.id)})

    @route("PUT", "/default-types/<project_id>")
    def set(self, call: Call, project_id: str) -> Answer:
        self._check(call)
        wanted = body.section(call, "default_type", required=("volume_type",), allowed=("volume_type",))
        try:
            found = self.store.types.named(str(wanted["volume_type"]), call.caller)
        except Fault as missing:
            raise bad_request(missing.message) from missing
        self.store.types.of_projects[project_id] = found
        return Answer(body={"default_type": _fields(project_id, found.id)})

    @route("DELETE", "/default-types/<project_id>")
    def unset(self, call: Call, project_id: str) -> Answer:
        self._check(call)
        self.store.types.of_projects.pop(project_id, None)
        return Answer(status=204, body=b"")

    @staticmethod
    def _check(call: Call) -> None:
        """
        :raises Fault: 403 for all but admins, 404 below the microversion that has this.
        """
        body.since(call, _SINCE)
        if not call.caller.is_admin:
            raise Fault(403, "You are not authorized to perform this operation.")


def _fields(project_id: str, type_id: str) -> dict[str, str]:
    return {"project_id": project_id, "volume_type_id": type_id}
