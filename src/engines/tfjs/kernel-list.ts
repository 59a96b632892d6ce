import type { ValueId } from "../../program/program.ts";
import { bytesOf, type Call, type Constant, type Ref } from "./kernels.ts";
import type { KernelRecorder } from "./recorder.ts";

/** One transfer to the host: concatenated values. */
export interface Fetch {
  readonly ref: Ref;
  readonly values: readonly ValueId[];
}

/** A Program as a flat list of kernel calls, with everything precomputed that is the same in every run. */
export interface KernelList {
  readonly slots: number;
  /** In the order of the Program's inputs, weights and state. */
  readonly inputs: readonly Ref[];
  readonly weights: readonly Ref[];
  readonly state: readonly Ref[];
  readonly constants: readonly Constant[];
  readonly calls: readonly Call[];
  /** Slots to free after each call. */
  readonly frees: readonly (readonly number[])[];
  /** The Program's outputs and guards. */
  readonly fetches: readonly Fetch[];
  /** State values that are replaced, by position in `state`, and their next tensors, which nothing else uses. */
  readonly next: readonly { readonly state: number; readonly ref: Ref }[];
  /** Peak bytes of a run, without weights, state and constants. */
  readonly peakBytes: number;
}

type Declared = Pick<KernelList, "inputs" | "weights" | "state" | "fetches" | "next">;

/** Removes calls that nothing reads and frees each tensor after its last use. */
export function finishList(k: KernelRecorder, declared: Declared): KernelList {
  const next = ownTensors(k, declared.next);
  const kept = new Set([...declared.fetches, ...next].map(({ ref }) => ref.slot));
  const calls = reachable(k.calls, kept);
  const read = new Set(calls.flatMap(({ inputs }) => inputs.map(({ slot }) => slot)));
  const frees = freeing(calls, declared.inputs, kept);
  return {
    ...declared,
    slots: k.slots,
    constants: k.constants.filter(({ ref }) => read.has(ref.slot)),
    calls,
    frees,
    next,
    peakBytes: peakOf(calls, frees, declared.inputs),
  };
}

/** Copies tensors that become state and are fed, constant or used twice: each state value owns its tensor. */
function ownTensors(k: KernelRecorder, next: KernelList["next"]): KernelList["next"] {
  const made = new Set(k.calls.flatMap(({ outputs }) => outputs.map(({ slot }) => slot)));
  return next.map(({ state, ref }) => ({
    state,
    ref: made.delete(ref.slot) ? ref : k.copy(ref),
  }));
}

function reachable(calls: readonly Call[], kept: ReadonlySet<number>): Call[] {
  const read = new Set(kept);
  const reached = [...calls].reverse().filter(({ inputs, outputs }) => {
    if (!outputs.some(({ slot }) => read.has(slot))) return false;
    for (const { slot } of inputs) read.add(slot);
    return true;
  });
  return reached.reverse();
}

/** Slots whose last use is each call, except weights, state and constants; `kept` slots are freed at the end of the run. */
function freeing(calls: readonly Call[], inputs: readonly Ref[], kept: ReadonlySet<number>): number[][] {
  const own = new Set([...inputs, ...calls.flatMap(({ outputs }) => outputs)].map(({ slot }) => slot));
  const last = new Map<number, number>();
  for (const [i, call] of calls.entries()) {
    for (const { slot } of [...call.inputs, ...call.outputs]) last.set(slot, i);
  }
  const frees = calls.map((): number[] => []);
  for (const [slot, i] of last) if (own.has(slot) && !kept.has(slot)) frees[i]!.push(slot);
  return frees;
}

/** Reshaped tensors share their bytes, which are freed with the last of them. */
function peakOf(
  calls: readonly Call[],
  frees: readonly (readonly number[])[],
  inputs: readonly Ref[],
): number {
  const owner = new Map<number, number>();
  const views = new Map<number, number>();
  const bytes = new Map<number, number>();
  const hold = (ref: Ref, of: number): number => {
    owner.set(ref.slot, of);
    views.set(of, (views.get(of) ?? 0) + 1);
    if (of === ref.slot) bytes.set(of, bytesOf(ref));
    return of === ref.slot ? bytesOf(ref) : 0;
  };
  let live = inputs.reduce((sum, ref) => sum + hold(ref, ref.slot), 0);
  let peak = live;
  for (const [i, { kernel, inputs: read, outputs }] of calls.entries()) {
    const source = kernel === "Reshape" ? owner.get(read[0]!.slot) : undefined;
    for (const ref of outputs) live += hold(ref, source ?? ref.slot);
    peak = Math.max(peak, live);
    for (const slot of frees[i]!) {
      const of = owner.get(slot)!;
      views.set(of, views.get(of)! - 1);
      if (views.get(of) === 0) live -= bytes.get(of)!;
    }
  }
  return peak;
}
