"""What lies in the tables beside the commands that are measured: commands that wait in a pool without workers, commands that
finished long ago, and a transaction that somebody forgot to end."""

import contextlib

from stack import Session

PARKED = "parked"  # a pool that no worker serves
AT_ONCE = 10_000  # commands of one request
EPOCH_MS = 1_704_067_200_000  # ids begin with the milliseconds since then


def add_waiting(stack, count):
    """Through the API, so that their notifications wait in JetStream as well."""
    for first in range(0, count, AT_ONCE):
        commands = [{"tool": {"kind": "noop"}, "pool": PARKED}] * min(AT_ONCE, count - first)
        status, answer = stack.call("POST", "/api/v2/commands", {"commands": commands})
        if status // 100 != 2:
            raise RuntimeError(f"enqueue to pool {PARKED}: HTTP {status} {answer[:200]}")


def add_finished(stack, count):
    """By SQL: copies of one that ran here, with their part of the counters, done a day ago, one each
    millisecond. Ids are older than any other, as they would be."""
    stack.sql.rows(f"""
      with template as (
        select q from noetl.queue q where q.duration_us is not null limit 1
      ), moments as (
        select day.ms + i as ms from (select floor(extract(epoch from now() - interval '1 day') * 1000)::bigint as ms) as day,
          generate_series(1, {count}) as i
      ), rows as (
        select template.*, (ms - {EPOCH_MS}) << 22 as id, to_timestamp(ms / 1000.0) as at from template, moments
      ), queue as (
        insert into noetl.queue (queue_id, step, tool_kind, pool, priority, status, epoch, attempts, max_attempts, timeout_ms,
          worker_id, context, result, created_at, claimed_at, finished_at, duration_us)
        select id, (q).step, (q).tool_kind, (q).pool, (q).priority, (q).status, (q).epoch, (q).attempts, (q).max_attempts,
          (q).timeout_ms, (q).worker_id, (q).context, (q).result, at, at + interval '2 ms', at + interval '4 ms', (q).duration_us from rows
        returning pool
      )
      insert into noetl.queue_change (pool, status, change) select pool, 'done', count(*) from queue group by pool
    """)


def settle(stack, waiting, finished):
    """What vacuum and checkpoint would do soon after such a load is done before, not while something is measured."""
    found = [int(n) for n in stack.sql.rows(
        f"select count(*) filter (where pool = '{PARKED}' and status = 'queued'),"
        f" count(*) filter (where pool <> '{PARKED}' and status = 'done') from noetl.queue")[0]]
    if found[0] != waiting or found[1] < finished:
        raise RuntimeError(f"{found[0]} of {waiting} commands wait, {found[1]} of {finished} are finished")
    stack.sql.rows("vacuum (analyze) noetl.queue, noetl.event")
    stack.sql.rows("checkpoint")


def add(stack, waiting, finished):
    """Beside what has been measured before: a template of a finished command must be there."""
    add_waiting(stack, waiting)
    if finished:
        add_finished(stack, finished)
    settle(stack, waiting, finished)


@contextlib.contextmanager
def open_transaction(stack):
    """Idle, with a snapshot: vacuum keeps whatever it could still see. Fails when it did not last to the end."""
    session = Session(stack.database_url)
    try:
        session.rows("begin isolation level repeatable read")
        pid = session.value("select pg_backend_pid() from (select 1 from noetl.queue limit 1) as any_row")
        yield
        state = stack.sql.rows(f"select state from pg_stat_activity where pid = {pid} and backend_xmin is not null")
        if state != [["idle in transaction"]]:
            raise RuntimeError(f"the open transaction did not stay open: {state}")
    finally:
        session.close()
