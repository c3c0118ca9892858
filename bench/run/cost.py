"""What the processes of a stack cost, from /proc: CPU, threads, memory."""

import glob
import os

from stack import memory_kib, process_status

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
PROGRAMS = ("postgres", "server", "workers", "nats")


def cpu_by_process():
    """{pid: (parent, CPU seconds with those of ended children)} of all that run."""
    found = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
        except OSError:
            continue  # ended meanwhile
        found[int(path.split("/")[2])] = int(fields[1]), sum(map(int, fields[11:15])) / TICKS_A_SECOND
    return found


def cpu_seconds(stack):
    """Of each program with its children: {"postgres": 1.2, ...}."""
    processes = cpu_by_process()

    def tree(pid):
        return processes.get(pid, (0, 0))[1] + sum(tree(child) for child, (parent, _) in processes.items() if parent == pid)

    roots = {"postgres": [stack.postgres.process], "server": [stack.server], "workers": stack.workers, "nats": [stack.nats]}
    return {name: sum(tree(process.pid) for process in roots[name]) for name in PROGRAMS}


def cpu_per_command(before, after, count):
    """Microseconds."""
    return {f"cpu_{name}": (after[name] - before[name]) / count * 1e6 for name in PROGRAMS}


def server_now(stack):
    return {"threads": process_status(stack.server.pid, "Threads"), "mib": process_status(stack.server.pid, "VmRSS") / 1024}


def worker_mib(stack):
    """Resident memory of the workers, the mean of one."""
    return sum(memory_kib(worker.pid)[0] for worker in stack.workers) / len(stack.workers) / 1024
