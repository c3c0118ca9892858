"""What idle workers cost Postgres: `python3 bench/heartbeats.py --bin build/release/bin`. So many workers with nothing to do,
each renewing its leases once a second; transactions a second, the server's share of a core, and its memory."""
import argparse
import time

from stack import Stack


def transactions(stack):
    return int(stack.sql.value("select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"))


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def resident_mib(pid):
    return next(int(line.split()[1]) for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS")) / 1024


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
            before, busy, start = transactions(stack), cpu_seconds(stack.server.pid), time.monotonic()
            time.sleep(options.seconds)
            took = time.monotonic() - start
            print(f"{count} workers: {(transactions(stack) - before) / took:.1f} transactions/s, "
                  f"server {(cpu_seconds(stack.server.pid) - busy) / took * 100:.1f} % of a core, {resident_mib(stack.server.pid):.0f} MiB", flush=True)
            stack.stop_workers()


if __name__ == "__main__":
    main()
