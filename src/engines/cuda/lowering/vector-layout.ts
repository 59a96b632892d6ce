import { elements } from "../../../ops/definition.ts";
import type { Program, ValueId } from "../../../program/program.ts";
import { MASK_WORDS } from "../ops/dropout.ts";
import { type BufferStorage, type Vector, vectorSlice } from "./commands.ts";

/** The guards, contiguous, and the flag that is 1 when all of them are finite. */
export interface FiniteCheck {
  readonly flag: Vector;
  readonly guards: Vector;
}

/** Buffers of all values that are not bf16 matrices: state, feeds, flat vectors and their parts, scalars, statistics. */
export class VectorLayout {
  /** Undefined for a Program without guards. */
  readonly finite: FiniteCheck | undefined;
  readonly #program: Program;
  readonly #matrices: ReadonlySet<ValueId>;
  readonly #inputs: ReadonlySet<ValueId>;
  readonly #vectors = new Map<ValueId, Vector>();

  constructor(program: Program, matrices: ReadonlySet<ValueId>) {
    this.#program = program;
    this.#matrices = matrices;
    this.#inputs = new Set(program.inputs);
    for (const { value } of program.state) {
      const { name } = program.values[value]!;
      this.#vectors.set(value, bufferVector(this.#length(value), { kind: "state", name }));
    }
    this.#placeMaskWords();
    this.#placeFlatParts();
    this.finite = this.#placeScalarResults();
  }

  vector(id: ValueId): Vector {
    const known = this.#vectors.get(id);
    if (known !== undefined) return known;
    const length = this.#length(id);
    const bytes = this.#program.values[id]!.dtype === "u8" ? length : 4 * length;
    const kind = this.#inputs.has(id) ? "feed" : "arena";
    const vector: Vector = { view: { buffer: { bytes, storage: { kind } }, offset: 0 }, length };
    this.#vectors.set(id, vector);
    return vector;
  }

  /** Dropout masks are fed as the words from which they are generated, all in one buffer. */
  #placeMaskWords(): void {
    const masks = this.#program.inputs.filter((id) => this.#program.values[id]!.mask !== undefined);
    const words = bufferVector(MASK_WORDS * masks.length, { kind: "feed" });
    for (const [i, id] of masks.entries())
      this.#vectors.set(id, vectorSlice(words, MASK_WORDS * i, MASK_WORDS));
  }

  /** Parts of a flat vector are slices of it. */
  #placeFlatParts(): void {
    for (const node of this.#program.nodes) {
      if (node.op === "unflatten") this.#placeParts(node.inputs.flat, node.outputs.parts);
      if (node.op === "flatten") this.#placeParts(node.outputs.flat, node.inputs.parts);
    }
  }

  #placeParts(flat: ValueId, parts: readonly ValueId[]): void {
    let from = 0;
    for (const id of parts) {
      const length = this.#length(id);
      if (!this.#vectors.has(id) && !this.#inputs.has(id))
        this.#vectors.set(id, vectorSlice(this.vector(flat), from, length));
      from += length;
    }
  }

  /** Guards, other single-number outputs and the flag share one buffer, so that one transfer downloads all. */
  #placeScalarResults(): FiniteCheck | undefined {
    const { guards, outputs } = this.#program;
    const scalars = [...new Set([...guards, ...outputs])].filter(
      (id) => !this.#matrices.has(id) && this.#length(id) === 1 && !this.#vectors.has(id),
    );
    if (guards.some((id) => !scalars.includes(id))) throw new Error("cuda engine: a guard is one number");
    const block = bufferVector(scalars.length + 1, { kind: "result" });
    for (const [i, id] of scalars.entries()) this.#vectors.set(id, vectorSlice(block, i, 1));
    if (guards.length === 0) return undefined;
    const count = new Set(guards).size;
    return { flag: vectorSlice(block, scalars.length, 1), guards: vectorSlice(block, 0, count) };
  }

  #length(id: ValueId): number {
    return elements(this.#program.values[id]!.shape as readonly number[]);
  }
}

function bufferVector(length: number, storage: BufferStorage): Vector {
  return { view: { buffer: { bytes: 4 * length, storage }, offset: 0 }, length };
}
