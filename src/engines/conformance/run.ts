import type { OpName } from "../../ops/attrs.ts";
import { elements } from "../../ops/definition.ts";
import type { Inputs } from "../../ops/signatures.ts";
import { ProgramBuilder } from "../../program/builder.ts";
import { frozenInBf16, type Precision, readsMatrix } from "../../program/precision.ts";
import { mapNamed, type Named, type Program, type ValueId } from "../../program/program.ts";
import { createRng } from "../../rng.ts";
import type { Engine, HostTensor, Tensors } from "../engine.ts";
import { memoryWeights } from "../memory-weights.ts";
import { referenceEngine } from "../reference/reference.ts";

import type { CaseInput, OpCase } from "./case-inputs.ts";
import { CASES } from "./cases.ts";
import { referenceFor } from "./rounded.ts";

export interface PreparedCase {
  readonly program: Program;
  readonly feeds: Tensors;
  readonly weights: Tensors;
}

/** A Program of one node for the case, with seeded values. */
export async function prepareCase<Op extends OpName>(
  op: Op,
  opCase: OpCase<Op>,
  precision: Precision = "float32",
): Promise<PreparedCase> {
  const b = new ProgramBuilder(op);
  const rng = createRng(`${op}/${opCase.name}`);
  const feeds: Record<string, HostTensor> = {};
  const weights: Record<string, HostTensor> = {};
  const inputs = mapNamed(opCase.inputs as Named<CaseInput>, (input, operand, i): ValueId => {
    const name = i === 0 ? operand : `${operand}${i}`;
    (input.weight ? weights : feeds)[name] = fill(input, rng);
    return input.weight ? b.weight(name, input.shape) : b.input(name, input.dtype ?? "f32", input.shape);
  });
  const outputs = b.node(op, inputs as unknown as Inputs<Op, ValueId>, opCase.attrs);
  for (const id of Object.values(outputs as Named<ValueId>).flat()) {
    // A bf16 output is compared as float32.
    b.output(b.value(id).dtype === "bf16" ? b.node("cast", { x: id }, { to: "f32" }).y : id);
  }
  const program = precision === "bf16" ? frozenInBf16(b.build()) : b.build();
  const prepared = { program, feeds, weights };
  return op === "attentionGrad"
    ? {
        ...prepared,
        feeds: { ...feeds, ...(await forwardOf(opCase as unknown as OpCase<"attentionGrad">, feeds)) },
      }
    : prepared;
}

/** o and lse of attentionGrad must be those of its q, k, v. */
async function forwardOf({ attrs }: OpCase<"attentionGrad">, feeds: Tensors): Promise<Tensors> {
  const b = new ProgramBuilder("attention");
  const input = (name: string, dtype: "f32" | "i64" = "f32") => b.input(name, dtype, feeds[name]!.shape);
  const inputs = { q: input("q"), k: input("k"), v: input("v"), segments: input("segments", "i64") };
  const { o, lse } = b.node("attention", inputs, attrs);
  b.output(o, "o");
  b.output(lse, "lse");
  const { outputs } = await runOn(referenceEngine, { program: b.build(), feeds, weights: {} });
  const single = ({ shape, data }: HostTensor): HostTensor => ({
    shape,
    data: Float32Array.from(data as Float64Array),
  });
  return { o: single(outputs["o"]!), lse: single(outputs["lse"]!) };
}

function fill(
  { shape, dtype, fill: how = "normal" }: CaseInput,
  rng: ReturnType<typeof createRng>,
): HostTensor {
  const size = elements(shape);
  if (how === "normal") return { shape, data: Float32Array.from({ length: size }, () => rng.normal()) };
  if (how === "positive") return { shape, data: Float32Array.from({ length: size }, () => 0.5 + rng.next()) };
  if (dtype === "i64") return { shape, data: BigInt64Array.from(how, BigInt) };
  return { shape, data: dtype === "u8" ? Uint8Array.from(how) : Float32Array.from(how) };
}

export async function runOn(
  engine: Engine,
  { program, feeds, weights }: PreparedCase,
): Promise<{ outputs: Tensors }> {
  const memory = memoryWeights(weights);
  const session = await engine.open(memory);
  try {
    const executable = await session.compile(program);
    const result = await executable.run(feeds);
    await executable.dispose();
    return result;
  } finally {
    await session.close();
    memory.dispose();
  }
}

