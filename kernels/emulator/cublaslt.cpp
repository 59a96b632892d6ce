// cuBLASLt, under its own names and signatures, over the emulated device: the subset that src/engines/cuda/gemm/cublaslt.ts calls, for bf16
// matrices and float32 sums. Descriptors follow cublasLt.h: column-major unless the order says row-major, any transpose and leading
// dimension, D = op(A) op(B) + beta C + bias. Anything else is refused with the library's status.
//
// Three algorithms, which round differently as real ones do: 0 sums in order; 1 splits K in two and keeps one half's sums in the
// workspace; 2 sums from the last to the first.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <set>
#include <vector>

#include "emu.h"
#include "stream.h"
#undef min
#undef max

namespace {

enum : int { OK = 0, NOT_READY_YET = 1, INVALID = 7, INTERNAL = 14, UNSUPPORTED = 15 };
enum : int { R_32F = 0, R_16BF = 14, COMPUTE_32F = 68, OP_N = 0, OP_T = 1, EPILOGUE_NONE = 1, EPILOGUE_BIAS = 4, SPLIT_IN_FLOAT32 = 2 };

struct Operation { int compute, scale, transpose_a = OP_N, transpose_b = OP_N; u32 epilogue = EPILOGUE_NONE; const void* bias = nullptr; int bias_type = -1; };
struct Layout { u32 type; int row_major = 0; u64 rows, columns; i64 ld; };
struct Preference { u64 workspace = 0; u32 reductions = 7, alignment[4] = {256, 256, 256, 256}; };
struct Algorithm { u64 data[8]; };
struct Result { Algorithm algorithm; size_t workspace; int state; float waves; int reserved[4]; };

std::set<const void*> alive;
bool bias_as_output = false;
int forgetful = -1;
/// Kernels that have run: algorithm, M, N, K.
std::map<std::array<u64, 4>, bool> loaded;
template <class T> T* valid(void* handle) { return alive.count(handle) ? (T*)handle : nullptr; }
template <class T> int keep(void** out, T* made) { alive.insert(*out = made); return OK; }
template <class T> int drop(void* handle) { if (!alive.erase(handle)) return INVALID; delete (T*)handle; return OK; }
template <class T> int assign(T& to, const void* from, size_t bytes) {
  if (!from || bytes != sizeof(T)) return INVALID;
  std::memcpy(&to, from, bytes);
  return OK;
}

/// A matrix after op().
struct View { u16* data; u64 rows, columns; i64 row, column; };
View view(const void* data, const Layout& l, bool transposed) {
  const i64 row = l.row_major ? l.ld : 1, column = l.row_major ? 1 : l.ld;
  if (transposed) return {(u16*)data, l.columns, l.rows, column, row};
  return {(u16*)data, l.rows, l.columns, row, column};
}
float at(const View& m, u64 r, u64 c) { return to_float(bf16{m.data[(i64)r * m.row + (i64)c * m.column]}); }

bool sound(const Layout& l) { return l.type == R_16BF && l.rows && l.columns && l.ld >= (i64)(l.row_major ? l.columns : l.rows); }

/// Validates the descriptors, before any data.
int check(const Operation& o, const Layout& a, const Layout& b, const Layout& c, const Layout& d) {
  if (o.compute != COMPUTE_32F || o.scale != R_32F) return UNSUPPORTED;
  for (const Layout* l : {&a, &b, &c, &d})
    if (!sound(*l)) return l->type == R_16BF ? INVALID : UNSUPPORTED;
  const View A = view(nullptr, a, o.transpose_a), B = view(nullptr, b, o.transpose_b), C = view(nullptr, c, false), D = view(nullptr, d, false);
  if (A.rows != D.rows || B.columns != D.columns || A.columns != B.rows || C.rows != D.rows || C.columns != D.columns) return INVALID;
  if (o.epilogue == EPILOGUE_NONE) return OK;
  if (o.epilogue != EPILOGUE_BIAS || !o.bias || d.row_major) return UNSUPPORTED;
  if (o.bias_type == R_32F) return bias_as_output ? UNSUPPORTED : OK;
  return o.bias_type == R_16BF || o.bias_type == -1 ? OK : UNSUPPORTED;
}

u64 workspace_of(u64 algorithm, const Layout& d) { return algorithm == 1 ? 4 * d.rows * d.columns : 0; }
bool aligned(const void* p) { return (uintptr_t)p % 16 == 0; }

}  // namespace

