// The worker of engines that are browsers: a page of `page-door.ts` runs this. It asks
// for a request, performs it, posts the answer, and asks again, until the server is gone.

import { type EngineTask, perform } from "../compare/engine-task.js";

const at = (path: string): URL => new URL(path, new URL("../../", import.meta.url));

/** Held open as long as the page lives: nobody else notices when it crashes. */
void fetch(at("alive")).catch(() => undefined);

async function next(): Promise<EngineTask> {
  for (;;) {
    const response = await fetch(at("next"));
    if (response.status === 200) return (await response.json()) as EngineTask;
  }
}

for (;;) {
  const task = await next();
  // What is thrown is no JSON, and told as such.
  const answer = await perform(task).then((result) => JSON.stringify(result), String);
  await fetch(at("answer"), { method: "POST", body: answer });
}
