"""
What happens to a server over time: being built, changing its state, going away.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from attrs import define

from trio2o.sandbox.answers import Fault, conflict
from trio2o.sandbox.call import Call, Caller
from trio2o.sandbox.nova.server import Attachment, Event, Interface, Server
from trio2o.sandbox.nova.store import NovaStore
from trio2o.sandbox.pod_state import PortView

RUNNING, PAUSED, SHUTDOWN, NO_STATE, SUSPENDED = 1, 3, 4, 0, 4

_NOVA = Caller(user_id="nova", roles=frozenset({"admin", "service"}))
NO_VALID_HOST = "No valid host was found. There are not enough hosts available."


def check_lock(server: Server, caller: Caller) -> None:
    """
    Refuse to change a locked server, save for an admin.

    :raises Fault: 409.
    """
    if server.locked_by is not None and not caller.is_admin:
        raise conflict(f"Instance {server.id} is locked")


def check_state(
    server: Server, action: str, states: frozenset[str] | None, tasks: frozenset[str | None] | None
) -> None:
    """
    Refuse an action in other states than these (None: in no state).

    :raises Fault: 409 in Nova's words.
    """
    if states is not None and server.vm_state not in states:
        raise _wrong(server, action, f"vm_state {server.vm_state}")
    if tasks is not None and server.task_state not in tasks:
        raise _wrong(server, action, f"task_state {server.task_state}")
    if states is not None and server.launched is None:
        raise conflict(f"Cannot '{action}' instance {server.id} while it has never been active")


def _wrong(server: Server, action: str, state: str) -> Fault:
    return conflict(f"Cannot '{action}' instance {server.id} while it is in {state}")


@define(eq=False)
class Lifecycle:
    """
    Moves servers from state to state on the pod's clock. ``action_seconds`` is how long any change takes but
    a build (the pod's ``build_seconds``).
    """

    store: NovaStore
    action_seconds: float = 0.1

    def build(self, server: Server, outcome: str | None) -> None:
        """
        Start to build a new server. ``outcome`` None is the good one; ``no_valid_host`` and ``build_error``
        end in ERROR, ``stuck_build`` never ends.
        """
        if outcome == "stuck_build":
            return
        self._later(self.store.pod.build_seconds, self._built, server, outcome)

    def _built(self, server: Server, outcome: str | None) -> None:
        if server.deleted or server.task_state == "deleting":
            return
        server.task_state = None
        if outcome is not None:
            message = NO_VALID_HOST
            if outcome == "build_error":
                self._place(server)
                message = f"Build of instance {server.id} aborted: the fake hypervisor was told to fail."
            self.fail(server, message)
        else:
            self._place(server)
            if self._attach_awaited(server):
                server.vm_state = "active"
                server.power_state = RUNNING
                server.launched = self.store.now()
            else:
                self.fail(server, f"Build of instance {server.id} aborted: a volume is gone.")
        if server.events:
            failed = server.vm_state == "error"
            self._ended(server, server.events[0], "Error" if failed else None)
        self.store.changed(server)

    def _attach_awaited(self, server: Server) -> bool:
        volumes = self.store.pod.volumes
        awaited, server.awaited_volumes = server.awaited_volumes, []
        for volume_id, options in awaited:
            if volumes is None or volumes.find_volume(volume_id, _NOVA) is None:
                return False
            self.attach_volume(server, volume_id, **options)
        return True

    def _place(self, server: Server) -> None:
        server.host = self.store.host
        server.zone = server.requested_zone or self.store.zones[0]

    def fail(self, server: Server, message: str) -> None:
        """
        Put a server in ERROR with a fault.
        """
        server.vm_state = "error"
        server.task_state = None
        server.power_state = NO_STATE
        server.fault = (message, self.store.now())

    def begin(
        self,
        server: Server,
        call: Call,
        action: str,
        task: str | None,
        change: Callable[[Server], None],
    ) -> None:
        """
        Begin an action: it is noted, the task shows at once, the change comes later.
        """
        event = self.note(server, call, action)
        server.task_state = task
        self.store.changed(server)
        self._later(self.action_seconds, self._end, server, event, task, change)

    def _end(self, server: Server, event: Event, task: str | None, change: Callable[[Server], None]) -> None:
        if server.deleted or server.task_state != task:
            return
        server.task_state = None
        change(server)
        self._ended(server, event, None)
        self.store.changed(server)

    def delete(self, server: Server, call: Call) -> None:
        """
        Begin to delete a server; asking again while that runs changes nothing.
        """
        if server.task_state == "deleting":
            return
        self.note(server, call, "delete")
        server.task_state = "deleting"
        self.store.changed(server)
        self._later(self.action_seconds, self._deleted, server)

    def _deleted(self, server: Server) -> None:
        if server.deleted:
            return
        for attachment in list(server.attachments):
            self.detach_volume(server, attachment)
            if attachment.delete_on_termination and self.store.pod.volumes is not None:
                self.store.pod.volumes.delete_volume(attachment.volume_id)
        for volume_id, options in server.awaited_volumes:
            if options["delete_on_termination"] and self.store.pod.volumes is not None:
                self.store.pod.volumes.delete_volume(volume_id)
        for interface in list(server.interfaces):
            self.remove_interface(server, interface)
        server.vm_state = "deleted"
        server.task_state = None
        server.power_state = NO_STATE
        server.terminated = self.store.now()
        self.store.removed(server)

    def attach_volume(self, server: Server, volume_id: str, **options: object) -> Attachment:
        """
        Attach a volume that the caller has checked.
        """
        device = options.get("device")
        tag = options.get("tag")
        attachment = Attachment(
            id=str(uuid.uuid4()),
            bdm_id=str(uuid.uuid4()),
            volume_id=volume_id,
            device=str(device) if device else server.next_device(),
            delete_on_termination=bool(options.get("delete_on_termination")),
            tag=None if tag is None else str(tag),
        )
        assert self.store.pod.volumes is not None
        self.store.pod.volumes.attach(
            volume_id, server_id=server.id, attachment_id=attachment.id, device=attachment.device
        )
        server.attachments.append(attachment)
        return attachment

    def detach_volume(self, server: Server, attachment: Attachment) -> None:
        """
        Take a volume off its server.
        """
        if attachment in server.attachments:
            server.attachments.remove(attachment)
            if self.store.pod.volumes is not None:
                self.store.pod.volumes.detach(attachment.volume_id, attachment.id)

    def add_interface(
        self, server: Server, port: PortView, network_name: str, *, own: bool, tag: str | None = None
    ) -> Interface:
        """
        Put a port into the server's network cache.
        """
        interface = Interface(
            port_id=port.id,
            network_id=port.network_id,
            network_name=network_name,
            mac_address=port.mac_address,
            fixed_ips=list(port.fixed_ips),
            own=own,
            tag=tag,
        )
        server.interfaces.append(interface)
        return interface

    def remove_interface(self, server: Server, interface: Interface) -> None:
        """
        Take a port off its server; one that Nova made goes away.
        """
        server.interfaces.remove(interface)
        network = self.store.pod.network
        if network is not None:
            if interface.own:
                network.delete_port(interface.port_id)
            else:
                network.release_port(interface.port_id)

    def note(self, server: Server, call: Call, action: str) -> Event:
        """
        Add to the server's instance actions, newest first.
        """
        event = Event(
            action=action,
            request_id=call.request_id,
            user_id=call.caller.user_id,
            project_id=call.project_id,
            start=self.store.now(),
        )
        server.events.insert(0, event)
        return event

    def _ended(self, server: Server, event: Event, message: str | None) -> None:
        event.finish = self.store.now()
        event.message = message

    def _later(self, delay: float, work: Callable[..., None], *args: object) -> None:
        self.store.pod.clock.callLater(delay, work, *args)
