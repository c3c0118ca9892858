#!/usr/bin/python3
"""Renders overlays and chart into tests/deploy/rendered, where the tests look at them: run it after each change of k8s/.

    tests/deploy/render.py          needs kubectl (its kustomize) and helm in PATH

The files are kept, so that the tests need neither; each begins with a checksum of what it was made of, by which a test finds
one that is out of date."""
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RENDERED = pathlib.Path(__file__).resolve().parent / "rendered"
# The version that manifests are written for; tests/deploy/schema/go.mod has its types.
KUBERNETES = "1.32.0"

KUSTOMIZE_INPUTS = ["k8s/base", "k8s/components", "k8s/nats", "k8s/postgres", "k8s/overlays"]
TARGETS = {
    "kind": (["kubectl", "kustomize", "k8s/overlays/kind"], KUSTOMIZE_INPUTS),
    "production": (["kubectl", "kustomize", "k8s/overlays/production"], KUSTOMIZE_INPUTS),
    "chart": (["helm", "template", "noetl", "k8s/helm/noetl", "--namespace", "noetl", "--kube-version", KUBERNETES,
               "--values", "k8s/helm/production.yaml"], ["k8s/helm"]),
}


def checksum_of(inputs):
    sha = hashlib.sha256()
    for folder in inputs:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and ".secrets" not in path.parts:
                sha.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return sha.hexdigest()


def can_render(target):
    return shutil.which(TARGETS[target][0][0]) is not None


def render(target):
    """The text of the file for a target: a line with the checksum, then what the tool says."""
    command, inputs = TARGETS[target]
    # The passwords of the laptop's overlay are each clone's own (deploy/make-secrets): here stand their names instead.
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "k8s", pathlib.Path(folder) / "k8s", ignore=shutil.ignore_patterns(".secrets"))
        for place in ("nats", "noetl", "postgres"):
            secrets = pathlib.Path(folder) / "k8s/overlays/kind" / place / ".secrets"
            secrets.mkdir()
            text = (ROOT / "k8s/overlays/kind" / place / "kustomization.yaml").read_text(encoding="utf-8")
            for name in re.findall(r"\.secrets/([\w.-]+)", text):
                (secrets / name).write_text(f"made by deploy/make-secrets: {name}")
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed with {run.returncode}: {run.stderr.strip()}")
    return f"# Written by tests/deploy/render.py from {checksum_of(inputs)}\n{run.stdout}"


def main():
    missing = [TARGETS[target][0][0] for target in TARGETS if not can_render(target)]
    if missing:
        sys.exit(f"render.py: not in PATH: {', '.join(sorted(set(missing)))}")
    RENDERED.mkdir(exist_ok=True)
    for target in TARGETS:
        (RENDERED / f"{target}.yaml").write_text(render(target), encoding="utf-8")
        print(f"wrote {target}.yaml")


if __name__ == "__main__":
    main()
