// BullMQ on Redis with Debian's default settings, which do not sync each job to disk: what it acknowledges
// a crash can lose. 100 jobs at a time in each process.
const { Queue, Worker } = require("bullmq");
const { jobs, repeat, perSecond, drain, latencies, workerMain, counter, ranAt, chunk } = require("./measure.js");

const connection = () => ({ host: "127.0.0.1", port: Number(process.env.REDIS_PORT), maxRetriesPerRequest: null });

async function worker(mode) {
  const count = counter();
  const run = new Worker(mode, async (job) => { if (mode === "timed") ranAt(job.data); }, {
    connection: connection(), concurrency: mode === "timed" ? 24 : 100, autorun: false, removeOnComplete: { count: 0 },
  });
  run.on("completed", () => count());
  run.on("error", () => {});
  await run.waitUntilReady();
  workerMain(async () => { run.run(); }, () => run.close(true));
}

async function open(name) {
  const queue = new Queue(name, { connection: connection(), defaultJobOptions: { removeOnComplete: true } });
  await queue.waitUntilReady();
  return queue;
}

async function main() {
  const queue = await open("noop");
  const clear = () => queue.obliterate({ force: true });
  const addThousand = (first) => queue.addBulk(chunk((k) => ({ name: "noop", data: { id: first + k } })));
  await repeat("BullMQ on Redis (not durable), 2 processes", "drain", "jobs/s", async () => {
    await clear();
    for (let i = 0; i < jobs / 2; i += 1000) await addThousand(i);
    return drain(__filename, ["worker", "noop"], 2, jobs / 2);
  });
  await clear();
  await repeat("BullMQ on Redis (not durable)", "enqueue, single, 16 connections", "jobs/s", () => perSecond(jobs / 5, 16, (i) => queue.add("noop", { id: i })));
  await clear();
  await repeat("BullMQ on Redis (not durable)", "enqueue, batches of 1000", "jobs/s", async () => 1000 * await perSecond(jobs / 2000, 1, (i) => addThousand(i * 1000)));
  await clear();
  await queue.close();
  const timed = await open("timed"); // a queue of its own: nothing of the floods before is in it
  await latencies("BullMQ on Redis (not durable)", __filename, ["worker", "timed"], (data) => timed.add("timed", data));
  await timed.close();
}

if (process.argv[2] === "worker") worker(process.argv[3]);
else main().then(() => process.exit(0), (problem) => { console.error(problem); process.exit(1); });
