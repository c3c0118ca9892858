"""Faults of workers and of the tools that they run."""
import json
import signal
import subprocess
import time

from processes import wait_until
from rows.row import Row
from stack import StackSettings
from trial import processes_with

SHORT_LEASE_SECONDS = 2.0
LEASE_SECONDS = 5.0
# From the end of a lease to the next claim: a tick of upkeep, a notification, a slot; on a machine that is busy with others.
RESUME_SECONDS = 1.5


def lease_settings(is_short):
    return StackSettings(lease_seconds=SHORT_LEASE_SECONDS if is_short else LEASE_SECONDS)


def once_long(marker, folder, seconds):
    """A shell command that takes long at its first attempt, with the marker on its command line, and no time at its second."""
    return {"kind": "shell", "command": f"mkdir {folder}/{marker} 2>/dev/null || exit 0; exec sleep {seconds}.{marker}"}


class WorkerKilled(Row):
    name = "worker_kill"
    fault = "SIGKILL one of N workers every few seconds"
    mark = "lost 0, re-run only what was in flight, resumed within the lease"

    def settings(self, is_short):
        return lease_settings(is_short)

    def run(self, trial):
        stack, since = trial.stack, trial.now()
        struck = []
        # A worker may have nothing at that moment; the short form has too few kills to leave that to chance.
        while len(struck) < trial.scaled(2, 12) or (not any(running for running, _, _ in struck) and len(struck) < 12):
            trial.pause(trial.random.uniform(0.8, trial.scaled(1.0, 3.0)))
            busy = wait_until("a worker that runs something", lambda: [one for one in stack.workers if trial.running_at(one.worker_id)], 20)
            worker = trial.random.choice(busy if trial.random.random() < 0.7 else stack.workers)
            worker_id, moment = worker.worker_id, trial.now()
            worker.kill()
            # A claim that was under way may still be carried out by the server: what it gives is in flight as well.
            running = set(trial.running_at(worker_id))
            worker.start()
            worker.await_ready()
            running |= set(trial.running_at(worker_id))
            struck.append((running, worker_id, moment))
        wait_until("what was in flight to run elsewhere",
                   lambda: all(not trial.running_at(worker_id) for _, worker_id, _ in struck), 30)
        trial.pause(0.5)
        in_flight = sum(len(running) for running, _, _ in struck)
        resumed = [seconds for running, worker_id, moment in struck for seconds in trial.resumed_after(running, worker_id, moment)]
        lost = trial.lost_attempts(since)
        trial.figures |= {"kills": len(struck), "in flight": in_flight, "re-run": lost}
        longest = trial.spread("resumed", resumed)
        limit = stack.settings.lease_seconds + RESUME_SECONDS
        trial.expect(in_flight > 0, "nothing was in flight at any kill: the row has shown nothing")
        trial.expect(lost <= in_flight, f"{lost} attempts were ended as lost, though only {in_flight} were in flight")
        trial.expect(longest <= limit, f"resumed after {longest:.1f} s, more than {limit:g} s")
        trial.repeated_max = lost


