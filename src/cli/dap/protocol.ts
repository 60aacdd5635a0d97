// The requests that are answered, each with its arguments and the body of its response, as
// the types of the protocol have them. Handlers are plain functions; whoever dispatches
// (`adapter.ts`) wraps what they return, and tells of what they throw.
// Spec: https://microsoft.github.io/debug-adapter-protocol/specification

import type { DebugProtocol as P } from "@vscode/debugprotocol";
import type { Debuggee } from "./debuggee.js";

export interface Requests {
  breakpointLocations: [P.BreakpointLocationsArguments, P.BreakpointLocationsResponse["body"]];
  completions: [P.CompletionsArguments, P.CompletionsResponse["body"]];
  continue: [P.ContinueArguments, P.ContinueResponse["body"]];
  dataBreakpointInfo: [P.DataBreakpointInfoArguments, P.DataBreakpointInfoResponse["body"]];
  disassemble: [P.DisassembleArguments, P.DisassembleResponse["body"]];
  evaluate: [P.EvaluateArguments, P.EvaluateResponse["body"]];
  exceptionInfo: [P.ExceptionInfoArguments, P.ExceptionInfoResponse["body"]];
  loadedSources: [P.LoadedSourcesArguments, P.LoadedSourcesResponse["body"]];
  modules: [P.ModulesArguments, P.ModulesResponse["body"]];
  next: [P.NextArguments, void];
  pause: [P.PauseArguments, void];
  readMemory: [P.ReadMemoryArguments, P.ReadMemoryResponse["body"]];
  restartFrame: [P.RestartFrameArguments, void];
  reverseContinue: [P.ReverseContinueArguments, void];
  scopes: [P.ScopesArguments, P.ScopesResponse["body"]];
  setBreakpoints: [P.SetBreakpointsArguments, P.SetBreakpointsResponse["body"]];
  setDataBreakpoints: [P.SetDataBreakpointsArguments, P.SetDataBreakpointsResponse["body"]];
  setExceptionBreakpoints: [
    P.SetExceptionBreakpointsArguments,
    P.SetExceptionBreakpointsResponse["body"],
  ];
  setExpression: [P.SetExpressionArguments, P.SetExpressionResponse["body"]];
  setFunctionBreakpoints: [
    P.SetFunctionBreakpointsArguments,
    P.SetFunctionBreakpointsResponse["body"],
  ];
  setInstructionBreakpoints: [
    P.SetInstructionBreakpointsArguments,
    P.SetInstructionBreakpointsResponse["body"],
  ];
  setVariable: [P.SetVariableArguments, P.SetVariableResponse["body"]];
  source: [P.SourceArguments, P.SourceResponse["body"]];
  stackTrace: [P.StackTraceArguments, P.StackTraceResponse["body"]];
  stepBack: [P.StepBackArguments, void];
  stepIn: [P.StepInArguments, void];
  stepOut: [P.StepOutArguments, void];
  threads: [undefined, P.ThreadsResponse["body"]];
  variables: [P.VariablesArguments, P.VariablesResponse["body"]];
  writeMemory: [P.WriteMemoryArguments, P.WriteMemoryResponse["body"]];
}

/** Handlers of some requests, for a program that is there. */
export type Handlers = {
  readonly [C in keyof Requests]?: (
    debuggee: Debuggee,
    args: Requests[C][0],
  ) => Requests[C][1] | Promise<Requests[C][1]>;
};
