// Linear memory as hexadecimal rows, coloured by who owns the bytes.

import { useState } from "preact/hooks";
import type { ShownMemory, ShownRegion } from "../worker/view.js";

const ROW = 16;

interface Props {
  readonly memory: ShownMemory;
  readonly onLook: (address: number) => void;
}

export function Memory({ memory, onLook }: Props) {
  const { start, bytes, regions, size } = memory;
  const changed = new Set(memory.changed);
  const rows = Array.from({ length: Math.ceil(bytes.length / ROW) }, (_, i) => start + i * ROW);
  return (
    <section class="memory" aria-label="Memory">
      <div class="memory-head">
        <h2>Memory</h2>
        <Address start={start} onLook={onLook} />
        <button
          type="button"
          aria-label="Earlier addresses"
          disabled={start === 0}
          onClick={() => onLook(Math.max(0, start - bytes.length))}
        >
          ◀
        </button>
        <button
          type="button"
          aria-label="Later addresses"
          disabled={start + bytes.length >= size}
          onClick={() => onLook(start + bytes.length)}
        >
          ▶
        </button>
      </div>
      <div class="bytes" role="table" aria-label="Bytes of memory" tabIndex={0}>
        {rows.map((address) => (
          <div role="row" key={address}>
            <span role="rowheader" class="address">
              {address.toString(16).padStart(6, "0")}
            </span>
            {Array.from(bytes.subarray(address - start, address - start + ROW), (byte, i) => {
              const at = address + i;
              const region = regionAt(regions, at);
              return (
                <span
                  role="cell"
                  key={at}
                  class={region === undefined ? "byte" : `byte ${region.kind}`}
                  data-changed={changed.has(at)}
                  title={region?.name}
                >
                  {byte.toString(16).padStart(2, "0")}
                </span>
              );
            })}
          </div>
        ))}
      </div>
      <ul class="legend" aria-label="Regions of memory">
        {regions.map(({ name, kind, start: from, end }) => (
          <li key={`${name} ${from}`}>
            <button type="button" onClick={() => onLook(from - (from % ROW))}>
              <span class={`swatch ${kind}`} aria-hidden="true" /> {name}
              <span class="range">
                {" "}
                0x{from.toString(16)}–0x{end.toString(16)}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The smallest region that has an address: records lie in areas. */
function regionAt(regions: readonly ShownRegion[], address: number): ShownRegion | undefined {
  let found: ShownRegion | undefined;
  for (const region of regions) {
    if (address < region.start || address >= region.end) continue;
    if (found === undefined || region.end - region.start < found.end - found.start) found = region;
  }
  return found;
}

function Address({ start, onLook }: { start: number; onLook: (address: number) => void }) {
  const [text, setText] = useState<string | null>(null);
  const go = (event: Event) => {
    event.preventDefault();
    const address = Number(text);
    if (text !== null && Number.isSafeInteger(address) && address >= 0) onLook(address);
    setText(null);
  };
  return (
    <form onSubmit={go}>
      <label>
        <span class="hidden">Address</span>
        <input
          value={text ?? `0x${start.toString(16)}`}
          size={10}
          spellcheck={false}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
          onBlur={() => setText(null)}
        />
      </label>
    </form>
  );
}
