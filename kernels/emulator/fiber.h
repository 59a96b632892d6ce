// Stack switching: 14 instructions on x86-64, ucontext elsewhere (five times slower).
#pragma once
#include <sys/mman.h>

#include <new>

namespace emu {

constexpr size_t STACK_BYTES = 64 * 1024;

/// A stack with a guard page below it, so that an overflow stops the kernel.
inline char* new_stack() {
  char* memory = (char*)mmap(nullptr, STACK_BYTES + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  mprotect(memory, 4096, PROT_NONE);
  return memory + 4096;
}

#if defined(__x86_64__) && !defined(EMU_UCONTEXT)

extern "C" void emu_switch(void** save, void* load);
asm(R"(.text
.globl emu_switch
.type emu_switch,@function
emu_switch:
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  mov %rsp,(%rdi)
  mov %rsi,%rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret
.size emu_switch,.-emu_switch
)");

inline void* prepare(char* stack, void (*entry)()) {
  void** top = (void**)(stack + STACK_BYTES);
  *--top = nullptr;  // return address of entry
  *--top = (void*)entry;
  for (int i = 0; i < 6; i++) *--top = nullptr;
  return top;
}
inline void switch_stacks(void** save, void* load) { emu_switch(save, load); }

#else

}  // namespace emu
#include <ucontext.h>
namespace emu {

inline void* prepare(char* stack, void (*entry)()) {
  constexpr size_t reserved = (sizeof(ucontext_t) + 63) & ~(size_t)63;
  ucontext_t* context = new (stack) ucontext_t;  // at the low end of the stack
  getcontext(context);
  context->uc_stack.ss_sp = stack + reserved;
  context->uc_stack.ss_size = STACK_BYTES - reserved;
  context->uc_link = nullptr;
  makecontext(context, entry, 0);
  return context;
}
inline void switch_stacks(void** save, void* load) {
  ucontext_t here;
  *save = &here;
  swapcontext(&here, (ucontext_t*)load);
}

#endif

}  // namespace emu