extern "C" {

size_t cublasLtGetVersion() { return 130102; }
int cublasLtCreate(void** handle) { return emu::capturing() ? INTERNAL : keep(handle, new int(0)); }
int cublasLtDestroy(void* handle) { return drop<int>(handle); }

int cublasLtMatmulDescCreate(void** operation, int compute, int scale) {
  Operation* made = new Operation;
  made->compute = compute;
  made->scale = scale;
  return keep(operation, made);
}
int cublasLtMatmulDescDestroy(void* operation) { return drop<Operation>(operation); }
int cublasLtMatmulDescSetAttribute(void* handle, int attribute, const void* value, size_t bytes) {
  Operation* o = valid<Operation>(handle);
  if (!o) return INVALID;
  switch (attribute) {
    case 3: return assign(o->transpose_a, value, bytes);
    case 4: return assign(o->transpose_b, value, bytes);
    case 7: return assign(o->epilogue, value, bytes);
    case 8: return assign(o->bias, value, bytes);
    case 26: return assign(o->bias_type, value, bytes);
    default: return INVALID;
  }
}

int cublasLtMatrixLayoutCreate(void** layout, u32 type, u64 rows, u64 columns, i64 ld) {
  Layout* made = new Layout;
  made->type = type;
  made->rows = rows;
  made->columns = columns;
  made->ld = ld;
  return keep(layout, made);
}
int cublasLtMatrixLayoutDestroy(void* layout) { return drop<Layout>(layout); }
int cublasLtMatrixLayoutSetAttribute(void* handle, int attribute, const void* value, size_t bytes) {
  Layout* l = valid<Layout>(handle);
  return l && attribute == 1 ? assign(l->row_major, value, bytes) : INVALID;
}

int cublasLtMatmulPreferenceCreate(void** preference) { return keep(preference, new Preference); }
int cublasLtMatmulPreferenceDestroy(void* preference) { return drop<Preference>(preference); }
int cublasLtMatmulPreferenceSetAttribute(void* handle, int attribute, const void* value, size_t bytes) {
  Preference* p = valid<Preference>(handle);
  if (!p) return INVALID;
  if (attribute == 1) return assign(p->workspace, value, bytes);
  if (attribute == 3) return assign(p->reductions, value, bytes);
  return attribute >= 5 && attribute <= 8 ? assign(p->alignment[attribute - 5], value, bytes) : INVALID;
}

int cublasLtMatmulAlgoGetHeuristic(void* handle, void* operation, void* a, void* b, void* c, void* d, void* preference, int wanted, Result* results,
                                   int* returned) {
  const Operation* o = valid<Operation>(operation);
  const Layout *la = valid<Layout>(a), *lb = valid<Layout>(b), *lc = valid<Layout>(c), *ld = valid<Layout>(d);
  const Preference* p = valid<Preference>(preference);
  if (!valid<int>(handle) || !o || !la || !lb || !lc || !ld || !p || wanted <= 0) return INVALID;
  *returned = 0;
  if (const int status = check(*o, *la, *lb, *lc, *ld)) return status;
  for (u64 algorithm = 0; algorithm < 3 && *returned < wanted; algorithm++) {
    const u64 workspace = workspace_of(algorithm, *ld);
    if (workspace > p->workspace || (algorithm == 1 && !(p->reductions & SPLIT_IN_FLOAT32))) continue;
    results[(*returned)++] = {{{0x10af17, algorithm}}, workspace, OK, 1.0f, {}};
  }
  return *returned ? OK : UNSUPPORTED;
}

int cublasLtMatmul(void* handle, void* operation, const float* alpha, const void* A, void* a, const void* B, void* b, const float* beta, const void* C, void* c,
                   void* D, void* d, const Algorithm* algorithm, void* workspace, size_t workspace_bytes, void* stream) {
  const Operation* o = valid<Operation>(operation);
  const Layout *la = valid<Layout>(a), *lb = valid<Layout>(b), *lc = valid<Layout>(c), *ld = valid<Layout>(d);
  if (!valid<int>(handle) || !o || !la || !lb || !lc || !ld || !algorithm || algorithm->data[0] != 0x10af17 || algorithm->data[1] > 2) return INVALID;
  if (const int status = check(*o, *la, *lb, *lc, *ld)) return status;
  const u64 which = algorithm->data[1];
  if (!A || !B || !D || !aligned(A) || !aligned(B) || !aligned(C) || !aligned(D) || workspace_bytes < workspace_of(which, *ld)) return INVALID;
  if (*beta != 0 && !C) return INVALID;
  const View va = view(A, *la, o->transpose_a), vb = view(B, *lb, o->transpose_b), vc = view(C, *lc, false), vd = view(D, *ld, false);
  const float scale = *alpha, times = *beta;
  const Operation op = *o;
  if (emu::load_lazily(loaded[{which, vd.rows, vd.columns, va.columns}]) != SUCCESS) return INTERNAL;
  const CUresult queued = emu::enqueue(stream, [=] {
    const u64 K = va.columns - (which == (u64)forgetful ? 8 : 0), rows = vd.rows;
    std::vector<float> a(K * rows), sums(rows);
    for (u64 k = 0; k < K; k++)
      for (u64 r = 0; r < rows; r++) a[k * rows + r] = at(va, r, k);
    /// Sums of one column of D over K from..to.
    const auto add_up = [&](u64 col, u64 from, u64 to, bool backwards) {
      std::fill(sums.begin(), sums.end(), 0.0f);
      for (u64 n = from; n < to; n++) {
        const u64 k = backwards ? to - 1 - (n - from) : n;
        const float b = at(vb, k, col);
        for (u64 r = 0; r < rows; r++) sums[r] += a[k * rows + r] * b;
      }
    };
    float* halves = (float*)workspace;
    for (u64 col = 0; which == 1 && col < vd.columns; col++) {
      add_up(col, K / 2, K, false);
      std::copy(sums.begin(), sums.end(), halves + col * rows);
    }
    for (u64 col = 0; col < vd.columns; col++) {
      add_up(col, 0, which == 1 ? K / 2 : K, which == 2);
      for (u64 r = 0; r < rows; r++) {
        float total = scale * (which == 1 ? sums[r] + halves[col * rows + r] : sums[r]);
        if (times != 0) total += times * at(vc, r, col);
        if (op.epilogue == EPILOGUE_BIAS) total += op.bias_type == R_32F ? ((const float*)op.bias)[r] : to_float(((const bf16*)op.bias)[r]);
        vd.data[(i64)r * vd.row + (i64)col * vd.column] = to_bf16(total).bits;
      }
    }
    return (CUresult)SUCCESS;
  }, emu::cost_of("cublasLt algorithm " + std::to_string(which)));
  return queued == SUCCESS ? OK : INTERNAL;
}

// ------------------------------------------------------------------------------------------------ emulator only
/// Number of handles and descriptors that were created and not destroyed.
u64 emuCublasLtAlive() { return alive.size(); }
/// Requires a bias to have the type of D, as cublasLt.h documents for bf16.
void emuCublasLtBiasAsOutput(int strict) { bias_as_output = strict != 0; }
/// Makes an algorithm omit the last eight terms of every sum; -1: none.
void emuCublasLtForgetful(int algorithm) { forgetful = algorithm; }

}  // extern "C"
