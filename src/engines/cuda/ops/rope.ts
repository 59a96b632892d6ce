import { ropeTables } from "../../../ops/rope.ts";
import { at, type BufferView, type Command, type CommandList, i32, type Matrix } from "../commands.ts";
import { blocksFor, type Lowering } from "./lowering.ts";

const THREADS = 256;

export const rope: Lowering<"rope"> = (c) => {
  const { heads, inverseFrequencies, maxPositions, inverse } = c.attrs;
  const half = inverseFrequencies.length;
  const [cosine, sine] = tablesOf(c.list, inverseFrequencies, maxPositions);
  const [out, x] = [c.out("y"), c.matrix("x")];
  rotate(c.list, { out, x, heads, half, positions: c.vector("positions").view, cosine, sine, inverse });
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

/** The last rotation of each list and where its command stands. */
const latest = new WeakMap<CommandList, { rotation: Rotation; command: Command }>();

/** Heads of k right beside those of q, turned in place by the same angles, are more heads of the same launch. */
function rotate(list: CommandList, rotation: Rotation): void {
  const before = latest.get(list);
  const joined = before?.command === list.commands.at(-1) ? join(before?.rotation, rotation) : undefined;
  if (joined !== undefined) list.commands.pop();
  const { out, x, heads, half, positions, cosine, sine, inverse } = joined ?? rotation;
  const items = x.rows * heads * Math.ceil(half / 8);
  list.launch("rope", [blocksFor(items, THREADS)], THREADS, [
    ...[at(out), at(x), { view: positions }, { view: cosine }, { view: sine }],
    ...[i32(x.rows), i32(heads), i32(half), i32(out.ld), i32(x.ld), i32(Number(inverse))],
  ]);
  latest.set(list, { rotation: joined ?? rotation, command: list.commands.at(-1)! });
}

function join(a: Rotation | undefined, b: Rotation): Rotation | undefined {
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

/** Float32 [positions, d/2] each, once for a list. */
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
