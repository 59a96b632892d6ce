import { elements } from "../ops/definition.ts";
import { dropoutMask, type MaskSite } from "../philox.ts";
import type { HostTensor } from "./engine.ts";

/** What is fed for a dropout mask: where it belongs, and, for engines that do not make masks themselves, the mask when they ask. */
export class FedMask implements HostTensor {
  readonly shape: readonly number[];
  readonly site: MaskSite;
  readonly dropout: number;
  #data: Uint8Array | undefined;

  constructor(shape: readonly number[], site: MaskSite, dropout: number) {
    this.shape = shape;
    this.site = site;
    this.dropout = dropout;
  }

  /** 1 = kept. Made once. */
  get data(): Uint8Array {
    this.#data ??= dropoutMask(this.site, elements(this.shape), this.dropout);
    return this.#data;
  }
}
