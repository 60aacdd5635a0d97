// Sites and live locals against the definition: over the graph of single instructions,
// a call is a site if a path from the function's start gets there, and a local is live
// if a path from behind the call reads it before anything on the path writes it.

import { describe, expect, test } from "@jest/globals";
import { InstructionReader } from "../../binary/code.js";
import { decode } from "../../binary/decode.js";
import { validate, type ValidModule } from "../../valid/validate.js";
import { randomFrom, randomModule } from "./analyze-random.testing.js";
import { FlowGraph } from "./liveness.js";
import { findSites } from "./sites.js";

interface Node {
  readonly mnemonic: string;
  readonly offset: number;
  readonly a: number;
  readonly labels: readonly number[];
}

function nodesOf(module: ValidModule, defined: number): Node[] {
  const { body } = module.functions[defined]!;
  const reader = new InstructionReader(module.bytes, body.offset, body.end);
  const nodes: Node[] = [];
  while (reader.next()) {
    const { op, offset, a, labels } = reader.instruction;
    nodes.push({ mnemonic: op.mnemonic, offset, a, labels: [...labels] });
  }
  return nodes;
}

/**
 * For every instruction those that may run next; the number of instructions stands for the return.
 * @param reach also from a `try` to its catches, which can be reached wherever it can
 */
function successorsOf(nodes: readonly Node[], reach: boolean): number[][] {
  const ends = nodes.map(() => nodes.length);
  const elses = nodes.map(() => -1);
  const open: number[] = [];
  /** Of a `try` its catches, and whether one of them takes everything. */
  const catches = nodes.map((): number[] => []);
  const all = new Set<number>();
  const delegates = new Map<number, number>();
  nodes.forEach(({ mnemonic, a }, i) => {
    if (["block", "loop", "if", "try"].includes(mnemonic)) open.push(i);
    else if (mnemonic.startsWith("catch")) {
      catches[open.at(-1)!]!.push(i);
      if (mnemonic === "catch_all") all.add(open.at(-1)!);
    } else if (mnemonic === "delegate") {
      const opener = open.pop()!;
      ends[opener] = i;
      delegates.set(opener, a);
    } else if (mnemonic === "else") elses[open.at(-1)!] = i;
    else if (mnemonic === "end" && open.length > 0) {
      const opener = open.pop()!;
      ends[opener] = i;
      if (elses[opener]! >= 0) ends[elses[opener]!] = i;
    }
  });
  const scopes: number[] = [];
  return nodes.map(({ mnemonic, a, labels }, i) => {
    const target = (depth: number) => {
      const opener = scopes[scopes.length - 1 - depth];
      if (opener === undefined) return nodes.length;
      return nodes[opener]!.mnemonic === "loop" ? opener + 1 : ends[opener]! + 1;
    };
    const handlers = (): number[] => {
      const found: number[] = [];
      for (let s = scopes.length - 1; s >= 0; s--) {
        const opener = scopes[s]!;
        const [first] = catches[opener]!;
        if (nodes[opener]!.mnemonic !== "try" || (first !== undefined && i > first)) continue;
        found.push(...catches[opener]!.map((at) => at + 1));
        if (all.has(opener)) break;
        s -= delegates.get(opener) ?? 0;
      }
      return found;
    };
    switch (mnemonic) {
      case "try":
        scopes.push(i);
        return reach ? [i + 1, ...catches[i]!.map((at) => at + 1)] : [i + 1];
      case "catch":
      case "catch_all":
        return [ends[scopes.at(-1)!]!];
      case "delegate":
        scopes.pop();
        return [i + 1];
      case "call":
      case "call_indirect":
        return [i + 1, ...handlers()];
      case "throw":
      case "rethrow":
        return handlers();
      case "block":
      case "loop":
        scopes.push(i);
        return [i + 1];
      case "if":
        scopes.push(i);
        return [i + 1, elses[i]! >= 0 ? elses[i]! + 1 : ends[i]!];
      case "else":
        return [ends[i]!];
      case "end":
        scopes.pop();
        return [i + 1];
      case "br":
        return [target(a)];
      case "br_if":
        return [i + 1, target(a)];
      case "br_table":
        return labels.map(target);
      case "return":
        return [nodes.length];
      case "unreachable":
        return [];
      default:
        return [i + 1];
    }
  });
}

