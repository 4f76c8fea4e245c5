"""
What tests of a Nova ask of servers, whichever Nova it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twisted.trial.unittest import SynchronousTestCase as Case
else:
    Case = object


class NovaQuestions(Case):
    """
    A mixin; the test case gives ``ask``.
    """

    if TYPE_CHECKING:

        def ask(
            self, method: str, path: str, body: Any = None, *, minor: int | None = None, who: str = "demo"
        ) -> tuple[int, Any]:
            """
            Status and JSON body (None for none) of the answer.
            """
            raise NotImplementedError

    def fault(self, *request: Any, **keywords: Any) -> tuple[int, str]:
        """
        Status and message of a fault.
        """
        status, body = self.ask(*request, **keywords)
        ((_, fault),) = body.items()
        self.assertEqual(fault.get("code"), status, body)
        return status, fault["message"]

    def show(self, server_id: str, *, minor: int = 104, who: str = "demo") -> Any:
        """
        The server as shown.
        """
        status, body = self.ask("GET", f"/servers/{server_id}", minor=minor, who=who)
        self.assertEqual(status, 200, body)
        return body["server"]

    def act(self, server_id: str, action: Any, **keywords: Any) -> tuple[int, Any]:
        """
        Status and JSON body of an action.
        """
        return self.ask("POST", f"/servers/{server_id}/action", action, **keywords)
