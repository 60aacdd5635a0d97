// The program that is open: where it came from, its text, and the call.

import { EXAMPLES, includeOf, LESSONS } from "./catalogue.js";
import type { SourceText } from "./course/build.js";
import type { Asked } from "./share.js";
import type { Call, Program } from "./worker/api.js";

export interface Chosen {
  /** Which lesson, from 0, or which example it began as. */
  readonly lesson: number | null;
  readonly example: string | null;
  readonly language: SourceText["language"];
  readonly text: string;
  readonly include?: string | undefined;
  readonly call: Call;
  /** A module from a file: it has no text. */
  readonly module?: { readonly name: string; readonly bytes: Uint8Array } | undefined;
}

export function chosenOf(asked: Asked | null): Chosen {
  if (asked?.kind === "shared") {
    const { language, text, include, module, call } = asked.shared;
    return { lesson: null, example: null, language, text, include, module, call };
  }
  const example = asked?.kind === "example" && EXAMPLES.find(({ name }) => name === asked.name);
  if (example) {
    const { name, language, text, include, module, call } = example;
    return { lesson: null, example: name, language, text, include, module, call };
  }
  const number = asked?.kind === "lesson" ? asked.number - 1 : 0;
  const lesson = LESSONS[number] === undefined ? 0 : number;
  const { language, program: text, include, invoke, args } = LESSONS[lesson]!;
  return { lesson, example: null, language, text, include, call: { invoke, args } };
}

export function programOf({ module, language, text, include }: Chosen): Program {
  return module === undefined
    ? { kind: "text", source: { language, text, include: includeOf(include) } }
    : { kind: "bytes", ...module };
}

/** A file that the reader brought: a module, or text. */
export async function chosenFrom(file: File): Promise<Chosen> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const rest = { lesson: null, example: null, call: { invoke: "", args: [] } };
  if (bytes[0] === 0)
    return { ...rest, language: "wat", text: "", module: { name: file.name, bytes } };
  const text = new TextDecoder().decode(bytes);
  return { ...rest, language: file.name.endsWith(".s") ? "asm" : "wat", text };
}
