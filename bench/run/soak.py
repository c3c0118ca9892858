"""Steady load for a long time, with a retention shorter than it: what the tables, their indexes and the processes come to. Once as much
leaves as comes, nothing may grow any more. Nothing may be lost or done twice meanwhile; what has left counts as it leaves (upkeep)."""

import threading
import time

import figures
from outage import Feed
from stack import memory_kib

TABLES = ("queue", "event", "execution", "claim", "queue_change", "result", "loop_item")


def settings(minutes):
    """Ended work is kept for a quarter of the time."""
    kept = f"{max(1, int(minutes * 60 / 4))}s"
    return {"NOETL_RETENTION_COMPLETED": kept, "NOETL_RETENTION_FAILED": kept}


def sizes(stack):
    """MiB of each table's rows and of its indexes, and rows as the planner sees them."""
    rows = stack.sql.rows(
        "select c.relname, pg_table_size(c.oid) / 1048576.0, pg_indexes_size(c.oid) / 1048576.0, coalesce(s.n_live_tup, 0), coalesce(s.n_dead_tup, 0) "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_stat_user_tables s on s.relid = c.oid "
        "where n.nspname = 'noetl' and c.relkind in ('r', 'p')")
    return {name: {"table": float(table), "indexes": float(indexes), "live": int(live), "dead": int(dead)} for name, table, indexes, live, dead in rows}


def look(stack, began, feed):
    found = sizes(stack)
    return {"minutes": (time.monotonic() - began) / 60, "commands": feed.accepted["commands"], "executions": feed.accepted["executions"], "sizes": found,
            "total": sum(one["table"] + one["indexes"] for one in found.values()),
            "server": sum(memory_kib(stack.server.pid)) / 1024, "worker": max(sum(memory_kib(worker.pid)[:1]) for worker in stack.workers) / 1024}


def run(stack, minutes, batch, log):
    status, answer = stack.call("POST", "/api/catalog/register", {"content": figures.THREE_STEPS})
    if status // 100 != 2:
        raise RuntimeError("register: " + answer)
    stack.start_workers(2)
    stack.await_workers()
    figures.latency(stack, 30)  # the interpreters begin
    first = figures.latency(stack, 100)
    after = figures.last_id(stack)
    feed = Feed(stack, batch)
    feed.start()
    began = time.monotonic()
    looks = []
    gap = threading.Event()
    while (time.monotonic() - began) / 60 < minutes:
        gap.wait(min(60, minutes * 6))
        stack.is_alive()
        looks.append(look(stack, began, feed))
        log(f"  {looks[-1]['minutes']:.1f} min: {looks[-1]['commands']:,} commands, {looks[-1]['total']:.0f} MiB, server {looks[-1]['server']:.0f} MiB")
    beside = figures.latency(stack, 100)
    feed.is_over.set()
    feed.join()
    figures.wait_for_drain(stack, after, 60)
    last = figures.latency(stack, 100)
    if feed.refused:
        raise RuntimeError(f"refused: {feed.refused[:3]}")
    wrong, again = (int(stack.sql.value(f"select count(*) from noetl.queue where queue_id > {after} and {what}"))
                    for what in ("status <> 'done'", "epoch > 1"))  # again: what a worker that was late, or had no slot, has left to others
    for row in stack.sql.rows("select queue_id, step, epoch, attempts, created_at, claimed_at, finished_at, worker_id, "
                              "(select coalesce(string_agg(event_type || ' ' || created_at, ', '), '') from noetl.event_history e where e.queue_id = q.queue_id) "
                              f"from noetl.queue q where queue_id > {after} and epoch > 1 limit 20"):
        log("  given twice: " + " ".join(str(cell) for cell in row))
    kept, events = (int(stack.sql.value(f"select count(*) from noetl.{table} where queue_id > {after} {more}"))
                    for table, more in (("queue", ""), ("event", "and event_type = 'command.completed'")))
    if wrong or kept != events:
        raise RuntimeError(f"{wrong} commands not done, {kept} commands with {events} completion events")
    return {"looks": looks, "accepted": feed.accepted, "kept": kept, "given_twice": again, "latency": {"before": first, "beside": beside, "after": last}}


def show(result):
    print("\n| after | commands | executions | " + " | ".join(f"{name}: table + indexes, MiB" for name in TABLES[:4]) + " | all tables, MiB | dead rows of queue | server, a worker, MiB |")
    print("| --- " * 9 + "|")
    looks = result["looks"]
    for index in sorted({round(i * (len(looks) - 1) / 8) for i in range(9)}):
        one = looks[index]
        cells = " | ".join(f"{one['sizes'][name]['table']:.0f} + {one['sizes'][name]['indexes']:.0f}" for name in TABLES[:4])
        print(f"| {one['minutes']:.0f} min | {one['commands']:,} | {one['executions']:,} | {cells} | {one['total']:.0f} | {one['sizes']['queue']['dead']:,} "
              f"| {one['server']:.0f}, {one['worker']:.0f} |")
    print(f"\n{result['kept']:,} commands are kept; {result['given_twice']} were given to a worker a second time, each has one completion event")
    for when, one in result["latency"].items():
        print(f"start latency {when}: p50 {one['accepted_p50_ms']:.2f}, p99 {one['accepted_p99_ms']:.2f} ms")
