// Messages of stops that tell instead of stopping: text in which `{expression}` stands for
// what the expression is worth there.

import { UsageError } from "../util/errors.js";
import { datumText, evaluate, type Scope } from "./evaluate.js";
import { type Expression, parseExpression } from "./expression.js";

export type LogMessage = readonly (string | Expression)[];

/** @throws UsageError where what stands in braces is no expression */
export const parseMessage = (text: string): LogMessage =>
  text
    .split(/\{([^{}]*)\}/)
    .map((part, i) => (i % 2 === 0 ? part : parseExpression(part)))
    .filter((part) => part !== "");

/** What means nothing there is told in its place. */
export const messageText = (message: LogMessage, scope: Scope): string =>
  message.map((part) => (typeof part === "string" ? part : worth(part, scope))).join("");

function worth(expression: Expression, scope: Scope): string {
  try {
    return datumText(evaluate(expression, scope));
  } catch (error) {
    if (error instanceof UsageError) return `(${error.message})`;
    throw error;
  }
}
