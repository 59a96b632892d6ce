import type { EngineOptions } from "../engine.ts";
import type { Driver, Run, UploadArray } from "./driver.ts";
import type { KernelList } from "./kernel-list.ts";

/** A kernel list on a device. */
export interface PreparedList<Handle> {
  readonly list: KernelList;
  /** One for each call. */
  readonly steps: readonly Run<Handle>[];
  /** Weights and constants by slot; they outlive a run. */
  readonly held: ReadonlyMap<number, Handle>;
}

/** Inputs of a run: feeds and state in the order of the list. */
export interface RunInputs<Handle> {
  readonly feeds: readonly UploadArray[];
  readonly state: readonly Handle[];
}

export interface RunResult<Handle> {
  /** One for each fetch of the list. */
  readonly fetched: readonly Float32Array[];
  /** Owned by the caller, in the order of the list's `next`; null if the state is not committed. */
  readonly next: readonly Handle[] | null;
}

/**
 * Runs the list once and frees every tensor that it made, also after an error.
 * @param commits whether the state is replaced, from the fetched values
 */
export async function runList<Handle>(
  driver: Driver<Handle>,
  { list, steps, held }: PreparedList<Handle>,
  { feeds, state }: RunInputs<Handle>,
  commits: (fetched: readonly Float32Array[]) => boolean,
  onKernel: EngineOptions["onKernel"],
): Promise<RunResult<Handle>> {
  const live = new Map(held);
  const own = new Set<number>();
  const make = (slot: number, handle: Handle): void => {
    live.set(slot, handle);
    own.add(slot);
  };
  for (const [i, { slot }] of list.state.entries()) live.set(slot, state[i]!);
  try {
    for (const [i, { slot, shape, dtype }] of list.inputs.entries()) {
      make(slot, driver.upload(feeds[i]!, shape, dtype));
    }
    for (const [i, { kernel, op, inputs, outputs }] of list.calls.entries()) {
      const began = onKernel === undefined ? 0 : performance.now();
      const results = steps[i]!(inputs.map(({ slot }) => live.get(slot)!));
      for (const [at, { slot }] of outputs.entries()) make(slot, results[at]!);
      for (const slot of list.frees[i]!) {
        driver.free(live.get(slot)!);
        own.delete(slot);
      }
      onKernel?.({ kernel, op: op ?? "", ms: performance.now() - began });
    }
    const fetched: Float32Array[] = [];
    for (const { ref } of list.fetches) fetched.push(await driver.read(live.get(ref.slot)!));
    if (!commits(fetched)) return { fetched, next: null };
    const next = list.next.map(({ ref }) => live.get(ref.slot)!);
    for (const { ref } of list.next) own.delete(ref.slot);
    return { fetched, next };
  } finally {
    for (const slot of own) driver.free(live.get(slot)!);
  }
}
