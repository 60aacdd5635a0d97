// Files that are dropped anywhere on the page.

import { useEffect, useRef } from "preact/hooks";

export function useDrop(onFile: (file: File) => void): void {
  const latest = useRef(onFile);
  latest.current = onFile;
  useEffect(() => {
    const { body } = document;
    const over = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes("Files") !== true) return;
      event.preventDefault();
      body.classList.add("dropping");
    };
    const left = () => body.classList.remove("dropping");
    const dropped = (event: DragEvent) => {
      left();
      const file = event.dataTransfer?.files[0];
      if (file === undefined) return;
      event.preventDefault();
      latest.current(file);
    };
    body.addEventListener("dragover", over);
    body.addEventListener("dragleave", left);
    body.addEventListener("drop", dropped);
    return () => {
      body.removeEventListener("dragover", over);
      body.removeEventListener("dragleave", left);
      body.removeEventListener("drop", dropped);
    };
  }, []);
}
