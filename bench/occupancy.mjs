// Resident blocks of a kernel on a multiprocessor.
//
// Limits by compute capability: "Technical Specifications per Compute Capability" of NVIDIA's CUDA C++ Programming Guide, the
// same as in CCCL's arch_traits.h. Common to all: 65,536 registers, allocated to warps in units of 256 within each of four
// partitions; shared memory in units of 128 bytes, plus 1 KiB reserved for each block (cuda_occupancy.h).
const LIMITS = {
  sm_80: { threads: 2048, blocks: 32, shared: 164 * 1024 },
  sm_86: { threads: 1536, blocks: 16, shared: 100 * 1024 },
  sm_89: { threads: 1536, blocks: 24, shared: 100 * 1024 },
  sm_90: { threads: 2048, blocks: 32, shared: 228 * 1024 },
  sm_120: { threads: 1536, blocks: 24, shared: 100 * 1024 },
};
const WARP = 32;
const PARTITIONS = 4;
const REGISTERS = 65_536;
const REGISTER_UNIT = 256;
const SHARED_UNIT = 128;
const SHARED_RESERVED = 1024;

const roundUp = (value, unit) => Math.ceil(value / unit) * unit;

/** Resident blocks, and their share of the maximum threads; `shared` is static plus dynamic bytes. */
export function occupancy(arch, { registers, threads, shared }) {
  const limits = LIMITS[arch];
  const warps = Math.ceil(threads / WARP);
  const perWarp = roundUp(registers * WARP, REGISTER_UNIT);
  const warpsByRegisters = Math.floor(REGISTERS / PARTITIONS / perWarp) * PARTITIONS;
  const blocks = Math.min(
    limits.blocks,
    Math.floor(limits.threads / WARP / warps),
    Math.floor(warpsByRegisters / warps),
    Math.floor(limits.shared / roundUp(shared + SHARED_RESERVED, SHARED_UNIT)),
  );
  return { blocks, share: (blocks * warps * WARP) / limits.threads };
}
