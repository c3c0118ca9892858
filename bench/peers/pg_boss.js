// pg-boss: its own work() with large batches and its fastest polling, and a tight loop of fetch and
// complete, 1000 jobs at a time, which is the most it can do.
const PgBoss = require("pg-boss");
const { jobs, repeat, perSecond, drain, latencies, workerMain, counter, ranAt, chunk } = require("./measure.js");

const queue = "bench";
async function start() {
  const boss = new PgBoss({ connectionString: process.env.PGURL, max: 10, supervise: false, schedule: false });
  boss.on("error", () => {});
  await boss.start();
  return boss;
}

async function worker(mode) {
  const boss = await start();
  const count = counter();
  let isStopped = false;
  const loop = async () => {
    while (!isStopped) {
      const batch = await boss.fetch(queue, { batchSize: 1000 });
      if (batch.length === 0) { await new Promise((resolve) => setTimeout(resolve, 20)); continue; }
      await boss.complete(queue, batch.map((job) => job.id));
      count(batch.length);
    }
  };
  workerMain(async () => {
    if (mode === "loop") { loop(); loop(); return; }
    for (let i = 0; i < (mode === "timed" ? 1 : 4); i++) {
      await boss.work(queue, { batchSize: mode === "timed" ? 100 : 1000, pollingIntervalSeconds: 0.5 },
        async (batch) => (mode === "timed" ? batch.forEach((job) => ranAt(job.data)) : count(batch.length)));
    }
  }, async () => { isStopped = true; await boss.stop({ graceful: false }); });
}

async function main() {
  const boss = await start();
  await boss.createQueue(queue);
  const sql = (text) => boss.getDb().executeSql(text);
  const fill = async (count) => {
    await sql("delete from pgboss.job");
    for (let i = 0; i < count; i += 1000) await boss.insert(chunk((k) => ({ name: queue, data: { id: i + k } })));
    await sql("vacuum analyze pgboss.job");
  };
  for (const [mode, label, count] of [["work", "work()", jobs], ["loop", "fetch and complete in a loop", jobs]]) {
    await repeat(`pg-boss, ${label}, 2 processes`, "drain", "jobs/s", async () => {
      await fill(count);
      return drain(__filename, ["worker", mode], 2, count);
    });
  }
  await sql("delete from pgboss.job");
  await repeat("pg-boss", "enqueue, single, 16 connections", "jobs/s", () => perSecond(jobs / 10, 16, (i) => boss.send(queue, { id: i })));
  await repeat("pg-boss", "enqueue, batches of 1000", "jobs/s", async () =>
    1000 * await perSecond(jobs / 2000, 1, () => boss.insert(chunk((k) => ({ name: queue, data: { id: k } })))));
  await sql("delete from pgboss.job");
  await latencies("pg-boss, work()", __filename, ["worker", "timed"], (data) => boss.send(queue, data));
  await boss.stop({ graceful: false });
}

if (process.argv[2] === "worker") worker(process.argv[3]);
else main().then(() => process.exit(0), (problem) => { console.error(problem); process.exit(1); });
