// Everything that the checker can find, as data: what the rule is, why breaking it is
// wrong, and what to do. Codes are stable. All texts but those of single findings are here.

export interface CodeText {
  readonly area: Area;
  /** What correct programs do. */
  readonly rule: string;
  readonly why: string;
  readonly fix: string;
}

export const AREAS = {
  state: "The state machine",
  buffer: "Buffers and the bytes they own",
  record: "Records and continuations",
  call: "Roots, leaves and the frames in between",
  fiber: "The fiber assembly",
  static: "What the module tells without running",
} as const;
export type Area = keyof typeof AREAS;

const text = (area: Area, rule: string, why: string, fix: string): CodeText => ({
  area,
  rule,
  why,
  fix,
});

export const CODES = {
  "unwind-not-normal": text(
    "state",
    "start_unwind is called in the normal state",
    "Asyncify has one state: the unwind or rewind under way is given up in its middle, and its buffer with it.",
    "Start to unwind only where asyncify_get_state() is 0; a leaf that is reached again by a rewind calls stop_rewind instead.",
  ),
  "rewind-not-normal": text(
    "state",
    "start_rewind is called in the normal state",
    "The frames that are still to be pushed or popped take the new buffer for theirs.",
    "Call stop_unwind when the unwind has reached the host, and start only one rewind at a time.",
  ),
  "stop-while-other": text(
    "state",
    "stop_unwind ends an unwind, and stop_rewind a rewind",
    "Both only clear the state, so frames stay half unwound or half rewound, and nobody notices.",
    "Look at asyncify_get_state(): 1 needs stop_unwind, 2 needs stop_rewind.",
  ),
  "stop-before-start": text(
    "state",
    "stop_rewind is called only after a start, and so is a stop_unwind that checks words which are no buffer",
    "The data pointer is still 0: the words at addresses 0 and 4 are taken for position and end, and compared.",
    "Call stop_* only in the states 1 and 2.",
  ),
  "stuck-after-failure": text(
    "state",
    "after a trap or an exception in the middle of an unwind or rewind the state is cleared before anything else runs",
    "A trap does not clear the state: every instrumented function that runs now skips its code, pushes or pops.",
    "Treat the instance as lost, or clear the state with stop_unwind and forget the continuation.",
  ),
  "unwind-not-stopped": text(
    "state",
    "whoever catches an unwind calls stop_unwind",
    "The program is still unwinding: what the call returned is a zero that no code computed, and the next call of an export will not run.",
    "After each call of an export look at asyncify_get_state(); while it is 1, call stop_unwind, wait, start_rewind, and call the export again.",
  ),
  "entered-while-unwinding": text(
    "state",
    "no instrumented function is entered while unwinding",
    "It runs nothing but its first call, on arguments nobody computed, and then pushes a record of its own among the others.",
    "Call stop_unwind before the next export. Tasks that run at the same time must wait until the stack is unwound.",
  ),
  "rewind-not-entered": text(
    "state",
    "after start_rewind the root of the continuation is called before stop_rewind",
    "Nothing was rewound: the next call of the root begins it from its start, and the records are lost.",
    "After start_rewind call the export that was unwound; only the leaf calls stop_rewind.",
  ),
  "rewind-not-stopped": text(
    "state",
    "the leaf that a rewind reaches calls stop_rewind before it returns",
    "The state stays 2: functions without a result return at once, all others trap in `unreachable`, and later calls do nothing.",
    "In the import or function that unwinds, ask asyncify_get_state() first: where it is 2, call stop_rewind and return the result.",
  ),
  "exception-not-normal": text(
    "state",
    "no exception crosses frames while unwinding or rewinding",
    "The frames it crosses are gone, the state is not: the instance goes on in the middle of an unwind or rewind.",
    "In a leaf, throw before start_unwind or after stop_rewind, never between.",
  ),
  "trap-not-normal": text(
    "state",
    "no code traps while unwinding or rewinding",
    "Only code that is not instrumented runs in these states. The state stays what it was when the trap ends the call.",
    "Find the frame that runs while the others unwind or rewind; clear the state with stop_unwind before the instance is used again.",
  ),

  "data-null": text(
    "buffer",
    "the data pointer is not null",
    "Address 0 is what allocators return when they fail; position and end would be whatever lies there.",
    "Allocate the record {position, end}, and check the allocation.",
  ),
  "data-misaligned": text(
    "buffer",
    "the data pointer is a multiple of four",
    "Instrumented code promises aligned accesses of position and end; engines may be slow where that is not so.",
    "Align the record to 4 bytes.",
  ),
  "data-out-of-bounds": text(
    "buffer",
    "the two words at the data pointer lie in memory",
    "Reading them traps, after the state and the data pointer have been changed.",
    "Give the address of a record {position, end} in the module's own memory.",
  ),
  "position-past-end": text(
    "buffer",
    "the position of a buffer is not past its end",
    "The runtime functions trap in `unreachable`, after the state has been changed.",
    "Before start_unwind, set the first word to where the frames may go and the second to where their room ends.",
  ),
  "end-out-of-bounds": text(
    "buffer",
    "the end of a buffer lies in memory",
    "The bound protects nothing: a deep stack is written to the end of memory, and traps there.",
    "Set the second word to the end of what was allocated.",
  ),
  "buffer-over-header": text(
    "buffer",
    "the room for records does not cover position and end themselves",
    "The first records overwrite the position that tells where the next one goes.",
    "Let the room begin behind the two words: position = data + 8.",
  ),
  "record-past-end": text(
    "buffer",
    "no record reaches past the end of its buffer",
    "Binaryen's code writes on and compares only when the unwind has ended: by then the bytes behind the buffer are gone.",
    "Make the buffer larger (ASYNCIFY_STACK_SIZE in Emscripten), or unwind from less deep.",
  ),
  "record-over-stack": text(
    "buffer",
    "no record is written over a shadow stack that is in use",
    "Locals that live in linear memory are overwritten; the functions that own them go on with other values.",
    "Give each fiber a stack that holds its frames and the whole buffer (stackful takes 65,552 bytes below the stack pointer).",
  ),
  "record-over-data": text(
    "buffer",
    "no record is written over bytes that the module's data segments initialise",
    "Constants and initialised variables of the program are overwritten.",
    "Give the frames room that was reserved for them; fiber stacks must hold the whole buffer below the stack pointer.",
  ),
  "buffer-outside-allocation": text(
    "buffer",
    "a buffer that lies in an allocated block lies wholly in it",
    "Records are written over the heap's other blocks, or over its bookkeeping.",
    "Set the end to the end of the block, or allocate a larger one.",
  ),
  "buffer-over-boundary": text(
    "buffer",
    "a buffer lies wholly in static data, in the stack or in the heap, and over no other variable",
    "Records are written over what lies behind the boundary, or what lies in front of it is.",
    "Set position and end to what was reserved for them; fiber stacks must hold the whole buffer below the stack pointer.",
  ),
  "resume-after-free": text(
    "buffer",
    "the memory of a continuation is not freed before its last rewind",
    "The allocator may hand it to somebody else, who writes over the records.",
    "Free the buffer when stop_rewind was called, or when the continuation is given up for good.",
  ),
  "buffer-shared": text(
    "buffer",
    "two continuations that are suspended at the same time have a buffer each",
    "The second unwind wrote its records over those of the first, which cannot be resumed any more.",
    "Take a fresh buffer for each suspension that may overlap another one, or refuse the second call.",
  ),
  "several-suspended": text(
    "buffer",
    "a host that keeps one data pointer has one call suspended at a time",
    "A later suspension took the place of an earlier one: it was resumed with the result that the other waited for, and then there is nothing left to resume.",
    "Queue calls that may suspend, so that each ends before the next begins (Emscripten's Asyncify has room for one), or keep a data pointer for each.",
  ),

  "record-changed": text(
    "record",
    "the bytes of a record are at its pop what they were at its push",
    "The frame comes back with other locals, at another call, or not at all.",
    "Nothing may write to a buffer between stop_unwind and stop_rewind: look for a buffer that was freed or reused, a stack that is too small, a stray pointer.",
  ),
  "pop-not-pushed": text(
    "record",
    "a rewind pops only records that an unwind pushed, whole",
    "The frame is restored from bytes that are no record of it.",
    "Leave the position at the data pointer alone between start_rewind and stop_rewind.",
  ),
  "pop-order": text(
    "record",
    "a rewind pops the records of its continuation outermost frame first",
    "Frames come back in another order than they were called in.",
    "Rewind the whole continuation, and leave its position alone.",
  ),
  "call-index-unknown": text(
    "record",
    "the call index of a record names a call of its function",
    "No call is found to rewind to: the function is skipped, or traps in `unreachable`.",
    "Rewind with the module that unwound, and with the bytes it wrote.",
  ),
  "frame-differs": text(
    "record",
    "a rewound frame goes on with the values that it was unwound with",
    "The function computes with something else; its record is what the unwind wrote, so not all that it still needs was saved, or put back.",
    "An optimizer or an engine is at fault: run --asyncify as the last pass, try another level, and compare with the plain module (bobbin compare).",
  ),
  "rewind-incomplete": text(
    "record",
    "when stop_rewind is called, the rewind has popped all records of the continuation",
    "The frames that were not reached are lost, and the one that was goes on as if its call had returned.",
    "Only the function or import that called start_unwind calls stop_rewind; imports on the way in must make their calls again.",
  ),
  "rewind-unknown-data": text(
    "record",
    "start_rewind is given a data pointer to which something was unwound, or copied",
    "Bytes that nobody wrote as records are popped.",
    "Keep the data pointer of each suspension with its task.",
  ),
  "rewind-position": text(
    "record",
    "at start_rewind the position is where the unwind left it",
    "Records are popped from the position downwards: another one finds no records, or half of one.",
    "Set position and end before start_unwind only; start_rewind needs them as the unwind left them.",
  ),
  "resumed-twice": text(
    "record",
    "a continuation is rewound once, unless its bytes and position are put back",
    "Its records are popped already: the rewind reads whatever lies below the buffer.",
    "Resume each suspension once. To resume one many times, keep a copy of position and records, and put it back.",
  ),
  "resume-running": text(
    "record",
    "a continuation that is running is not rewound",
    "Its records are popped already, its frames are on the stack: there is nothing to resume.",
    "Do not resume the task or fiber that is on, nor one that waits for it.",
  ),

  "rewind-wrong-root": text(
    "call",
    "a rewind enters the function that its unwind left last",
    "The function pops a record of another one.",
    "After start_rewind call the export through which the continuation was entered, with the data pointer of that very task.",
  ),
  "rewind-other-callee": text(
    "call",
    "a call that is made again reaches the function it reached before",
    "Indirect calls look their table up again, and imports make their calls again: another function pops the record.",
    "Do not change a table entry, or what an import calls, while frames below it are suspended.",
  ),
  "leaf-differs": text(
    "call",
    "the leaf that calls stop_rewind is the one that called start_unwind",
    "The result of one operation is delivered to the call of another.",
    "Let each import wait for itself: keep the result with the leaf that unwound.",
  ),
  "leaf-side-effect": text(
    "call",
    "a function that calls start_unwind has no effect on the way in that it has again when rewound",
    "It is not instrumented, so the rewind runs it again from its start: what stands in front is done twice.",
    "Ask for the state first, and do the work in the branch of state 0 only, or in the caller.",
  ),
  "frame-not-instrumented": text(
    "call",
    "an unwind passes instrumented frames only, up to who stops it",
    "The frame runs on with a zero for a result, as if its call had returned; nothing of it is saved.",
    "Let wasm-opt instrument it: take it off the remove-list, put it on the add- or only-list.",
  ),
  "import-not-listed": text(
    "call",
    "every import that unwinds is in the list asyncify-imports",
    "The functions that call it are not instrumented: they run on with a zero for a result.",
    "Add it: --pass-arg=asyncify-imports@module.name (ASYNCIFY_IMPORTS in Emscripten).",
  ),
  "unwind-through-import": text(
    "call",
    "an unwind that began in a call from an import is stopped by it, or the import is listed and makes its call again",
    "The functions that called the import do not know that they are unwound: they run on with whatever it returned.",
    "Do not call exports that may unwind from an import: wait until the program has returned to the host. Or list the import, and let it call the same export when it is rewound.",
  ),
  "call-not-instrumented": text(
    "call",
    "an unwind passes instrumented calls only",
    "The function is instrumented, but not this call in it: it runs on with a zero for a result.",
    "Do not use asyncify-ignore-indirect, or put the function on the add-list; Binaryen never instruments call_ref, nor calls in catch blocks.",
  ),
  "stack-pointer-changed": text(
    "call",
    "__stack_pointer is, when the rewound program makes its next call, what it was when it was unwound",
    "Asyncify does not save it: the next function puts its locals over those of functions that are suspended, or into another task's stack.",
    "Save it with the data pointer, and put it back before the root is called again.",
  ),

  "fiber-leave-outside": text(
    "fiber",
    "fiber_switch_leave is called on a fiber",
    "There is no fiber_enter on the stack to stop the unwind: it goes through to the host, which takes a zero for the result.",
    "Leave only from functions that a fiber runs.",
  ),
  "fiber-target-not-active": text(
    "fiber",
    "fiber_switch_leave goes to a stack that entered this fiber, directly or not",
    "No fiber_enter on the stack is the target, so none stops the unwind: it goes through to the host.",
    "Leave to the stack pointer that the last switch into the fiber brought along.",
  ),
  "fiber-finished": text(
    "fiber",
    "a fiber that left for the last time is not resumed",
    "Its function goes on behind its last leave, where nothing is but `unreachable`.",
    "Remember that the fiber is done, and do not enter it again.",
  ),
  "fiber-entry-returned": text(
    "fiber",
    "the entry function of a fiber never returns",
    "The fiber assembly takes the return for an unwind: it traps, or goes on on the wrong stack.",
    "End the entry function with a fiber_switch_leave that nobody resumes.",
  ),

  "runtime-inlined": text(
    "static",
    "functions of the runtime stay functions of their own",
    "Whoever calls start_unwind, stop_rewind, stop_unwind or start_rewind is not instrumented: code that was merged into it is not unwound.",
    "Run --asyncify before other optimizations of wasm-opt, or keep these functions apart: --no-inline=fiber_*, noinline.",
  ),
  "not-instrumentable": text(
    "static",
    "functions that may unwind have no tail calls, no try_table, no branches on references, no stack switching",
    "Binaryen refuses the module, or its instrumentation does not cover these instructions.",
    "Compile without these features (-mno-tail-call, -fno-wasm-exceptions), or keep them out of functions that unwind.",
  ),
  "list-without-match": text(
    "static",
    "every entry of a list names something in the module",
    "The entry has no effect, so the function or import it was meant for is not covered.",
    "Names are those of the name section (keep it with -g), imports are written module.name; * matches anything.",
  ),
  "instrumented-twice": text(
    "static",
    "a module is instrumented once",
    "Each instrumentation unwinds the code of the other one.",
    "Run --asyncify on the module that the linker made.",
  ),
} as const satisfies Record<string, CodeText>;

export type CheckCode = keyof typeof CODES;
export const codesOf = (area: Area): CheckCode[] =>
  (Object.keys(CODES) as CheckCode[]).filter((code) => CODES[code].area === area);
