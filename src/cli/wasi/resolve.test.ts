import { lstatSync, mkdirSync, mkdtempSync, realpathSync, renameSync, symlinkSync, writeFileSync } from "node:fs"; // prettier-ignore
import { tmpdir } from "node:os";
import { basename, dirname, join, sep } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { wasi } from "@bjorn3/browser_wasi_shim";
import fc from "fast-check";
import { Errno } from "./errno.js";
import { placeOf, resolveIn } from "./resolve.js";

const lstat = (path: string) => lstatSync(path, { bigint: true });
const errnoOf = (action: () => unknown): number => {
  try {
    action();
    return wasi.ERRNO_SUCCESS;
  } catch (error) {
    if (error instanceof Errno) return error.errno;
    throw error;
  }
};

/** A folder with a neighbour that nobody may reach. */
function world() {
  const top = realpathSync(mkdtempSync(join(tmpdir(), "bobbin-wasi-")));
  const inside = join(top, "inside");
  mkdirSync(join(inside, "a", "b"), { recursive: true });
  writeFileSync(join(inside, "file"), "");
  writeFileSync(join(top, "secret"), "");
  return { top, inside, place: placeOf(inside, lstat(inside)) };
}

describe("paths in a folder", () => {
  const { top, inside, place } = world();
  const link = (target: string, name: string) => symlinkSync(target, join(inside, name));
  link("a/b", "short");
  link("../file", "a/back");
  link("..", "out");
  link("a/../..", "winding");
  link(join(top, "secret"), "absolute");
  link("out", "chain");
  link("loop", "loop");
  link("new", "dangling");

  test.each([
    ["file", "file"],
    ["./a/b/../../file", "file"],
    ["short", "a/b"],
    ["short/../b", "a/b"],
    ["a/back", "file"],
    ["dangling", "new"],
    ["a/nothing", "a/nothing"],
    ["a/b/", "a/b"],
    [".", "."],
  ])("%s is %s", (path, expected) => {
    expect(resolveIn(place, path, true).path).toBe(join(inside, expected));
  });

  test("a link at the end is followed only on request", () => {
    expect(resolveIn(place, "short", false).path).toBe(join(inside, "short"));
    expect(resolveIn(place, "out", false).path).toBe(join(inside, "out"));
    expect(resolveIn(place, "short/", false).path).toBe(join(inside, "a/b"));
  });

  test.each([
    ["..", wasi.ERRNO_NOTCAPABLE],
    ["../inside/file", wasi.ERRNO_NOTCAPABLE],
    ["a/../../secret", wasi.ERRNO_NOTCAPABLE],
    ["/etc/passwd", wasi.ERRNO_NOTCAPABLE],
    ["out", wasi.ERRNO_NOTCAPABLE],
    ["out/secret", wasi.ERRNO_NOTCAPABLE],
    ["winding/secret", wasi.ERRNO_NOTCAPABLE],
    ["absolute", wasi.ERRNO_NOTCAPABLE],
    ["chain", wasi.ERRNO_NOTCAPABLE],
    ["loop", wasi.ERRNO_LOOP],
    ["", wasi.ERRNO_NOENT],
    ["nothing/more", wasi.ERRNO_NOENT],
    ["file/more", wasi.ERRNO_NOTDIR],
  ])("%s is refused", (path, errno) => {
    expect(errnoOf(() => resolveIn(place, path, true))).toBe(errno);
  });
});

test("a folder that was moved is not what stands in its place", () => {
  const { inside } = world();
  const a = join(inside, "a");
  const place = placeOf(a, lstat(a));
  expect(resolveIn(place, "b", true).path).toBe(join(a, "b"));
  renameSync(a, join(inside, "moved"));
  expect(errnoOf(() => resolveIn(place, "b", true))).toBe(wasi.ERRNO_NOENT);
  symlinkSync("..", a);
  expect(errnoOf(() => resolveIn(place, "secret", true))).toBe(wasi.ERRNO_NOENT);
});

test("whatever links there are, what is found is inside, and is what the system finds", () => {
  const part = fc.constantFrom("x", "y", "z", "w", "..", ".", "");
  const path = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join("/"));
  const links = fc.array(fc.tuple(fc.constantFrom("x", "y", "z", "x/z", "y/z"), path), {
    maxLength: 5,
  });
  fc.assert(
    fc.property(links, path, (wanted, asked) => {
      const { inside, place } = world();
      for (const name of ["x", "y"]) mkdirSync(join(inside, name));
      writeFileSync(join(inside, "w"), "");
      for (const [name, target] of wanted) {
        try {
          symlinkSync(target, join(inside, name));
        } catch {
          // There is one already, or the name leads through a link to nowhere.
        }
      }
      let found: string;
      try {
        found = resolveIn(place, asked, true).path;
      } catch (error) {
        expect(error).toBeInstanceOf(Errno);
        return;
      }
      expect(found === inside || found.startsWith(inside + sep)).toBe(true);
      // No link is left in it that the system would follow elsewhere.
      const parent = found === inside ? inside : realpathSync(dirname(found));
      expect(found === inside ? parent : join(parent, basename(found))).toBe(found);
      let real: string | null = null;
      try {
        real = realpathSync(join(inside, asked));
      } catch {
        // Nothing is there.
      }
      if (real !== null) expect(found).toBe(real);
    }),
    { numRuns: 300 },
  );
});