/** Largest difference relative to the largest entry of `expected` (at least 1e-30); NaN anywhere gives Infinity. */
export function relativeError(actual: HostTensor, expected: HostTensor): number {
  if (actual.data.length !== expected.data.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  let largest = 1e-30;
  for (let i = 0; i < expected.data.length; i++) {
    const difference = Math.abs(Number(actual.data[i]) - Number(expected.data[i]));
    if (!(difference <= Number.MAX_VALUE)) return Number.POSITIVE_INFINITY;
    worst = Math.max(worst, difference);
    largest = Math.max(largest, Math.abs(Number(expected.data[i])));
  }
  return worst / largest;
}

/**
 * Relative error of float32 engines against float64, for sums of at most a thousand terms. The largest measured error is 2e-6
 * (sumSquares of 1,003 terms); a wrong formula is off by far more. It holds in bf16 too: a sum near the middle of two bf16
 * numbers may round either way, an error of 4e-3, but no sum of these cases is that close.
 */
export const TOLERANCE = 1e-5;

export interface ConformanceResult {
  readonly op: OpName;
  readonly precision: Precision;
  readonly name: string;
  /** Largest relative error over the outputs. */
  readonly error: number;
  readonly passed: boolean;
  /** For a failure: the smallest part that the engine's library computes wrongly, or the error that the case ended with. */
  readonly fault?: string;
}

/**
 * Relative error of engines that store activations in bf16, against the reference with the same roundings: a different
 * summation order flips some roundings (2^-8 of the entry), and a rounded probability or summand adds as much again.
 */
export const BF16_TOLERANCE = 2 ** -6;

/** Vectors are float32 on every engine. */
export const toleranceOf = (engine: Engine, { inputs }: OpCase): number =>
  engine.activations === "bf16" &&
  Object.values(inputs as Named<CaseInput>)
    .flat()
    .some(({ shape }) => shape.length > 1)
    ? BF16_TOLERANCE
    : TOLERANCE;

/** Cases for a precision: in bf16, only operations with a bf16 form, unless all activations are bf16. */
export function casesFor(engine: Engine, precision: Precision): [OpName, OpCase][] {
  const ops = (Object.keys(CASES) as OpName[]).filter((op) => {
    if (engine.lacks?.includes(op)) return false;
    if (engine.activations === "bf16") return true;
    const rounds = op === "cast" || readsMatrix(op);
    return precision === "bf16" ? rounds : op !== "cast";
  });
  return ops.flatMap((op) =>
    (CASES[op] as readonly OpCase[]).map((opCase): [OpName, OpCase] => [op, opCase]),
  );
}

/** Every case of every operation on `engine` against `reference`, in every precision that the engine has. */
export async function* conformance(engine: Engine): AsyncGenerator<ConformanceResult> {
  for (const precision of engine.precisions) {
    for (const [op, opCase] of casesFor(engine, precision)) {
      const prepared = await prepareCase(op, opCase, precision);
      const expected = await runOn(referenceFor(engine), prepared);
      const error = await errorOf(engine, prepared, expected.outputs);
      const passed = typeof error === "number" && error <= toleranceOf(engine, opCase);
      const result = { op, precision, name: opCase.name, passed };
      if (passed) yield { ...result, error };
      else yield { ...result, ...(await explain(engine, prepared, error)) };
    }
  }
}

/** Largest relative error over the outputs, or the message of the engine's error. */
async function errorOf(engine: Engine, prepared: PreparedCase, expected: Tensors): Promise<number | string> {
  try {
    const { outputs } = await runOn(engine, prepared);
    const errors = Object.entries(expected).map(([name, value]) => relativeError(outputs[name]!, value));
    return Math.max(...errors);
  } catch (error) {
    return (error as Error).message.split("\n")[0]!;
  }
}

async function explain(
  engine: Engine,
  { program, weights, feeds }: PreparedCase,
  error: number | string,
): Promise<Pick<ConformanceResult, "error" | "fault">> {
  const memory = memoryWeights(weights);
  const smallest = await engine.smallestFault?.(program, memory, feeds).catch(() => null);
  memory.dispose();
  const fault = smallest ?? (typeof error === "string" ? error : undefined);
  const off = typeof error === "number" ? error : Number.POSITIVE_INFINITY;
  return fault === undefined ? { error: off } : { error: off, fault };
}
