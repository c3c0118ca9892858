"""A flow of cursor loops in the shape of NoETL's own load test: patients × 5 kinds of documents × 1 to 4 pages. Each row is one page: a request to a
stub, then an upsert; rows come from a queue table by `update … for update skip locked`, one at a time or `row_concurrency` at a time."""

import os
import statistics
import subprocess
import sys

import cost
from stack import Session, die_with_parent, machine_line, wait_until

import signal

STUB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cursor_stub.py")
# Pages of patient n, from least to most.
KINDS = {"assessments": (2, 4), "conditions": (1, 3), "medications": (2, 3), "vital_signs": (1, 1), "demographics": (1, 1)}

STEP = """  - step: {kind}
    loop:
      cursor:
        kind: postgres
        claim: |
          update work set status = 'claimed' where work_id in (
            select work_id from work where kind = '{kind}' and status = 'pending' order by work_id
            for update skip locked limit {{{{ __frame_max_rows | default(1) | int }}}})
          returning work_id, patient_id, page
      iterator: row
      spec:
        mode: cursor
        max_in_flight: 1
        frame: {{max_rows: {max_rows}, row_concurrency: {row_concurrency}, process: row}}
    tool:
      - name: fetch
        kind: http
        method: GET
        url: "{{{{ workload.api }}}}/{kind}/{{{{ iter.row.patient_id }}}}"
        params: {{page: "{{{{ iter.row.page }}}}"}}
        spec: {{policy: {{rules: [{{when: "{{{{ output.status == 'error' }}}}", then: {{do: retry, attempts: 3, delay: 0.1}}}},
                                {{else: {{then: {{do: continue}}}}}}]}}}}
      - name: save
        kind: postgres
        command: |
          with saved as (
            insert into pages (work_id, body) values (%(work_id)s, %(body)s)
            on conflict (work_id) do update set body = excluded.body, writes = pages.writes + 1)
          update work set status = 'done' where work_id = %(work_id)s
        params: {{work_id: "{{{{ iter.row.work_id }}}}", body: "{{{{ fetch.data }}}}"}}
    next: {{arcs: [{{step: {following}}}]}}
"""


def playbook(path, api, max_rows, row_concurrency):
    kinds = list(KINDS)
    steps = [STEP.format(kind=kind, max_rows=max_rows, row_concurrency=row_concurrency, following=following)
             for kind, following in zip(kinds, kinds[1:] + ["end"])]
    return ("apiVersion: noetl.io/v2\nkind: Playbook\n"
            f"metadata: {{name: cursor_flow, path: {path}}}\nworkload: {{api: '{api}'}}\nworkflow:\n"
            f"  - step: start\n    tool: {{kind: noop}}\n    next: {{arcs: [{{step: {kinds[0]}}}]}}\n" + "".join(steps)
            + "  - step: end\n    tool: {kind: noop}\n")


def start_stub(stack):
    port_file = os.path.join(stack.folder, "stub_port")
    stub = subprocess.Popen([sys.executable, STUB, port_file], preexec_fn=die_with_parent(signal.SIGKILL))
    stack.processes.append(stub)
    wait_until("the stub", lambda: os.path.exists(port_file) and open(port_file).read())
    return "http://127.0.0.1:" + open(port_file).read()


def seed(sql, patients):
    """How many rows there are to be worked off."""
    sql.rows("drop table if exists work; drop table if exists pages")
    sql.rows("create table work (work_id bigserial primary key, kind text not null, patient_id int not null, page int not null,"
             " status text not null default 'pending')")
    sql.rows("create index on work (kind, work_id) where status = 'pending'")
    sql.rows("create table pages (work_id bigint primary key, body jsonb not null, writes int not null default 1)")
    for kind, (least, most) in KINDS.items():
        sql.rows(f"insert into work (kind, patient_id, page) select '{kind}', p, g from generate_series(1, {patients}) p,"
                 f" generate_series(1, {least} + p % {most - least + 1}) g order by p, g")
    sql.rows("grant all on all tables in schema public to public")
    sql.rows("analyze work")
    return int(sql.value("select count(*) from work"))


def run(stack, patients, max_rows, row_concurrency, api, work):
    """Seconds, ms a row and CPU by process of one execution; raises when a row is missing or was written twice."""
    rows = seed(work, patients)
    path = f"bench/cursor_{max_rows}_{row_concurrency}"
    status, answer = stack.call("POST", "/api/catalog/register", {"content": playbook(path, api, max_rows, row_concurrency)})
    if status // 100 != 2:
        raise RuntimeError("register: " + answer)
    before = cost.cpu_seconds(stack)
    status, answer = stack.call("POST", "/api/v2/execute", {"path": path})
    if status // 100 != 2:
        raise RuntimeError("execute: " + answer)
    newest = "from noetl.execution order by execution_id desc limit 1"
    wait_until("the flow", lambda: stack.is_alive() and stack.sql.value(f"select status {newest}") != "running", 600, interval=0.1)
    after = cost.cpu_seconds(stack)
    if stack.sql.value(f"select status {newest}") != "completed":
        raise RuntimeError("the flow failed: " + stack.sql.value(f"select error {newest}"))
    done, saved, writes = (int(n) for n in work.rows(
        "select (select count(*) from work where status = 'done'), count(*), coalesce(sum(writes), 0) from pages")[0])
    if (done, saved, writes) != (rows,) * 3:
        raise RuntimeError(f"of {rows} rows {done} are done and {saved} saved, with {writes} writes")
    seconds = stack.sql.number(f"select extract(epoch from finished_at - started_at) {newest}")
    return {"rows": rows, "seconds": seconds, "ms_per_row": seconds / rows * 1000,
            **{f"{name}_s": after[name] - before[name] for name in cost.PROGRAMS}}


def measure(stack, choice, log):
    url = stack.postgres.create_database("work")
    work = Session(stack.postgres.url("work"))
    stack.env["NOETL_TOOL_POSTGRES_URL"] = url
    stack.start_workers(choice.cursor_workers)
    stack.await_workers()
    api = start_stub(stack)
    shapes = [(1, 1), (choice.frame_rows, 1), (choice.frame_rows, 8)]
    results = []
    for max_rows, row_concurrency in shapes:
        for _ in range(choice.runs):
            result = {"max_rows": max_rows, "row_concurrency": row_concurrency,
                      **run(stack, choice.patients, max_rows, row_concurrency, api, work)}
            log(f"  {result}")
            results.append(result)
    work.close()
    return results


def show(results, choice):
    print(f"\n{machine_line()}; {results[0]['rows']:,} rows of {choice.patients:,} patients, {choice.cursor_workers} worker of {choice.slots} slots, "
          f"medians of {choice.runs} runs\n")
    names = ["seconds", "ms_per_row", *(f"{name}_s" for name in cost.PROGRAMS)]
    print("| rows of a claim | at a time | seconds | ms a row | CPU seconds: " + " | ".join(cost.PROGRAMS) + " |")
    print("| --- | --- |" + " --- |" * len(names))
    for shape in sorted({(one["max_rows"], one["row_concurrency"]) for one in results}):
        of_shape = [one for one in results if (one["max_rows"], one["row_concurrency"]) == shape]
        medians = [statistics.median(one[name] for one in of_shape) for name in names]
        print(f"| {shape[0]} | {shape[1]} | " + " | ".join(f"{value:.2f}" for value in medians) + " |")
