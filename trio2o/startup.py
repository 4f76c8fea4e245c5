"""
What is judged before anything starts: the configuration file, and with it the credentials and the policy that it names.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from attrs import evolve

from trio2o.config.load import Known, Problem, load, parse
from trio2o.config.schema import Config, IdentitySection
from trio2o.errors import ConfigErrors
from trio2o.identity.clouds import Cloud, clouds_files, read_cloud
from trio2o.identity.plugins import BadCredentials, load_plugin
from trio2o.identity.policy import OsloPolicy
from trio2o.scheduling.registry import (
    BUILT_IN_FILTERS,
    BUILT_IN_WEIGHERS,
    FILTERS_GROUP,
    WEIGHERS_GROUP,
    installed,
)


def read_config(path: Path) -> Config:
    """
    Read a configuration file with everything that can be known of it without a socket.

    :raises ConfigErrors: with all that is wrong.
    """
    return load(path, known=_known())


def parse_config(text: str, path: Path) -> Config:
    """
    What :func:`read_config` gives of a file with this text.

    :raises ConfigErrors: with all that is wrong.
    """
    return parse(text, name=str(path), folder=path.absolute().parent, known=_known())


def _known() -> Known:
    return Known(
        filters={*BUILT_IN_FILTERS, *installed(FILTERS_GROUP)},
        weighers={*BUILT_IN_WEIGHERS, *installed(WEIGHERS_GROUP)},
        credentials=_credential_problems,
        policy=_policy_problems,
    )


def own_credentials(identity: IdentitySection) -> Cloud:
    """
    What the daemon logs in with: the section's own words, or the cloud of ``clouds.yaml`` that it names. Reads the disk.

    ``auth`` has the ``auth_url``; ``interface`` is never empty.

    :raises BadCredentials: if there is no such cloud, or it asks for what is not supported.
    """
    ca_file = str(identity.ca_file) if identity.ca_file is not None else ""
    if identity.cloud is None:
        return Cloud(
            auth_type=identity.auth_type,
            auth={"auth_url": identity.auth_url, **identity.auth.options},
            ca_file=ca_file,
            interface=identity.interface or "public",
        )
    files = [identity.clouds_file] if identity.clouds_file else clouds_files(os.environ, Path.home())
    cloud = read_cloud(identity.cloud, files)
    interface = identity.interface or cloud.interface or "public"
    return evolve(cloud, ca_file=ca_file or cloud.ca_file, interface=interface)


def _credential_problems(identity: IdentitySection) -> Iterator[Problem]:
    try:
        credentials = own_credentials(identity)
        load_plugin(credentials.auth_type, credentials.auth)
    except BadCredentials as problem:
        yield "identity", str(problem)
        return
    except TypeError:
        # keystoneauth1's loaders do not require all that their plugins do, the password for one.
        yield "identity", f"auth_type {credentials.auth_type} needs further options, such as a password"
        return
    if "auth_url" not in credentials.auth:
        yield "identity", f"the cloud {identity.cloud} has no auth_url"


def _policy_problems(path: Path) -> Iterator[str]:
    try:
        OsloPolicy().load(str(path))
    except ConfigErrors as problems:
        yield from problems.errors
