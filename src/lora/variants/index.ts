import { lora } from "./lora.ts";
import type { Variant } from "./variant.ts";

/** Every way to adapt a linear layer, by its name in `LoraConfig`. */
export const VARIANTS = { lora } as const satisfies Record<string, Variant>;

export type VariantName = keyof typeof VARIANTS;
