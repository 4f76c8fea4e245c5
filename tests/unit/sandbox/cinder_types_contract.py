"""
What a Cinder does with what its types are made of: encryption, QoS specs, default types, group types.
"""

from __future__ import annotations

from typing import Any

from tests.unit.sandbox.cinder_contract import NOBODY, CinderContract

PLACE = "front-end"
LUKS = {"provider": "luks", "control_location": PLACE, "cipher": "aes-xts-plain64", "key_size": 256}


class CinderTypesContract(CinderContract):
    """
    What admins make of types.
    """

    async def made(self, path: str, key: str, name: str, **fields: Any) -> Any:
        """
        Make something as an admin.
        """
        return (await self.good("POST", path, {key: {"name": name, **fields}}, who=self.admin))[key]

    def test_encryption(self) -> Any:
        """
        A type is encrypted in one way or not at all; who asks for what it does not have gets nothing.
        """

        async def check() -> None:
            item = await self.made("/types", "volume_type", "encrypted")
            path = f"/types/{item['id']}/encryption"
            assert await self.good("GET", path, who=self.admin) == {}
            made = await self.good("POST", path, {"encryption": LUKS}, who=self.admin)
            assert made["encryption"].items() >= {**LUKS, "volume_type_id": item["id"]}.items()
            again = f"Volume type encryption for type {item['id']} already exists."
            await self.refused(400, again, "POST", path, {"encryption": LUKS}, who=self.admin)
            shown = await self.good("GET", path, who=self.admin)
            assert (shown["volume_type_id"], shown["cipher"]) == (item["id"], LUKS["cipher"])
            assert await self.good("GET", f"{path}/key_size", who=self.admin) == {"key_size": 256}
            # whatever stands where the id of the encryption would
            changed = {"encryption": {"key_size": 128}}
            assert await self.good("PUT", f"{path}/provider", changed, who=self.admin) == changed
            assert (await self.good("GET", path, who=self.admin))["key_size"] == 128
            rule = "Policy doesn't allow volume_extension:volume_type_encryption:get to be performed."
            await self.refused(403, rule, "GET", path)
            assert (await self.ask("DELETE", f"{path}/provider", who=self.admin)).status == 202
            gone = f"Volume type encryption for type {item['id']} does not exist."
            await self.refused(404, gone, "DELETE", f"{path}/provider", who=self.admin)
            assert (await self.ask("DELETE", f"/types/{item['id']}", who=self.admin)).status == 202

        return self.finish(check())

    def test_used_type(self) -> Any:
        """
        While a volume has a type, its extra specs and encryption stay, and it is not deleted.
        """

        async def check() -> None:
            item = await self.made("/types", "volume_type", "used")
            path = f"/types/{item['id']}"
            volume = await self.volume(volume_type="used")
            specs = {"extra_specs": {"a": "b"}}
            used = "Volume Type is currently in use."
            await self.refused(400, used, "POST", f"{path}/extra_specs", specs, who=self.admin)
            await self.refused(
                400,
                "Cannot create encryption specs. Volume type in use.",
                "POST",
                f"{path}/encryption",
                {"encryption": LUKS},
                who=self.admin,
            )
            await self.refused(400, "Target volume type is still in use.", "DELETE", path, who=self.admin)
            await self.ask("DELETE", f"/volumes/{volume['id']}")
            await self.until(f"/volumes/{volume['id']}", "gone")
            assert (await self.ask("DELETE", path, who=self.admin)).status == 202

        return self.finish(check())

    def test_qos_specs(self) -> Any:
        """
        QoS specs have keys, and types that have them; those are joined by a GET.
        """

        async def check() -> None:
            item = await self.made("/types", "volume_type", "quick")
            specs = await self.made("/qos-specs", "qos_specs", "fast", total_iops_sec="100")
            assert (specs["consumer"], specs["specs"]) == ("back-end", {"total_iops_sec": "100"})
            taken = {"qos_specs": {"name": "fast"}}
            await self.refused(
                409, "QoS Specs fast already exists.", "POST", "/qos-specs", taken, who=self.admin
            )
            path = f"/qos-specs/{specs['id']}"
            shown = await self.good("GET", path, who=self.admin)
            assert shown["links"][0]["href"].endswith(path)
            changed = {"qos_specs": {"consumer": "both", "read_iops_sec": "7"}}
            assert await self.good("PUT", path, changed, who=self.admin) == changed
            keys = {"keys": ["total_iops_sec"]}
            assert (await self.ask("PUT", f"{path}/delete_keys", keys, who=self.admin)).status == 202
            shown = (await self.good("GET", path, who=self.admin))["qos_specs"]
            assert (shown["consumer"], shown["specs"]) == ("both", {"read_iops_sec": "7"})
            lost = f"QoS spec {specs['id']} has no spec with key total_iops_sec."
            await self.refused(404, lost, "PUT", f"{path}/delete_keys", keys, who=self.admin)
            joined = f"{path}/associate?vol_type_id={item['id']}"
            assert (await self.ask("GET", joined, who=self.admin)).status == 202
            assert (await self.ask("GET", joined, who=self.admin)).status == 202
            of = await self.good("GET", f"{path}/associations", who=self.admin)
            assert of == {
                "qos_associations": [{"association_type": "volume_type", "name": "quick", "id": item["id"]}]
            }
            typed = await self.good("GET", f"/types/{item['id']}", who=self.admin)
            assert typed["volume_type"]["qos_specs_id"] == specs["id"]
            other = await self.made("/qos-specs", "qos_specs", "slow")
            await self.refused(
                400,
                f"Invalid volume type: Type {item['id']} is already associated with another qos specs: "
                f"{specs['id']}",
                "GET",
                f"/qos-specs/{other['id']}/associate?vol_type_id={item['id']}",
                who=self.admin,
            )
            await self.refused(400, "Qos specs still in use.", "DELETE", path, who=self.admin)
            parted = f"{path}/disassociate?vol_type_id={item['id']}"
            assert (await self.ask("GET", parted, who=self.admin)).status == 202
            assert (await self.ask("GET", joined, who=self.admin)).status == 202
            assert (await self.ask("GET", f"{path}/disassociate_all", who=self.admin)).status == 202
            for gone in (path, f"/qos-specs/{other['id']}", f"/types/{item['id']}"):
                assert (await self.ask("DELETE", gone, who=self.admin)).status == 202
            await self.refused(404, f"No such QoS spec {specs['id']}.", "GET", path, who=self.admin)
            nothing = f"/qos-specs/{NOBODY}/associate"
            await self.refused(400, "Volume Type id must not be None.", "GET", nothing, who=self.admin)

        return self.finish(check())

    def test_default_types(self) -> Any:
        """
        A project's volumes have its default type where their create names none; that type is not deleted then.
        """

        async def check() -> None:
            item = await self.made("/types", "volume_type", "ours")
            path = f"/default-types/{self.demo.project}"
            missing = f"Default type for project {self.demo.project} not found."
            await self.refused(404, missing, "GET", path, who=self.admin)
            wanted = {"default_type": {"volume_type": "ours"}}
            told = {"default_type": {"project_id": self.demo.project, "volume_type_id": item["id"]}}
            assert await self.good("PUT", path, wanted, who=self.admin) == told
            assert await self.good("GET", path, who=self.admin) == told
            listed = await self.good("GET", "/default-types", who=self.admin)
            assert listed == {"default_types": [told["default_type"]]}
            volume = await self.volume()
            assert volume["volume_type"] == "ours"
            refusal = "You are not authorized to perform this operation."
            await self.refused(403, refusal, "GET", "/default-types")
            no_type = {"default_type": {"volume_type": "nothing"}}
            none = "Volume type with name nothing could not be found."
            await self.refused(400, none, "PUT", path, no_type, who=self.admin)
            default = f"The volume type {item['id']} is a default volume type and cannot be deleted."
            await self.refused(400, default, "DELETE", f"/types/{item['id']}", who=self.admin)
            assert (await self.ask("DELETE", path, who=self.admin)).status == 204
            await self.ask("DELETE", f"/volumes/{volume['id']}")
            await self.until(f"/volumes/{volume['id']}", "gone")
            assert (await self.ask("DELETE", f"/types/{item['id']}", who=self.admin)).status == 202

        return self.finish(check())

    def test_group_types(self) -> Any:
        """
        Group types have specs, which admins alone see; one that a group has stays.
        """

        async def check() -> None:
            item = await self.made("/group_types", "group_type", "generic", group_specs={"a": "b"})
            path = f"/group_types/{item['id']}"
            assert (item["group_specs"], item["is_public"]) == ({"a": "b"}, True)
            assert "group_specs" not in (await self.good("GET", path))["group_type"]
            taken = {"group_type": {"name": "generic"}}
            again = "Group Type generic already exists."
            await self.refused(409, again, "POST", "/group_types", taken, who=self.admin)
            specs = {"group_specs": {"c": "d"}}
            added = await self.ask("POST", f"{path}/group_specs", specs, who=self.admin)
            assert (added.status, added.json) == (202, specs)
            assert await self.good("PUT", f"{path}/group_specs/c", {"c": "e"}, who=self.admin) == {"c": "e"}
            assert (await self.ask("DELETE", f"{path}/group_specs/a", who=self.admin)).status == 202
            assert await self.good("GET", f"{path}/group_specs", who=self.admin) == {
                "group_specs": {"c": "e"}
            }
            renamed = {"group_type": {"name": "other", "is_public": False}}
            shown = (await self.good("PUT", path, renamed, who=self.admin))["group_type"]
            assert (shown["name"], shown["is_public"]) == ("other", False)
            group = {"group": {"group_type": "other", "volume_types": ["files"]}}
            made = (await self.good("POST", "/groups", group, who=self.admin))["group"]
            used = f"Group Type {item['id']} deletion is not allowed with groups present with the type."
            await self.refused(
                400, f"Target group type is still in use. {used}", "DELETE", path, who=self.admin
            )
            wanted = {"group": {"group_type": NOBODY, "volume_types": ["files"]}}
            missing = f"Group type {NOBODY} could not be found."
            await self.refused(404, missing, "POST", "/groups", wanted)
            await self.until(f"/groups/{made['id']}", "available", who=self.admin)
            ended = {"delete": {"delete-volumes": True}}
            await self.ask("POST", f"/groups/{made['id']}/action", ended, who=self.admin)
            await self.until(f"/groups/{made['id']}", "gone", who=self.admin)
            assert (await self.ask("DELETE", path, who=self.admin)).status == 202

        return self.finish(check())
