// One column for each fiber, its frames as cards: the innermost on top.

import type { ShownFiber, ShownFrame, ShownValue } from "../worker/view.js";

export interface Selection {
  readonly fiber: number;
  readonly level: number;
}

interface Props {
  readonly fibers: readonly ShownFiber[];
  readonly selected: Selection;
  readonly onSelect: (selection: Selection) => void;
}

export function Fibers({ fibers, selected, onSelect }: Props) {
  return (
    <section class="fibers" aria-label="Fibers">
      {fibers.map((fiber) => (
        <section class="fiber" data-current={fiber.current} key={fiber.id} aria-label={fiber.name}>
          <h3>
            {fiber.name} <span class={`status ${fiber.status}`}>{fiber.status}</span>
          </h3>
          {fiber.frames.length === 0 && <p class="empty">no frames</p>}
          <ol class="frames">
            {fiber.frames.map((frame, level) => (
              <FrameCard
                key={fiber.frames.length - level}
                frame={frame}
                top={fiber.current && level === 0}
                selected={selected.fiber === fiber.id && selected.level === level}
                onSelect={() => onSelect({ fiber: fiber.id, level })}
              />
            ))}
          </ol>
        </section>
      ))}
    </section>
  );
}

interface CardProps {
  readonly frame: ShownFrame;
  readonly top: boolean;
  readonly selected: boolean;
  readonly onSelect: () => void;
}

function FrameCard({ frame, top, selected, onSelect }: CardProps) {
  const { name, offset, instruction, line, locals, operands, record } = frame;
  return (
    <li class="frame" data-top={top} data-record={record !== null}>
      <button type="button" aria-pressed={selected} onClick={onSelect}>
        <span class="name">{name}</span>
        <span class="place">{line === null ? `0x${offset.toString(16)}` : `line ${line}`}</span>
        <code class="instruction">{instruction}</code>
      </button>
      {record !== null && (
        <p class="record">
          record of {record.size} bytes at 0x{record.address.toString(16)}
        </p>
      )}
      <Values title="locals" values={locals} />
      <Values title="operands" values={operands} />
    </li>
  );
}

function Values({ title, values }: { title: string; values: readonly ShownValue[] }) {
  if (values.length === 0) return null;
  return (
    <dl class={`values ${title}`} aria-label={title}>
      {values.map(({ name, type, value }, i) => (
        <div key={i}>
          <dt>{name}</dt>
          <dd title={type}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
