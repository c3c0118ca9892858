"""The Debian package keeps server and steps apart: two users, files of each its own, units that shut away what they do not need."""
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
UNITS = {"noetl-server.service": 2.2, "noetl-worker@.service": 2.5}
# For whoever puts steps into namespaces with bubblewrap: docs/operations/deploy.md has the same lines.
BUBBLEWRAP = "[Service]\nRestrictNamespaces=user mnt pid ipc net uts\nSystemCallFilter=@mount pivot_root capset\n"


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


def settings_of(unit):
    """{name: [values]} of the section Service."""
    found = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", text_of(f"deploy/systemd/{unit}"), re.M):
        found.setdefault(name, []).append(value)
    return found


def exposure_of(unit, more=""):
    program = shutil.which("systemd-analyze")
    if not program:
        raise AssertionError("systemd-analyze is missing: Debian's package systemd has it (./dev setup)")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / unit.replace("@", "@default")
        path.write_text(text_of(f"deploy/systemd/{unit}") + more)
        run = subprocess.run([program, "security", "--offline=true", "--no-pager", path], capture_output=True, text=True, check=False)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", run.stdout)
    if not found:
        raise AssertionError(run.stdout + run.stderr)
    return float(found.group(1))


class UnitsTest(unittest.TestCase):
    def test_the_units_expose_little(self):
        for unit, most in UNITS.items():
            self.assertLessEqual(exposure_of(unit), most, unit)

    def test_namespaces_for_bubblewrap_leave_the_worker_within_its_bound(self):
        self.assertLessEqual(exposure_of("noetl-worker@.service", "\n" + BUBBLEWRAP), UNITS["noetl-worker@.service"])
        self.assertIn(BUBBLEWRAP, text_of("docs/operations/deploy.md"))

    def test_server_and_workers_are_two_users(self):
        users = {unit: settings_of(unit)["User"] for unit in UNITS}

        self.assertEqual({"noetl-server.service": ["noetl-server"], "noetl-worker@.service": ["noetl-worker"]}, users)
        for unit in UNITS:
            self.assertEqual(settings_of(unit)["User"], settings_of(unit)["Group"])
        self.assertEqual({"noetl-server", "noetl-worker"}, set(re.findall(r"^u (\S+)", text_of("deploy/systemd/noetl.sysusers"), re.M)))

    def test_both_may_list_the_addresses_of_the_machine(self):
        """Calls keep away from them; a list that cannot be read would be an empty one."""
        for unit in UNITS:
            self.assertIn("AF_NETLINK", settings_of(unit)["RestrictAddressFamilies"][0].split(), unit)

    def test_a_worker_does_not_see_the_settings_and_the_key(self):
        worker = settings_of("noetl-worker@.service")

        self.assertEqual(["-/etc/noetl"], worker["InaccessiblePaths"])
        self.assertEqual(["invisible"], worker["ProtectProc"])
        self.assertNotIn("LoadCredential", worker)

    def test_the_key_comes_to_the_server_as_a_credential(self):
        server = settings_of("noetl-server.service")

        self.assertEqual(["encryption.key:/etc/noetl/encryption.key"], server["LoadCredential"])
        self.assertIn("NOETL_ENCRYPTION_KEY_FILE=%d/encryption.key", server["Environment"])


class InstallTest(unittest.TestCase):
    """postinst on a folder, with what would change the machine replaced by what writes it down."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name) / "root"
        self.stubs = pathlib.Path(self.folder.name) / "stubs"
        self.calls = pathlib.Path(self.folder.name) / "calls"
        self.stubs.mkdir()
        (self.root / "etc/noetl").mkdir(parents=True)
        for name in ("server.env", "worker.env"):
            shutil.copy(ROOT / "deploy/systemd" / name, self.root / "etc/noetl" / name)
        for program in ("groupadd", "useradd", "chown", "systemctl"):
            self.stub(program, "exit 0")
        self.stub("getent", "exit 2")

    def stub(self, program, ending):
        path = self.stubs / program
        path.write_text(f'#!/bin/sh\necho "{program} $*" >> {self.calls}\n{ending}\n')
        path.chmod(0o755)

    def install(self):
        run = subprocess.run(["/bin/sh", ROOT / "deploy/debian/postinst", "configure"], capture_output=True, text=True, check=False,
                             env={"PATH": f"{self.stubs}:/usr/bin:/bin", "DPKG_ROOT": str(self.root)})
        self.assertEqual("", run.stderr)
        self.assertEqual(0, run.returncode)
        return self.calls.read_text().replace(str(self.root), "").splitlines()

    def mode_of(self, path):
        return stat.S_IMODE(os.stat(self.root / path).st_mode)

    def test_each_user_has_the_file_of_its_settings(self):
        (self.root / "etc/noetl/worker-batch.env").write_text("NOETL_WORKER_SLOTS=4\n")
        (self.root / "etc/noetl/worker-batch.env").chmod(0o644)

        calls = self.install()

        self.assertEqual(2, sum(call.startswith("useradd") for call in calls))
        for call in ("chown root:noetl-server /etc/noetl/server.env", "chown root:noetl-worker /etc/noetl/worker.env",
                     "chown root:noetl-worker /etc/noetl/worker-batch.env", "chown noetl-server:noetl-server /etc/noetl/encryption.key"):
            self.assertIn(call, calls)
        for name in ("server.env", "worker.env", "worker-batch.env"):
            self.assertEqual(0o640, self.mode_of(f"etc/noetl/{name}"), name)

    def test_a_key_is_made_once(self):
        self.install()
        key = (self.root / "etc/noetl/encryption.key").read_text()
        self.install()

        self.assertEqual(44, len(key.strip()), "32 bytes as base64")
        self.assertEqual(key, (self.root / "etc/noetl/encryption.key").read_text())
        self.assertEqual(0o400, self.mode_of("etc/noetl/encryption.key"))

    def test_an_installation_of_one_user_becomes_one_of_two(self):
        (self.root / "etc/noetl/encryption.key").write_text("an old key\n")
        (self.root / "var/lib/noetl").mkdir(parents=True)
        (self.root / "var/lib/noetl/script.py").write_text("result = 1\n")

        self.install()

        self.assertEqual("an old key\n", (self.root / "etc/noetl/encryption.key").read_text())
        self.assertTrue((self.root / "var/lib/noetl-worker/script.py").exists())
        self.assertFalse((self.root / "var/lib/noetl").exists())
        self.assertEqual(["/var/lib/noetl-worker"], settings_of("noetl-worker@.service")["WorkingDirectory"])


if __name__ == "__main__":
    unittest.main()