class WorkerStopped(Row):
    name = "worker_stop"
    fault = "SIGSTOP a worker past its lease, then SIGCONT"
    mark = "late report refused with 409, effect recorded once, its tool stopped"

    def settings(self, is_short):
        return lease_settings(is_short)

    def run(self, trial):
        stack, since = trial.stack, trial.now()
        lease, marker = stack.settings.lease_seconds, f"{trial.random.getrandbits(40)}"
        victim = stack.add_worker()
        victim.start(env={"NOETL_WORKER_POOL_NAME": "stopped"})
        victim.await_ready()
        # Two whose tools end while the worker is stopped: their reports come late. Two whose tools would go on for long.
        late = [trial.enqueue({"kind": "shell", "command": f"sleep {lease * 0.5}"}, pool="stopped") for _ in range(2)]
        long = [trial.enqueue(once_long(f"{marker}{i}", stack.folder, 600), pool="stopped") for i in range(2)]
        wait_until("four commands to run at one worker", lambda: len(trial.running_at(victim.worker_id)) == 4)
        wait_until("the long tools", lambda: all(processes_with(f"600.{marker}{i}") for i in range(2)))
        epochs = dict(stack.sql("select queue_id, epoch from noetl.queue where queue_id = any(%s)", late + long))

        victim.send(signal.SIGSTOP)
        stopped = trial.now()
        heir = stack.add_worker()
        heir.start(env={"NOETL_WORKER_POOL_NAME": "stopped"})
        wait_until("the commands to be given to another", lambda: trial.is_done(late + long), lease + 15)
        resumed = trial.resumed_after(late + long, victim.worker_id, stopped)
        victim.send(signal.SIGCONT)
        awake = time.monotonic()
        wait_until("the tools to be stopped", lambda: not any(processes_with(f"600.{marker}{i}") for i in range(2)), 15)
        tools_stopped = time.monotonic() - awake
        wait_until("the worker to know what it lost", lambda: "leases lost" in victim.log() or "report refused" in victim.log(), 15)

        refused = 0
        for queue_id, epoch in epochs.items():
            status, text = stack.call("POST", "/api/v2/events", {
                "worker_id": victim.worker_id, "queue_id": str(queue_id), "epoch": epoch, "name": "command.completed",
                "payload": {"result": {"late": True}}})
            refused += status == 409 and json.loads(text).get("code") == "lease_lost"
        recorded = stack.value("select count(*) from noetl.queue where queue_id = any(%s) and result->>'late' is not null", late + long)
        for worker in (victim, heir):
            worker.stop()
            stack.workers.remove(worker)
        lost = trial.lost_attempts(since)
        trial.figures |= {"late reports refused": f"{refused} of {len(epochs)}", "tools stopped after": f"{tools_stopped * 1000:.0f} ms"}
        longest = trial.spread("resumed", resumed)
        trial.expect(refused == len(epochs), f"{refused} of {len(epochs)} late reports were refused with 409 lease_lost")
        trial.expect(recorded == 0, f"{recorded} late results were recorded")
        trial.expect(tools_stopped <= lease, f"tools of lost leases went on for {tools_stopped:.1f} s after SIGCONT")
        trial.expect(longest <= lease + RESUME_SECONDS + 1, f"resumed after {longest:.1f} s")
        trial.repeated_max = max(0, lost - len(epochs))


