"""
The two places that are compared: one pod, and the top region; found as any client finds them, by ``clouds.yaml``.

``OS_CLIENT_CONFIG_FILE`` names the file; its clouds ``top`` and ``pod1`` are read, with an administrator's credentials.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import openstack
from attrs import evolve, field, frozen
from keystoneauth1.exceptions import ClientException, EndpointNotFound
from openstack.exceptions import SDKException

NEEDED = ("compute", "volume")
_TYPES = {"compute": "compute", "volume": "block-storage", "network": "network", "image": "image"}


class NoCloud(Exception):
    """
    There is no test cloud to ask; the text says what is missing.
    """


@frozen(kw_only=True)
class Place:
    """
    One region as a client sees it.
    """

    name: str
    #: Service to scheme, host and port.
    roots: Mapping[str, str]
    #: The zone in which scenarios make things.
    zone: str
    #: The zones in which they make things by turns: both pods' at the top region, one and the same at a pod.
    zones: tuple[str, ...]
    auth_url: str


@frozen(kw_only=True)
class Account:
    """
    A project and a user with the role ``member`` in it, made for one run.
    """

    project_id: str
    project_name: str
    user_id: str
    user_name: str
    password: str
    token: str = field(repr=False)


@frozen(kw_only=True)
class TestCloud:
    """
    Both places and the administrator of the Keystone behind them.
    """

    __test__ = False

    pod: Place
    top: Place
    admin: Any

    def account(self) -> Account:
        """
        Make a project and a user.
        """
        name = f"side-by-side-{uuid4().hex[:12]}"
        identity = self.admin.identity
        project = identity.create_project(name=name, domain_id="default")
        password = uuid4().hex
        user = identity.create_user(
            name=name, password=password, domain_id="default", default_project_id=project.id
        )
        identity.assign_project_role_to_user(project, user, identity.find_role("member"))
        session = openstack.connect(
            auth_url=self.pod.auth_url,
            username=name,
            password=password,
            project_name=name,
            user_domain_id="default",
            project_domain_id="default",
        ).session
        return Account(
            project_id=project.id,
            project_name=name,
            user_id=user.id,
            user_name=name,
            password=password,
            token=session.get_token() or "",
        )

    def forget(self, account: Account) -> None:
        """
        Take a project and its user away, and the security group that Neutron has made for it.
        """
        for group in list(self.admin.network.security_groups(project_id=account.project_id)):
            self.admin.network.delete_security_group(group, ignore_missing=True)
        self.admin.identity.delete_user(account.user_id, ignore_missing=True)
        self.admin.identity.delete_project(account.project_id, ignore_missing=True)


@cache
def test_cloud() -> TestCloud:
    """
    The cloud under test; looked at once for each process.

    :raises NoCloud: if there is none.
    """
    if "OS_CLIENT_CONFIG_FILE" not in os.environ:
        raise NoCloud(
            "OS_CLIENT_CONFIG_FILE names no clouds.yaml; `make cloud` starts a cloud and writes one"
        )
    try:
        top, pod = openstack.connect(cloud="top"), openstack.connect(cloud="pod1")
        one, region = _place("pod", pod), _place("top", top)
        # users find networks and images where they are: the top region has no surface for them
        region = evolve(region, roots={**one.roots, **region.roots})
        return TestCloud(pod=one, top=region, admin=pod)
    except (ClientException, SDKException) as error:
        raise NoCloud(f"the cloud does not answer: {error}") from error


@cache
def both_pods() -> tuple[Place, Place]:
    """
    Both pods, for what is made in one of them past the top region, and to look at what each has.

    :raises NoCloud: if there are none.
    """
    try:
        one, two = (_place(name, openstack.connect(cloud=name)) for name in ("pod1", "pod2"))
    except (ClientException, SDKException) as error:
        raise NoCloud(f"the pods do not answer: {error}") from error
    return one, two


def _place(name: str, connection: Any) -> Place:
    roots = {}
    for service, kind in _TYPES.items():
        region = connection.config.get_region_name(kind)
        url = connection.config.get_endpoint(kind)
        try:
            url = url or connection.session.auth.get_endpoint(
                connection.session, service_type=kind, region_name=region, skip_discovery=True
            )
        except EndpointNotFound:
            if service in NEEDED:
                raise NoCloud(f"{name}: the catalog has no endpoint of {service} in {region}") from None
            continue
        parts = urlsplit(url)
        roots[service] = f"{parts.scheme}://{parts.netloc}"
    zones = connection.session.get(
        f"{roots['compute']}/v2.1/os-availability-zone", connect_retries=0, timeout=30
    ).json()["availabilityZoneInfo"]
    return Place(
        name=name,
        roots=roots,
        zone=zones[0]["zoneName"],
        zones=tuple(zone["zoneName"] for zone in zones),
        auth_url=connection.config.auth["auth_url"],
    )


test_cloud.__test__ = False  # type: ignore[attr-defined]
