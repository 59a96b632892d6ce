import type { HostTensor } from "../engines/engine.ts";
import { unflattenFactors } from "../lora/flat.ts";
import type { LoraLayout } from "../lora/layout.ts";
import { writePeft } from "../lora/peft.ts";
import type { WeightSource } from "../model/weights.ts";
import type { Task } from "../task/load.ts";
import { loraConfigOf } from "./settings.ts";

/** The PEFT folder of a run's parameters [P]. */
export function writeAdapter(
  folder: string,
  task: Task,
  base: WeightSource,
  layout: LoraLayout,
  parameters: HostTensor,
): void {
  writePeft(folder, {
    config: loraConfigOf(task.train),
    targetModules: targetModules(layout, base.config.layers),
    baseName: task.base,
    baseSha256: base.sha256,
    tensors: unflattenFactors(layout, Float32Array.from(parameters.data as Float32Array | Float64Array)),
  });
}

/** An ending such as q_proj where every layer has it; else the full paths, because PEFT would adapt the other layers too. */
function targetModules({ modules }: LoraLayout, layers: number): string[] {
  const ending = (module: string): string => module.split(".").at(-1)!;
  const everywhere = (name: string): boolean =>
    modules.filter(({ module }) => ending(module) === name).length === layers;
  const names = modules.map(({ module }) => (everywhere(ending(module)) ? ending(module) : module));
  return [...new Set(names)];
}
