"""Runs the scripts of bench/peers one after the other on the Postgres of the stack and a private Redis."""

import json
import os
import statistics
import subprocess

from stack import find_program, free_port

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers")
SCRIPTS = ("graphile_worker.js", "pg_boss.js", "bullmq.js")


def install(log):
    if os.path.isdir(os.path.join(FOLDER, "node_modules", "graphile-worker")):
        return
    log("installing the peers (npm)")
    # Not `npm ci`: newer versions of it refuse a lock that does not name the optional packages of every platform.
    subprocess.run([find_program("npm"), "install", "--no-save", "--no-audit", "--no-fund", "--silent"], cwd=FOLDER, check=True)


def measure(stack, choice, log, in_turn):
    """Every figure `runs` times, one after the other in rounds, and `in_turn` before each script: the machine is not as fast in one minute as in
    the next, and so it is so to all of them."""
    install(log)
    rows = {}
    for turn in range(1, choice.runs + 1):
        redis_port = free_port()
        folder = os.path.join(stack.folder, f"redis-{turn}")
        os.mkdir(folder)
        # Default settings of Debian's package but for the folder: snapshots, no append-only file.
        redis = stack.spawn([find_program("redis-server"), "--port", str(redis_port), "--bind", "127.0.0.1", "--dir", folder], "redis")
        for script in SCRIPTS:
            in_turn()
            log(f"peer {script}, {turn} of {choice.runs}")
            env = {**os.environ, "RUNS": "1", "JOBS": str(choice.commands), "REDIS_PORT": str(redis_port),
                   "PGURL": stack.postgres.create_database(f"peer_{script.split('.')[0]}_{turn}")}
            run = subprocess.Popen([find_program("node"), script], cwd=FOLDER, env=env, stdout=subprocess.PIPE, text=True)
            for line in run.stdout:
                found = json.loads(line)
                log(f"  {found['peer']} {found['name']}: {found['runs'][0]:.2f}")
                row = rows.setdefault((found["peer"], found["name"]), {**found, "runs": []})
                row["runs"] += found["runs"]
                row["median"] = statistics.median(row["runs"])
            if run.wait() != 0:
                log(f"  {script} ended with {run.returncode}: its figures end here, the others go on")
        redis.terminate()
        redis.wait(timeout=60)
        stack.processes.remove(redis)
    return list(rows.values())
