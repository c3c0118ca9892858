"""What idle workers cost Postgres: `python3 bench/sweeps/heartbeats.py --bin build/release/bin`. So many workers with nothing to do,
each renewing its leases once a second; transactions a second, the server's share of a core, and its memory."""
import argparse
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "run"))

import cost  # noqa: E402
from stack import Stack  # noqa: E402


def transactions(stack):
    return int(stack.sql.value("select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--bin", default="build/release/bin")
    arguments.add_argument("--workers", default="1,10,100")
    arguments.add_argument("--seconds", type=float, default=20)
    options = arguments.parse_args()
    with Stack(options.bin, 8) as stack:
        for count in (int(one) for one in options.workers.split(",")):
            stack.start_workers(count)
            time.sleep(5)
            before, busy, start = transactions(stack), cost.cpu_seconds(stack)["server"], time.monotonic()
            time.sleep(options.seconds)
            took = time.monotonic() - start
            share = (cost.cpu_seconds(stack)["server"] - busy) / took
            print(f"{count} workers: {(transactions(stack) - before) / took:.1f} transactions/s, "
                  f"server {share * 100:.1f} % of a core, {cost.server_now(stack)['mib']:.0f} MiB", flush=True)
            stack.stop_workers()


if __name__ == "__main__":
    main()
