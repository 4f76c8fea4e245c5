"""
Scenarios of volumes and images: uploads, what a volume keeps of its image, and a new image on a volume.
"""

from __future__ import annotations

from typing import Any

from tests.cloud.caller import Caller
from tests.cloud.making import NOWHERE, a_volume, image
from tests.cloud.volume_making import acted, made, waited


def volume_uploads(at: Caller) -> None:
    """
    A volume becomes an image, in several formats and visibilities.
    """
    volume = a_volume(at, quiet=True)
    path = f"/volumes/{volume}"
    uploads: tuple[tuple[dict[str, Any], str | None], ...] = (
        ({"disk_format": "qcow2", "container_format": "bare"}, None),
        ({"disk_format": "vmdk", "force": True}, None),
        ({"disk_format": "qcow2", "visibility": "private", "protected": False}, "3.1"),
        ({"disk_format": "qcow2", "visibility": "shared", "protected": "true"}, "latest"),
        ({"disk_format": "qcow2", "visibility": "public"}, "3.1"),
        ({"disk_format": "qcow2", "visibility": "everybody"}, "3.1"),
        ({"disk_format": "qcow2", "visibility": "private"}, "3.0"),
        ({"disk_format": "qcow2", "protected": "x"}, "3.1"),
        ({"disk_format": "iso"}, None),
        ({"disk_format": "qcow2", "container_format": "nothing"}, None),
        ({"force": "x"}, None),
        ({"nothing": 1}, None),
    )
    for fields, version in uploads:
        body = {"os-volume_upload_image": {"image_name": "uploaded", **fields}}
        acted(at, path, body, "available", version=version, note=f"{fields}")
    acted(at, path, {"os-volume_upload_image": {}}, note="nothing")
    acted(at, path, {"os-volume_upload_image": {"image_name": ""}}, note="no name")
    found = at.call("image", "GET", "/v2/images?name=uploaded&sort=created_at:asc", bare=True, quiet=True)
    images = found.json()["images"]
    uploaded = images[0]["id"]
    at.normal.know(uploaded, "uploaded image")
    at.call("image", "GET", f"/v2/images/{uploaded}", bare=True)
    copy = made(
        at,
        "/volumes",
        "volume",
        {"size": 1, "imageRef": uploaded, "availability_zone": at.place.zone},
        "volume of the upload",
    )
    at.volume("GET", f"/volumes/{copy}", version="latest")
    unprotect = [{"op": "replace", "path": "/protected", "value": False}]
    for each in images:
        at.call(
            "image",
            "PATCH",
            f"/v2/images/{each['id']}",
            unprotect,
            fields={"Content-Type": "application/openstack-images-v2.1-json-patch"},
            bare=True,
            quiet=True,
        )
        at.call("image", "DELETE", f"/v2/images/{each['id']}", bare=True, quiet=True)


def volume_image_metadata(at: Caller) -> None:
    """
    What a volume keeps of its image: set, shown, filtered by, taken away.
    """
    volume = made(
        at,
        "/volumes",
        "volume",
        {"size": 1, "imageRef": image(at), "availability_zone": at.place.zone},
        "volume",
    )
    path = f"/volumes/{volume}"
    acted(at, path, {"os-show_image_metadata": None})
    acted(at, path, {"os-set_image_metadata": {"metadata": {"os_type": "linux", "ü": "ö"}}})
    acted(at, path, {"os-set_image_metadata": {"metadata": {"os_type": "x" * 256}}}, note="long")
    acted(at, path, {"os-set_image_metadata": {"metadata": {"": "x"}}})
    acted(at, path, {"os-set_image_metadata": {"metadata": []}})
    acted(at, path, {"os-set_image_metadata": {}})
    acted(at, path, {"os-show_image_metadata": {}}, note="set")
    at.volume("GET", path)
    for query in ("%22os_type%22:%22linux%22", "%22os_type%22:%22bsd%22"):
        at.volume("GET", f"/volumes/detail?glance_metadata=%7B{query}%7D", version="3.4")
    acted(at, path, {"os-unset_image_metadata": {"key": "os_type"}})
    acted(at, path, {"os-unset_image_metadata": {"key": "os_type"}}, note="again")
    acted(at, path, {"os-unset_image_metadata": {}})
    for bootable in (False, True, "false", "x", None):
        acted(at, path, {"os-set_bootable": {"bootable": bootable}})
        at.volume("GET", path, note=f"bootable {bootable}")
    acted(at, path, {"os-set_bootable": {}})
    for version in ("3.67", "3.68"):
        acted(at, path, {"os-reimage": {"image_id": image(at)}}, "available", version=version, note=version)
    acted(at, path, {"os-reimage": {"image_id": NOWHERE}}, version="3.68", note="no such image")
    acted(at, path, {"os-reimage": {"image_id": "x"}}, version="3.68", note="no id")
    acted(
        at,
        path,
        {"os-reimage": {"image_id": image(at), "reimage_reserved": "x"}},
        version="3.68",
        note="reserved x",
    )
    waited(at, path, "volume", "available")
    at.volume("GET", path, note="with its image again")
