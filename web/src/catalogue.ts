// The lessons and examples that come with the page.

import { type Lesson, parseLesson } from "./course/lesson.js";
import type { SourceText } from "./course/build.js";
import type { Call } from "./worker/api.js";
import stackful from "../../fixtures/src/stackful.s?raw";
import cont from "../../fixtures/src/ways-cont.wat?raw";
import instrumented from "../../fixtures/wasm/crossing.twin-O2.wasm?url&inline";
import exceptions from "../examples/exceptions.wat?raw";
import gc from "../examples/gc.wat?raw";
import tasks from "../examples/tasks.wat?raw";
import trap from "../examples/trap.wat?raw";
import { fromBase64 } from "./base64.js";

const files: Record<string, string> = import.meta.glob("../lessons/[0-9]*.md", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** In the order of their numbers. */
export const LESSONS: readonly Lesson[] = Object.keys(files)
  .sort()
  .map((name) => parseLesson(files[name]!));

/** Assembly that programs may be linked with. */
const INCLUDES: Readonly<Record<string, string>> = { "stackful.s": stackful };
export function includeOf(name: string | undefined): SourceText["include"] {
  const text = name === undefined ? undefined : INCLUDES[name];
  return name === undefined || text === undefined ? undefined : { name, text };
}

export interface Example {
  readonly name: string;
  readonly title: string;
  readonly language: SourceText["language"];
  readonly text: string;
  readonly include?: string;
  readonly call: Call;
  /** A module that has no text. */
  readonly module?: { readonly name: string; readonly bytes: Uint8Array };
}

const wat = (name: string, title: string, text: string, ...args: string[]): Example => ({
  name,
  title,
  language: "wat",
  text,
  call: { invoke: "main", args },
});
const lessonNamed = (title: string): Lesson => LESSONS.find((lesson) => lesson.title === title)!;
const fromLesson = (name: string, title: string, lesson: Lesson): Example => ({
  name,
  title,
  language: lesson.language,
  text: lesson.program,
  ...(lesson.include === undefined ? {} : { include: lesson.include }),
  call: { invoke: lesson.invoke, args: lesson.args },
});
/** Of an address that holds its data. */
const bytesOf = (address: string): Uint8Array =>
  fromBase64(address.slice(address.indexOf(",") + 1));

export const EXAMPLES: readonly Example[] = [
  fromLesson("crossing", "A yield that crosses a generator (assembly)", lessonNamed("A yield that crosses a generator")), // prettier-ignore
  {
    name: "instrumented",
    title: "The same from C, instrumented by Binaryen (.wasm)",
    language: "wat",
    text: "",
    call: { invoke: "crossing", args: ["4"] },
    module: { name: "crossing.twin-O2.wasm", bytes: bytesOf(instrumented) },
  },
  fromLesson("rewinding", "Unwind and rewind", lessonNamed("Rewinding")),
  wat("tasks", "A scheduler, on continuations", tasks),
  {
    ...wat("tree", "A generator that walks a tree, on continuations", cont.replaceAll('"log_i32"', '"log"'), "3"), // prettier-ignore
    call: { invoke: "tree", args: ["3"] },
  },
  fromLesson("sleep", "A program that sleeps", lessonNamed("And with promises")),
  wat("exceptions", "An exception", exceptions),
  wat("gc", "Objects of the garbage collector", gc, "4"),
  wat("trap", "A trap", trap),
  fromLesson("overflow", "What the checker finds", lessonNamed("What goes wrong")),
];
