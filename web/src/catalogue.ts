// The lessons and examples that come with the page.

import { type Lesson, parseLesson } from "./course/lesson.js";
import type { SourceText } from "./course/build.js";
import type { Call } from "./worker/api.js";
import stackful from "../../fixtures/src/stackful.s?raw";
import cont from "../../fixtures/src/ways-cont.wat?raw";

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
}

const lessonNamed = (title: string): Lesson => LESSONS.find((lesson) => lesson.title === title)!;
const fromLesson = (name: string, title: string, lesson: Lesson): Example => ({
  name,
  title,
  language: lesson.language,
  text: lesson.program,
  ...(lesson.include === undefined ? {} : { include: lesson.include }),
  call: { invoke: lesson.invoke, args: lesson.args },
});

export const EXAMPLES: readonly Example[] = [
  fromLesson("crossing", "A yield that crosses a generator (assembly)", lessonNamed("A yield that crosses a generator")), // prettier-ignore
  fromLesson("rewinding", "Unwind and rewind", lessonNamed("Rewinding")),
  {
    name: "tree",
    title: "A generator that walks a tree, on continuations",
    language: "wat",
    text: cont.replaceAll('"log_i32"', '"log"'),
    call: { invoke: "tree", args: ["3"] },
  },
  fromLesson("sleep", "A program that sleeps", lessonNamed("And with promises")),
];
