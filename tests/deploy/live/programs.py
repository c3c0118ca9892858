"""Kubernetes' programs from its Go modules, of the version that the manifests are written for, with Debian's Go or a newer one."""
import os
import pathlib
import re

from engine import run

KUBERNETES = "1.32.0"
# What else a cluster and a laptop have: names, NATS's command line, helm.
OTHERS = {"coredns": ("github.com/coredns/coredns", "v1.12.0", ""), "nats": ("github.com/nats-io/natscli", "v0.1.6", "/nats"),
          "helm": ("helm.sh/helm/v3", "v3.17.3", "/cmd/helm")}
OF_KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet")
# Objects that others define: (module, version, files).
CRDS = [("github.com/prometheus-operator/prometheus-operator", "v0.79.2",
         [f"example/prometheus-operator-crd/monitoring.coreos.com_{one}.yaml" for one in ("servicemonitors", "prometheusrules")]),
        ("github.com/kedacore/keda/v2", "v2.16.1", ["config/crd/bases/keda.sh_scaledobjects.yaml"])]


def environment(is_static=True):
    return dict(os.environ, CGO_ENABLED="0" if is_static else "1", GOFLAGS="-mod=mod -trimpath", GOTOOLCHAIN="local")


def source_of(module, version):
    """The folder of a module's source."""
    run("go", "mod", "download", f"{module}@{version}", env=environment(), cwd="/")
    folder = run("go", "env", "GOMODCACHE").stdout.strip()
    return pathlib.Path(folder) / f"{module}@{version}"


def make_module(folder, module, version, packages, replaced=()):
    """A module of its own that needs nothing but what is built, so that its versions are those of that release."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "go.mod").write_text(f"module try\n\ngo 1.23.0\n\nrequire {module} {version}\n\n" + "".join(f"replace {one}\n" for one in replaced))
    imports = "".join(f'\t_ "{one}"\n' for one in packages)
    (folder / "tools.go").write_text(f"//go:build tools\n\npackage tools\n\nimport (\n{imports})\n")
    run("go", "mod", "tidy", cwd=folder, env=environment())


def build(work):
    """The programs in a folder, built unless they are there."""
    programs = pathlib.Path(work) / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    if not all((programs / name).exists() for name in OF_KUBERNETES):
        # Kubernetes is published as one repository and thirty modules beside it, whose versions only its own build knows.
        text = (source_of("k8s.io/kubernetes", f"v{KUBERNETES}") / "go.mod").read_text(encoding="utf-8")
        staging = re.findall(r"^\s*(k8s\.io/\S+) => \./staging", text, re.M)
        folder = pathlib.Path(work) / "kubernetes"
        packages = [f"k8s.io/kubernetes/cmd/{name}" for name in OF_KUBERNETES]
        make_module(folder, "k8s.io/kubernetes", f"v{KUBERNETES}", packages, [f"{one} => {one} v0.{KUBERNETES[2:]}" for one in staging])
        said = f"-s -w -X k8s.io/component-base/version.gitVersion=v{KUBERNETES} -X k8s.io/component-base/version.gitMajor=1 " \
               f"-X k8s.io/component-base/version.gitMinor={KUBERNETES.split('.')[1]}"
        run("go", "build", "-p", "2", "-ldflags", said, "-o", f"{programs}/", *packages, cwd=folder, env=environment())
    if not (programs / "pause").exists():
        source = source_of("k8s.io/kubernetes", f"v{KUBERNETES}") / "build/pause/linux/pause.c"
        run("cc", "-Os", "-static", "-DVERSION=try", "-o", programs / "pause", source)
    for name, (module, version, below) in OTHERS.items():
        if not (programs / name).exists():
            folder = pathlib.Path(work) / f"module-{name}"
            make_module(folder, module, version, [module + below])
            run("go", "build", "-p", "2", "-ldflags", "-s -w", "-o", programs / name, module + below, cwd=folder, env=environment())
    return programs


def crds():
    """Files of the objects that KEDA and the Prometheus operator define."""
    return [source_of(module, version) / path for module, version, paths in CRDS for path in paths]
