"""A Docker engine of one's own, and the images that no registry brings: bases by debootstrap, the others from them."""
import os
import pathlib
import re
import shutil
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = ["docker.io", "docker-compose", "debootstrap", "iptables"]
# The Debian that the prebuilt programs are of, and the one that the files name.
PREBUILT_BASE = "debian:bookworm-slim"
BASES = {PREBUILT_BASE: "bookworm", "debian:trixie-slim": "trixie"}
# Authorities that this machine trusts besides Debian's, as behind a proxy that looks inside: bases must trust them too, for npm.
OWN_AUTHORITIES = pathlib.Path("/usr/local/share/ca-certificates")
STANDINS = ["postgres", "nats", "prometheus"]
START_SECONDS = 60


def run(*command, check=True, **options):
    """A command with its output; a failure says what was tried and what came."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} failed with {done.returncode}: {(done.stderr or done.stdout)[-2000:]}")
    return done


def image_of(service):
    """The image that compose.yaml names for a service without a default."""
    text = (ROOT / "deploy/compose.yaml").read_text(encoding="utf-8")
    return re.search(rf"^  {service}:\n(?:    .*\n)*?    image: (\S+)", text, re.M).group(1)


class Engine:
    """dockerd on a socket of its own, unless one answers already; stopped at the end if it was started here."""

    def __init__(self, work):
        self.work = pathlib.Path(work).resolve()
        self.daemon = None
        self.docker = "/usr/bin/docker" if pathlib.Path("/usr/bin/docker").exists() else "docker"
        self.environment = dict(os.environ, DOCKER_BUILDKIT="1")

    def install(self):
        missing = [one for one in PACKAGES if run("dpkg-query", "-W", "-f=${db:Status-Status}", one, check=False).stdout != "installed"]
        if missing:
            run("apt-get", "update", "-qq")
            run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing,
                env=dict(os.environ, DEBIAN_FRONTEND="noninteractive", RUNLEVEL="1"))
        return missing

    def start(self):
        if self("info", check=False).returncode == 0:
            return "an engine was running"
        socket = self.work / "docker.sock"
        self.environment["DOCKER_HOST"] = f"unix://{socket}"
        log = open(self.work / "dockerd.log", "w", encoding="utf-8")  # noqa: SIM115, the daemon holds it
        self.daemon = subprocess.Popen(
            ["dockerd", "--host", f"unix://{socket}", "--data-root", self.work / "docker", "--exec-root", self.work / "docker-run",
             "--pidfile", self.work / "dockerd.pid"], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while self("info", check=False).returncode != 0:
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"dockerd does not run here; the end of its log:\n{(self.work / 'dockerd.log').read_text()[-3000:]}")
            time.sleep(0.2)
        return "started dockerd"

    def stop(self):
        if self.daemon:
            self.daemon.terminate()
            self.daemon.wait(60)

    def __call__(self, *arguments, **options):
        return run(self.docker, *arguments, env=self.environment, **options)

    def has(self, image):
        return self("image", "inspect", image, check=False).returncode == 0

    def make_base(self, image):
        """A minimal Debian under the name that the files use."""
        if self.has(image):
            return False
        folder = self.work / BASES[image]
        run("debootstrap", "--variant=minbase", BASES[image], folder)
        for path in [*(folder / "var/cache/apt/archives").glob("*.deb"), *(folder / "var/lib/apt/lists").glob("*_*")]:
            path.unlink()
        if OWN_AUTHORITIES.is_dir():
            shutil.copytree(OWN_AUTHORITIES, folder / OWN_AUTHORITIES.relative_to("/"), dirs_exist_ok=True)
        tar = subprocess.Popen(["tar", "-C", folder, "-c", "."], stdout=subprocess.PIPE)
        self("import", "-c", 'CMD ["bash"]', "-", image, stdin=tar.stdout)
        tar.wait()
        shutil.rmtree(folder)
        return True

    def make_standin(self, service):
        image = image_of(service)
        if self.has(image):
            return False
        self("build", "--quiet", "--tag", image, HERE / "images" / service)
        return True

    def make_product(self, programs):
        """The image of deploy/Dockerfile around a package of programs that are built already."""
        build = self.work / "package"
        run("cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DNOETL_TESTS=OFF", "-DNOETL_BENCH=OFF")
        (build / "bin").mkdir(exist_ok=True)
        for name in ("noetl-server", "noetl-worker", "noetlctl"):
            shutil.copy2(pathlib.Path(programs) / name, build / "bin" / name)
        for old in build.glob("*.deb"):
            old.unlink()
        run("cpack", "-G", "DEB", cwd=build)
        context = self.work / "programs"
        shutil.rmtree(context, ignore_errors=True)
        context.mkdir()
        shutil.copy2(next(build.glob("*.deb")), context)
        (context / "Dockerfile").write_text("FROM scratch\nCOPY *.deb /out/\n")
        self("build", "--quiet", "--tag", "local/noetl-programs:prebuilt", context)
        self("build", "--quiet", "--file", ROOT / "deploy/Dockerfile", "--build-arg", f"DEBIAN={PREBUILT_BASE}",
             "--build-arg", "PROGRAMS=local/noetl-programs:prebuilt", "--build-arg", "DUCKDB=without-duckdb",
             "--tag", "local/noetl:latest", ROOT)

    def build_product(self):
        """The image of deploy/Dockerfile as everybody builds it, and one without DuckDB: what was sent to the build, and how large it is."""
        dockerfile = ("build", "--quiet", "--file", ROOT / "deploy/Dockerfile")
        self(*dockerfile, "--tag", "local/noetl:latest", ROOT)
        self(*dockerfile, "--build-arg", "DUCKDB=without-duckdb", "--tag", "local/noetl:without-duckdb", ROOT)
        stage = self(*dockerfile, "--target", "build", ROOT).stdout.strip()
        inside = "cd /source && rm -rf build/release && find . -mindepth 1 -maxdepth 1 ! -empty | sort | cut -c3- && du -sk . | cut -f1"
        *sent, kilobytes = self("run", "--rm", "--network", "none", stage, "sh", "-c", inside).stdout.split()
        return sent, int(kilobytes)
