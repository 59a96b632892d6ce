import { LorafitError } from "../errors.ts";
import type { ModelConfig } from "../model/config.ts";
import { familyOf } from "../model/families/index.ts";
import type { Linear } from "../model/family.ts";
import { didYouMean } from "../suggest.ts";
import type { LoraConfig } from "./config.ts";
import { matchesModule } from "./pattern.ts";

/** Last part of a module path, such as q_proj. */
const ending = (path: string): string => path.slice(path.lastIndexOf(".") + 1);

/**
 * The linear layers that `targets` names, in forward order: "attention", "all-linear", or endings of module paths and
 * patterns as in PEFT.
 * @throws usage error that lists every target without a match, with the nearest names
 */
export function targetedLinears(model: ModelConfig, targets: LoraConfig["targets"]): readonly Linear[] {
  const all = familyOf(model).linears(model);
  if (targets === "all-linear") return all;
  if (targets === "attention") return all.filter(({ attention }) => attention);
  const unmatched = targets.filter((target) => !all.some(({ path }) => matchesModule(target, path)));
  if (unmatched.length > 0 || targets.length === 0) {
    const names = [...new Set(all.map(({ path }) => ending(path)))];
    const what = unmatched.map((target) => `"${target}"${didYouMean(ending(target), names)}`);
    throw new LorafitError(
      "usage",
      `train.targets: no module matches ${what.join(", ") || "an empty list"}`,
      { hint: `use attention, all-linear, or names among ${names.join(", ")}` },
    );
  }
  return all.filter(({ path }) => targets.some((target) => matchesModule(target, path)));
}

/**
 * PEFT's target_modules for exactly these modules: an ending such as q_proj where every layer with that ending is
 * adapted, else full paths, because PEFT adapts every module that an ending matches. Its fan_in_fan_out is true if their
 * matrices are stored as [in, out].
 */
export function peftTargets(
  model: ModelConfig,
  modules: readonly { readonly module: string }[],
): { targetModules: string[]; fanInFanOut: boolean } {
  const adapted = new Set(modules.map(({ module }) => module));
  const linears = familyOf(model).linears(model);
  const partly = new Set(linears.filter(({ path }) => !adapted.has(path)).map(({ path }) => ending(path)));
  const names = [...adapted].map((path) => (partly.has(ending(path)) ? path : ending(path)));
  return {
    targetModules: [...new Set(names)],
    fanInFanOut: linears.some(({ path, transposed }) => transposed && adapted.has(path)),
  };
}
