import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";

/** CPU time of the whole machine and of this process, in seconds. */
export interface CpuTimes {
  readonly busy: number;
  readonly all: number;
  readonly own: number;
}

export function cpuTimes(): CpuTimes {
  const { user, system } = process.cpuUsage();
  let busy = 0;
  let all = 0;
  for (const { times } of cpus()) {
    const used = times.user + times.nice + times.sys + times.irq;
    busy += used / 1e3;
    all += (used + times.idle) / 1e3;
  }
  return { busy, all, own: (user + system) / 1e6 };
}

/** Share of the machine's CPU time since `before` that went to other processes. */
export function foreignShare(before: CpuTimes, after: CpuTimes): number {
  const all = after.all - before.all;
  if (all <= 0) return 0;
  return Math.max(0, after.busy - before.busy - (after.own - before.own)) / all;
}

/** Memory of this process in bytes: anonymous pages, mapped files such as weights, and the peak of both. */
export interface ProcessMemory {
  readonly anonymous: number | null;
  readonly mapped: number | null;
  readonly peak: number;
}

export function processMemory(): ProcessMemory {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    const bytes = (key: string): number => Number(new RegExp(`${key}:\\s*(\\d+)`).exec(status)![1]) * 1024;
    return { anonymous: bytes("RssAnon"), mapped: bytes("RssFile"), peak: bytes("VmHWM") };
  } catch {
    return { anonymous: null, mapped: null, peak: process.resourceUsage().maxRSS * 1024 };
  }
}

/** Resets the peak on Linux, so that memory used for loading does not count as memory of a step. */
export function resetPeakMemory(): void {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // On other systems the peak covers the whole process.
  }
}
