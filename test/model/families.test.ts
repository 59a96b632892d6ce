import { expect, test } from "vitest";
import { FAMILIES } from "../../src/model/families/index.ts";
import { hiddenProgram, isEncoder, modelWeights } from "../../src/model/programs.ts";
import { tinyConfig } from "../tiny-model.ts";

const families = FAMILIES.map((family) => {
  const config = tinyConfig({ model_type: family.modelType, tie_word_embeddings: false });
  return [family.modelType, { family, config, program: hiddenProgram(config, 1, 4) }] as const;
});

test.each(families)(
  "%s lists the linear layers of its forward pass, in order",
  (_, { family, config, program }) => {
    const used = program.nodes.flatMap((node) => {
      if (node.op !== "linear") return [];
      const { weight, bias } = node.inputs;
      const { name, shape } = program.values[weight]!;
      return [{ weight: name, shape, bias: bias === undefined ? null : program.values[bias]!.name }];
    });
    expect(used).toEqual(
      family.linears(config).map(({ path, shape, bias }) => ({
        ...{ weight: `${path}.weight`, shape, bias: bias ? `${path}.bias` : null },
      })),
    );
  },
);

test.each(families)(
  "%s initialises matrices randomly, norms to a weight of one and biases to zero",
  (_, { family, config }) => {
    for (const { name, shape } of modelWeights(config)) {
      // Gemma adds the one itself.
      const zero = name.endsWith(".bias") || family.modelType === "gemma3_text";
      const expected = shape.length > 1 ? "normal" : zero ? 0 : 1;
      expect([name, family.initial(name)]).toEqual([name, expected]);
    }
  },
);

test.each(families)("%s ignores no weight that it reads", (_, { family, config }) => {
  const ignored = modelWeights(config).filter(({ name }) => family.ignores(name));
  // A tied head may be stored twice; this one is not tied.
  expect(ignored.map(({ name }) => name).filter((name) => name !== "lm_head.weight")).toEqual([]);
});

test.each(families)("%s has a prefix at every weight but the head", (_, { family, config }) => {
  const bare = modelWeights(config).filter(({ name }) => !name.startsWith(`${family.prefix}.`));
  expect(bare.map(({ name }) => name)).toEqual(isEncoder(config) ? [] : ["lm_head.weight"]);
});
