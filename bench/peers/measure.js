// What the peers' scripts share: worker processes, rates, latencies, and one line of JSON per figure.
const { fork } = require("node:child_process");
const { setTimeout: pause } = require("node:timers/promises");

const runs = Number(process.env.RUNS || 3);
const jobs = Number(process.env.JOBS || 100000);
const now = () => performance.timeOrigin + performance.now(); // comparable between processes

const percentile = (values, part) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
};

const print = (peer, name, unit, values, digits = 0) =>
  console.log(JSON.stringify({ peer, name, unit, digits, runs: values }));

async function repeat(peer, name, unit, measure) {
  const values = [];
  for (let i = 0; i < runs; i++) values.push(await measure());
  print(peer, name, unit, values);
}

// Operations per second of `count` calls of `call`, `parallel` at a time.
async function perSecond(count, parallel, call) {
  let next = 0;
  const start = now();
  await Promise.all(Array.from({ length: parallel }, async () => { while (next < count) await call(next++); }));
  return (count * 1000) / (now() - start);
}

// A child of this script in another role. It says {ready}, is told "go", and later "stop".
async function startWorkers(file, roleArguments, count) {
  const workers = Array.from({ length: count }, () => fork(file, roleArguments, { env: process.env }));
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("message", resolve))));
  return workers;
}
async function stopWorkers(workers) {
  await Promise.all(workers.map((worker) => new Promise((resolve) => {
    const patience = setTimeout(() => worker.kill("SIGKILL"), 5000);
    worker.once("exit", () => { clearTimeout(patience); resolve(); });
    worker.send("stop");
  })));
}

// Jobs per second after the first report of work done, so that starting up does not count (ours counts from
// the first claim); what that report already had done does not count either.
async function drain(file, roleArguments, processes, count) {
  const workers = await startWorkers(file, roleArguments, processes);
  const done = workers.map(() => 0);
  let start, first;
  const elapsed = new Promise((resolve) => workers.forEach((worker, i) => worker.on("message", ({ total }) => {
    if (total === undefined) return;
    start ??= now();
    first ??= total;
    done[i] = total;
    if (done.reduce((a, b) => a + b) >= count) resolve(now() - start);
  })));
  workers.forEach((worker) => worker.send("go"));
  const ms = await elapsed;
  await stopWorkers(workers);
  return ((count - first) * 1000) / ms;
}

// 200 jobs at 20 a second; each carries the time from just before it was added.
async function latencies(peer, file, roleArguments, add) {
  const p50 = [], p99 = [];
  for (let run = 0; run < runs; run++) {
    const [worker] = await startWorkers(file, roleArguments, 1);
    const values = [];
    worker.on("message", ({ latency }) => latency !== undefined && values.push(latency));
    worker.send("go");
    await pause(2000);
    for (let i = 0; i < 200; i++) {
      const start = now();
      await add({ at: now() });
      await pause(Math.max(0, 50 - (now() - start)));
    }
    for (let i = 0; i < 500 && values.length < 200; i++) await pause(20);
    if (values.length < 200) throw new Error(`${peer}: only ${values.length} of 200 jobs ran`);
    await stopWorkers([worker]);
    p50.push(percentile(values, 0.5));
    p99.push(percentile(values, 0.99));
  }
  print(peer, "start latency p50, from before the POST", "ms", p50, 2);
  print(peer, "start latency p99, from before the POST", "ms", p99, 2);
}

// In a child: counts what it did and says so every 2 ms; `start` at "go", `stop` and exit at "stop".
function workerMain(start, stop) {
  process.on("message", async (message) => {
    if (message === "go") await start();
    if (message === "stop") {
      setTimeout(() => process.exit(0), 3000).unref();
      await stop().catch(() => {});
      process.exit(0);
    }
  });
  process.send({ ready: true });
}
function counter() {
  let total = 0, told = 0;
  setInterval(() => { if (total !== told) process.send({ total: (told = total) }); }, 2).unref();
  return (count = 1) => { total += count; };
}
const ranAt = ({ at }) => process.send({ latency: now() - at });
const chunk = (make) => Array.from({ length: 1000 }, (_, i) => make(i));

module.exports = { runs, jobs, print, repeat, perSecond, drain, latencies, workerMain, counter, ranAt, chunk };
