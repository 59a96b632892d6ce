// CUDA's types, built-in variables and the intrinsics that gpu.h wraps, for a kernel that is compiled for the CPU. A block runs as one
// fiber per thread (block.cpp); a warp's collective is a rendezvous of its lanes (warp.cpp).
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;
struct uint3 { u32 x, y, z; };
struct alignas(8) uint2 { u32 x, y; };
struct alignas(16) uint4 { u32 x, y, z, w; };
struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct dim3 { u32 x, y, z; };
static inline uint2 make_uint2(u32 x, u32 y) { return {x, y}; }
static inline uint4 make_uint4(u32 x, u32 y, u32 z, u32 w) { return {x, y, z, w}; }
static inline float2 make_float2(float x, float y) { return {x, y}; }
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
struct bf16 { u16 bits; };

#define __restrict__ __restrict
#define __launch_bounds__(...)
#define DEVICE static inline
#define KERNEL(name, threads)                  \
  static constexpr u32 emu_threads_##name = threads; /* 0: any */ \
  void name
#define EXPORT(name) static emu::Registration<&name> emu_registration_##name(#name, emu_threads_##name);
#define DYNAMIC_SHARED(name) unsigned char* name = emu::dynamic_shared()
#define SHARED(type, name, count)  \
  static char emu_key_##name;      \
  type(&name)[count] = *(type(*)[count])emu::static_shared(&emu_key_##name, sizeof(type) * (count))
#define threadIdx (emu::thread_index())
#define blockIdx (emu::block_index())
#define blockDim (emu::block_size())
#define gridDim (emu::grid_size())

namespace emu {

const uint3& thread_index();
const uint3& block_index();
const dim3& block_size();
const dim3& grid_size();

unsigned char* dynamic_shared();
/// The same memory for every thread that passes the same key; NaN when first touched by a block.
void* static_shared(const void* key, size_t bytes);

/// Source position of a thread, for error messages.
struct Site { const char* file; int line; };

void barrier(Site site);

enum class Collective { shuffle_xor, shuffle_down, shuffle_index, ballot, sync, ldmatrix, ldmatrix_transposed, mma, mma_tile };
struct LaneInput { u32 value[10]; const void* pointer; };
struct LaneOutput { u32 value[4]; };
/// Executes when the last lane of `mask` arrives. A lane waiting at another collective is an error.
LaneOutput collective(Collective kind, u32 mask, const LaneInput& in, Site site);

/// Fills the destination with NaN now and copies at the wait, the latest legal time.
void copy_async(void* shared, const void* global, bool valid, Site site);
void commit_copies();
void wait_copies(u32 newest);

/// Registers a kernel: name, sizes of its arguments in bytes, and a function that calls it with a table of pointers to them.
void add_kernel(const char* name, u32 threads, void (*call)(void**), const u32* sizes, u32 count);

template <class T> struct Caller;
template <class... A> struct Caller<void (*)(A...)> {
  static constexpr u32 count = sizeof...(A);
  template <void (*F)(A...)> static void call(void** arguments) { spread<F>(arguments, std::index_sequence_for<A...>{}); }
  template <void (*F)(A...), size_t... I> static void spread(void** arguments, std::index_sequence<I...>) {
    F(*(std::remove_reference_t<A>*)arguments[I]...);
  }
};
template <auto F> struct Registration {
  Registration(const char* name, u32 threads) { add(name, threads, F); }
  template <class... A> static void add(const char* name, u32 threads, void (*)(A...)) {
    const u32 sizes[] = {(u32)sizeof(A)..., 0};
    add_kernel(name, threads, &Caller<void (*)(A...)>::template call<F>, sizes, sizeof...(A));
  }
};

}  // namespace emu

#define EMU_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

// ------------------------------------------------------------------------------------------------ synchronisation, shuffles
static inline void emu_syncthreads(EMU_SITE) { emu::barrier({file, line}); }
#define __syncthreads() emu_syncthreads()
static inline void __syncwarp(u32 mask = ~0u, EMU_SITE) { emu::collective(emu::Collective::sync, mask, {}, {file, line}); }

template <class T> static inline T emu_shuffle(emu::Collective kind, u32 mask, T v, int argument, emu::Site site) {
  static_assert(sizeof(T) == 4);
  emu::LaneInput in{};
  std::memcpy(&in.value[0], &v, 4);
  in.value[1] = (u32)argument;
  emu::LaneOutput out = emu::collective(kind, mask, in, site);
  T r;
  std::memcpy(&r, &out.value[0], 4);
  return r;
}
template <class T> static inline T __shfl_xor_sync(u32 mask, T v, int lanes, EMU_SITE) {
  return emu_shuffle(emu::Collective::shuffle_xor, mask, v, lanes, {file, line});
}
template <class T> static inline T __shfl_down_sync(u32 mask, T v, int lanes, EMU_SITE) {
  return emu_shuffle(emu::Collective::shuffle_down, mask, v, lanes, {file, line});
}
template <class T> static inline T __shfl_sync(u32 mask, T v, int lane, EMU_SITE) {
  return emu_shuffle(emu::Collective::shuffle_index, mask, v, lane, {file, line});
}
static inline u32 __ballot_sync(u32 mask, int predicate, EMU_SITE) {
  emu::LaneInput in{};
  in.value[0] = predicate != 0;
  return emu::collective(emu::Collective::ballot, mask, in, {file, line}).value[0];
}

// ------------------------------------------------------------------------------------------------ numbers
template <class T> static inline T __ldg(const T* p) { return *p; }
static inline float __uint_as_float(u32 x) { float f; std::memcpy(&f, &x, 4); return f; }
static inline u32 __float_as_uint(float f) { u32 x; std::memcpy(&x, &f, 4); return x; }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline u32 __umulhi(u32 a, u32 b) { return (u32)(((u64)a * b) >> 32); }
static inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
static inline float __fdividef(float a, float b) { return a / b; }
template <class T> static inline T min(T a, T b) { return b < a ? b : a; }
template <class T> static inline T max(T a, T b) { return a < b ? b : a; }
static inline float fast_exp(float x) { return expf(x); }
static inline float to_float(bf16 v) { return __uint_as_float((u32)v.bits << 16); }
static inline bf16 to_bf16(float f) {
  u32 u = __float_as_uint(f);
  if ((u & 0x7fffffff) > 0x7f800000) return {0x7fff};  // NaN, as cvt.rn.bf16 gives it
  return {(u16)((u + 0x7fff + ((u >> 16) & 1)) >> 16)};
}
static inline float half_to_float(u16 bits) {
  const u32 sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent == 0) return (sign ? -1.0f : 1.0f) * (float)fraction * 0x1p-24f;
  return __uint_as_float(sign | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13);
}
static inline u32 pack2(float low, float high) { return to_bf16(low).bits | ((u32)to_bf16(high).bits << 16); }

