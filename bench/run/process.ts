/** What Linux tells of a process (proc(5)). */

/** Seconds of CPU that it and the children it has waited for used, all threads together. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // utime, stime, cutime and cstime, in ticks of 10 ms
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}

/** MiB of memory that it occupies now, and the most that it ever did. */
export async function memoryMiB(pid: number): Promise<{ now: number; peak: number }> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const field = (name: string) =>
    Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) / 1024);
  return { now: field("VmRSS"), peak: field("VmHWM") };
}

/** `12,345` */
export function text(rate: number): string {
  return Math.round(rate).toLocaleString("en");
}

/** `12,345/s by the clock, 23,456/s of CPU time`: the second holds on a busy machine too. */
export function rates(count: number, seconds: number, cpu: number): string {
  return `${text(count / seconds)}/s by the clock, ${text(count / cpu)}/s of CPU time`;
}
