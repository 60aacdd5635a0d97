// The public surface of the library, and nothing else. All of it runs in a browser.

export { decode } from "./binary/decode.js";
export {
  validate,
  validateBodies,
  visitFunction,
  type ValidateOptions,
  type ValidModule,
} from "./valid/validate.js";
export {
  ALL_FEATURES,
  FEATURES,
  featuresWithout,
  type Feature,
  type FeatureSet,
} from "./valid/features.js";
export type { Visitor, FunctionState, Control, OperandType } from "./valid/visitor.js";
export * from "./syntax/module.js";
export * from "./syntax/types.js";
export { opcodes, opcodeOf, type Mnemonic, type Opcode } from "./syntax/opcodes.js";
export { disassembleFunction, type DisassembledInstruction } from "./text/disassemble.js";
export { printWat, type WatOptions } from "./text/wat.js";
export { assemble, assembleInput, type AssembleOptions } from "./asm/assemble.js";
export { link, type Linked } from "./link/link.js";
export { isObject, type LinkInput } from "./link/object.js";
export type { SourceLines, SourcePosition } from "./syntax/source-lines.js";
export { withSources } from "./source/with-sources.js";
export { type SourceMapText, sourceMapUrl } from "./source/source-map.js";
export { DebugInfoError } from "./source/errors.js";

export { instantiate, getGlobal, setGlobal } from "./exec/instantiate.js";
export { ForwardTier, type ForwardOptions } from "./forward/tier.js";
export { tierOf, TIERS, type TierName } from "./forward/choose.js";
export { Machine, type HostCall, type MachineOptions, type Outcome } from "./exec/machine.js";
export { Scheduler, type SchedulerOptions } from "./exec/scheduler.js";
export { Deadlock, type Call, type Program, type Thread } from "./exec/thread.js";
export { Wait, WaitResult } from "./exec/waits.js";
export { stackOf } from "./exec/stack.js";
export { Fiber, Frame, type FiberStatus, type FiberView, type FrameView } from "./exec/fiber.js";
export {
  interposers,
  observers,
  type Course,
  type Departure,
  type Interposer,
  type Observer,
} from "./exec/hooks.js";
export {
  FuncInstance,
  GlobalInstance,
  ModuleInstance,
  TableInstance,
  type ExternInstance,
  type HostFunction,
  type Imports,
  type NativeFunction,
} from "./runtime/instances.js";
export { MemoryInstance } from "./runtime/memory.js";
export {
  f32,
  f64,
  floatOf,
  HostRef,
  i32,
  i64,
  ref,
  type Reference,
  type Value,
} from "./runtime/values.js";
export { ExceptionInstance, UncaughtException } from "./runtime/exceptions.js";
export { Exhaustion, type StackEntry, Trap, type TrapReason } from "./runtime/traps.js";
export {
  AssemblyError,
  BobbinError,
  CrashError,
  InvalidError,
  LinkError,
  MalformedError,
  SyntaxFault,
  UsageError,
} from "./util/errors.js";

