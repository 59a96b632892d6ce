import type { OpName } from "../../ops/attrs.ts";
import { elements } from "../../ops/definition.ts";
import { definitionOf } from "../../ops/index.ts";
import { ProgramBuilder } from "../../program/builder.ts";
import { frozenInBf16, type Precision } from "../../program/precision.ts";
import type { Program, ValueId } from "../../program/program.ts";
import { createRng } from "../../rng.ts";
import type { Engine, HostTensor, Tensors } from "../engine.ts";
import { memoryWeights } from "../memory-weights.ts";
import { referenceEngine } from "../reference/reference.ts";
import type { CaseInput } from "./case-inputs.ts";
import { CASES, type OpCase } from "./cases.ts";
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
  const ids = opCase.inputs.map((input, i): ValueId => {
    const name = `in${i}`;
    (input.weight ? weights : feeds)[name] = fill(input, rng);
    return input.weight ? b.weight(name, input.shape) : b.input(name, input.dtype ?? "f32", input.shape);
  });
  for (const id of b.node(op, ids, opCase.attrs)) {
    // bf16 stays on the device.
    b.output(b.value(id).dtype === "bf16" ? b.node("cast", [id], { to: "f32" })[0]! : id);
  }
  const program = precision === "bf16" ? frozenInBf16(b.build()) : b.build();
  const prepared = { program, feeds, weights };
  return op === "attentionGrad"
    ? { ...prepared, feeds: { ...feeds, ...(await forwardOf(opCase as OpCase, feeds)) } }
    : prepared;
}

/** o and lse of attentionGrad must be those of its q, k, v. */
async function forwardOf(opCase: OpCase, feeds: Tensors): Promise<Tensors> {
  const b = new ProgramBuilder("attention");
  const ids = [1, 2, 3, 6].map((i) => b.input(`in${i}`, i === 6 ? "i64" : "f32", feeds[`in${i}`]!.shape));
  const [o, lse] = b.node("attention", ids, (opCase as OpCase<"attention">).attrs);
  b.output(o!, "in4");
  b.output(lse!, "in5");
  const { outputs } = await runOn(referenceEngine, { program: b.build(), feeds, weights: {} });
  const single = ({ shape, data }: HostTensor): HostTensor => ({
    shape,
    data: Float32Array.from(data as Float64Array),
  });
  return { in4: single(outputs["in4"]!), in5: single(outputs["in5"]!) };
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
 * float32 engines against float64: rounding of inputs that stand in float32 already, sums of at most a thousand terms.
 * 2e-6 is the worst seen (sumSquares of 1,003 terms); a wrong formula is off by far more. In bf16 too: a sum that falls
 * between two bf16 numbers may be rounded either way, which is off by 4e-3, but among these few numbers none does.
 */
export const TOLERANCE = 1e-5;

export interface ConformanceResult {
  readonly op: OpName;
  readonly precision: Precision;
  readonly name: string;
  /** Largest relative error over the outputs. */
  readonly error: number;
  readonly passed: boolean;
}

/**
 * Engines that keep activations in bf16, against the reference rounded likewise: where a sum falls between two bf16 numbers it
 * may go the other way (2^-8 of the entry), and a probability or a summand that is rounded in between adds as much again.
 */
export const BF16_TOLERANCE = 2 ** -6;

/** Vectors are float32 on every engine. */
export const toleranceOf = (engine: Engine, { inputs }: OpCase): number =>
  engine.activations === "bf16" && inputs.some(({ shape }) => shape.length > 1) ? BF16_TOLERANCE : TOLERANCE;

/** What there is to try in a precision: in bf16, only the operations that know it, unless all activations are in bf16. */
export function casesFor(engine: Engine, precision: Precision): [OpName, OpCase][] {
  const ops = (Object.keys(CASES) as OpName[]).filter((op) => {
    if (engine.lacks?.includes(op)) return false;
    if (engine.activations === "bf16") return true;
    const rounds = op === "cast" || definitionOf(op).frozen !== undefined;
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
      const actual = await runOn(engine, prepared);
      const errors = Object.entries(expected.outputs).map(([name, value]) =>
        relativeError(actual.outputs[name]!, value),
      );
      const error = Math.max(...errors);
      yield { op, precision, name: opCase.name, error, passed: error <= toleranceOf(engine, opCase) };
    }
  }
}
