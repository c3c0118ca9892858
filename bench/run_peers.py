"""Runs the scripts of bench/peers one after the other on the Postgres of the stack and a private Redis."""

import json
import os
import statistics
import subprocess

from stack import find_program, free_port

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")
SCRIPTS = ("graphile_worker.js", "pg_boss.js", "bullmq.js")


def install(log):
    if os.path.isdir(os.path.join(FOLDER, "node_modules", "graphile-worker")):
        return
    log("installing the peers (npm)")
    # Not `npm ci`: newer versions of it refuse a lock that does not name the optional packages of every platform.
    subprocess.run([find_program("npm"), "install", "--no-save", "--no-audit", "--no-fund", "--silent"], cwd=FOLDER, check=True)


def measure(stack, choice, log):
    install(log)
    redis_port = free_port()
    # Default settings of Debian's package but for the folder: snapshots, no append-only file.
    stack.spawn([find_program("redis-server"), "--port", str(redis_port), "--bind", "127.0.0.1", "--dir", stack.folder], "redis")
    rows = []
    for script in SCRIPTS:
        env = {**os.environ, "RUNS": str(choice.runs), "JOBS": str(choice.commands), "REDIS_PORT": str(redis_port),
               "PGURL": stack.postgres.create_database("peer_" + script.split(".")[0])}
        log(f"peer {script}")
        run = subprocess.Popen([find_program("node"), script], cwd=FOLDER, env=env, stdout=subprocess.PIPE, text=True)
        for line in run.stdout:
            row = json.loads(line)
            row["median"] = statistics.median(row["runs"])
            log(f"  {row['peer']} {row['name']}: {row['median']:.2f} {row['runs']}")
            rows.append(row)
        if run.wait() != 0:
            log(f"  {script} ended with {run.returncode}: its figures end here, the others go on")
    return rows
