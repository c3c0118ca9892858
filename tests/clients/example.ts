import createClient from "openapi-fetch";
import type { components, paths } from "./noetl.js";

declare const process: { env: Record<string, string | undefined> };

const noetl = createClient<paths>({ baseUrl: process.env.NOETL_SERVER_URL ?? "http://127.0.0.1:8082" });

function given<Value>(answer: { data?: Value; error?: components["schemas"]["Problem"] }): Value {
  if (answer.error) throw new Error(`${answer.error.code}: ${answer.error.detail}`);
  return answer.data as Value;
}

const started = given(await noetl.POST("/api/v2/execute", { body: { path: "clients/hello", payload: { message: "hi" } } }));
const execution = given(await noetl.GET("/api/v2/executions/{id}", { params: { path: { id: started.execution_id } } }));
console.log(execution.status, execution.is_paused, execution.workload["message"]);
const list = given(await noetl.GET("/api/v2/executions", { params: { query: { limit: 10, status: "RUNNING" } } }));
console.log(list.executions.length, list.next_before);

const one = given(await noetl.POST("/api/v2/commands", { body: { tool: { kind: "noop" }, pool: "clients", input: { order: 17 } } }));
if (!("queue_id" in one)) throw new Error("one command has one queue_id");
const many = given(await noetl.POST("/api/v2/commands", { body: { commands: [{ tool: { kind: "noop" }, pool: "clients" }] } }));
if (!("queue_ids" in many)) throw new Error("a batch has queue_ids");
console.log(one.status, many.count);

const worker = "clients-typescript";
given(await noetl.POST("/api/v2/workers", { body: { worker_id: worker, pool: "clients", slots: 2, tools: ["noop"] } }));
const claimed = given(await noetl.POST("/api/v2/commands/claim", { body: { worker_id: worker, pool: "clients", slots: 2 } }));
for (const command of claimed.commands) {
  const report = given(
    await noetl.POST("/api/v2/events", {
      body: {
        worker_id: worker,
        queue_id: command.queue_id,
        epoch: command.epoch,
        name: "command.failed",
        payload: { error: { kind: "auth", message: "no login", retryable: false } },
      },
    }),
  );
  if (report.status !== "ok") throw new Error("the report was not taken");
}

const letters = given(await noetl.GET("/api/v2/dead", { params: { query: { pool: "clients" } } }));
if (!("letters" in letters)) throw new Error("without group there are letters");
const groups = given(await noetl.GET("/api/v2/dead", { params: { query: { group: true } } }));
if (!("groups" in groups)) throw new Error("with group there are groups");
console.log(letters.letters.map((letter) => letter.error_kind), groups.groups.map((group) => group.count));

const pools = given(await noetl.GET("/api/v2/pools"));
const health = given(await noetl.GET("/health"));
console.log(pools.pools.length, health.version, claimed.commands.length);
const nothing = await noetl.GET("/api/v2/commands/{queue_id}", { params: { path: { queue_id: "1" } } });
if (nothing.error?.code !== "not_found") throw new Error("command 1 is not there");
