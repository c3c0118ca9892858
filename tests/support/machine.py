"""What every harness in Python needs of the machine: programs, ports, waiting, and clusters of Postgres that are its own.
Used by bench, tests/chaos and tests/compat. Functions only; any thread may call them."""
import ctypes
import glob
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import time

PRCTL = ctypes.CDLL(None).prctl
PR_SET_PDEATHSIG = 1


def find_program(name):
    """Postgres's own folder comes first: what Debian puts into PATH are wrappers that start Perl."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    for folder in sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True):
        candidate = os.path.join(folder, name)
        if os.access(candidate, os.X_OK):
            return candidate
    if not found:
        raise SystemExit(f"'{name}' is not installed: run ./dev setup")
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(what, condition, patience=30.0, interval=0.02):
    """What the condition gives, once it holds. Waiting for other processes' states, there is nothing to be woken by."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {patience:g} s for {what}")
        time.sleep(interval)


def die_with_parent(death_signal):
    """A preexec_fn: even when the harness is killed, nothing that it started stays behind."""
    return lambda: PRCTL(PR_SET_PDEATHSIG, death_signal)


def process_status(pid, field):
    """A line of /proc/<pid>/status: VmRSS in KiB, Threads, …"""
    with open(f"/proc/{pid}/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(field + ":"))


def ordinary_user():
    """Arguments for subprocess, and the entry of the user: initdb and postgres refuse root."""
    if os.geteuid() != 0:
        return {}, None
    entry = next(pwd.getpwnam(name) for name in ("postgres", "nobody") if name in {one.pw_name for one in pwd.getpwall()})
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}, entry


def init_cluster(data, *options):
    """Makes the folder and a cluster in it; the superuser is postgres, without a password."""
    user, entry = ordinary_user()
    data = pathlib.Path(data)
    data.mkdir(0o700)
    if entry:
        os.chown(data, entry.pw_uid, entry.pw_gid)
    subprocess.run([find_program("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", *options],
                   check=True, stdout=subprocess.DEVNULL, cwd=data, **user)


def postgres_command(data, port, *settings):
    """Starts the cluster of a folder with default settings but for the number of connections and those given."""
    command = [find_program("postgres"), "-D", data, "-p", port, "-h", "127.0.0.1", "-k", data]
    for setting in ("max_connections=300", *settings):
        command += ["-c", setting]
    return [str(part) for part in command]


def is_postgres_ready(port):
    return subprocess.run([find_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]).returncode == 0
