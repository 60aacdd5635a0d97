// Which lessons the reader has passed: kept by the browser, where it keeps anything.

import { useState } from "preact/hooks";

const KEY = "bobbin.passed";

function stored(): readonly number[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(value) ? value.filter(Number.isInteger) : [];
  } catch {
    return [];
  }
}

export function usePassed(): [ReadonlySet<number>, (lesson: number) => void] {
  const [passed, setPassed] = useState<ReadonlySet<number>>(() => new Set(stored()));
  const pass = (lesson: number) => {
    const next = new Set([...passed, lesson]);
    setPassed(next);
    try {
      localStorage.setItem(KEY, JSON.stringify([...next]));
    } catch {
      // A browser that keeps nothing: then it is not kept.
    }
  };
  return [passed, pass];
}
