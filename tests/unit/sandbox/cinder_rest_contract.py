"""
What a Cinder says of groups and messages that are not there, and what it tells operators.
"""

from __future__ import annotations

from typing import Any

from tests.unit.sandbox.cinder_contract import NOBODY, CinderContract


class CinderRestContract(CinderContract):
    """
    What the sandbox answers beside volumes; nothing of it leaves anything behind.
    """

    def test_nothing_there(self) -> Any:
        """
        Each kind of group, of its snapshots and of messages has words of its own for what is not there.
        """

        async def check() -> None:
            for path, noun in (
                ("/groups", "Group"),
                ("/group_snapshots", "GroupSnapshot"),
                ("/consistencygroups", "Group"),
                ("/cgsnapshots", "GroupSnapshot"),
            ):
                await self.refused(404, f"{noun} {NOBODY} could not be found.", "GET", f"{path}/{NOBODY}")
                listed = await self.good("GET", path)
                assert listed == {path.removeprefix("/"): []}, listed
                assert await self.good("GET", f"{path}/detail") == listed
            words = f"Message {NOBODY} could not be found."
            await self.refused(404, words, "GET", f"/messages/{NOBODY}")
            await self.refused(404, words, "DELETE", f"/messages/{NOBODY}")

        return self.finish(check())

    def test_methods(self) -> Any:
        """
        A group is not deleted by DELETE: Cinder's own error says so, whichever group it is. Nothing stands below.
        """

        async def check() -> None:
            for status, path in (
                (500, f"/groups/{NOBODY}"),
                (500, f"/consistencygroups/{NOBODY}"),
                (404, f"/groups/{NOBODY}/nothing"),
                (404, f"/messages/{NOBODY}/nothing"),
            ):
                reply = await self.ask("DELETE", path)
                assert reply.status == status, (path, reply.status, reply.content)

        return self.finish(check())

    def test_operators_only(self) -> Any:
        """
        Users are refused what concerns machines.
        """

        async def check() -> None:
            for method, path, body in (
                ("GET", "/os-hosts/nowhere", None),
                ("GET", "/clusters", None),
                ("GET", "/clusters/nowhere", None),
                ("PUT", "/os-services/get-log", {"binary": "*"}),
                ("POST", "/workers/cleanup", {}),
                ("GET", "/manageable_volumes?host=nowhere", None),
                ("GET", "/os-snapshot-manage?host=nowhere", None),
            ):
                reply = await self.ask(method, path, body)
                assert reply.status == 403, (path, reply.status, reply.content)

        return self.finish(check())

    def test_unknown_machines(self) -> Any:
        """
        Machines that are not this Cinder's are 404; what lies in their storage cannot be taken over.
        """

        async def check() -> None:
            admin = {"who": self.admin}
            unknown = "Service cinder-volume could not be found on host nowhere."
            cluster = {"binary": "cinder-volume", "name": "nowhere"}
            for path in (
                "/os-hosts/nowhere",
                "/manageable_volumes?host=nowhere",
                "/manageable_snapshots?host=nowhere",
                "/os-volume-manage?host=nowhere",
                "/os-snapshot-manage?host=nowhere",
            ):
                await self.refused(404, unknown, "GET", path, **admin)
            words = "Host nowhere could not be found."
            await self.refused(404, words, "PUT", "/os-hosts/nowhere", {"status": "enable"}, **admin)
            words = f"Cluster {cluster} could not be found."
            await self.refused(404, words, "GET", "/clusters/nowhere", **admin)
            words = "Invalid input received: One and only one of cluster and host must be set."
            await self.refused(400, words, "GET", "/manageable_volumes", **admin)
            wanted = {"volume": {"host": "nowhere@x#y", "ref": {"source-name": "a"}}}
            words = "Host 'nowhere@x#y' not found"
            await self.refused(400, words, "POST", "/os-volume-manage", wanted, **admin)
            reply = await self.ask("POST", "/workers/cleanup", {"resource_id": NOBODY}, who=self.admin)
            assert reply.status == 400, reply.content

        return self.finish(check())

    def test_logs(self) -> Any:
        """
        The levels of all services' logs are one list.
        """

        async def check() -> None:
            told = await self.good("PUT", "/os-services/get-log", {"binary": "*"}, who=self.admin)
            assert {"binary", "host", "levels"} == set(told["log_levels"][0]), told

        return self.finish(check())