class ToolsMisbehave(Row):
    name = "tools"
    fault = "tool hangs, forks, ignores SIGTERM, eats memory, prints 100 MB"
    mark = "stopped at its limit (process group), output cut with a mark, worker healthy"
    memory = "192MiB"

    def settings(self, is_short):
        return lease_settings(is_short)

    def run(self, trial):
        stack, marker = trial.stack, f"{trial.random.getrandbits(40)}"
        worker = stack.add_worker()
        worker.start(env={"NOETL_WORKER_POOL_NAME": "wild", "NOETL_TOOL_MEMORY_MAX": self.memory, "NOETL_WORKER_SLOTS": "16"})
        worker.await_ready()
        before = worker.status("VmRSS")
        sleep = f"sleep 700.{marker}"
        wild = {
            "hangs": ({"kind": "shell", "command": sleep}, "timeout"),
            "forks": ({"kind": "shell", "command": f"{sleep} & {sleep} & ({sleep} & {sleep}); wait"}, "timeout"),
            "ignores": ({"kind": "shell", "command": f"trap '' TERM INT HUP; {sleep}; {sleep}"}, "timeout"),
            "hangs in python": ({"kind": "python", "code": "import time\ntime.sleep(700)"}, "timeout"),
            "spins in python": ({"kind": "python", "code": "while True: pass"}, "timeout"),
            "eats memory": ({"kind": "python", "code": "result = len(bytearray(4 << 30))"}, "memory_limit"),
            "eats memory by shell": ({"kind": "shell", "command": "head -c 4000000000 /dev/zero | tail -c 3000000000 | wc -c"}, None),
            "prints": ({"kind": "shell", "command": "head -c 100000000 /dev/zero | tr '\\0' x"}, None),
            "prints in python": ({"kind": "python", "code": "for _ in range(100): print('x' * 1000000)\nraise ValueError('done')"}, "exception"),
        }
        start = time.monotonic()
        ids = {name: trial.enqueue(tool, pool="wild", timeout=2, max_attempts=1) for name, (tool, _) in wild.items()}
        quick = trial.enqueue({"kind": "noop"}, pool="wild")
        wait_until("a no-op beside them", lambda: trial.is_done([quick]), 10)
        wait_until("all of them to end", lambda: trial.is_done(ids.values(), ("done", "dead")), 40)
        seconds = time.monotonic() - start
        wait_until("their processes to be gone", lambda: not processes_with(f"700.{marker}"), 5)
        rows = {row[0]: row[1:] for row in stack.sql(
            "select q.queue_id, q.status, coalesce(q.error->>'kind', ''), octet_length(coalesce(q.result::text, '')),"
            " octet_length(coalesce(e.meta->>'output', '')), coalesce(right(coalesce(e.meta->>'output', ''), 200), ''),"
            " right(coalesce(q.result->>'stdout', ''), 200)"
            " from noetl.queue q left join noetl.event_history e using (queue_id) where q.queue_id = any(%s)", list(ids.values()))}
        for name, (_, kind) in wild.items():
            status, found, result_bytes, output_bytes, output_end, stdout_end = rows[ids[name]]
            if kind is not None:
                trial.expect((status, found) == ("dead", kind), f"what {name} ended {status} {found!r}, not dead with {kind!r}")
            trial.expect(max(result_bytes, output_bytes) < 1 << 20, f"what {name} left {result_bytes} bytes of result, {output_bytes} of output")
            if name.startswith("prints"):
                trial.expect("[output cut:" in output_end + stdout_end,
                             f"what {name} was cut without a mark: {output_end[-80:]!r} {stdout_end[-80:]!r} {status} {found}")
        growth = worker.status("VmRSS") - before
        trial.expect(worker.is_running() and growth < 100 << 10, f"the worker grew by {growth} KiB")
        one = trial.enqueue({"kind": "noop"}, pool="wild")
        wait_until("the worker to go on", lambda: trial.is_done([one]), 10)
        worker.stop()
        stack.workers.remove(worker)
        trial.expect(seconds < 20, f"it took {seconds:.1f} s to end tools with a limit of 2 s")
        trial.figures |= {"tools": len(wild), "all ended after": f"{seconds:.1f} s", "worker grew by": f"{growth / 1024:.0f} MiB"}


class WorkerTerminated(Row):
    name = "worker_term"
    fault = "SIGTERM a worker with commands running"
    mark = "no new claims, running ones finish within the grace, the rest handed back at once"
    grace = 2

    def settings(self, is_short):
        return lease_settings(is_short)

    def run(self, trial):
        stack, marker = trial.stack, f"{trial.random.getrandbits(40)}"
        worker = stack.add_worker()
        worker.start(env={"NOETL_WORKER_POOL_NAME": "leaving", "NOETL_GRACE": f"{self.grace}s"})
        worker.await_ready()
        quick = [trial.enqueue({"kind": "shell", "command": "sleep 1"}, pool="leaving") for _ in range(3)]
        long = [trial.enqueue(once_long(f"{marker}{i}", stack.folder, 800), pool="leaving", max_attempts=2) for i in range(3)]
        wait_until("six commands to run at one worker", lambda: len(trial.running_at(worker.worker_id)) == 6)
        wait_until("the long tools", lambda: all(processes_with(f"800.{marker}{i}") for i in range(3)))
        asked, start = trial.now(), time.monotonic()
        worker.send(signal.SIGTERM)
        later = [trial.enqueue({"kind": "noop"}, pool="leaving") for _ in range(5)]
        code = worker.wait(30)
        seconds = time.monotonic() - start
        queued = stack.value("select count(*) from noetl.queue where queue_id = any(%s) and status = 'queued' and attempts = 0", long)
        finished = stack.value("select count(*) from noetl.queue where queue_id = any(%s) and status = 'done' and epoch = 1", quick)
        claimed = stack.value("select count(*) from noetl.queue where worker_id = %s and claimed_at > %s + interval '100 ms'", worker.worker_id, asked)
        heir = stack.add_worker()
        heir.start(env={"NOETL_WORKER_POOL_NAME": "leaving"})
        wait_until("the rest to be done elsewhere", lambda: trial.is_done(quick + long + later), 20)
        heir.stop()
        for one in (worker, heir):
            stack.workers.remove(one)
        trial.figures |= {"left after": f"{seconds:.1f} s (grace {self.grace} s)", "finished": f"{finished} of 3", "handed back": f"{queued} of 3",
                          "claimed afterwards": claimed, "exit code": code}
        trial.expect(code == 0, f"the worker ended with {code}")
        trial.expect(finished == 3, f"{finished} of 3 commands that fit into the grace were finished")
        trial.expect(queued == 3, f"{queued} of 3 were handed back with their attempt")
        trial.expect(claimed == 0, f"{claimed} commands were claimed after SIGTERM")
        trial.expect(seconds <= self.grace + 2, f"the worker took {seconds:.1f} s to leave")
        trial.expect(not any(processes_with(f"800.{marker}{i}") for i in range(3)), "tools were left behind")


