#!/usr/bin/python3
"""The bill of materials of the programs as CycloneDX 1.5: what they link with, by Debian package and version, and what they load.

    deploy/sbom.py --bin build/release/bin [--output noetl.cdx.json]

Reads the programs (ldd) and Debian's database of packages (dpkg); asks nobody."""
import argparse
import base64
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = ("noetl-server", "noetl-worker", "noetlctl")
# Header libraries: nothing is left of them to link with.
COMPILED_IN = ("nlohmann-json3-dev", "libcli11-dev", "libexpected-dev")


def output_of(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def libraries_of(program):
    """The files that the loader takes, as Debian knows them: without the links on the way."""
    found = re.findall(r"=> (/\S+)", output_of("ldd", program)) + re.findall(r"^\s+(/\S+)", output_of("ldd", program), re.M)
    return {os.path.realpath(path) for path in found}


def packages_of(paths):
    """{file: libssl3:amd64}. Debian's database may know a file by the place that /usr/lib was joined with."""
    candidates = {candidate: path for path in paths for candidate in (path, path.removeprefix("/usr"))}
    run = subprocess.run(["dpkg", "-S", *candidates], capture_output=True, text=True, check=False)
    found = (line.rsplit(": ", 1) for line in run.stdout.splitlines() if ": /" in line and not line.startswith("diversion"))
    return {candidates[path]: package.split(",")[0] for package, path in found if path in candidates}


def component_of(package):
    fields = "${Package}\n${Version}\n${Architecture}\n${source:Package}\n${source:Version}\n${Maintainer}"
    name, version, architecture, source, source_version, maintainer = output_of("dpkg-query", "-W", "-f", fields, package).split("\n")
    distribution = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text(encoding="utf-8").splitlines() if "=" in line)
    codename = distribution.get("VERSION_CODENAME", "").strip('"')
    purl = f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace(':', '%3A')}?arch={architecture}&distro={codename}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl, "supplier": {"name": maintainer},
            "properties": [{"name": "debian:source", "value": f"{source} {source_version}"}]}


def duckdb_components():
    """By npm's lock file, which has what the image and ./dev fetch, and their hashes."""
    packages = json.loads((ROOT / "deploy/duckdb/package-lock.json").read_text(encoding="utf-8"))["packages"]
    wanted = "arm64" if platform.machine() == "aarch64" else "x64"
    for path, one in packages.items():
        if path.endswith(wanted):
            name = path.removeprefix("node_modules/")
            purl = f"pkg:npm/{name.replace('@', '%40')}@{one['version']}"
            digest = base64.b64decode(one["integrity"].removeprefix("sha512-")).hex()
            yield {"type": "library", "bom-ref": purl, "name": name, "version": one["version"], "purl": purl,
                   "hashes": [{"alg": "SHA-512", "content": digest}], "scope": "optional"}


def product_version():
    return re.search(r"project\(\s*[\w-]+\s+VERSION\s+([\d.]+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")).group(1)


def bill_of(folder):
    version = product_version()
    libraries = {program: libraries_of(folder / program) for program in PROGRAMS}
    owners = packages_of(sorted(set().union(*libraries.values())))
    unknown = set().union(*libraries.values()) - set(owners)
    if unknown:
        sys.exit(f"sbom.py: of no Debian package: {', '.join(sorted(unknown))}")
    packages = {package: component_of(package) for package in sorted(set(owners.values()))}
    links = {program: {packages[owners[library]]["bom-ref"] for library in libraries[program]} for program in PROGRAMS}
    for package in COMPILED_IN:
        if subprocess.run(["dpkg-query", "-W", package], capture_output=True, check=False).returncode == 0:
            packages[package] = component_of(package)
            for program in PROGRAMS:
                links[program].add(packages[package]["bom-ref"])
    components = sorted([*packages.values(), *duckdb_components()], key=lambda one: one["bom-ref"])
    programs = [{"type": "application", "bom-ref": f"noetl/{program}", "name": program, "version": version} for program in PROGRAMS]
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            # Of what it says: the same programs on the same packages have the same.
            "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(components, sort_keys=True))}",
            "metadata": {"component": {"type": "application", "bom-ref": "noetl", "name": "noetl", "version": version}},
            "components": programs + components,
            "dependencies": [{"ref": "noetl", "dependsOn": [one["bom-ref"] for one in programs]}] +
                            [{"ref": f"noetl/{program}", "dependsOn": sorted(links[program])} for program in PROGRAMS]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    text = json.dumps(bill_of(options.bin), indent=2) + "\n"
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
