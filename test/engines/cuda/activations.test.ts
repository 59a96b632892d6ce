import { expect, test } from "vitest";
import { gatedMlp, gatedMlpGrad } from "../../../src/engines/reference/ops/gated-mlp.ts";
import { GATES } from "../../../src/ops/gated-mlp.ts";
import { expectClose } from "../../expect-close.ts";
import { inEveryOrder } from "./emulator.ts";
import { at, f, i, type Matrix, matrix, outputMatrix, ROUNDED, read, vector8Grid } from "./matrix.ts";

/** Standard normal distribution function: the series of erf with positive terms, which does not cancel for moderate |x|. */
function normalCdf(x: number): number {
  const z = x / Math.SQRT2;
  let [term, sum] = [z, z];
  for (let n = 1; n < 200; n++) sum += term *= (2 * z * z) / (2 * n + 1);
  return 0.5 * (1 + (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum);
}
const normalDensity = (x: number): number => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
const tanhOf = (x: number): number => Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3));

const FORMS = [
  {
    form: "erf",
    tanhForm: 0,
    value: (x: number) => x * normalCdf(x),
    slope: (x: number) => normalCdf(x) + x * normalDensity(x),
  },
  {
    form: "tanh",
    tanhForm: 1,
    value: (x: number) => 0.5 * x * (1 + tanhOf(x)),
    slope: (x: number) =>
      0.5 * (1 + tanhOf(x)) +
      0.5 * x * (1 - tanhOf(x) ** 2) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x),
  },
];

test("the references have scipy's values, and slopes equal to central differences", () => {
  // scipy.stats: x * norm.cdf(x) and x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) at 1, -0.5, 3
  const known = [
    [0.8413447460685429, -0.15426876936299344, 2.99595030590511],
    [0.8411919906082768, -0.15428599017485606, 2.996362607918227],
  ];
  for (const [k, { value, slope }] of FORMS.entries()) {
    expectClose([1, -0.5, 3].map(value), known[k]!, 1e-14);
    for (const x of [-4, -1, 0, 0.3, 2])
      expect(slope(x)).toBeCloseTo((value(x + 1e-5) - value(x - 1e-5)) / 2e-5, 8);
  }
});

test("the gate's tanh form of GELU is that of transformers, and its gradient the slope", () => {
  const xs = [-4, -1, -0.5, 0, 0.3, 1, 3];
  const one = { shape: [xs.length], data: Float64Array.from(xs, () => 1) };
  const gate = { shape: [xs.length], data: Float64Array.from(xs) };
  const attrs = { activation: "gelu_tanh" } as const;
  expectClose(gatedMlp({ gate, up: one }, attrs).y.data, xs.map(FORMS[1]!.value), 1e-14);
  expectClose(gatedMlpGrad({ dy: one, gate, up: one }, attrs).dGate.data, xs.map(FORMS[1]!.slope), 1e-14);
});

inEveryOrder("activations", (device) => {
  test.each([
    [3, 40, "silu"],
    [70, 43, "silu"],
    [70, 43, "gelu_tanh"],
  ] as const)(
    "gated_mlp of %i rows of %i, %s, and its gradient in place of its inputs",
    (rows, width, activation) => {
      const emulator = device();
      const [gate, up, dh] = [0, 1, 2].map(() => matrix(emulator, rows, width)) as [Matrix, Matrix, Matrix];
      const h = outputMatrix(emulator, rows, width);
      const { linear, cubic } = GATES[activation];
      const grid = vector8Grid(rows, width);
      emulator.run("gated_mlp", grid, 256, [
        ...[at(h), at(gate), at(up), i(rows), i(width), i(h.ld), i(gate.ld), i(up.ld), f(linear), f(cubic)],
      ]);
      const attrs = { activation };
      expectClose(
        read(emulator, h),
        gatedMlp({ gate: gate.values, up: up.values }, attrs).y.data,
        ROUNDED,
        "h",
      );
      emulator.run("gated_mlp_grad", grid, 256, [
        ...[at(gate), at(up), at(dh), at(gate), at(up), i(rows), i(width)],
        ...[i(gate.ld), i(up.ld), i(dh.ld), i(gate.ld), i(up.ld), f(linear), f(cubic)],
      ]);
      const { dGate, dUp } = gatedMlpGrad({ dy: dh.values, gate: gate.values, up: up.values }, attrs);
      expectClose(read(emulator, gate), dGate.data, ROUNDED, "dgate");
      expectClose(read(emulator, up), dUp.data, ROUNDED, "dup");
    },
  );

  test.each(FORMS)(
    "gelu in its $form form, and its gradient in place of its input",
    ({ tanhForm, value, slope }) => {
      const emulator = device();
      const [rows, width] = [70, 43];
      // From -6 to 6: both saturated ends.
      const x = matrix(emulator, rows, width, (n) => ((n * 37) % 1201) / 100 - 6);
      const [dy, y] = [matrix(emulator, rows, width), outputMatrix(emulator, rows, width)];
      const sizes = [i(rows), i(width)];
      const grid = vector8Grid(rows, width);
      emulator.run("gelu", grid, 256, [at(y), at(x), ...sizes, i(y.ld), i(x.ld), i(tanhForm)]);
      expectClose(read(emulator, y), x.values.data.map(value), ROUNDED, "y");
      emulator.run("gelu_grad", grid, 256, [
        ...[at(x), at(dy), at(x), ...sizes, i(x.ld), i(dy.ld), i(x.ld), i(tanhForm)],
      ]);
      const expected = dy.values.data.map((g, n) => g * slope(x.values.data[n]!));
      expectClose(read(emulator, x), expected, ROUNDED, "dx");
    },
  );
});
