// Measured rows as a chart: a point for each engine and job on a logarithmic scale, with a
// line from quartile to quartile. Drawn by Vega, which needs neither a browser nor a canvas.

import { parse, View } from "vega";

const STEP = 26;

export async function chartOf(rows, [reference, ...engines]) {
  const values = rows.flatMap(({ job, cells }) =>
    engines.flatMap((engine) => {
      const { ratio } = cells[engine];
      return ratio === undefined ? [] : [{ job, engine, ...ratio }];
    }),
  );
  const spec = {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    background: "white",
    padding: 8,
    width: 640,
    height: STEP * rows.length,
    title: { text: `time / time of ${reference}, lower is better`, anchor: "start", offset: 12 },
    data: [{ name: "ratios", values }],
    scales: [
      {
        name: "x",
        type: "log",
        range: "width",
        nice: true,
        domain: { data: "ratios", fields: ["q1", "q3"] },
      },
      { name: "y", type: "band", range: "height", domain: rows.map(({ job }) => job) },
      { name: "engine", type: "ordinal", range: "category", domain: engines },
    ],
    axes: [
      { orient: "bottom", scale: "x", grid: true, format: "~s" },
      { orient: "left", scale: "y", grid: true, bandPosition: 0, tickExtra: true, domain: false },
    ],
    legends: [{ fill: "engine", orient: "right", symbolType: "circle" }],
    marks: [
      mark("rule", { x: { scale: "x", field: "q1" }, x2: { scale: "x", field: "q3" } }, "stroke", {
        strokeWidth: { value: 2 },
      }),
      mark("symbol", { x: { scale: "x", field: "median" } }, "fill", { size: { value: 48 } }),
    ],
  };
  return `${await new View(parse(spec), { renderer: "none" }).toSVG()}\n`;
}

const mark = (type, place, colour, more) => ({
  type,
  from: { data: "ratios" },
  encode: {
    enter: {
      ...place,
      y: { scale: "y", field: "job", band: 0.5 },
      [colour]: { scale: "engine", field: "engine" },
      ...more,
    },
  },
});