// ------------------------------------------------------------------------------------------------ copies and tensor cores
static inline void cp_async16(void* shared, const void* global, bool valid, EMU_SITE) {
  emu::copy_async(shared, global, valid, {file, line});
}
static inline void cp_commit() { emu::commit_copies(); }
template <int N> static inline void cp_wait() { emu::wait_copies(N); }

static inline void emu_ldmatrix(emu::Collective kind, u32 (&r)[4], const void* p, emu::Site site) {
  emu::LaneInput in{};
  in.pointer = p;
  emu::LaneOutput out = emu::collective(kind, ~0u, in, site);
  std::memcpy(r, out.value, 16);
}
static inline void ldmatrix4(u32 (&r)[4], const void* p, EMU_SITE) { emu_ldmatrix(emu::Collective::ldmatrix, r, p, {file, line}); }
static inline void ldmatrix4_transposed(u32 (&r)[4], const void* p, EMU_SITE) {
  emu_ldmatrix(emu::Collective::ldmatrix_transposed, r, p, {file, line});
}
static inline void mma16816(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1, EMU_SITE) {
  emu::LaneInput in{};
  std::memcpy(in.value, a, 16);
  in.value[4] = b0;
  in.value[5] = b1;
  std::memcpy(in.value + 6, c, 16);
  emu::LaneOutput out = emu::collective(emu::Collective::mma, ~0u, in, {file, line});
  std::memcpy(c, out.value, 16);
}
/// A lane's operands of an mma_tile. MI and NJ are the same in all lanes.
struct EmuTile { float* c; const u32* a; const u32* b; };
template <int MI, int NJ>
static inline void mma_tile(float (&c)[MI][NJ][4], const u32 (&a)[MI][4], const u32 (&b)[NJ / 2][4], EMU_SITE) {
  EmuTile tile{&c[0][0][0], &a[0][0], &b[0][0]};
  emu::LaneInput in{};
  in.pointer = &tile;
  in.value[0] = MI;
  in.value[1] = NJ;
  emu::collective(emu::Collective::mma_tile, ~0u, in, {file, line});
}
