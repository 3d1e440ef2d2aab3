/// <reference lib="deno.worker" />
/** The program of a Worker of the pool: does jobs one after the other until it is ended. */
import { receiveAhead, sendAhead } from "../read/ahead.ts";
import { createJobRunner, type JobChunk, type JobRunner, type ScanJob } from "./job.ts";
import { AHEAD, type Order, pack } from "./wire.ts";

/** Chunks without candidates that are told of at once. */
const TOGETHER = 32;
/** Bytes of candidates that make a report. */
const REPORT_BYTES = 1 << 20;

const scope = self as unknown as DedicatedWorkerGlobalScope;
const never = new AbortController().signal;
const jobs: Extract<Order, { type: "job" }>[] = [];
let runner: JobRunner;
let busy = false;
let ahead = 0;
let onTaken = () => {};
let ready: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }: MessageEvent<Order>) => {
  switch (data.type) {
    case "begin":
      runner = createJobRunner(data.module, data.limits);
      break;
    case "filter":
      runner.use(data.filter);
      break;
    case "sweep":
      ready = ready.then(() => sweep(data.patterns));
      break;
    case "job":
      jobs.push(data);
      void work();
      break;
    case "read":
      void sendAhead(data.port, data.file.path, data.file);
      break;
    case "taken":
      ahead--;
      onTaken();
  }
};

async function work(): Promise<void> {
  if (busy) return;
  busy = true;
  for (let order = jobs.shift(); order !== undefined; order = jobs.shift()) {
    await ready;
    await run(order.job, order.port);
  }
  busy = false;
}

async function sweep(patterns: readonly string[]): Promise<void> {
  if (patterns.length === 0) return runner.sweep(undefined);
  const { createSweep } = await import("../../../match/sweep.ts");
  runner.sweep({ version: 0, patterns: () => patterns, ...createSweep(patterns) });
}

async function run(job: ScanJob, port: MessagePort | undefined): Promise<void> {
  let chunks: JobChunk[] = [];
  let size = 0;
  for await (const chunk of runner.run(job, never, port && (() => receiveAhead(port, never)))) {
    chunks.push(chunk);
    for (const { bytes } of chunk.candidates) size += bytes.length;
    if (!chunk.end && chunks.length < TOGETHER && size < REPORT_BYTES) continue;
    await send(job, chunks);
    chunks = [];
    size = 0;
  }
}

async function send(job: ScanJob, chunks: readonly JobChunk[]): Promise<void> {
  while (ahead >= AHEAD) {
    await new Promise<void>((resolve) => onTaken = resolve);
  }
  ahead++;
  const report = pack(job.id, chunks);
  scope.postMessage(report, [report.spots.buffer, report.offsets.buffer, report.text.buffer]);
}
