"""
Nova's own fake hypervisor, with what real clients miss in it.

Snapshots reach Glance (Nova's leaves their images queued for ever), servers may be resized on the host that they are on
(there is one), guests outlive a restart of nova-compute, and the console has more than three lines.
"""

import io

from nova import context as nova_context
from nova import exception, objects
from nova.compute import power_state, task_states
from nova.image import glance
from nova.virt import fake

_CONSOLE_LINES = 12
_KNOWN_STATES = (power_state.RUNNING, power_state.SHUTDOWN)


class FakeHypervisor(fake.FakeDriverWithoutFakeNodes):
    """
    The driver that ``compute_driver = cloudfake.FakeHypervisor`` names.
    """

    capabilities = {
        **fake.FakeDriver.capabilities,
        "supports_migrate_to_same_host": True,
        "supports_bfv_rescue": True,
    }

    def init_host(self, host):
        """
        Take back the guests that the database knows.
        """
        super().init_host(host)
        admin = nova_context.get_admin_context()
        for guest in objects.InstanceList.get_by_host(admin, host, expected_attrs=[]):
            state = guest.power_state if guest.power_state in _KNOWN_STATES else power_state.RUNNING
            self.instances[guest.uuid] = fake.FakeInstance(guest.name, state, guest.uuid)

    def snapshot(self, context, instance, image_id, update_task_state):
        """
        Upload 4 KiB as the server's image, through the task states of a real one.
        """
        if instance.uuid not in self.instances:
            raise exception.InstanceNotRunning(instance_id=instance.uuid)
        images = glance.API()
        update_task_state(task_state=task_states.IMAGE_PENDING_UPLOAD)
        image = images.get(context, image_id)
        update_task_state(
            task_state=task_states.IMAGE_UPLOADING, expected_state=task_states.IMAGE_PENDING_UPLOAD
        )
        images.update(
            context,
            image_id,
            {
                "name": image["name"],
                "status": "active",
                "disk_format": image.get("disk_format") or "raw",
                "container_format": image.get("container_format") or "bare",
                "properties": {"image_location": "snapshot", "owner_id": instance.project_id},
            },
            io.BytesIO(f"snapshot of {instance.uuid}\n".encode().ljust(4096)),
            purge_props=False,
        )

    def detach_interface(self, context, instance, vif):
        """
        Detach also what was attached before a restart.
        """
        self._interfaces.setdefault(vif["id"], vif)
        super().detach_interface(context, instance, vif)

    def get_console_output(self, context, instance):
        return "".join(f"FAKE CONSOLE OUTPUT LINE {number}\n" for number in range(1, _CONSOLE_LINES + 1))