/** All instructions on paths from `start`; a path ends behind one for which `stops` holds. */
function walk(start: number[], successors: number[][], stops: (i: number) => boolean): Set<number> {
  const seen = new Set<number>();
  const queue = [...start];
  while (queue.length > 0) {
    const i = queue.pop()!;
    if (seen.has(i) || i >= successors.length) continue;
    seen.add(i);
    if (!stops(i)) queue.push(...successors[i]!);
  }
  return seen;
}

function sitesByDefinition(nodes: readonly Node[], localCount: number) {
  const successors = successorsOf(nodes, false);
  const reached = walk([0], successorsOf(nodes, true), () => false);
  const isSite = ({ mnemonic }: Node) => mnemonic === "call" || mnemonic === "call_indirect";
  return nodes.flatMap((node, i) => {
    if (!isSite(node) || !reached.has(i)) return [];
    const live = Array.from({ length: localCount }, (_, l) => l).filter((local) => {
      const writes = (j: number) =>
        (nodes[j]!.mnemonic === "local.set" || nodes[j]!.mnemonic === "local.tee") &&
        nodes[j]!.a === local;
      const seen = walk(successors[i]!, successors, writes);
      return [...seen].some((j) => nodes[j]!.mnemonic === "local.get" && nodes[j]!.a === local);
    });
    return [{ offset: node.offset, liveLocals: live }];
  });
}

test("sites and live locals are those of the definition", () => {
  let count = 0;
  const all = { direct: () => true, endsUnwinding: () => false, indirect: true, strict: false };
  for (let seed = 0; seed < 250; seed++) {
    const module = validate(decode(randomModule(randomFrom(seed)).bytes));
    module.functions.forEach(({ type, locals }, defined) => {
      const { comp } = module.types[type]!;
      const params = comp.kind === "func" ? comp.params.length : 0;
      const localCount = locals.reduce((n, run) => n + run.count, params);
      const found = findSites(module, module.imported.func + defined, "f", all);
      const expected = sitesByDefinition(nodesOf(module, defined), localCount);
      count += expected.length;
      const ours = found
        .map(({ offset, liveLocals }) => ({ offset, liveLocals }))
        .toSorted((a, b) => a.offset - b.offset);
      expect({ seed, defined, sites: ours }).toEqual({ seed, defined, sites: expected });
    });
  }
  expect(count).toBeGreaterThan(1000);
});

describe("FlowGraph", () => {
  test("a local that a loop reads at its start is live behind the loop's last call", () => {
    const graph = new FlowGraph();
    graph.write(33);
    const loop = graph.block();
    graph.edge(graph.current, loop);
    graph.enter(loop);
    graph.read(33);
    graph.site();
    graph.edge(loop, loop);
    const after = graph.block();
    graph.edge(loop, after);
    graph.enter(after);
    graph.site();
    expect(graph.liveAfterSites(64)).toEqual([[33], []]);
  });

  test("many locals and blocks take no time to speak of", () => {
    const graph = new FlowGraph();
    const locals = 1500;
    const blocks = 1500;
    for (let i = 0; i < blocks; i++) {
      graph.write(i);
      graph.site();
      const next = graph.block();
      graph.edge(graph.current, next);
      if (i % 100 === 0) graph.edge(next, Math.floor(i / 2));
      graph.enter(next);
      graph.read((i * 7) % locals);
    }
    const start = performance.now();
    const live = graph.liveAfterSites(locals);
    expect(live).toHaveLength(blocks);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