class ClockOff(Row):
    name = "clock"
    fault = "clock of a worker off by an hour"
    mark = "no effect"
    is_in_short = False

    def settings(self, is_short):
        return lease_settings(is_short)

    def run(self, trial):
        stack, since = trial.stack, trial.now()
        shim = build_clock_shim(stack.folder)
        strange = []
        for offset in (3600, -3600):
            worker = stack.add_worker()
            worker.start(preload=shim, env={"CHAOS_CLOCK_OFFSET": str(offset)})
            worker.await_ready()
            strange.append(worker)
        # All others leave: whatever is done is done by clocks that are wrong.
        for worker in stack.workers[:-2]:
            worker.stop()
        shown = [worker.log().splitlines()[0][11:19] for worker in strange]
        trial.pause(trial.scaled(3, 20) + stack.settings.lease_seconds)
        waits = [trial.probe() for _ in range(trial.scaled(5, 30))]
        timed = trial.enqueue({"kind": "shell", "command": "sleep 30"}, timeout=1, max_attempts=1)
        start = time.monotonic()
        wait_until("a time limit under a wrong clock", lambda: trial.is_done([timed], ("dead",)), 10)
        limit = time.monotonic() - start
        for worker in stack.workers[:-2]:
            worker.start()
            worker.await_ready()
        off = stack.value("select count(*) from noetl.queue where created_at >= %s and (claimed_at > clock_timestamp() or claimed_at < created_at"
                          " or finished_at > clock_timestamp() or finished_at < claimed_at or available_at > clock_timestamp() + interval '30 minutes')", since)
        off += stack.value("select count(*) from noetl.event_history where created_at > clock_timestamp() or created_at < claimed_at")
        done = stack.value("select count(*) from noetl.queue where status = 'done' and worker_id = any(%s)", [one.worker_id for one in strange])
        lost = trial.lost_attempts(since)
        for worker in strange:
            worker.stop()
            stack.workers.remove(worker)
        trial.figures |= {"done under a wrong clock": done, "their logs begin at": " and ".join(shown), "time limit of 1 s came after": f"{limit:.1f} s"}
        longest = trial.spread("probes", waits)
        trial.expect(done > 0, "the workers with wrong clocks did nothing: the row has shown nothing")
        trial.expect(off == 0, f"{off} rows have times that cannot be")
        trial.expect(lost == 0, f"{lost} attempts were ended as lost")
        trial.expect(longest < 2, f"a probe took {longest:.1f} s")


def build_clock_shim(folder):
    """A library that shifts what programs see of the time of day; their monotonic clock is as it is."""
    source, shim = folder / "clock_shift.c", folder / "clock_shift.so"
    source.write_text("""
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long offset(void) { const char* text = getenv("CHAOS_CLOCK_OFFSET"); return text ? atol(text) : 0; }
int clock_gettime(clockid_t clock, struct timespec* now) {
  const int code = (int)syscall(SYS_clock_gettime, clock, now);
  if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += offset();
  return code;
}
int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  struct timespec exact;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}
time_t time(time_t* place) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (place) *place = exact.tv_sec;
  return exact.tv_sec;
}
""")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", shim, source], check=True)
    return shim
