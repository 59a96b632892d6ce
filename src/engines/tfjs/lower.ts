import type { Node, Program, DType as ProgramDType, ValueId } from "../../program/program.ts";
import { outputIn } from "../fusion.ts";
import { Lowerer } from "../library/lowerer.ts";
import type { Sum, Tensor } from "../library/tensor-builder.ts";
import { type Fetch, finishList, type KernelList } from "./kernel-list.ts";
import { type DType, type Ref, type Shape, sizeOf } from "./kernels.ts";
import { TFJS_LOWERINGS } from "./overrides.ts";
import { KernelRecorder } from "./recorder.ts";

/** A Program whose sizes are all numbers, as kernel calls. */
export function lowerProgram(program: Program): KernelList {
  for (const { name, shape } of program.values) {
    const symbol = shape.find((d) => typeof d === "string");
    if (symbol !== undefined) throw new Error(`tfjs engine: ${name} has the symbolic size ${symbol}`);
  }
  return new TfjsLowerer(program, new KernelRecorder()).lower();
}

const DTYPES: Readonly<Record<ProgramDType, DType>> = {
  f32: "float32",
  bf16: "bfloat16",
  i32: "int32",
  // Ids, positions and row numbers; tfjs has no wider integers.
  i64: "int32",
  u8: "bool",
};

/** Outputs that are kept as a list of summands. */
const fusable = outputIn("gemmOutput", "sumOutput");

class TfjsLowerer extends Lowerer {
  readonly #k: KernelRecorder;
  /** A value is the sum of its terms; the sum is computed at its first read. */
  readonly #terms = new Map<ValueId, readonly Ref[]>();

  constructor(program: Program, k: KernelRecorder) {
    super(program, fusable, k, TFJS_LOWERINGS);
    this.#k = k;
  }

  lower(): KernelList {
    const { inputs, weights, state } = this.program;
    const declared = [inputs, weights, state.map(({ value }) => value)].map((ids) =>
      ids.map((id) => this.#declare(id)),
    ) as [Ref[], Ref[], Ref[]];
    this.lowerNodes();
    this.#k.op = undefined;
    const replaced = [...state.entries()].filter(([, slot]) => slot.value !== slot.next);
    return finishList(this.#k, {
      inputs: declared[0],
      weights: declared[1],
      state: declared[2],
      fetches: this.#fetches(),
      next: replaced.map(([i, { next }]) => ({ state: i, ref: this.grid(next) as Ref })),
    });
  }

  /** All single numbers come back in one transfer, since each transfer waits for the device. */
  #fetches(): Fetch[] {
    const { outputs, guards } = this.program;
    const wanted = [...new Set([...outputs, ...guards])];
    const isNumber = (id: ValueId): boolean => sizeOf(this.shape(id) as Shape) === 1;
    const numbers = wanted.filter(isNumber);
    const others = wanted.filter((id) => !isNumber(id));
    const fetches = others.map((id): Fetch => ({ ref: this.grid(id) as Ref, values: [id] }));
    if (numbers.length > 0) {
      const parts = numbers.map((id) => this.#k.flat(this.grid(id) as Ref));
      fetches.push({ ref: this.#k.concat(parts, 0), values: numbers });
    }
    return fetches;
  }

  #declare(id: ValueId): Ref {
    const ref = this.#k.ref(this.shape(id) as Shape, DTYPES[this.program.values[id]!.dtype]);
    this.#terms.set(id, [ref]);
    return ref;
  }

  protected override lowerNode(node: Node): void {
    this.#k.op = node.op;
    super.lowerNode(node);
  }

  protected override define(id: ValueId, lowered: Tensor | Sum, addend?: ValueId): void {
    const own = ("terms" in lowered ? lowered.terms : [lowered]) as readonly Ref[];
    this.#terms.set(id, addend === undefined ? own : [...own, ...this.#addends(addend)]);
  }

  protected override read(id: ValueId): Ref {
    const terms = this.#terms.get(id);
    if (terms === undefined)
      throw new Error(`${this.program.values[id]!.name} is read before it is computed`);
    if (terms.length === 1) return terms[0]!;
    const sum = this.#k.addAll(terms.map((term) => this.asRows(id, term) as Ref));
    this.#terms.set(id, [sum]);
    return sum;
  }

  /** Terms that a value contributes to a sum: its own terms, unless its sum is read elsewhere too. */
  #addends(id: ValueId): readonly Ref[] {
    return this.fusion.uses.get(id) === 1 ? this.#terms.get(id)! : [this.read(id)];
  }
}
