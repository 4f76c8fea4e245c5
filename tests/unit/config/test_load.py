"""
Configuration files: what is right, and every kind of mistake with its path.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from trio2o.config.load import Known, Problem, load, parse
from trio2o.config.schema import Config, IdentitySection
from trio2o.errors import ConfigErrors
from trio2o.model import PodState
from trio2o.model.shared import DriftPolicy

#: The least that a file has to say.
IDENTITY = "identity: {auth_url: 'http://keystone:5000', auth: {username: trio2o, password: s3cret}}\n"

NOTHING_KNOWN = Known()


class ConfigTestCase(SynchronousTestCase):
    """
    Reads texts as if they were the file ``trio2o.yaml``.
    """

    def setUp(self) -> None:
        """
        Make a folder for the files that texts name.
        """
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()

    def read(
        self, text: str, *, known: Known = NOTHING_KNOWN, environment: Mapping[str, str] | None = None
    ) -> Config:
        """
        Read a whole file.
        """
        return parse(
            textwrap.dedent(text),
            name="trio2o.yaml",
            folder=self.folder,
            known=known,
            environment={} if environment is None else environment,
        )

    def errors(self, text: str, *, known: Known = NOTHING_KNOWN) -> list[str]:
        """
        What is wrong with a whole file, without the file's name.
        """
        problems = self.assertRaises(ConfigErrors, self.read, text, known=known)
        for error in problems.errors:
            self.assertTrue(error.startswith("trio2o.yaml: "), error)
        return [error.removeprefix("trio2o.yaml: ") for error in problems.errors]

    def assertWrong(self, text: str, *expected: str, known: Known = NOTHING_KNOWN) -> None:
        """
        Beside a right identity section, the text has exactly these errors.
        """
        self.assertEqual(self.errors(IDENTITY + textwrap.dedent(text), known=known), list(expected))


class RightTests(ConfigTestCase):
    """
    What a right file gives.
    """

    def test_least(self) -> None:
        """
        The identity section is all that a file needs.
        """
        config = self.read(IDENTITY)
        self.assertEqual(config.region, "RegionOne")
        self.assertEqual(config.listen.compute.endpoints, ("tcp:19998:interface=127.0.0.1",))
        self.assertEqual(config.pods, ())
        self.assertIsNone(config.database.dsn)

    def test_values(self) -> None:
        """
        Values arrive in the types of the schema; a whole number is good for a number.
        """
        config = self.read(
            IDENTITY
            + "drain_seconds: 5\nlimits: {max_page: 10}\nmetrics: {enabled: false}\n"
            + "listen: {compute: {endpoints: ['tcp:1', 'unix:/run/x'], public_url: 'https://h:1/p/'}}\n"
            + "scheduling: {weighers: {binding: 2}}\n"
        )
        self.assertEqual((config.drain_seconds, type(config.drain_seconds)), (5.0, float))
        self.assertEqual(config.limits.max_page, 10)
        self.assertIs(config.metrics.enabled, False)
        self.assertEqual(config.listen.compute.endpoints, ("tcp:1", "unix:/run/x"))
        self.assertEqual(config.listen.compute.public_url, "https://h:1/p")
        self.assertEqual(config.scheduling.weighers, {"binding": 2.0})

    def test_empty_section(self) -> None:
        """
        A section whose options are all commented out has its defaults.
        """
        config = self.read(IDENTITY + "limits:\n  # max_page: 3\npods:\nlisten:\n  compute:\n")
        self.assertEqual(config, self.read(IDENTITY))

    def test_relative_paths(self) -> None:
        """
        A relative path starts from the file's folder.
        """
        (self.folder / "policy.yaml").write_text("")
        config = self.read(IDENTITY + "policy_file: policy.yaml\ndatabase: {state_directory: state}\n")
        self.assertEqual(config.policy_file, self.folder / "policy.yaml")
        self.assertEqual(config.database.embedded_directory, self.folder / "state" / "postgresql")

    def test_systemd_sockets(self) -> None:
        """
        A socket of systemd is right also while systemd has not opened it.
        """
        endpoint = "systemd:domain=INET6:name=trio2o-compute"
        config = self.read(IDENTITY + f"listen: {{compute: {{endpoints: ['{endpoint}']}}}}\n")
        self.assertEqual(config.listen.compute.endpoints, (endpoint,))

    def test_nothing_listens(self) -> None:
        """
        A surface may be served nowhere.
        """
        config = self.read(IDENTITY + "listen: {volume: {endpoints: []}}\n")
        self.assertEqual(config.listen.volume.endpoints, ())

    def test_free_ports(self) -> None:
        """
        Port 0 is a different port each time.
        """
        self.read(
            IDENTITY + "listen: {compute: {endpoints: ['tcp:0', 'tcp:0']}, volume: {endpoints: ['tcp:0']}}\n"
        )

    def test_cloud(self) -> None:
        """
        A cloud of clouds.yaml takes the place of URL and credentials.
        """
        self.assertEqual(self.read("identity: {cloud: mine}").identity.cloud, "mine")


class SecretTests(ConfigTestCase):
    """
    Where secrets come from, and that they stay unseen.
    """

    def test_from_file(self) -> None:
        """
        The last line end of a secret's file is not part of it.
        """
        (self.folder / "password").write_text("pass word\n")
        config = self.read(IDENTITY.replace("s3cret", "{file: password}"))
        self.assertEqual(config.identity.auth.options, {"username": "trio2o", "password": "pass word"})

    def test_from_environment(self) -> None:
        """
        A secret may come from the environment.
        """
        config = self.read(IDENTITY + "database: {dsn: {env: DSN}}\n", environment={"DSN": "host=db"})
        assert config.database.dsn is not None
        self.assertEqual(config.database.dsn.value, "host=db")

    def test_unseen(self) -> None:
        """
        No secret is in the configuration's repr.
        """
        config = self.read(IDENTITY + "database: {dsn: 'postgresql://u:hush@h/d'}\n")
        self.assertNotIn("s3cret", repr(config))
        self.assertNotIn("hush", repr(config))

    def test_unreadable(self) -> None:
        """
        A secret that cannot be had is an error that names the file or the variable.
        """
        text = IDENTITY.replace("s3cret", "{file: none}") + "database: {dsn: {env: NONE}}\n"
        self.assertEqual(
            self.errors(text),
            [
                f"identity.auth.password: {self.folder}/none cannot be read: No such file or directory",
                "database.dsn: the environment variable NONE is not set",
            ],
        )

    def test_not_a_secret(self) -> None:
        """
        Anything else in a secret's place is refused.
        """
        wanted = "must be text, {file: PATH} or {env: NAME}"
        self.assertWrong("database: {dsn: 7}", f"database.dsn: {wanted}")
        self.assertWrong("database: {dsn: {path: x}}", f"database.dsn: {wanted}")
        self.assertWrong("database: {dsn: {file: a, env: B}}", f"database.dsn: {wanted}")

    def test_large_file(self) -> None:
        """
        A file too large for a secret is a mistake in the path.
        """
        (self.folder / "image").write_bytes(b"x" * 65537)
        self.assertWrong(
            "database: {dsn: {file: image}}", f"database.dsn: {self.folder}/image is larger than 65536 bytes"
        )

    def test_binary_file(self) -> None:
        """
        A secret is text.
        """
        (self.folder / "key").write_bytes(b"\xff\xfe")
        self.assertWrong("database: {dsn: {file: key}}", f"database.dsn: {self.folder}/key is not UTF-8 text")

    def test_not_in_errors(self) -> None:
        """
        An unquoted password that is no YAML is not repeated by the error.
        """
        for password in (
            "*hunter2",
            "!hunter2",
            "&hunter2 {",
            "'hunter2",
            "@hunter2",
            "%hunter2",
            "hunter2: x",
        ):
            told = "\n".join(self.errors(IDENTITY.replace("s3cret", password)))
            self.assertNotIn("hunter2", told)


class DocumentTests(ConfigTestCase):
    """
    Files that are not one YAML mapping.
    """

    def test_not_yaml(self) -> None:
        """
        What is not YAML is told with its line.
        """
        self.assertEqual(
            self.errors("a: 1\nb: 2\n\tc: 3\n"),
            ["line 3: not YAML: found character '\\t' that cannot start any token"],
        )

    def test_not_allowed_character(self) -> None:
        """
        A control character is told with its line.
        """
        self.assertEqual(
            self.errors("a: 1\nb: \x01\n"), ["line 2: not YAML: special characters are not allowed"]
        )

    def test_not_a_date(self) -> None:
        """
        What looks like a date and is none does not break the reading.
        """
        self.assertEqual(
            self.errors("region: 2026-13-45"),
            ["not YAML: something looks like a date or number and is none"],
        )

    def test_too_deep(self) -> None:
        """
        A file nested beyond all reason is refused.
        """
        self.assertEqual(self.errors("[" * 20_000), ["not YAML: nested too deeply"])

    def test_twice(self) -> None:
        """
        A key that is there twice is told with both lines, beside all other errors.
        """
        self.assertWrong(
            "limits:\n  max_page: 3\n  max_page: 4\nregoin: x\n",
            "line 4: max_page: is there twice, first on line 3",
            "regoin: unknown key (did you mean region?)",
        )

    def test_merge_keys(self) -> None:
        """
        YAML's merge keys work and are no duplicates.
        """
        config = self.read(
            IDENTITY + "pods:\n- &first {name: Pod1, az: az1, weight: 2}\n- {<<: *first, name: Pod2}\n"
        )
        self.assertEqual([(pod.name, pod.weight) for pod in config.pods], [("Pod1", 2.0), ("Pod2", 2.0)])

    def test_unhashable_key(self) -> None:
        """
        A key that is a list is not YAML as we read it.
        """
        self.assertEqual(self.errors("? [a]\n: b\n"), ["line 1: not YAML: found unhashable key"])

    def test_no_mapping(self) -> None:
        """
        A list or a word is no configuration.
        """
        self.assertEqual(self.errors("- a\n"), ["must be a mapping of sections"])
        self.assertEqual(self.errors("word\n"), ["must be a mapping of sections"])

    def test_empty(self) -> None:
        """
        An empty file lacks what is required.
        """
        self.assertEqual(self.errors(""), ["identity: is required"])

    def test_several_documents(self) -> None:
        """
        A second document in the file is refused.
        """
        self.assertEqual(self.errors("a: 1\n---\nb: 2\n"), ["line 2: not YAML: but found another document"])

    def test_missing_file(self) -> None:
        """
        A file that is not there is told as such.
        """
        problems = self.assertRaises(ConfigErrors, load, self.folder / "none.yaml")
        self.assertEqual(
            problems.errors, (f"{self.folder}/none.yaml: cannot be read: No such file or directory",)
        )

    def test_not_utf8(self) -> None:
        """
        A file in another encoding is told with the line.
        """
        path = self.folder / "latin.yaml"
        path.write_bytes(b"region: x\ndc: M\xfcnchen\n")
        problems = self.assertRaises(ConfigErrors, load, path)
        self.assertEqual(problems.errors, (f"{path}: line 2: not UTF-8 text",))


class MistakeTests(ConfigTestCase):
    """
    Mistakes in single options.
    """

    def test_unknown_keys(self) -> None:
        """
        Unknown keys are told at any depth, with a suggestion where one is close.
        """
        self.assertWrong(
            """
            pods:
            - {name: Pod1, az: az1}
            - {name: Pod2, az: az1, wieght: 2, endpoints: {image: 'http://x'}}
            zzz: 1
            7: 1
            """,
            "pods[1].endpoints.image: unknown key",
            "pods[1].wieght: unknown key (did you mean weight?)",
            "7: unknown key",
            "zzz: unknown key",
        )

    def test_required(self) -> None:
        """
        What has no default must be there.
        """
        self.assertWrong(
            "pods: [{name: Pod1}, {az: az1}]", "pods[0].az: is required", "pods[1].name: is required"
        )

    def test_refusals(self) -> None:
        """
        What every 503 would match is refused, and what cannot be a header.
        """
        self.assertWrong(
            """
            scheduling: {refusal_texts: [busy, ""], refusal_headers: {"X Rejected": a}, exhausted_seconds: -1}
            """,
            "scheduling.exhausted_seconds: must be from 0 to 86400 seconds, not -1",
            "scheduling.refusal_texts[1]: must not be empty",
            "scheduling.refusal_headers: has 'X Rejected', which is no name of a header",
        )

    def test_wrong_types(self) -> None:
        """
        Types are never converted silently: not text to numbers, not yes to text, not a word to a list.
        """
        self.assertWrong(
            """
            region: no
            drain_seconds: "5"
            limits: {max_page: 3.0, routes_cached: true}
            metrics: {enabled: 1}
            listen: {compute: {endpoints: "tcp:1"}, volume: []}
            logging: {level: [info]}
            scheduling: {weighers: {binding: x}, filters: [3]}
            """,
            "region: must be text, not true or false: put it in quotes",
            "listen.compute.endpoints: must be a list, not text",
            "listen.volume: must be a mapping, not a list",
            "limits.max_page: must be a whole number, not a number",
            "limits.routes_cached: must be a whole number, not true or false",
            "scheduling.filters[0]: must be text, not a whole number: put it in quotes",
            "scheduling.weighers.binding: must be a number, not text",
            "logging.level: must be text, not a list",
            "metrics.enabled: must be true or false, not a whole number",
            "drain_seconds: must be a number, not text",
        )

    def test_ranges(self) -> None:
        """
        Numbers out of range are told with the range; infinity and what is no number are refused.
        """
        self.assertWrong(
            """
            drain_seconds: -1
            pods: [{name: Pod1, az: az1, weight: .inf}, {name: Pod2, az: az1, weight: .nan}]
            database: {pool_size: 0}
            """,
            "database.pool_size: must be from 1 to 1000, not 0",
            "pods[0].weight: must be a finite number",
            "pods[1].weight: must be a finite number",
            "drain_seconds: must be from 0 to 3600 seconds, not -1",
        )

    def test_huge_number(self) -> None:
        """
        A whole number beyond all floats is refused, not a crash.
        """
        self.assertWrong(f"drain_seconds: 1{'0' * 400}", "drain_seconds: must be a finite number")

    def test_words(self) -> None:
        """
        Words out of a set are told with the set.
        """
        self.assertWrong(
            "logging: {level: loud}\npods: [{name: Pod1, az: az1, state: drainin}]\n",
            "pods[0].state: must be one of enabled, draining, maintenance, disabled, not 'drainin' "
            "(did you mean draining?)",
            "logging.level: must be one of debug, info, warn, error, critical, not 'loud'",
        )

    def test_endpoints(self) -> None:
        """
        Every wrong endpoint string is told, and nothing is opened to find out.
        """
        errors = self.errors(
            IDENTITY
            + "listen: {compute: {endpoints: ['tcp:x', 'tcp:80', 'foo:1', 'tcp', 'tcp:70000', 'systemd:INET']}}\n"
        )
        self.assertEqual(
            [error.split(" is not")[0].split(" has no")[0] for error in errors],
            [
                "listen.compute.endpoints[0]: 'tcp:x'",
                "listen.compute.endpoints[2]: 'foo:1'",
                "listen.compute.endpoints[3]: 'tcp'",
                "listen.compute.endpoints[4]: 'tcp:70000'",
                "listen.compute.endpoints[5]: 'systemd:INET'",
            ],
        )

    def test_endpoints_twice(self) -> None:
        """
        An endpoint can be listened at once, by one surface.
        """
        self.assertWrong(
            "listen: {compute: {endpoints: ['tcp:1', 'tcp:1']}, volume: {endpoints: ['tcp:2']}, admin: {endpoints: ['tcp:2']}}",
            "listen.compute.endpoints[1]: is an endpoint of listen.compute already",
            "listen.admin.endpoints[0]: is an endpoint of listen.volume already",
        )

    def test_urls(self) -> None:
        """
        URLs have scheme and host and nothing that a path cannot follow.
        """
        wanted = "must be a URL such as https://host:8774/prefix"
        for url in (
            "ftp://h",
            "http://",
            "h:80",
            "http://h:x",
            "http://h:0",
            "http://h/a b",
            "http://ü",
            "http://[::1",
        ):
            self.assertWrong(
                f"listen: {{compute: {{public_url: '{url}'}}}}", f"listen.compute.public_url: {wanted}"
            )
        self.assertWrong(
            "listen: {compute: {public_url: 'http://h/?x'}, volume: {public_url: 'http://u:p@h'}}",
            "listen.compute.public_url: must be a URL without ? and #",
            "listen.volume.public_url: must be a URL without user and password",
        )

    def test_versioned_root(self) -> None:
        """
        The URL of a pod's service is its root.
        """
        self.assertWrong(
            "pods: [{name: Pod1, az: az1, endpoints: {compute: 'http://h/compute/v2.1/'}}]",
            "pods[0].endpoints.compute: must be the service's root, without the version: http://h/compute",
        )

    def test_names(self) -> None:
        """
        Names of regions and zones are not empty, have no outer blanks, and a zone has no colon.
        """
        wanted = "must be 1 to 255 printable characters, without blanks at either end"
        self.assertWrong(
            "region: ''\npods: [{name: ' a', az: 'a:b', pod_az: \"a\\n\"}]\n",
            f"region: {wanted}",
            f"pods[0].name: {wanted}",
            "pods[0].az: must not have a colon: Nova reads zone:host",
            f"pods[0].pod_az: {wanted}",
        )

    def test_tags(self) -> None:
        """
        Tags are joined by commas, so they have none, and each is there once.
        """
        self.assertWrong(
            "pods: [{name: a, az: z, affinity: ['x,y']}, {name: b, az: z, affinity: [gpu, gpu]}]",
            "pods[0].affinity[0]: must not have a comma",
            "pods[1].affinity: has gpu twice",
        )

    def test_unreadable_files(self) -> None:
        """
        Files that the daemon would need later are tried now.
        """
        self.assertWrong(
            "policy_file: none\npod_defaults: {ca_file: .}\n",
            f"pod_defaults.ca_file: {self.folder} cannot be read: Is a directory",
            f"policy_file: {self.folder}/none cannot be read: No such file or directory",
        )

    def test_proxies(self) -> None:
        """
        Trusted proxies are addresses and networks; the name in Via is a token.
        """
        self.assertWrong(
            "proxy: {trusted: [10.0.0.0/8, 'fe80::1', host, 10.0.0.1/8], via_name: 'a b'}",
            "proxy.trusted[2]: 'host' is not an address or network such as 10.0.0.0/8",
            "proxy.trusted[3]: '10.0.0.1/8' is not an address or network such as 10.0.0.0/8",
            "proxy.via_name: must be a word of letters, digits and punctuation, as RFC 9110 has it",
        )

    def test_empty_roles(self) -> None:
        """
        Without any role no service token could ever be valid: that is not what an empty list means to say.
        """
        text = IDENTITY.replace("}}", "}, service_token_roles: []}")
        self.assertEqual(self.errors(text), ["identity.service_token_roles: must not be empty"])


class ContradictionTests(ConfigTestCase):
    """
    What is wrong between options.
    """

    def test_pod_names(self) -> None:
        """
        A pod's name is its own, and not the top region's.
        """
        self.assertWrong(
            "pods: [{name: Pod1, az: a}, {name: RegionOne, az: a}, {name: Pod1, az: b}, 3]",
            "pods[3]: must be a mapping, not a whole number",
            "pods[1].name: RegionOne is the top region",
            "pods[2].name: Pod1 is pods[0] already",
        )

    def test_no_credentials(self) -> None:
        """
        The daemon needs a Keystone and something to log in with.
        """
        self.assertEqual(self.errors("identity:\n"), ["identity.auth_url: is required, or identity.cloud"])
        self.assertEqual(
            self.errors("identity: {auth_url: 'http://k'}"), ["identity.auth: is required with auth_url"]
        )

    def test_two_credentials(self) -> None:
        """
        A cloud and credentials contradict each other.
        """
        self.assertEqual(
            self.errors("identity: {cloud: x, auth_url: 'http://k', auth: {}, auth_type: token}"),
            [
                f"identity.{key}: cannot stand beside identity.cloud"
                for key in ("auth_url", "auth_type", "auth")
            ],
        )

    def test_clouds_file_alone(self) -> None:
        """
        A clouds.yaml without the name of a cloud says nothing.
        """
        (self.folder / "clouds.yaml").write_text("")
        self.assertEqual(
            self.errors("identity: {clouds_file: clouds.yaml}"),
            ["identity.cloud: is required with clouds_file"],
        )

    def test_scheduler_names(self) -> None:
        """
        Filters and weighers are those that the scheduler knows.
        """
        self.assertWrong(
            "scheduling: {filters: [state, heath], weighers: {bindin: 1}}",
            "scheduling.filters[1]: unknown filter heath (did you mean health?)",
            "scheduling.weighers.bindin: unknown weigher bindin (did you mean binding?)",
            known=Known(filters={"state", "health"}, weighers={"binding"}),
        )

    def test_usage_forgotten_before_it_is_asked(self) -> None:
        """
        A usage must not count as unknown before the pods are asked again, whichever of the two is left as it is.
        """
        for usage, told in (
            ("interval_seconds: 7200", "7200: 3600"),
            ("stale_seconds: 60", "300: 60"),
            ("interval_seconds: 60, stale_seconds: 60", "60: 60"),
        ):
            self.assertWrong(
                f"usage: {{{usage}}}", f"usage.stale_seconds: must be more than interval_seconds, {told}"
            )
        for usage in ("interval_seconds: 0, stale_seconds: 10", "interval_seconds: 60, stale_seconds: 61"):
            self.read(f"{IDENTITY}usage: {{{usage}}}")

    def test_unified_limits(self) -> None:
        """
        Limits that are Keystone's are not configured here; an application credential has no role on the system.
        """
        self.read(f"{IDENTITY}quotas: {{source: keystone, volume: {{volumes: 1}}}}")
        self.assertWrong(
            "quotas: {source: keystone, compute: {cores: 1}}",
            "quotas.compute: cannot stand beside source: keystone",
        )
        wrong = "cannot be system with an application credential, which is a project's"
        identity = IDENTITY.replace("{", "{auth_type: v3applicationcredential, ", 1)
        self.assertEqual(
            [f"quotas.keystone_scope: {wrong}"], self.errors(f"{identity}quotas: {{keystone_scope: system}}")
        )

    def test_quotas(self) -> None:
        """
        Limits are of resources that the service has, or of a volume type, and no smaller than none.
        """
        quotas = self.read(
            f"{IDENTITY}quotas: {{compute: {{cores: 0}}, volume: {{gigabytes_a b: -1, groups: 5}}}}"
        ).quotas
        self.assertEqual(({"cores": 0}, {"gigabytes_a b": -1, "groups": 5}), (quotas.compute, quotas.volume))
        for given, told in (
            (
                "compute: {corse: 5}",
                r"quotas.compute: has an unknown resource corse (did you mean cores?)",
            ),
            ("compute: {gigabytes_fast: 5}", "quotas.compute: has an unknown resource gigabytes_fast"),
            ("volume: {instances: 5}", "quotas.volume: has an unknown resource instances"),
            (
                "volume: {volumes: -2}",
                "quotas.volume: has -2 for volumes: must be from -1, which is no limit, to 2147483647",
            ),
            ("pods: lower", "quotas.pods: must be one of raise, check, leave, not 'lower'"),
        ):
            self.assertWrong(f"quotas: {{{given}}}", told)

    def test_shared_kinds(self) -> None:
        """
        What is done about differences is said of kinds that there are: one misspelt would be ignored in silence.
        """
        shared = self.read(f"{IDENTITY}shared: {{kinds: {{flavor: adopt, aggregate: overwrite}}}}").shared
        self.assertEqual(
            [DriftPolicy.ADOPT, DriftPolicy.OVERWRITE, DriftPolicy.IGNORE],
            [shared.on_drift(kind) for kind in ("flavor", "aggregate", "key_pair")],
        )
        known = "flavor, key_pair, volume_type, qos_specs, group_type, default_type, aggregate"
        for kinds, told in (
            ("flavr: adopt", "has an unknown kind flavr (did you mean flavor?)"),
            ("zebra: adopt", f"has an unknown kind zebra: known are {known}"),
            ("flavor: take", "has flavor, which must be one of ignore, adopt, overwrite, not 'take'"),
        ):
            self.assertWrong(f"shared: {{kinds: {{{kinds}}}}}", f"shared.kinds: {told}")

    def test_further_judgement(self) -> None:
        """
        Credentials and policy are judged beside other errors, as long as they themselves are right so far.
        """

        def credentials(identity: IdentitySection) -> Iterable[Problem]:
            yield "identity", f"bad {identity.auth_type}"

        def policy(path: Path) -> Iterable[str]:
            yield f"{path.name}: bad rule"

        (self.folder / "rules").write_text("")
        known = Known(credentials=credentials, policy=policy)
        problems = self.assertRaises(
            ConfigErrors, self.read, IDENTITY + "policy_file: rules\nzzz: 1\n", known=known
        )
        self.assertEqual(
            problems.errors,
            ("trio2o.yaml: zzz: unknown key", "trio2o.yaml: identity: bad password", "rules: bad rule"),
        )
        self.assertEqual(
            self.errors("identity: {auth_url: x, auth: {a: b}}\npolicy_file: none\n", known=known),
            [
                "identity.auth_url: must be a URL such as https://host:8774/prefix",
                f"policy_file: {self.folder}/none cannot be read: No such file or directory",
            ],
        )


class PodsDeclaredTests(ConfigTestCase):
    """
    The pod list as the store takes it.
    """

    def test_all(self) -> None:
        """
        Every option of a pod arrives, and absent ones take their defaults.
        """
        (self.folder / "ca.pem").write_text("")
        first, second = self.read(
            IDENTITY
            + textwrap.dedent(
                """
                pods:
                - name: Pod1
                  az: az1
                  pod_az: nova
                  dc: dc1
                  weight: 2.5
                  state: draining
                  affinity: [ssd, gpu]
                  endpoints: {compute: 'http://h:8774/'}
                  ca_file: ca.pem
                  connect_timeout_seconds: 1
                  answer_timeout_seconds: 2
                  concurrency: 3
                - {name: Pod2, az: az1}
                """
            )
        ).pods_declared()
        self.assertEqual(
            (
                first.name,
                first.az_name,
                first.pod_az_name,
                first.dc_name,
                first.weight,
                first.state,
                first.group,
            ),
            ("Pod1", "az1", "nova", "dc1", 2.5, PodState.DRAINING, "gpu,ssd"),
        )
        self.assertEqual(first.settings.endpoints, {"compute": "http://h:8774"})
        self.assertEqual(first.settings.ca_file, str(self.folder / "ca.pem"))
        self.assertEqual(
            (first.settings.connect_timeout, first.settings.answer_timeout, first.settings.concurrency),
            (1.0, 2.0, 3),
        )
        self.assertEqual((second.settings.ca_file, second.settings.connect_timeout), ("", None))
        self.assertTrue(first.declared and second.declared)
        self.assertNotEqual(first.id, second.id)
