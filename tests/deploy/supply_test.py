#!/usr/bin/python3
"""Where the parts come from, and that nobody ships a password: images, packages, the bill of materials, secrets."""
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

import yaml

from product import ROOT, text_of

BIN = pathlib.Path(os.environ.get("NOETL_BIN_DIR", ROOT / "build/release/bin"))
OURS = re.compile(r"^(local|registry\.example\.com)/")
# Words that were passwords once, where a value stands.
KNOWN = re.compile(r"(?i)(password|passwd|token)[\w.-]*[\"']?\s*[:=]\s*[\"']?(noetl|noetl-laptop|postgres|admin|password|changeme|secret)[\"']?\s*$"
                   r"|://\w+:(noetl|noetl-laptop|postgres|admin|password|changeme)@|noetl-laptop")


def pin_images():
    """deploy/pin-images as a module: it has no .py."""
    loader = importlib.machinery.SourceFileLoader("pin_images", str(ROOT / "deploy/pin-images"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("pin_images", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


def images_of(root):
    """(file, image) of everything that an engine or a cluster is told to fetch."""
    for path in ("deploy/Dockerfile",):
        text = (root / path).read_text(encoding="utf-8")
        for image in re.findall(r"^ARG DEBIAN=(\S+)", text, re.M):
            yield path, image
        for image in re.findall(r"^FROM (\S+)", text, re.M):
            if not image.startswith("${"):
                yield path, image
    for service in yaml.safe_load((root / "deploy/compose.yaml").read_text(encoding="utf-8"))["services"].values():
        yield "deploy/compose.yaml", re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", service["image"])
    for path in sorted((root / "k8s").rglob("*.yaml")):
        if "helm" not in path.parts:
            for image in re.findall(r"^\s*(?:- )?image: (\S+)", path.read_text(encoding="utf-8"), re.M):
                yield str(path.relative_to(root)), image


class ImagesTest(unittest.TestCase):
    def check(self, root):
        lock = pin_images().lock(root)
        found = {(where, image) for where, image in images_of(root) if not OURS.match(image)}
        self.assertTrue(found)
        for where, image in found:
            name = image.split("@")[0]
            self.assertIn(name, lock, f"{where} names {image}, which is not in deploy/images.lock")
            wanted = name if lock[name] == "-" else f"{name}@{lock[name]}"
            self.assertEqual(wanted, image, f"{where}: run deploy/pin-images")
        self.assertEqual(set(lock), {image.split("@")[0] for _where, image in found}, "deploy/images.lock has what nobody names")

    def test_every_image_is_one_of_the_lock_file(self):
        self.check(ROOT)

    def test_no_image_is_named_latest(self):
        for where, image in images_of(ROOT):
            if not OURS.match(image):
                self.assertRegex(image, r":[\w.-]*\d|:trixie-slim", where)

    def test_pinning_writes_the_digest_behind_every_name(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for part in ("deploy", "k8s"):
                shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns(".secrets"))
            module = pin_images()
            for round_ in ("a", "b"):  # and again, when a tag has moved
                module.pin(root, {name: "sha256:" + round_ * 64 for name in module.lock(root)})
                self.check(root)
            self.assertNotIn("a" * 64, (root / "deploy/compose.yaml").read_text(encoding="utf-8"))

    def test_an_image_that_is_not_in_the_lock_file_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for part in ("deploy", "k8s"):
                shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns(".secrets"))
            path = root / "k8s/nats/nats.yaml"
            path.write_text(re.sub(r"image: nats:\S+", "image: nats:1", path.read_text(encoding="utf-8")), encoding="utf-8")

            with self.assertRaises(AssertionError):
                self.check(root)

    def test_apt_can_be_held_at_a_moment(self):
        self.assertEqual(3, text_of("deploy/Dockerfile").count('apt-snapshot "${SNAPSHOT}"'), "one for each stage that runs apt-get")
        self.assertEqual(3, text_of("deploy/Dockerfile").count("apt-get update"))
        with tempfile.TemporaryDirectory() as folder:
            etc = pathlib.Path(folder) / "etc"
            (etc / "apt/sources.list.d").mkdir(parents=True)
            (etc / "os-release").write_text("VERSION_CODENAME=trixie\n")
            (etc / "apt/sources.list.d/debian.sources").write_text("URIs: http://archive.example/debian\n")

            for argument, code in (("", 0), ("yesterday", 2), ("20261128T000000Z", 0)):
                run = subprocess.run([ROOT / "deploy/apt-snapshot", argument], env={"PATH": "/usr/bin:/bin", "APT_SNAPSHOT_ROOT": folder}, check=False,
                                     capture_output=True)
                self.assertEqual(code, run.returncode, argument)

            self.assertEqual(["snapshot.sources"], os.listdir(etc / "apt/sources.list.d"))
            text = (etc / "apt/sources.list.d/snapshot.sources").read_text()
            self.assertEqual(2, text.count("/20261128T000000Z\n"))
            self.assertIn("Suites: trixie-security", text)
            self.assertEqual(2, text.count("Signed-By:"))

    def test_npm_fetches_by_hash_and_runs_nothing(self):
        lock = json.loads(text_of("deploy/duckdb/package-lock.json"))["packages"]
        fetched = {name: one for name, one in lock.items() if name}
        self.assertTrue(fetched)
        for name, one in fetched.items():
            self.assertTrue(one["integrity"].startswith("sha512-"), name)
        for path in ("dev", "deploy/Dockerfile"):
            for line in re.findall(r"npm (?:ci|install)[^\n]*", text_of(path)):
                self.assertIn("npm ci --ignore-scripts", line, path)


class BillTest(unittest.TestCase):
    def test_the_bill_names_what_the_programs_link_with(self):
        if not (BIN / "noetlctl").exists():
            self.skipTest(f"{BIN} has no programs")
        run = subprocess.run([ROOT / "deploy/sbom.py", "--bin", BIN], capture_output=True, text=True, check=False)
        self.assertEqual(0, run.returncode, run.stderr)
        bill = json.loads(run.stdout)

        self.assertEqual(("CycloneDX", "1.5"), (bill["bomFormat"], bill["specVersion"]))
        libraries = {one["name"]: one for one in bill["components"] if one["type"] == "library"}
        references = {one["bom-ref"] for one in bill["components"]} | {"noetl"}
        self.assertEqual(len(bill["components"]) + 1, len(references), "a reference is there once")
        for wanted in ("libc6", "libssl3", "libpq5", "@duckdb/node-bindings-linux-x64"):
            self.assertTrue(any(name.startswith(wanted) for name in libraries), wanted)
        self.assertTrue(any(name.startswith("libnats") for name in libraries))
        for one in libraries.values():
            self.assertTrue(one["version"] and one["purl"].startswith("pkg:"), one)
        for one in bill["dependencies"]:
            self.assertLessEqual({one["ref"], *one["dependsOn"]}, references)
        installed = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "libc6"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(installed, libraries["libc6"]["version"])

    def test_the_same_programs_have_the_same_bill(self):
        if not (BIN / "noetlctl").exists():
            self.skipTest(f"{BIN} has no programs")
        first, second = (subprocess.run([ROOT / "deploy/sbom.py", "--bin", BIN], capture_output=True, check=True).stdout for _one in range(2))

        self.assertEqual(first, second)

    def test_whoever_finds_a_hole_is_told_what_to_do(self):
        text = text_of("SECURITY.md")
        for part in ("Report", "Supported versions", "What it trusts"):
            self.assertIn(part, text)


class SecretsTest(unittest.TestCase):
    def files(self):
        listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "deploy", "k8s", "README.md", "docs/operations/deploy.md", "docs/operations/kubernetes.md"],
                                cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
        return listed or [str(path.relative_to(ROOT)) for folder in ("deploy", "k8s") for path in (ROOT / folder).rglob("*") if path.is_file()]

    def test_no_password_is_shipped(self):
        found = []
        for path in self.files():
            if ".secrets" in path or not (ROOT / path).exists():
                continue
            for number, line in enumerate((ROOT / path).read_text(encoding="utf-8", errors="replace").splitlines(), 1):
                if KNOWN.search(line.split(" #")[0]):
                    found.append(f"{path}:{number}: {line.strip()}")
        self.assertEqual([], found)

    def test_the_search_finds_what_was_shipped_once(self):
        for line in ("POSTGRES_PASSWORD=noetl", "      POSTGRES_PASSWORD: noetl", "      - url=nats://noetl:noetl@nats:4222", "    literals: [worker-token=noetl-laptop]",
                     'GF_SECURITY_ADMIN_PASSWORD: "admin"', "NOETL_WORKER_TOKEN: ${NOETL_WORKER_TOKEN:-noetl-laptop}"):
            self.assertRegex(line, KNOWN)

    def made(self, folder):
        for name in ("kept", "postgres", "nats", "server", "worker", "grafana"):
            (folder / name).mkdir(exist_ok=True)
        stubs = folder / "stubs"
        stubs.mkdir(exist_ok=True)
        (stubs / "chown").write_text("#!/bin/sh\nexit 0\n")
        (stubs / "chown").chmod(0o755)
        subprocess.run([ROOT / "deploy/make-secrets", "compose", folder], check=True, env={"PATH": f"{stubs}:/usr/bin:/bin"})
        return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file() and path.parent != stubs}

    def test_secrets_are_made_once_and_for_their_readers_alone(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            first = self.made(folder)
            second = self.made(folder)

            self.assertEqual(first, second)
            values = [value for path, value in first.items() if path.startswith("kept/")]
            self.assertEqual(len(values), len(set(values)), "each is its own")
            self.assertTrue(all(len(value) >= 44 for value in values))
            self.assertEqual(first["server/worker-token"], first["worker/worker-token"])
            for path in first:
                self.assertEqual(0, stat.S_IMODE(os.stat(folder / path).st_mode) & 0o077, path)
            # What steps can read has nothing of the server's.
            of_worker = " ".join(value for path, value in first.items() if path.startswith("worker/"))
            for secret in ("kept/postgres-noetl", "kept/postgres-superuser", "kept/encryption-key", "kept/nats-server", "kept/nats-operator"):
                self.assertNotIn(first[secret], of_worker, secret)

    def test_every_user_of_nats_gets_a_password(self):
        with tempfile.TemporaryDirectory() as name:
            lines = self.made(pathlib.Path(name))["nats/passwords.conf"]
        wanted = set(re.findall(r"\$(\w+_PASSWORD)", text_of("deploy/nats/accounts.conf")))

        self.assertEqual(wanted, set(re.findall(r'^(\w+): "[0-9a-f]{64}"$', lines, re.M)))

    def test_every_secret_that_compose_reads_is_made(self):
        services = yaml.safe_load(text_of("deploy/compose.yaml"))["services"]
        with tempfile.TemporaryDirectory() as name:
            made = self.made(pathlib.Path(name))
        for service in ("postgres", "server", "worker", "grafana"):
            named = re.findall(r"/run/noetl/([\w-]+)", json.dumps(services[service]))
            self.assertTrue(named, service)
            for one in named:
                self.assertIn(f"{service}/{one}", made)
        for service, description in services.items():
            for variable, value in (description.get("environment") or {}).items():
                if re.search("PASSWORD|TOKEN|ENCRYPTION_KEY", variable) and variable != "NOETL_TOKEN":
                    self.assertRegex(str(value), r"^/run/noetl/", f"{service}: {variable} comes from a file")

    def test_monitoring_of_nats_is_not_open_to_others(self):
        nats = yaml.safe_load(text_of("deploy/compose.yaml"))["services"]["nats"]

        self.assertEqual(1, len(nats["ports"]))
        self.assertRegex(text_of("deploy/nats/nats-server.compose.conf"), r"(?m)^http: 127\.0\.0\.1:8222$")


if __name__ == "__main__":
    unittest.main()
