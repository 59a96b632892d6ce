import type { Precision } from "../../program/precision.ts";
import type { NodeBinding, OpAttribute } from "./node-binding.ts";

export interface ProductFaults {
  /** Entries that are not the sum in float32, rounded once to the precision. */
  readonly wrong: number;
  /** Entries that were compared. */
  readonly of: number;
}

/**
 * Multiplies matrices of small integers, in all four transpositions, and counts the wrong entries. The integers are
 * representable in `precision` and their sums in float32, so every order of summation in float32 gives the same entries: no
 * tolerance is needed. Sums kept in bf16 (Eigen's kernel on CPUs without AVX-512) and operands rounded to TF32 are found.
 * The probe's child runs the text of this function, so it must not refer to anything outside.
 */
export function productFaults(binding: NodeBinding, precision: Precision): ProductFaults {
  // tensorflow/core/framework/types.proto
  const TYPES = { float32: 1, uint8: 4, bf16: 14 };
  // [rows, summed, columns]: a vector, a rank-sized side, and matrices larger than one block of the kernels.
  const SHAPES = [
    [1, 300, 4],
    [5, 64, 16],
    [48, 520, 40],
  ] as const;
  // 4095 needs 12 bits, which TF32 does not have; 255 needs the 8 bits of bf16. Sums stay below 2^24.
  const [most, other] = precision === "float32" ? [4095, 7] : [255, 31];
  let state = 1;
  const integer = (limit: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return ((state >>> 8) % (2 * limit + 1)) - limit;
  };
  const view = new DataView(new ArrayBuffer(4));
  const bits = (x: number): number => {
    view.setFloat32(0, x);
    const word = view.getUint32(0);
    return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  };
  const rounded = (x: number): number => {
    if (precision === "float32") return x;
    view.setUint32(0, bits(x) << 16);
    return view.getFloat32(0);
  };
  const type = (name: string, value: number): OpAttribute => ({ name, type: binding.TF_ATTR_TYPE, value });
  const flag = (name: string, value: boolean): OpAttribute => ({ name, type: binding.TF_ATTR_BOOL, value });
  const one = (op: string, attributes: OpAttribute[], inputs: number[]): number =>
    binding.executeOp(op, attributes, inputs, 1)[0]!.id;
  const upload = (numbers: number[], shape: number[]): number => {
    if (precision === "float32")
      return binding.createTensor(shape, TYPES.float32, Float32Array.from(numbers));
    const words = Uint16Array.from(numbers, bits);
    const bytes = binding.createTensor([...shape, 2], TYPES.uint8, new Uint8Array(words.buffer));
    return one("Bitcast", [type("T", TYPES.uint8), type("type", TYPES.bf16)], [bytes]);
  };
  const download = (id: number): Float32Array => {
    if (precision === "float32") return binding.tensorDataSync(id);
    const cast = [type("SrcT", TYPES.bf16), type("DstT", TYPES.float32), flag("Truncate", false)];
    return binding.tensorDataSync(one("Cast", cast, [id]));
  };
  let wrong = 0;
  let of = 0;
  for (const [rows, summed, columns] of SHAPES) {
    const a = Array.from({ length: rows * summed }, () => integer(most));
    const b = Array.from({ length: summed * columns }, () => integer(other));
    const transposed = (x: number[], width: number): number[] =>
      x.map((_, i) => x[(i % (x.length / width)) * width + Math.floor(i / (x.length / width))]!);
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const left = transposeA ? upload(transposed(a, summed), [summed, rows]) : upload(a, [rows, summed]);
        const right = transposeB
          ? upload(transposed(b, columns), [columns, summed])
          : upload(b, [summed, columns]);
        const attributes = [
          type("T", TYPES[precision]),
          flag("transpose_a", transposeA),
          flag("transpose_b", transposeB),
        ];
        const product = download(one("MatMul", attributes, [left, right]));
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            let sum = 0;
            for (let k = 0; k < summed; k++) sum += a[i * summed + k]! * b[k * columns + j]!;
            if (product[i * columns + j] !== rounded(sum)) wrong++;
            of++;
          }
        }
      }
    }
  }
  return { wrong, of };
}
