import { LorafitError } from "../../../errors.ts";
import { f32, i32, i64, ptr } from "../lowering/commands.ts";
import { blocksFor, type Lowering, type NodeContext } from "./lowering.ts";

const THREADS = 128;
const TILE = 64;
/** Head sizes for which kernels/attention.cu is compiled. */
const HEADS = [64, 96, 128, 256];
/** Columns of a head that one block accumulates. */
const WIDTH = 128;

/** Sizes of the kernels' [batch, sequence] grid, the compiled head size, and the number of blocks for each head. */
function gridOf(c: Pick<NodeContext<"attention">, "attrs" | "shape" | "matrix">) {
  const [B, S] = c.shape("q") as [number, number];
  const { heads, kvHeads } = c.attrs;
  const d = c.matrix("q").width / heads;
  const head = HEADS.find((size) => d <= size);
  if (head === undefined) {
    throw new LorafitError("usage", `the cuda engine takes heads of up to ${HEADS.at(-1)} values, not ${d}`, {
      hint: "use --engine onnx",
    });
  }
  const sharedBytes = (buffers: number): number => buffers * TILE * (head + 8) * 2;
  const blocks = Math.ceil(S / TILE) * Math.ceil(head / WIDTH);
  // Backward, larger heads take half as many rows of q and dO at a time.
  return {
    B,
    S,
    H: heads,
    K: kvHeads,
    d,
    head,
    blocks,
    forward: sharedBytes(3),
    backward: sharedBytes(head > 96 ? 3 : 4),
  };
}

export const attention: Lowering<"attention"> = (c) => {
  const { B, S, H, K, d, head, blocks, forward } = gridOf(c);
  const [o, lse, q, k, v] = [c.out("o"), c.outVector("lse"), c.matrix("q"), c.matrix("k"), c.matrix("v")];
  const pointers = [ptr(o), ptr(lse), ptr(q), ptr(k), ptr(v), ptr(c.vector("segments"))];
  const sizes = [S, H, K, d, q.ld, k.ld, v.ld, o.ld, Number(c.attrs.causal), c.attrs.window ?? 0].map(i32);
  const args = [...pointers, ...sizes, f32(c.attrs.scale)];
  c.list.launch(`attention_${head}`, [blocks, H, B], THREADS, args, forward);
};

export const attentionGrad: Lowering<"attentionGrad"> = (c) => {
  const { B, S, H, K, d, head, blocks, backward } = gridOf(c);
  const [dO, q, k, v, o] = [c.matrix("dO"), c.matrix("q"), c.matrix("k"), c.matrix("v"), c.matrix("o")];
  const [dq, dk, dv] = [c.out("dq"), c.out("dk"), c.out("dv")];
  const count = B * S * H;
  const delta = c.list.vector(count);
  const deltaArgs = [ptr(delta), ptr(dO), ptr(o), i32(S), i32(H), i32(d), i32(dO.ld), i32(o.ld), i64(count)];
  c.list.launch("attention_delta", [blocksFor(count * 32, THREADS)], THREADS, deltaArgs);
  const saved = [
    ptr(dO),
    ptr(q),
    ptr(k),
    ptr(v),
    ptr(c.vector("lse")),
    ptr(delta),
    ptr(c.vector("segments")),
  ];
  const sizes = [S, H, K, d, q.ld, k.ld, v.ld, dO.ld];
  const mask = [i32(Number(c.attrs.causal)), i32(c.attrs.window ?? 0), f32(c.attrs.scale)];
  const kv = [ptr(dk), ptr(dv), ...saved, ...[...sizes, dk.ld, dv.ld].map(i32), ...mask];
  c.list.launch(`attention_grad_kv_${head}`, [blocks, K, B], THREADS, kv, backward);
  const ofQ = [ptr(dq), ...saved, ...[...sizes, dq.ld].map(i32), ...mask];
  c.list.launch(`attention_grad_q_${head}`, [blocks, H, B], THREADS, ofQ, backward);
};
