#!/usr/bin/python3
"""deploy/ and k8s/ against the code, against Kubernetes' own types and against each other. Starts nothing but checkers."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import jsonschema
import yaml

import product
import render
from manifests import Manifests, comparable, name_of, seconds_of, selects, without_hash
from product import ROOT, text_of

RENDERED = {target: (render.RENDERED / f"{target}.yaml").read_text(encoding="utf-8") for target in render.TARGETS}
MANIFESTS = {target: Manifests(text) for target, text in RENDERED.items()}
# Variables of the pods and containers that are not settings of ours.
FOREIGN_VARIABLES = {"SSL_CERT_DIR"}


def env_file(path):
    lines = [line.split("=", 1) for line in text_of(path).splitlines() if line and not line.startswith("#")]
    return dict(lines)


def environment_of(manifests, workload):
    """What the first container of a workload is given in the clear."""
    container = workload["spec"]["template"]["spec"]["containers"][0]
    variables = {}
    for source in container.get("envFrom", []):
        variables.update(manifests.one("ConfigMap", source["configMapRef"]["name"], workload["metadata"].get("namespace", "noetl"))["data"])
    variables.update({one["name"]: one.get("value") for one in container.get("env", [])})
    return variables


def bytes_of(size):
    """Of Kubernetes' 4Gi, a setting's 224MiB and compose's 2g."""
    number, unit = re.fullmatch(r"(\d+)([KMGkmg])i?B?", size).groups()
    return int(number) * 1024 ** ("KMG".index(unit.upper()) + 1)


# The process itself, its interpreters, and DuckDB within it.
MEMORY_OF_A_WORKER = 512 * 1024 * 1024


