// SQLite, as the npm package wa-sqlite builds it, on a database in memory. Its Emscripten
// glue gives what the module imports; its functions are called directly.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import SQLite from "wa-sqlite/dist/wa-sqlite.mjs";

export const wasm = fileURLToPath(import.meta.resolve("wa-sqlite/dist/wa-sqlite.wasm"));

const ROW = 100;
const SETUP = [
  "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, age INTEGER, town INTEGER)",
  "CREATE TABLE towns (id INTEGER PRIMARY KEY, name TEXT)",
  "CREATE INDEX by_age ON people (age)",
  `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19)
   INSERT INTO towns SELECT i, 'town ' || (i * 7 % 20) FROM n`,
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
   INSERT INTO people SELECT i, 'person ' || (i * 37 % 211), i * 13 % 90, i * 11 % 20 FROM n`,
];
/** Each gives one number; all leave the database as it was. */
const QUERIES = [
  `SELECT sum(length(town) * n + oldest) FROM (
     SELECT towns.name AS town, count(*) AS n, max(age) AS oldest
     FROM people JOIN towns ON towns.id = people.town GROUP BY towns.name ORDER BY n DESC, town)`,
  "SELECT count(*) FROM people WHERE name LIKE '%7%' AND age BETWEEN 20 AND 60",
  `WITH RECURSIVE n(i, x) AS (SELECT 1, 1 UNION ALL SELECT i + 1, (x * 48271) % 65537 FROM n WHERE i < 150)
   SELECT sum(x) FROM n`,
  "SELECT sum(rank * age) FROM (SELECT age, row_number() OVER (ORDER BY age, id) AS rank FROM people)",
];
const CHANGES = [
  "BEGIN",
  `INSERT INTO people SELECT id + 1000, upper(name), age + 1, town FROM people WHERE id <= ${ROW}`,
  "UPDATE people SET age = age * 2 WHERE id > 1000 AND town < 10",
  "DELETE FROM people WHERE id > 1000",
  "COMMIT",
];

/** @param instantiate bytes and an import object to exports */
export async function open(instantiate) {
  const sqlite = await SQLite({
    instantiateWasm(imports, done) {
      const exports = instantiate(readFileSync(wasm), imports);
      done({ exports });
      return exports;
    },
  });
  // A place for a pointer that SQLite gives, and texts that stay.
  const slot = sqlite._sqlite3_malloc(8);
  const pointer = () => sqlite.getValue(slot, "i32");
  const textOf = (text) => {
    const bytes = new TextEncoder().encode(`${text}\0`);
    const at = sqlite._sqlite3_malloc(bytes.length);
    sqlite.HEAPU8.set(bytes, at);
    return at;
  };
  const check = (code) => {
    if (code !== 0) throw new Error(`SQLite: error ${code}`);
  };
  const READ_WRITE_CREATE = 6;
  check(sqlite._sqlite3_open_v2(textOf(":memory:"), slot, READ_WRITE_CREATE, 0));
  const database = pointer();

  /** Runs a statement; the first column of its last row. */
  const execute = (sql) => {
    check(sqlite._sqlite3_prepare_v2(database, sql, -1, slot, 0));
    const statement = pointer();
    let value = 0;
    for (let code; (code = sqlite._sqlite3_step(statement)) !== 101;) {
      if (code !== 100) throw new Error(`SQLite: error ${code}`);
      value = sqlite._sqlite3_column_int(statement, 0);
    }
    check(sqlite._sqlite3_finalize(statement));
    return value;
  };
  for (const sql of SETUP) execute(textOf(sql));
  const queries = QUERIES.map(textOf);
  const changes = CHANGES.map(textOf);
  return (times) => {
    let sum = 0;
    for (let i = 0; i < times; i++) {
      for (const sql of changes) execute(sql);
      for (const sql of queries) sum = (Math.imul(sum, 31) + execute(sql)) >>> 0;
    }
    return sum;
  };
}
