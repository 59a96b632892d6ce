import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FAMILIES } from "../../src/model/families/index.ts";
import { tinyConfig } from "../tiny-model.ts";

/** The file in which each version of transformers.js has its classes by model_type. */
const TABLES = [
  ["xenova-2", "xenova-2/node_modules/@xenova/transformers/src/models.js"],
  ["huggingface", "huggingface/node_modules/@huggingface/transformers/src/models/registry.js"],
] as const;

describe.each(TABLES)("%s", (consumer, file) => {
  const path = join(import.meta.dirname, file);
  const families = FAMILIES.map((family) => [family.modelType, family] as const);
  it.skipIf(!existsSync(path)).each(families)(
    "has a class for %s as the family says",
    (modelType, family) => {
      const line = readFileSync(path, "utf8")
        .split("\n")
        .find((text) => text.includes(`'${modelType}'`) && text.includes(`'${family.architecture}'`));
      const config = tinyConfig({ model_type: modelType });
      const promised = consumer === "xenova-2" ? family.opensInTransformersJs2(config) : true;
      expect(line !== undefined).toBe(promised);
    },
  );
});
