// Ctrl-C as commands that work for long take it: the first one ends the work with what
// is known so far, a second one the process.

import process from "node:process";

export interface Interruption {
  readonly asked: boolean;
  /** Told when it is asked. */
  onAsked: () => void;
  end(): void;
}

export function interruption(): Interruption {
  const state = {
    asked: false,
    onAsked: (): void => undefined,
    end: () => process.off("SIGINT", ask),
  };
  const ask = (): void => {
    state.asked = true;
    state.onAsked();
  };
  process.once("SIGINT", ask);
  return state;
}
