"""
A volume driver for Cinder: each volume and each snapshot is a sparse file in one folder.

The bytes are real, so that copies, images and backups can be compared; no guest ever opens them.
"""

import os
import shutil
import subprocess

from cinder import exception, interface
from cinder.image import image_utils
from cinder.volume import configuration, driver, volume_utils
from oslo_config import cfg
from oslo_log import log as logging

_LOG = logging.getLogger(__name__)
_GIB = 1 << 30
_OPTIONS = [
    cfg.StrOpt("cloudfakes_folder", help="Where the files are"),
    cfg.IntOpt("cloudfakes_capacity_gb", default=1000, help="The size that the store claims to have"),
]
cfg.CONF.register_opts(_OPTIONS, group=configuration.SHARED_CONF_GROUP)


@interface.volumedriver
class VolumeFiles(driver.VolumeDriver):
    """
    The driver that ``volume_driver = cloudfakes.volume_files.VolumeFiles`` names.
    """

    VERSION = "1.0"
    CI_WIKI_NAME = "none"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(_OPTIONS)
        self._folder = self.configuration.cloudfakes_folder

    @staticmethod
    def get_driver_options():
        return _OPTIONS

    def do_setup(self, context):
        os.makedirs(self._folder, exist_ok=True)

    def check_for_setup_error(self):
        pass

    def local_path(self, volume):
        """
        The file of a volume or snapshot.
        """
        return os.path.join(self._folder, volume.name)

    # Volumes

    def create_volume(self, volume):
        _grow(self.local_path(volume), volume.size)

    def delete_volume(self, volume):
        try:
            os.unlink(self.local_path(volume))
        except FileNotFoundError:
            _LOG.info("%s has no file", volume.name)

    def create_cloned_volume(self, volume, src_vref):
        _copy(self.local_path(src_vref), self.local_path(volume), volume.size)

    def extend_volume(self, volume, new_size):
        _grow(self.local_path(volume), new_size)

    def retype(self, context, volume, new_type, diff, host):
        return True, None

    # Snapshots

    def create_snapshot(self, snapshot):
        _copy(self.local_path(snapshot.volume), self.local_path(snapshot), snapshot.volume_size)

    def delete_snapshot(self, snapshot):
        self.delete_volume(snapshot)

    def create_volume_from_snapshot(self, volume, snapshot):
        _copy(self.local_path(snapshot), self.local_path(volume), volume.size)

    def revert_to_snapshot(self, context, volume, snapshot):
        _copy(self.local_path(snapshot), self.local_path(volume), volume.size)

    # Files that were there before

    def manage_existing(self, volume, existing_ref):
        os.replace(self._existing(existing_ref), self.local_path(volume))

    def manage_existing_get_size(self, volume, existing_ref):
        return -(-os.path.getsize(self._existing(existing_ref)) // _GIB)

    def manage_existing_snapshot(self, snapshot, existing_ref):
        self.manage_existing(snapshot, existing_ref)

    def manage_existing_snapshot_get_size(self, snapshot, existing_ref):
        return self.manage_existing_get_size(snapshot, existing_ref)

    def unmanage(self, volume):
        pass

    def unmanage_snapshot(self, snapshot):
        pass

    def _existing(self, reference):
        name = os.path.basename(reference.get("source-name") or "")
        path = os.path.join(self._folder, name)
        if not name or not os.path.isfile(path):
            raise exception.ManageExistingInvalidReference(existing_ref=reference, reason="no such file")
        return path

    # What would show the volume to a hypervisor

    def ensure_export(self, context, volume):
        pass

    def create_export(self, context, volume, connector):
        pass

    def remove_export(self, context, volume):
        pass

    def initialize_connection(self, volume, connector):
        return {"driver_volume_type": "local", "data": {"device_path": self.local_path(volume)}}

    def terminate_connection(self, volume, connector, **kwargs):
        pass

    # Images

    def copy_image_to_volume(self, context, volume, image_service, image_id, disable_sparse=False):
        path = self.local_path(volume)
        image_utils.fetch_to_raw(
            context,
            image_service,
            image_id,
            path,
            self.configuration.volume_dd_blocksize,
            size=volume.size,
            run_as_root=False,
            disable_sparse=disable_sparse,
        )
        _grow(path, volume.size)

    def copy_volume_to_image(self, context, volume, image_service, image_meta):
        volume_utils.upload_volume(
            context, image_service, image_meta, self.local_path(volume), volume, run_as_root=False
        )

    # What the scheduler is told

    def _update_volume_stats(self):
        capacity = self.configuration.cloudfakes_capacity_gb
        pool = {
            "pool_name": "files",
            "total_capacity_gb": capacity,
            "free_capacity_gb": min(capacity, shutil.disk_usage(self._folder).free // _GIB),
            "provisioned_capacity_gb": 0,
            "reserved_percentage": 0,
            "max_over_subscription_ratio": "20.0",
            "thin_provisioning_support": True,
            "thick_provisioning_support": False,
            "multiattach": True,
            "QoS_support": False,
            "online_extend_support": True,
        }
        self._stats = {
            "volume_backend_name": self.configuration.safe_get("volume_backend_name") or "files",
            "vendor_name": "cloudfakes",
            "driver_version": self.VERSION,
            "storage_protocol": "local",
            "pools": [pool],
        }


def _grow(path, gigabytes):
    with open(path, "ab") as file:
        if file.seek(0, os.SEEK_END) < gigabytes * _GIB:
            file.truncate(gigabytes * _GIB)


def _copy(source, target, gigabytes):
    subprocess.run(["cp", "--sparse=always", source, target], check=True)
    _grow(target, gigabytes)
