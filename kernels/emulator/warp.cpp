// Collectives of a warp: the last lane to arrive computes for all. Fragment layouts follow the PTX manual,
// "Matrix multiply-accumulate operation using mma instruction", m16n8k16 with .bf16.
#include "block.h"

namespace emu {

static float low(u32 pair) { return __uint_as_float(pair << 16); }
static float high(u32 pair) { return __uint_as_float(pair & 0xffff0000u); }

static void shuffle(Collective kind, u32 mask, Warp& warp) {
  for (u32 lane = 0; lane < 32; lane++) {
    if (!(mask >> lane & 1)) continue;
    const u32 by = warp.in[lane].value[1];
    const u32 source = kind == Collective::shuffle_xor ? lane ^ by : kind == Collective::shuffle_down ? (lane + by < 32 ? lane + by : lane) : by & 31;
    // The value of a lane outside the mask is undefined: return a recognisable one.
    warp.out[lane].value[0] = mask >> source & 1 ? warp.in[source].value[0] : 0xffffffffu;
  }
}

static void ballot(u32 mask, Warp& warp) {
  u32 votes = 0;
  for (u32 lane = 0; lane < 32; lane++)
    if (mask >> lane & 1) votes |= warp.in[lane].value[0] << lane;
  for (u32 lane = 0; lane < 32; lane++)
    if (mask >> lane & 1) warp.out[lane].value[0] = votes;
}

static void ldmatrix(bool transposed, Warp& warp, Site site) {
  block_stats().ldmatrix++;
  for (u32 m = 0; m < 4; m++) {
    u32 banks = 0;
    bool conflict = false;
    for (u32 row = 0; row < 8; row++) {
      const void* p = warp.in[m * 8 + row].pointer;
      if ((uintptr_t)p & 15) fail("ldmatrix row is not aligned to 16 bytes", site);
      if (!in_shared(p, 16)) fail("ldmatrix row outside of shared memory", site);
      const u32 bank = 1u << ((uintptr_t)p >> 4 & 7);  // 8 groups of four banks
      conflict |= (banks & bank) != 0;
      banks |= bank;
    }
    block_stats().ldmatrix_conflicts += conflict;
    for (u32 lane = 0; lane < 32; lane++) {
      u32& out = warp.out[lane].value[m];
      if (!transposed) {
        out = ((const u32*)warp.in[m * 8 + lane / 4].pointer)[lane % 4];
      } else {
        const u16* first = (const u16*)warp.in[m * 8 + 2 * (lane % 4)].pointer;
        const u16* second = (const u16*)warp.in[m * 8 + 2 * (lane % 4) + 1].pointer;
        out = first[lane / 4] | (u32)second[lane / 4] << 16;
      }
    }
  }
}

constexpr u32 MAX_M = 8 * 16, MAX_N = 16 * 8;

/// Multiplies MI x NJ tiles of 16x8; `operands(lane)` returns a lane's fragments.
template <class Operands> static void multiply(u32 MI, u32 NJ, Operands operands) {
  if (MI * 16 > MAX_M || NJ * 8 > MAX_N) fail("mma_tile is larger than the emulator holds");
  static thread_local float A[MAX_M][16], B[16][MAX_N], C[MAX_M][MAX_N];
  block_stats().mma += MI * NJ;
  for (u32 lane = 0; lane < 32; lane++) {
    const u32 g = lane >> 2, t = (lane & 3) * 2;
    const EmuTile tile = operands(lane);
    for (u32 i = 0; i < MI; i++) {
      for (u32 q = 0; q < 4; q++) {
        const u32 row = i * 16 + g + 8 * (q & 1), column = t + 8 * (q >> 1);
        A[row][column] = low(tile.a[i * 4 + q]);
        A[row][column + 1] = high(tile.a[i * 4 + q]);
      }
      for (u32 j = 0; j < NJ; j++)
        for (u32 q = 0; q < 4; q++) C[i * 16 + g + 8 * (q >> 1)][j * 8 + t + (q & 1)] = tile.c[(i * NJ + j) * 4 + q];
    }
    for (u32 j = 0; j < NJ; j++)
      for (u32 q = 0; q < 2; q++) {
        const u32 pair = tile.b[(j >> 1) * 4 + (j & 1) * 2 + q];
        B[t + 8 * q][j * 8 + g] = low(pair);
        B[t + 8 * q + 1][j * 8 + g] = high(pair);
      }
  }
  for (u32 i = 0; i < MI * 16; i++)
    for (u32 k = 0; k < 16; k++) {
      const float a = A[i][k];
      for (u32 j = 0; j < NJ * 8; j++) C[i][j] += a * B[k][j];
    }
  for (u32 lane = 0; lane < 32; lane++) {
    const u32 g = lane >> 2, t = (lane & 3) * 2;
    const EmuTile tile = operands(lane);
    for (u32 i = 0; i < MI; i++)
      for (u32 j = 0; j < NJ; j++)
        for (u32 q = 0; q < 4; q++) tile.c[(i * NJ + j) * 4 + q] = C[i * 16 + g + 8 * (q >> 1)][j * 8 + t + (q & 1)];
  }
}

static void execute(const Rendezvous& at, u32 mask, Warp& warp) {
  block_stats().collectives++;
  block_stats().partial_collectives += mask != ~0u;
  switch (at.kind) {
    case Collective::shuffle_xor:
    case Collective::shuffle_down:
    case Collective::shuffle_index: return shuffle(at.kind, mask, warp);
    case Collective::ballot: return ballot(mask, warp);
    case Collective::sync: return;
    case Collective::ldmatrix: return ldmatrix(false, warp, at.site);
    case Collective::ldmatrix_transposed: return ldmatrix(true, warp, at.site);
    case Collective::mma: {
      float accumulators[32][4];
      for (u32 lane = 0; lane < 32; lane++) std::memcpy(accumulators[lane], warp.in[lane].value + 6, 16);
      multiply(1, 1, [&](u32 lane) { return EmuTile{accumulators[lane], warp.in[lane].value, warp.in[lane].value + 4}; });
      for (u32 lane = 0; lane < 32; lane++) std::memcpy(warp.out[lane].value, accumulators[lane], 16);
      return;
    }
    case Collective::mma_tile:
      return multiply(warp.in[0].value[0], warp.in[0].value[1], [&](u32 lane) { return *(const EmuTile*)warp.in[lane].pointer; });
  }
}

LaneOutput collective(Collective kind, u32 mask, const LaneInput& in, Site site) {
  Fiber& me = fiber();
  Warp& warp = warp_of(me);
  if (!(mask >> me.lane & 1)) fail("the calling lane is not in its mask", site);
  warp.in[me.lane] = in;
  size_t at = 0;
  while (at < warp.pending.size() && warp.pending[at].mask != mask) at++;
  if (at == warp.pending.size()) warp.pending.push_back({mask, 0, kind, site});
  Rendezvous& rendezvous = warp.pending[at];
  if (rendezvous.kind != kind || rendezvous.site.line != site.line)
    fail("lanes of one warp are at different collectives: others wait at line " + std::to_string(rendezvous.site.line), site);
  rendezvous.arrived |= 1u << me.lane;
  const u32 in_warp = threads_in_block() - me.warp * 32;
  const u32 needed = in_warp >= 32 ? mask : mask & ((1u << in_warp) - 1);
  if ((rendezvous.arrived & needed) != needed) {
    wait_at(site);
    return warp.out[me.lane];
  }
  const Rendezvous complete = rendezvous;
  warp.pending.erase(warp.pending.begin() + (long)at);
  execute(complete, needed, warp);
  for (u32 lane = 0; lane < 32; lane++)
    if (lane != me.lane && complete.arrived >> lane & 1) wake(me.warp * 32 + lane);
  return warp.out[me.lane];
}

}  // namespace emu