export { saveSnapshot, type SaveOptions } from "./snapshot/save.js";
export { loadSnapshot, type LoadedSnapshot, type LoadOptions } from "./snapshot/load.js";
export type { SuspendedChain } from "./snapshot/load-fibers.js";
export { isSnapshot } from "./snapshot/format.js";
export type { Codec } from "./snapshot/codec.js";
export type { AtOnce } from "./snapshot/container.js";
export { SnapshotError } from "./snapshot/errors.js";
export { Recorder, type RecordOptions } from "./history/recorder.js";
export {
  isRecording,
  readRecording,
  type Recording,
  Stranger,
  writeRecording,
  writeRecordingAtOnce,
} from "./history/file.js";
export { History, type HistoryOptions } from "./history/history.js";
export type { Log } from "./history/log.js";
export { compare as comparePositions, formatPosition, type Position } from "./history/position.js";
export { type Arrival, Replica } from "./history/replica.js";
export {
  type Drive,
  finish,
  type Probe,
  type Progress,
  type Task,
  Timeline,
  type TimelineOptions,
} from "./history/timeline.js";
export { events, type Mark, marks, observed } from "./history/probes.js";
export { entered, firstPlace, stepBack } from "./history/queries.js";
export { RecordingError } from "./history/errors.js";
export { FiberAbi, type FiberAbiSettings } from "./fiber/abi/abi.js";
export { recognizeFibers, type FiberAssembly, type FiberFunction } from "./fiber/abi/recognize.js";
export { Asyncify, type AsyncifySettings } from "./fiber/asyncify/asyncify.js";
export { analyzeRoles } from "./fiber/asyncify/analyze.js";
export type * from "./fiber/asyncify/roles.js";
export * from "./fiber/asyncify/options.js";
export * from "./fiber/asyncify/extensions.js";
export {
  compactLayout,
  fullLayout,
  twinLayout,
  type LayoutOf,
  type RecordLayout,
} from "./fiber/asyncify/records.js";
export { ImageTable, ReferenceTable, type Image } from "./fiber/asyncify/images.js";
export type { SavedAsyncify } from "./fiber/asyncify/saved.js";
export type { AsyncifyGlobals } from "./fiber/asyncify/stack.js";
export type * from "./observe/events.js";
export { Tracer, type TracedEvent } from "./observe/tracer.js";
export { FiberTracker, type FiberEvent } from "./observe/fibers.js";
export { InstrumentedEvents } from "./observe/instrumented.js";
export { Checker, type CheckCounts, type CheckerOptions } from "./observe/check/checker.js";
export { type CheckedInstance, InstanceChecker } from "./observe/check/instances.js";
export { traceInstances } from "./observe/trace-instances.js";
export type { Attachment, InstanceWatcher, NewInstance } from "./observe/attachments.js";
export { checkStatically } from "./observe/check/static.js";
export { CODES, type CheckCode, type CodeText } from "./observe/check/codes.js";
export type {
  ChangedWord,
  Finding,
  MachineState,
  OtherParty,
  Place,
  Writer,
} from "./observe/check/finding.js";
export { changedWords, withWriters } from "./observe/check/writers.js";
export { renderFinding } from "./observe/check/render.js";
export { toSarif } from "./observe/check/sarif.js";
export { describeEvent, eventToJson, renderLine } from "./observe/render.js";

export { formatValue, formatValues, parseValue } from "./runtime/notation.js";
export { jsExports } from "./js-api/exports.js";
export { jsImports } from "./js-api/imports.js";
export type { Host, HostContext, HostInstance, HostScript } from "./compare/host.js";
export type { Run, RunRequest } from "./compare/run.js";
export { runNative, type NativeRequest } from "./compare/native.js";
export { runTwinOnBobbin, type BobbinTwinRequest } from "./compare/twin.js";
export { runOnEngine, type EngineRequest } from "./compare/v8.js";
export { compareRuns, highestLevel, type Difference, type Level } from "./compare/compare.js";
export {
  compareProgram,
  ORACLES,
  type Comparison,
  type ComparisonRequest,
} from "./compare/programs.js";
export {
  advise,
  AdviceCollector,
  mergeAdvice,
  onlyListOf,
  type Advice,
  type Advised,
  type AdviceRequest,
} from "./compare/advice.js";
export { DebugSession, type DebugOptions, type Stop } from "./debug/session.js";
export { DebugConsole } from "./debug/console.js";
export { type Happening, ProgramEvents } from "./debug/happenings.js";
export type { Hit } from "./debug/stop-look.js";
export { EVENTS, type EventName, type StopOptions, type StopPoint, type StopSpec } from "./debug/stops.js"; // prettier-ignore
export type { FiberStack, StackFrame } from "./debug/stacks.js";
export { regionsOf, type Region } from "./debug/regions.js";
export { watchTarget, type WatchTarget } from "./debug/watch.js";
export { Script, type ScriptOptions } from "./script/script.js";
export type { Result, Verdict } from "./script/verdicts.js";
export type { Action, Command, SuiteValue } from "./script/commands.js";
export { parseWast, type WastScript } from "./script/wast.js";
