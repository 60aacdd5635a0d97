// An interpreter's loop: a small machine with a stack, run by a switch. Its program counts
// the steps of Collatz sequences.
#include "kernel.h"

enum { PUSH, LOAD, STORE, ADD, MUL, AND, SHR, LT, JUMP, JUMP_IF, DUP, CALL, RET, HALT };

// Variables: 0 the bound, 1 where a sequence starts, 2 its number, 3 the steps.
static const int program[] = {
    PUSH, 1, STORE, 1, PUSH, 0, STORE, 3,
    // outer, at 8
    LOAD, 1, LOAD, 0, LT, JUMP_IF, 18, LOAD, 3, HALT,
    // body, at 18
    LOAD, 1, STORE, 2, CALL, 33, LOAD, 1, PUSH, 1, ADD, STORE, 1, JUMP, 8,
    // collatz, at 33
    LOAD, 2, PUSH, 2, LT, JUMP_IF, 72,
    LOAD, 3, PUSH, 1, ADD, STORE, 3,
    LOAD, 2, DUP, PUSH, 1, AND, JUMP_IF, 62,
    PUSH, 1, SHR, STORE, 2, JUMP, 33,
    // odd, at 62
    PUSH, 3, MUL, PUSH, 1, ADD, STORE, 2, JUMP, 33,
    // done, at 72
    RET,
};

static int variables[4], stack[64], returns[16];

static NEVER_INLINE int execute(const int *code) {
  int *top = stack;
  int pc = 0, depth = 0;
  for (;;) {
    switch (code[pc++]) {
      case PUSH: *++top = code[pc++]; break;
      case LOAD: *++top = variables[code[pc++]]; break;
      case STORE: variables[code[pc++]] = *top--; break;
      case ADD: top--; *top += top[1]; break;
      case MUL: top--; *top *= top[1]; break;
      case AND: top--; *top &= top[1]; break;
      case SHR: top--; *top >>= top[1]; break;
      case LT: top--; *top = *top < top[1]; break;
      case JUMP: pc = code[pc]; break;
      case JUMP_IF: pc = *top-- ? code[pc] : pc + 1; break;
      case DUP: top++; *top = top[-1]; break;
      case CALL: returns[depth++] = pc + 1; pc = code[pc]; break;
      case RET: pc = returns[--depth]; break;
      case HALT: return *top;
      default: return -1;
    }
  }
}

static NEVER_INLINE u32 kernel(int n) {
  variables[0] = n;
  return (u32)execute(program);
}
RUN(180)
