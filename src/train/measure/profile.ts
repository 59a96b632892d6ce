import type { KernelTime } from "../../engines/engine.ts";

/** Total time of the calls of one kernel for one operation. */
export interface ProfileRow {
  readonly op: string;
  readonly kernel: string;
  readonly calls: number;
  readonly ms: number;
}

/** Accumulates kernel times by operation and kernel. */
export function createProfile() {
  const rows = new Map<string, { op: string; kernel: string; calls: number; ms: number }>();
  return {
    add({ op, kernel, ms }: KernelTime): void {
      const key = `${op} ${kernel}`;
      const row = rows.get(key) ?? { op, kernel, calls: 0, ms: 0 };
      rows.set(key, { ...row, calls: row.calls + 1, ms: row.ms + ms });
    },
    clear: (): void => rows.clear(),
    /** Most expensive first. */
    rows: (): ProfileRow[] => [...rows.values()].sort((a, b) => b.ms - a.ms),
  };
}
