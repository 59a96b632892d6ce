import { describe, expect, it } from "vitest";
import type { CaseInput } from "../../src/engines/conformance/case-inputs.ts";
import { CASES } from "../../src/engines/conformance/cases.ts";
import { chat } from "../../src/kinds/chat/chat.ts";
import type { OpName } from "../../src/ops/attrs.ts";
import { inputRoles, outputRoles, type Role, SIGNATURES } from "../../src/ops/signatures.ts";
import { ProgramBuilder } from "../../src/program/builder.ts";
import { inputsOf, type Named, type Node, type Program, type ValueId } from "../../src/program/program.ts";
import { trainingPrograms } from "../../src/train/programs.ts";
import { OPTIMIZER, randomAdapter, tinyConfig, tinyFeeds } from "../tiny-model.ts";

const model = tinyConfig({ attention_bias: true, mlp_bias: true });
const { layout } = randomAdapter(model);
const { batch, sequence, labelled } = tinyFeeds(model);
const programs = trainingPrograms({
  ...{ model, layout, shape: { batch, sequence, labelled }, kind: chat, optimizer: OPTIMIZER },
  ...{ dropout: 0.1, recompute: true, precision: "float32" },
});

/** Storage that an engine may use for a value of this role: a value must not be written as one kind and read as another. */
const KIND: Readonly<Record<Role, string>> = {
  activation: "activation",
  tensor: "activation",
  gemmInput: "activation",
  gemmOutput: "activation",
  sumOutput: "activation",
  weight: "matrix",
  head: "matrix",
  table: "matrix",
  normWeight: "float32",
  bias: "float32",
  filter: "float32",
  factor: "float32",
  factorGradient: "float32",
  statistic: "float32",
  flat: "float32",
  scalar: "float32",
  cache: "cache",
  index: "index",
  mask: "mask",
};

function kindsOf({ nodes, values }: Program): Map<ValueId, Set<string>> {
  const kinds = new Map(values.map(({ id }) => [id, new Set<string>()]));
  const note = (operands: Named<ValueId>, roles: [string, Role][]): void => {
    for (const [name, role] of roles) {
      for (const id of [operands[name] ?? []].flat() as ValueId[]) {
        const isVector = role === "tensor" && values[id]!.shape.length === 1;
        kinds.get(id)!.add(isVector ? "float32" : KIND[role]);
      }
    }
  };
  for (const node of nodes) {
    note(node.inputs as Named<ValueId>, inputRoles(node.op));
    note(node.outputs as Named<ValueId>, outputRoles(node.op));
  }
  return kinds;
}

describe("roles", () => {
  it.each(Object.entries(programs))("store no value of %s in two ways", (_, program) => {
    for (const [id, kinds] of kindsOf(program))
      expect([...kinds].length, program.values[id]!.name).toBeLessThanOrEqual(1);
  });

  it.each(Object.keys(CASES) as OpName[])("of %s fit the types of its cases", (op) => {
    const roles = new Map(inputRoles(op));
    for (const { inputs } of CASES[op]) {
      for (const [name, input] of Object.entries(inputs as Named<CaseInput>)) {
        for (const { dtype = "f32", weight = false } of [input].flat() as CaseInput[]) {
          const kind = KIND[roles.get(name)!];
          expect(["index", "mask"].includes(kind), `${name}: ${dtype}`).toBe(dtype !== "f32");
          if (kind === "matrix") expect(weight, name).toBe(true);
        }
      }
    }
  });
});

describe("a node", () => {
  const b = new ProgramBuilder("names");
  const x = b.input("x", "f32", [2, 3]);
  const weight = b.weight("w", [4, 3]);
  const bias = b.weight("b", [4]);

  it("keeps its operands in the order of the signature, whatever the order they were given in", () => {
    b.node("linear", { bias, weight, x }, {});
    const node = b.nodes.at(-1)!;
    expect(Object.keys(node.inputs)).toEqual(Object.keys(SIGNATURES.linear.inputs));
    expect(inputsOf(node)).toEqual([x, weight, bias]);
  });

  it("leaves out an optional operand that is undefined", () => {
    b.node("linear", { x, weight, bias: undefined }, {});
    expect(inputsOf(b.nodes.at(-1)!)).toEqual([x, weight]);
  });

  it("does not compile with a missing or misspelt operand, nor is one read by another's name", () => {
    // @ts-expect-error: no weight
    expect(() => b.node("linear", { x }, {})).toThrow();
    // @ts-expect-error: linear has no operand y among its inputs
    const read = (node: Node<"linear">): ValueId | undefined => node.inputs.y;
    expect(read(b.nodes[0] as Node<"linear">)).toBeUndefined();
  });
});
