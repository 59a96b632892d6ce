import { ropeTables } from "../../../ops/rope.ts";
import {
  type BufferView,
  type Command,
  type CommandList,
  i32,
  type Matrix,
  ptr,
} from "../lowering/commands.ts";
import { blocksFor, type Lowering } from "./lowering.ts";

const THREADS = 256;

export const rope: Lowering<"rope"> = (c) => {
  const { heads, inverseFrequencies, maxPositions, inverse } = c.attrs;
  const half = inverseFrequencies.length;
  const [cosine, sine] = tablesOf(c.list, inverseFrequencies, maxPositions);
  const [out, x] = [c.out("y"), c.matrix("x")];
  appendRotation(c.list, {
    out,
    x,
    heads,
    half,
    positions: c.vector("positions").view,
    cosine,
    sine,
    inverse,
  });
};

interface Rotation {
  readonly out: Matrix;
  readonly x: Matrix;
  readonly heads: number;
  readonly half: number;
  readonly positions: BufferView;
  readonly cosine: BufferView;
  readonly sine: BufferView;
  readonly inverse: boolean;
}

/** Last rotation of each list, with its command. */
const lastRotation = new WeakMap<CommandList, { rotation: Rotation; command: Command }>();

/** Appends a rotation. Adjacent q and k rotated in place by the same angles share one launch, as more heads. */
function appendRotation(list: CommandList, rotation: Rotation): void {
  const before = lastRotation.get(list);
  const merged = before?.command === list.commands.at(-1) ? merge(before?.rotation, rotation) : undefined;
  if (merged !== undefined) list.commands.pop();
  const { out, x, heads, half, positions, cosine, sine, inverse } = merged ?? rotation;
  const items = x.rows * heads * Math.ceil(half / 8);
  list.launch("rope", [blocksFor(items, THREADS)], THREADS, [
    ...[ptr(out), ptr(x), { view: positions }, { view: cosine }, { view: sine }],
    ...[i32(x.rows), i32(heads), i32(half), i32(out.ld), i32(x.ld), i32(Number(inverse))],
  ]);
  lastRotation.set(list, { rotation: merged ?? rotation, command: list.commands.at(-1)! });
}

function merge(a: Rotation | undefined, b: Rotation): Rotation | undefined {
  const inPlace = ({ out, x }: Rotation): boolean =>
    out.view.buffer === x.view.buffer && out.view.offset === x.view.offset;
  if (a === undefined || !inPlace(a) || !inPlace(b) || a.x.view.buffer !== b.x.view.buffer) return undefined;
  if (a.half !== b.half || a.inverse !== b.inverse || a.cosine !== b.cosine) return undefined;
  if (a.positions.buffer !== b.positions.buffer) return undefined;
  const [left, right] = a.x.view.offset < b.x.view.offset ? [a, b] : [b, a];
  const width = left.heads * left.half * 2;
  if (left.x.view.offset + 2 * width !== right.x.view.offset) return undefined;
  const x = { ...left.x, width: width + right.heads * right.half * 2 };
  return { ...left, out: x, x, heads: left.heads + right.heads };
}

const tables = new WeakMap<CommandList, Map<string, readonly [BufferView, BufferView]>>();

/** Cosine and sine tables, float32 [positions, d/2] each, shared by a list's rotations. */
function tablesOf(
  list: CommandList,
  inverseFrequencies: readonly number[],
  positions: number,
): readonly [BufferView, BufferView] {
  const known = tables.get(list) ?? new Map<string, readonly [BufferView, BufferView]>();
  tables.set(list, known);
  const key = `${positions} ${inverseFrequencies.join()}`;
  const made = known.get(key);
  if (made !== undefined) return made;
  const { cos, sin } = ropeTables(inverseFrequencies, positions);
  const pair = [list.constant([{ floats: cos }]), list.constant([{ floats: sin }])] as const;
  known.set(key, pair);
  return pair;
}
