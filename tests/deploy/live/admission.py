"""What the API server says to every manifest, before anything runs: strict validation, defaults and admission, nothing stored."""
import json
import pathlib

import yaml

import programs
from engine import ROOT, run

RENDERED = ROOT / "tests/deploy/rendered"


class Admission:
    def __init__(self, node, report):
        self.node, self.report = node, report

    def try_all(self):
        for path in programs.crds():
            self.node.kubectl("apply", "--server-side", "-f", path)
        self.node.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
        self.namespaces()
        for overlay in ("kind", "production"):
            self.ask(f"k8s/overlays/{overlay}", run("kubectl", "kustomize", ROOT / "k8s/overlays" / overlay).stdout)
        for component in sorted(one.name for one in (ROOT / "k8s/components").iterdir()):
            self.ask(f"k8s/components/{component}, alone with the base", self.with_base(component))
        self.ask("k8s/helm/noetl, as rendered", (RENDERED / "chart.yaml").read_text(encoding="utf-8"), "--namespace=noetl")
        self.refusals()

    def namespaces(self):
        """They must be there for a dry run of what they hold."""
        for path in RENDERED.glob("*.yaml"):
            for one in yaml.safe_load_all(path.read_text(encoding="utf-8")):
                if one and one["kind"] == "Namespace":
                    self.node.kubectl("apply", "-f", "-", input=json.dumps(one))

    def with_base(self, component):
        """A folder beside the overlays with the base and one component; patches of a component may concern another's objects."""
        folder = self.node.work / f"state/component-{component}"
        folder.mkdir(parents=True)
        up = pathlib.Path(*[".."] * len(folder.parts[1:])) / str(ROOT / "k8s").lstrip("/")
        needed = ["pool-batch"] if component == "keda" else []
        (folder / "kustomization.yaml").write_text(yaml.safe_dump({
            "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "namespace": "noetl", "resources": [str(up / "base")],
            "components": [str(up / "components" / one) for one in (*needed, component)]}))
        return run("kubectl", "kustomize", "--load-restrictor=LoadRestrictionsNone", folder).stdout

    def ask(self, what, text, *options):
        done = self.node.kubectl("apply", "--dry-run=server", "--validate=strict", *options, "-f", "-", input=text, check=False)
        warnings = [line for line in done.stderr.splitlines() if line.startswith("Warning")]
        refused = [line for line in done.stderr.splitlines() if line and not line.startswith("Warning")]
        number = sum(1 for one in yaml.safe_load_all(text) if one)
        self.report.saw(f"asked the API server: {what}", f"{number} objects, {len(done.stdout.splitlines())} accepted, {len(warnings)} warnings"
                        f"{'; ' + '; '.join([*refused, *warnings])[:400] if refused or warnings else ''}",
                        done.returncode == 0 and not warnings and number == len(done.stdout.splitlines()))

    def refusals(self):
        """That it looks at all: a misspelt field, and a pod that the namespace must not take."""
        text = (ROOT / "k8s/base/migrate.yaml").read_text(encoding="utf-8")
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "root"}, "spec": {"containers": [{"name": "root", "image": "local/noetl"}]}}
        for what, broken, sign in (("a misspelt field", text.replace("backoffLimit", "backofLimit"), "unknown field"),
                                   ("a pod without a security context", json.dumps(pod), "violates PodSecurity")):
            done = self.node.kubectl("apply", "--dry-run=server", "--validate=strict", "--namespace=noetl", "-f", "-", input=broken, check=False)
            self.report.saw(f"asked the API server: {what}", "refused" if sign in done.stderr else done.stderr[-200:], done.returncode != 0 and sign in done.stderr)