class RenderedTest(unittest.TestCase):
    maxDiff = None

    def test_rendered_files_are_of_the_manifests_as_they_are(self):
        for target, (_command, inputs) in render.TARGETS.items():
            first_line = RENDERED[target].splitlines()[0]

            self.assertIn(render.checksum_of(inputs), first_line,
                          f"k8s/ has changed since rendered/{target}.yaml was written: run tests/deploy/render.py")

    def test_rendering_again_brings_the_same_where_the_tools_are(self):
        for target in filter(render.can_render, render.TARGETS):
            self.assertEqual(RENDERED[target], render.render(target), f"run tests/deploy/render.py ({target})")

    def test_every_object_has_only_fields_that_kubernetes_knows(self):
        schema = json.loads((ROOT / "tests/deploy/kubernetes.schema.json").read_text(encoding="utf-8"))
        for target, manifests in MANIFESTS.items():
            for one in manifests.objects:
                kind = f"{one['apiVersion']}/{one['kind']}"
                self.assertIn(kind, schema["kinds"], f"{target}: {name_of(one)} is of a kind that the schema lacks")
                validator = jsonschema.Draft7Validator({**schema["kinds"][kind], "definitions": schema["definitions"]})
                errors = [f"{'/'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(one)]

                self.assertEqual([], errors, f"{target}: {name_of(one)}")

    def test_the_schema_refuses_a_misspelt_field(self):
        schema = json.loads((ROOT / "tests/deploy/kubernetes.schema.json").read_text(encoding="utf-8"))
        broken = yaml.safe_load(yaml.safe_dump(MANIFESTS["kind"].one("Deployment", "noetl-server")))
        broken["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}

        validator = jsonschema.Draft7Validator({**schema["kinds"]["apps/v1/Deployment"], "definitions": schema["definitions"]})

        self.assertIn("readynessProbe", " ".join(error.message for error in validator.iter_errors(broken)))

    def test_chart_and_overlay_for_production_are_the_same(self):
        kustomized = {name_of(one).replace("noetl/", "/"): one for one in map(comparable, MANIFESTS["production"].of(
            *{one["kind"] for one in MANIFESTS["production"].objects} - {"Namespace"}, namespace="noetl"))}
        charted = {name_of(one): one for one in map(comparable, MANIFESTS["chart"].objects)}

        self.assertEqual(sorted(kustomized), sorted(charted))
        for name, one in kustomized.items():
            self.assertEqual(one, charted[name], name)

    def test_the_chart_refuses_values_that_it_does_not_know(self):
        schema = json.loads(text_of("k8s/helm/noetl/values.schema.json"))
        values = yaml.safe_load(text_of("k8s/helm/noetl/values.yaml"))
        validator = jsonschema.Draft7Validator(schema)

        self.assertEqual([], [error.message for error in validator.iter_errors(values)])
        for path, value in (("server.replica", 3), ("server.settings.NATS_URL", "x"), ("pools.Big_One", values["pools"]["default"]),
                            ("keda.pools.default.by", "guess"), ("server.replicas", 0)):
            broken = json.loads(json.dumps(values))
            *folders, last = path.split(".")
            place = broken
            for folder in folders:
                place = place[folder]
            place[last] = value
            self.assertFalse(validator.is_valid(broken), f"{path} = {value} should be refused")


class ProductTest(unittest.TestCase):
    """What is named here exists in the code."""

    def check_settings(self, variables, where):
        unknown = set(variables) - product.settings() - FOREIGN_VARIABLES
        self.assertEqual(set(), unknown, f"{where} sets what is no setting of docs/reference/configuration.md")

    def test_every_variable_of_a_pod_is_a_setting(self):
        for target, manifests in MANIFESTS.items():
            for workload in manifests.of("Deployment", "Job"):
                variables = environment_of(manifests, workload)
                self.assertTrue(variables)
                self.check_settings(variables, f"{target}: {name_of(workload)}")

    def test_every_variable_of_compose_and_systemd_is_a_setting(self):
        services = yaml.safe_load(text_of("deploy/compose.yaml"))["services"]
        for name in ("server", "worker"):
            self.check_settings(services[name]["environment"], f"compose.yaml, service {name}")
        for path in ("deploy/systemd/server.env", "deploy/systemd/worker.env"):
            commented = re.findall(r"^#([A-Z][A-Z0-9_]+)=", text_of(path), re.M)
            self.check_settings({*env_file(path), *commented}, path)

    def test_a_setting_that_does_not_exist_is_found(self):
        with self.assertRaises(AssertionError):
            self.check_settings({"NOETL_NO_SUCH_SETTING"}, "here")

    def test_the_programs_take_the_settings(self):
        program = pathlib.Path(os.environ.get("NOETL_BIN_DIR", ROOT / "build/release/bin")) / "noetlctl"
        if not program.exists():
            self.skipTest(f"{program} is not built")
        files = [env_file(path) for path in ("k8s/base/server.env", "k8s/base/worker.env", "deploy/systemd/server.env",
                                             "deploy/systemd/worker.env")]
        for variables in files:
            known = {key: value for key, value in variables.items() if key != "NOETL_RUN_MODE"}
            run = subprocess.run([program, "config"], env={"PATH": "/usr/bin:/bin", **known}, capture_output=True, text=True, check=False)
            self.assertEqual(0, run.returncode, f"{known}: {run.stderr}")

    def test_every_probe_of_a_server_is_a_route(self):
        routes, _operations = product.endpoints()
        for target, manifests in MANIFESTS.items():
            container = manifests.one("Deployment", "noetl-server")["spec"]["template"]["spec"]["containers"][0]
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                self.assertIn(("GET", container[probe]["httpGet"]["path"]), routes, f"{target}: {probe}")
            # A server without Postgres must not be restarted.
            self.assertEqual("/livez", container["livenessProbe"]["httpGet"]["path"])
            self.assertEqual("/readyz", container["readinessProbe"]["httpGet"]["path"])

    def test_every_probe_of_a_worker_is_answered_by_its_health_port(self):
        source = text_of("worker/health/health_server.cpp")
        for target, manifests in MANIFESTS.items():
            workers = [one for one in manifests.of("Deployment") if one["metadata"]["labels"]["app"] == "noetl-worker"]
            self.assertTrue(workers)
            for worker in workers:
                container = worker["spec"]["template"]["spec"]["containers"][0]
                ports = {port["name"]: port["containerPort"] for port in container["ports"]}
                self.assertEqual(environment_of(manifests, worker)["NOETL_HEALTH_PORT"], str(ports["health"]), target)
                for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                    self.assertEqual("health", container[probe]["httpGet"]["port"], f"{target}: {probe}")
                    self.assertIn(f'"{container[probe]["httpGet"]["path"]}"', source, f"{target}: {probe}")
                self.assertEqual("/livez", container["livenessProbe"]["httpGet"]["path"], target)

    def expressions(self):
        """(where, PromQL) of every alert and every panel."""
        for group in yaml.safe_load(text_of("deploy/prometheus/alerts.yaml"))["groups"]:
            for rule in group["rules"]:
                yield f"alert {rule['alert']}", rule["expr"]
        dashboard = json.loads(text_of("deploy/grafana/dashboards/noetl.json"))
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                yield f"panel {panel['title']}", target["expr"]
        for variable in dashboard["templating"]["list"]:
            yield f"variable {variable['name']}", variable["query"]["query"]

    def test_every_metric_of_alerts_and_dashboards_is_one_of_the_server(self):
        known = product.metrics()
        self.assertIn("noetl_http_request_seconds_bucket", known)
        for where, expression in self.expressions():
            named = set(re.findall(r"\bnoetl_\w+", expression))
            self.assertEqual(set(), named - set(known), f"{where}: {expression}")
            for name in named:
                if re.search(rf"(increase|rate)\({name}\b", expression):
                    self.assertNotEqual("gauge", known[name], f"{where}: a rate of a gauge")

    def test_counters_end_in_total_and_nothing_else_does(self):
        for name, kind in product.metrics().items():
            self.assertEqual(kind == "counter", name.endswith("_total"), f"{name} is a {kind}")

    def test_every_operation_of_alerts_and_dashboards_is_one_of_the_server(self):
        _routes, operations = product.endpoints()
        for where, expression in self.expressions():
            for listed in re.findall(r'operation=~?"([^"]+)"', expression):
                self.assertEqual(set(), set(listed.split("|")) - operations, where)

    def test_every_group_of_alerts_and_dashboards_is_one_of_the_server(self):
        groups = set(re.findall(r'return "(\w+)"', text_of("server/api/routes/request_metrics.cpp"))) | {"read", "write"}
        for where, expression in self.expressions():
            for listed in re.findall(r'group=~?"([^"]+)"', expression):
                self.assertEqual(set(), set(listed.split("|")) - groups, where)

    def test_what_every_server_reads_from_one_database_is_not_summed(self):
        for where, expression in self.expressions():
            self.assertNotRegex(expression, r"sum( by \([^)]*\))? ?\(noetl_queue_", where)

    def test_every_metric_of_the_server_is_documented(self):
        documents = text_of("docs/operations/monitor.md") + text_of("docs/reference/protocol.md")
        for name in product.metrics():
            self.assertIn(re.sub("_(bucket|sum|count)$", "", name), documents)

    def test_streams_and_consumers_are_those_of_the_code(self):
        names = product.jetstream_names()
        for manifests in (MANIFESTS["production"], MANIFESTS["chart"]):
            for scaled in manifests.of("ScaledObject"):
                lanes = iter(("", ":lane1", ":lane2"))
                for trigger in scaled["spec"]["triggers"]:
                    if trigger["type"] == "nats-jetstream":
                        pool = scaled["spec"]["scaleTargetRef"]["name"].removeprefix("noetl-worker-")
                        self.assertEqual(names["commands_stream"], trigger["metadata"]["stream"])
                        self.assertEqual(f"{names['commands_consumer']}-{pool}{next(lanes)}", trigger["metadata"]["consumer"])
                    else:
                        self.assertIn(("GET", "/" + trigger["metadata"]["url"].split("/", 3)[3]), product.endpoints()[0])
        nats = text_of("deploy/nats/accounts.conf")
        for name in ("commands_stream", "dead_stream", "commands_subject", "dead_subject"):
            self.assertIn(names[name], nats)

    def test_the_image_is_built_from_all_that_the_build_reads(self):
        ignored = text_of("deploy/Dockerfile.dockerignore").splitlines()
        folders = re.search(r"foreach\(folder\s(.*?)\)", text_of("CMakeLists.txt"), re.S).group(1).split()
        for folder in {folder.split("/")[0] for folder in folders} | {"cmake", "sql", "deploy/systemd", "deploy/debian", "deploy/nats"}:
            self.assertIn(f"!{folder}", ignored)
        packages = set(re.findall(r"\b(lib[\w+-]+-dev|[\w-]+-dev)\b", text_of("deploy/Dockerfile"))) - {"dpkg-dev"}
        wanted = set(re.findall(r"\b(lib[\w+-]+-dev|[\w-]+-dev)\b", re.search(r"PACKAGES=\((.*?)\)", text_of("dev"), re.S).group(1)))
        self.assertEqual(wanted - {"doctest-dev"}, packages)


class OperationTest(unittest.TestCase):
    """What holds when pods come and go."""

    def test_a_worker_may_finish_the_longest_tool_before_it_is_killed(self):
        for target, manifests in MANIFESTS.items():
            workers = [one for one in manifests.of("Deployment") if one["metadata"]["labels"]["app"] == "noetl-worker"]
            self.assertTrue(workers)
            for worker in workers:
                variables = environment_of(manifests, worker)
                grace, tool = seconds_of(variables["NOETL_GRACE"]), seconds_of(variables["NOETL_TOOL_TIMEOUT"])
                killed = worker["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
                self.assertGreater(grace, tool, f"{target}: {name_of(worker)}")
                self.assertGreaterEqual(killed, grace + 15, f"{target}: {name_of(worker)}")
        unit = text_of("deploy/systemd/noetl-worker@.service")
        variables = env_file("deploy/systemd/worker.env")
        self.assertGreater(seconds_of(variables["NOETL_GRACE"]), seconds_of(variables["NOETL_TOOL_TIMEOUT"]))
        self.assertGreaterEqual(int(re.search(r"TimeoutStopSec=(\d+)", unit).group(1)), seconds_of(variables["NOETL_GRACE"]) + 15)
        worker = yaml.safe_load(text_of("deploy/compose.yaml"))["services"]["worker"]
        self.assertGreaterEqual(seconds_of(worker["stop_grace_period"]), seconds_of(worker["environment"]["NOETL_GRACE"]) + 15)

    def test_a_server_answers_until_no_balancer_names_it(self):
        for target, manifests in MANIFESTS.items():
            server = manifests.one("Deployment", "noetl-server")
            leaving = seconds_of(environment_of(manifests, server)["NOETL_SHUTDOWN_DELAY"])
            self.assertGreaterEqual(leaving, 5, target)
            self.assertGreaterEqual(server["spec"]["template"]["spec"]["terminationGracePeriodSeconds"], leaving + 30, target)

    def test_a_worker_is_drained_before_it_stops(self):
        for target, manifests in MANIFESTS.items():
            for one in manifests.of("Deployment"):
                if one["metadata"]["labels"]["app"] == "noetl-worker":
                    container = one["spec"]["template"]["spec"]["containers"][0]
                    self.assertIn("noetlctl worker drain", container["lifecycle"]["preStop"]["exec"]["command"][-1], target)
                    names = [variable["name"] for variable in container["env"]]
                    self.assertIn("NOETL_WORKER_ID", names, "preStop drains by this name")

    def test_every_pod_is_allowed_in_a_restricted_namespace(self):
        for target, manifests in MANIFESTS.items():
            for what, template in manifests.pods():
                pod = template["spec"]
                where = f"{target}: {what}"
                self.assertIs(True, pod["securityContext"]["runAsNonRoot"], where)
                self.assertEqual("RuntimeDefault", pod["securityContext"]["seccompProfile"]["type"], where)
                self.assertIs(False, pod["automountServiceAccountToken"], where)
                for container in pod["containers"] + pod.get("initContainers", []):
                    security = container["securityContext"]
                    self.assertIs(False, security["allowPrivilegeEscalation"], where)
                    self.assertIs(True, security["readOnlyRootFilesystem"], where)
                    self.assertEqual(["ALL"], security["capabilities"]["drop"], where)
                    self.assertEqual({"memory", "ephemeral-storage"}, set(container["resources"]["limits"]), where)
                    self.assertEqual({"cpu", "memory", "ephemeral-storage"}, set(container["resources"]["requests"]), where)

    def test_what_a_pod_may_write_fits_into_its_limit_of_storage(self):
        for target, manifests in MANIFESTS.items():
            for what, template in manifests.pods():
                folders = sum(bytes_of(volume["emptyDir"]["sizeLimit"]) for volume in template["spec"].get("volumes", [])
                              if "emptyDir" in volume and volume["emptyDir"].get("medium") != "Memory")
                limits = sum(bytes_of(one["resources"]["limits"]["ephemeral-storage"]) for one in template["spec"]["containers"])
                self.assertLess(folders, limits, f"{target}: {what}")

    def test_steps_that_take_all_they_may_leave_the_worker_alive(self):
        for target, manifests in MANIFESTS.items():
            for worker in (one for one in manifests.of("Deployment") if one["metadata"]["labels"]["app"] == "noetl-worker"):
                variables = environment_of(manifests, worker)
                limit = worker["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"]
                tools = int(variables["NOETL_WORKER_SLOTS"]) * bytes_of(variables["NOETL_TOOL_MEMORY_MAX"])
                self.assertGreaterEqual(bytes_of(limit), tools + MEMORY_OF_A_WORKER, f"{target}: {name_of(worker)}")
        env = env_file("deploy/.env")
        tools = int(env["NOETL_WORKER_SLOTS"]) * bytes_of(env["NOETL_TOOL_MEMORY_MAX"])
        self.assertGreaterEqual(bytes_of(env["WORKER_MEMORY"]), tools + MEMORY_OF_A_WORKER)

    def test_servers_and_the_migration_reach_one_postgres_and_no_other(self):
        for target, manifests in MANIFESTS.items():
            for name in ("noetl-server", "noetl-migrate"):
                rules = [rule for rule in manifests.one("NetworkPolicy", name)["spec"]["egress"] if any(port["port"] == 5432 for port in rule["ports"])]
                (rule,) = rules
                (peer,) = rule["to"]
                where = peer["ipBlock"]["cidr"] if "ipBlock" in peer else peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
                self.assertEqual("postgres" if target == "kind" else "192.0.2.10/32", where, f"{target}: {name}")

    def test_the_role_of_the_server_is_not_named_like_its_schema(self):
        self.assertEqual("noetl_server", yaml.safe_load(text_of("deploy/compose.yaml"))["services"]["server"]["environment"]["POSTGRES_USER"])
        self.assertEqual("noetl_server", env_file("deploy/systemd/server.env")["POSTGRES_USER"])
        for path in ("deploy/postgres/roles.sh", "deploy/make-secrets", "docs/operations/deploy.md", "docs/operations/kubernetes.md"):
            self.assertNotRegex(text_of(path), r"create role noetl\b|postgresql://noetl[:@]|owner noetl\b", path)

    def test_the_ingress_of_the_page_leads_to_the_service(self):
        block = re.search(r"```yaml\n(apiVersion: networking.k8s.io/v1\nkind: Ingress.*?)```", text_of("docs/operations/kubernetes.md"), re.S).group(1)
        ingress = yaml.safe_load(block)
        service = MANIFESTS["production"].one("Service", "noetl")
        (rule,) = ingress["spec"]["rules"]
        backend = rule["http"]["paths"][0]["backend"]["service"]
        self.assertEqual((service["metadata"]["name"], service["spec"]["ports"][0]["name"]), (backend["name"], backend["port"]["name"]))
        self.assertEqual([rule["host"]], ingress["spec"]["tls"][0]["hosts"])

    def test_nothing_rendered_ends_with_blanks(self):
        for target, text in RENDERED.items():
            self.assertEqual([], [number for number, line in enumerate(text.splitlines(), 1) if line != line.rstrip()], target)

    def test_production_names_its_images_by_version(self):
        for target in ("production", "chart"):
            for what, template in MANIFESTS[target].pods():
                for container in template["spec"]["containers"]:
                    self.assertRegex(container["image"], r":(?!latest)[\w.-]+$", f"{target}: {what}")

    def test_every_selector_finds_pods(self):
        for target, manifests in MANIFESTS.items():
            for one in manifests.of("Service", "PodDisruptionBudget", "NetworkPolicy", "ServiceMonitor"):
                spec = one["spec"]
                selector = {"matchLabels": spec["selector"]} if one["kind"] == "Service" else spec.get("selector", spec.get("podSelector"))
                namespace = one["metadata"].get("namespace", "noetl")
                labelled = [pod["spec"]["template"]["metadata"]["labels"] for pod in manifests.of("Deployment", "StatefulSet", "Job")
                            if pod["metadata"].get("namespace", "noetl") == namespace]
                if one["kind"] == "ServiceMonitor":
                    labelled = [service["metadata"]["labels"] for service in manifests.of("Service")]
                self.assertTrue(any(selects(selector, labels) for labels in labelled), f"{target}: {name_of(one)}")

    def test_what_is_scaled_exists_and_says_no_number_itself(self):
        for target in ("production", "chart"):
            scaled = MANIFESTS[target].of("HorizontalPodAutoscaler", "ScaledObject")
            self.assertEqual(3, len(scaled))
            for one in scaled:
                workload = MANIFESTS[target].one("Deployment", one["spec"]["scaleTargetRef"]["name"])
                self.assertNotIn("replicas", workload["spec"], f"{target}: {name_of(workload)}")

    def test_what_pods_refer_to_is_there_or_documented(self):
        guide = text_of("docs/operations/kubernetes.md")
        for target, manifests in MANIFESTS.items():
            made = {(one["kind"], one["metadata"]["name"]): one for one in manifests.of("Secret", "ConfigMap")}
            for what, template in manifests.pods():
                pod = template["spec"]
                references = [("Secret", variable["valueFrom"]["secretKeyRef"]["name"], variable["valueFrom"]["secretKeyRef"]["key"])
                              for container in pod["containers"] for variable in container.get("env", [])
                              if "secretKeyRef" in variable.get("valueFrom", {})]
                references += [("ConfigMap", source["configMapRef"]["name"], None)
                               for container in pod["containers"] for source in container.get("envFrom", [])]
                references += [("Secret", volume["secret"]["secretName"], None) for volume in pod.get("volumes", []) if "secret" in volume]
                references += [("ConfigMap", volume["configMap"]["name"], None) for volume in pod.get("volumes", []) if "configMap" in volume]
                for kind, name, key in references:
                    if (kind, name) in made:
                        one = made[kind, name]
                        if key and key != "encryption-key":
                            self.assertIn(key, {**one.get("data", {}), **one.get("stringData", {})}, f"{target}: {what}, {name}")
                    else:
                        self.assertEqual("Secret", kind, f"{target}: {what} refers to {name}, which is nowhere")
                        self.assertIn(f"`{without_hash(name)}`", guide, f"{target}: {what} needs a secret that docs/operations/kubernetes.md does not tell of")

    def test_ports_of_noetl_v1_lead_to_server_and_nats(self):
        outside = {one["hostPort"]: one["containerPort"] for one in
                   yaml.safe_load(text_of("k8s/kind.yaml"))["nodes"][0]["extraPortMappings"]}

        server = MANIFESTS["kind"].one("Service", "noetl")["spec"]
        nats = MANIFESTS["kind"].one("Service", "nats", "nats")["spec"]

        self.assertEqual({8082, 30422}, set(outside))
        self.assertEqual((outside[8082], 8082), (server["ports"][0]["nodePort"], server["ports"][0]["port"]))
        self.assertEqual((outside[30422], 4222), (nats["ports"][0]["nodePort"], nats["ports"][0]["port"]))

    def test_names_of_noetl_v1_are_kept(self):
        kind = MANIFESTS["kind"]
        self.assertEqual(["noetl-server"], [c["name"] for c in kind.one("Deployment", "noetl-server")["spec"]["template"]["spec"]["containers"]])
        self.assertEqual(["worker"], [c["name"] for c in kind.one("Deployment", "noetl-worker")["spec"]["template"]["spec"]["containers"]])
        self.assertEqual("noetl-worker", kind.one("Deployment", "noetl-worker")["spec"]["template"]["metadata"]["labels"]["app"])
        self.assertEqual(3, kind.one("StatefulSet", "nats", "nats")["spec"]["replicas"])


class FilesTest(unittest.TestCase):
    def test_copies_are_equal(self):
        for name in ("nats-server.conf", "accounts.conf"):
            self.assertEqual(text_of(f"deploy/nats/{name}"), text_of(f"k8s/nats/{name}"))
        for name in ("postgresql.conf", "roles.sh"):
            self.assertEqual(text_of(f"deploy/postgres/{name}"), text_of(f"k8s/postgres/{name}"))
        self.assertEqual(text_of("deploy/prometheus/alerts.yaml"), text_of("k8s/helm/noetl/files/alerts.yaml"))
        rule = yaml.safe_load(text_of("k8s/components/monitoring/alerts.yaml"))
        self.assertEqual(yaml.safe_load(text_of("deploy/prometheus/alerts.yaml"))["groups"], rule["spec"]["groups"])

    def test_yamllint_finds_nothing(self):
        program = shutil.which("yamllint")
        if not program:
            self.skipTest("yamllint (Debian's package of that name) is not here")
        run = subprocess.run([program, "--strict", "deploy", "k8s", ".ci"], cwd=ROOT, capture_output=True, text=True, check=False)
        self.assertEqual((0, ""), (run.returncode, run.stdout))
        chart = subprocess.run([program, "--strict", "--config-file", ".yamllint", "-"], cwd=ROOT, input=RENDERED["chart"], capture_output=True, text=True, check=False)
        self.assertEqual((0, ""), (chart.returncode, chart.stdout))

    def test_nats_server_accepts_every_configuration(self):
        program = shutil.which("nats-server")
        self.assertIsNotNone(program, "nats-server is not in PATH (./dev setup installs it)")
        with tempfile.TemporaryDirectory() as folder:
            secrets = pathlib.Path(folder) / "nats-secrets"
            for name in ("certificates", "passwords"):
                (secrets / name).mkdir(parents=True)
            hashed = '"$2a$11$' + "a" * 53 + '"'
            names = ("SERVER", "WORKER", "WORKER_BATCH", "PRODUCER", "PLAYBOOK", "OPERATOR", "OBSERVER", "SYSTEM")
            (secrets / "passwords/passwords.conf").write_text("".join(f"{name}_PASSWORD: {hashed}\n" for name in names))
            certificates = secrets / "certificates"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=nats",
                            "-keyout", certificates / "tls.key", "-out", certificates / "tls.crt"], check=True, capture_output=True)
            shutil.copy(certificates / "tls.crt", certificates / "ca.crt")
            (pathlib.Path(folder) / "nats").mkdir()
            shutil.copy(ROOT / "deploy/nats/accounts.conf", pathlib.Path(folder) / "nats/accounts.conf")
            for path in ("deploy/nats/nats-server.conf", "deploy/nats/nats-server.compose.conf", "k8s/overlays/kind/nats/nats-server.conf"):
                here = pathlib.Path(folder) / "nats" / "nats-server.conf"
                here.write_text(text_of(path).replace("/etc/nats-secrets", str(secrets)).replace("/data", f"{folder}/data"))
                run = subprocess.run([program, "-t", "-c", here], capture_output=True, text=True, check=False,
                                     env={"PATH": "/usr/bin:/bin", "NATS_NAME": "nats-0"})
                self.assertEqual(0, run.returncode, f"{path}: {run.stdout}{run.stderr}")

    def test_compose_bounds_and_watches_every_service(self):
        services = yaml.safe_load(text_of("deploy/compose.yaml"))["services"]
        self.assertEqual({"secrets", "postgres", "nats", "server", "worker", "prometheus", "grafana"}, set(services))
        for name, service in services.items():
            # What makes the secrets has done so and ends.
            self.assertEqual("no" if name == "secrets" else "unless-stopped", service["restart"], name)
            self.assertIn("mem_limit", service, name)
            if name in ("postgres", "nats", "server", "worker"):
                self.assertIn("healthcheck", service, name)
            if name in ("prometheus", "grafana"):
                self.assertEqual(["monitoring"], service["profiles"], name)
        for name in ("server", "worker"):
            self.assertIs(True, services[name]["read_only"])
            self.assertEqual(["ALL"], services[name]["cap_drop"])

    def test_every_variable_of_compose_is_in_env_with_the_same_default(self):
        given = env_file("deploy/.env")
        for name, default in re.findall(r"\$\{(\w+):-([^}]*)\}", text_of("deploy/compose.yaml")):
            self.assertIn(name, given)
            self.assertEqual(given[name], default, f"default of {name} in compose.yaml and in .env")

    def test_the_image_changes_folders_by_workdir_alone(self):
        self.assertNotRegex(text_of("deploy/Dockerfile"), r"\bcd /?\w")

    def test_the_image_is_not_root_and_starts_the_command_line(self):
        last = text_of("deploy/Dockerfile").split("\nFROM ")[-1]
        self.assertRegex(last, r"\nUSER 10001:10001\n")
        self.assertIn('ENTRYPOINT ["/usr/bin/tini", "--", "noetlctl"]', last)
        for target, manifests in MANIFESTS.items():
            for name in ("noetl-server", "noetl-worker"):
                self.assertEqual(10001, manifests.one("Deployment", name)["spec"]["template"]["spec"]["securityContext"]["runAsUser"], target)

    def test_alerts_fire_when_they_should(self):
        program = shutil.which("promtool")
        if not program:
            self.skipTest("promtool (Debian's package prometheus) is not here")
        run = subprocess.run([program, "test", "rules", ROOT / "deploy/prometheus/alerts.test.yaml"], capture_output=True, text=True, check=False)
        self.assertEqual(0, run.returncode, run.stdout + run.stderr)

    def test_systemd_accepts_the_units(self):
        verify = shutil.which("systemd-analyze")
        if not verify:
            self.skipTest("systemd-analyze is not here")
        with tempfile.TemporaryDirectory() as folder:
            for unit in ("noetl-server.service", "noetl-worker@.service"):
                text = text_of(f"deploy/systemd/{unit}")
                # The programs are not installed here.
                text = re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", text)
                path = pathlib.Path(folder) / unit.replace("@", "@default")
                path.write_text(text)
                run = subprocess.run([verify, "verify", "--man=no", path], capture_output=True, text=True, check=False)
                ours = [line for line in run.stderr.splitlines() if "noetl-" in line]
                self.assertEqual([], ours, unit)

    def test_rules_of_the_package_are_complete(self):
        packaging = text_of("cmake/Packaging.cmake")
        for path in re.findall(r"(deploy/[\w@./-]+)", packaging):
            if path not in ("deploy/Dockerfile",):
                self.assertTrue((ROOT / path).exists(), path)
        for path in text_of("deploy/debian/conffiles").split():
            self.assertIn(pathlib.Path(path).name, packaging)

    def test_verbs_of_noetl_v1_are_there(self):
        tasks = yaml.safe_load(text_of("Taskfile.yml"))["tasks"]
        for verb in ("docker-build-noetl", "kind-create", "kind-load", "deploy", "redeploy", "logs", "port-forward"):
            self.assertIn(verb, tasks)


if __name__ == "__main__":
    unittest.main()
