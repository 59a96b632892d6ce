import { elements } from "../ops/definition.ts";
import { dropoutMask, type MaskSite } from "../philox.ts";
import type { HostTensor } from "./engine.ts";

/** Feed of a dropout mask: its site, and its data for engines that do not generate masks on the device. */
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

  /** 1 = kept. Generated at the first read. */
  get data(): Uint8Array {
    this.#data ??= dropoutMask(this.site, elements(this.shape), this.dropout);
    return this.#data;
  }
}
