// graphile-worker as it comes, and with the batching settings of its own performance test (a local queue
// of 500 jobs, completions in batches). 24 jobs at a time in each process.
const { Pool } = require("pg");
const { Logger, makeWorkerUtils, run, runMigrations } = require("graphile-worker");
const { jobs, repeat, perSecond, drain, latencies, workerMain, counter, ranAt, chunk } = require("./measure.js");

const connectionString = process.env.PGURL;
const logger = new Logger(() => () => {});
const batching = { worker: { localQueue: { size: 500, refetchDelay: { durationMs: 10 } }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } };

async function worker(mode) {
  const count = counter();
  let runner;
  workerMain(async () => {
    runner = await run({
      connectionString, logger, concurrency: 24, maxPoolSize: 25, noHandleSignals: true,
      preset: mode === "batching" ? batching : undefined,
      taskList: { noop: () => count(), timed: ranAt },
    });
  }, () => runner.stop());
}

async function main() {
  await runMigrations({ connectionString, logger });
  const pool = new Pool({ connectionString, max: 16 });
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  const utils = await makeWorkerUtils({ pgPool: pool, logger });
  const clear = () => pool.query("truncate graphile_worker._private_jobs");
  const fill = async (count) => {
    await clear();
    for (let i = 0; i < count; i += 1000) await utils.addJobs(chunk((k) => ({ identifier: "noop", payload: { id: i + k } })));
    await pool.query("vacuum analyze graphile_worker._private_jobs");
  };
  for (const [mode, count] of [["default", jobs / 5], ["batching", jobs]]) {
    await repeat(`graphile-worker, ${mode}, 2 processes`, "drain", "jobs/s", async () => {
      await fill(count);
      return drain(__filename, ["worker", mode], 2, count);
    });
  }
  await clear();
  await repeat("graphile-worker", "enqueue, single, 16 connections", "jobs/s", () => perSecond(jobs / 10, 16, (i) => utils.addJob("noop", { id: i })));
  await repeat("graphile-worker", "enqueue, batches of 1000", "jobs/s", async () =>
    1000 * await perSecond(jobs / 2000, 1, () => utils.addJobs(chunk((k) => ({ identifier: "noop", payload: { id: k } })))));
  await clear();
  await latencies("graphile-worker, default", __filename, ["worker", "default"], (payload) => utils.addJob("timed", payload));
  await utils.release();
  await pool.end();
}

if (process.argv[2] === "worker") worker(process.argv[3]);
else main().then(() => process.exit(0), (problem) => { console.error(problem); process.exit(1); });
