// SQLite, as wa-sqlite builds it with -sASYNCIFY, on a file system that is asynchronous: each
// access to a file waits for the event loop.

import * as SQLite from "wa-sqlite";
import { changedGlue, uninstrumented } from "./spoil.mjs";
import factory from "wa-sqlite/dist/wa-sqlite-async.mjs";
import { MemoryAsyncVFS } from "wa-sqlite/src/examples/MemoryAsyncVFS.js";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

export const name = "SQLite";
export const from = "wa-sqlite";

const require = createRequire(import.meta.url);
const GLUE = require.resolve("wa-sqlite/dist/wa-sqlite-async.mjs");
const bytes = readFileSync(require.resolve("wa-sqlite/dist/wa-sqlite-async.wasm"));

const later = () => new Promise((done) => setImmediate(done));

/** wa-sqlite's own example answers within the same turn: this one does not. */
class SlowVFS extends MemoryAsyncVFS {
  name = "slow";
  handleAsync(body) {
    return super.handleAsync(async () => {
      await later();
      return body();
    });
  }
}

async function open(make = factory, wasmBinary = bytes) {
  const sqlite = await make({ wasmBinary });
  const api = SQLite.Factory(sqlite);
  const vfs = new SlowVFS();
  api.vfs_register(vfs, false);
  const connect = () =>
    api.open_v2("file.db", SQLite.SQLITE_OPEN_CREATE | SQLite.SQLITE_OPEN_READWRITE, "slow");
  return { api, connect };
}

const SCHEMA = `
  PRAGMA page_size = 1024; PRAGMA cache_size = 8;
  CREATE TABLE towns (id INTEGER PRIMARY KEY, name TEXT);
  CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, age INTEGER, town INTEGER);
  CREATE INDEX by_age ON people (age);
  CREATE TRIGGER older AFTER UPDATE OF age ON people WHEN new.age > 100
    BEGIN UPDATE people SET age = 100 WHERE id = new.id; END;`;
const FILL = `
  BEGIN;
  WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9)
    INSERT INTO towns SELECT i, 'town ' || (i * 7 % 10) FROM n;
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
    INSERT INTO people SELECT i, 'person ' || (i * 37 % 211), i * 13 % 90, i * 11 % 10 FROM n;
  COMMIT;`;
const QUERIES = [
  `SELECT towns.name, count(*), max(age), group_concat(DISTINCT age % 3) FROM people
     JOIN towns ON towns.id = people.town GROUP BY towns.name ORDER BY 1`,
  "SELECT id, name FROM people WHERE age BETWEEN 20 AND 24 ORDER BY age, id LIMIT 5",
  "EXPLAIN QUERY PLAN SELECT id FROM people WHERE age = 20",
  "SELECT a.id, b.id FROM people a JOIN people b ON a.age = b.age AND a.id < b.id WHERE a.town = 3 LIMIT 6",
  "SELECT age, sum(count(*)) OVER (ORDER BY age) FROM people WHERE age < 8 GROUP BY age",
  "PRAGMA integrity_check",
];

export async function run(tell) {
  const { api, connect } = await open();
  let db = await connect();
  const rows = (sql) => api.exec(db, sql, (row) => tell(row.join("|")));
  await api.exec(db, SCHEMA);
  await api.exec(db, FILL);
  for (const sql of QUERIES) await rows(sql);
  await api.exec(db, "BEGIN; DELETE FROM people; UPDATE towns SET name = 'none'");
  await rows("SELECT count(*) FROM people");
  await api.exec(db, "ROLLBACK");
  await api.exec(db, "UPDATE people SET age = age * 2 WHERE id % 7 = 0");
  await rows("SELECT count(*), sum(age), max(age) FROM people");
  await api.close(db);
  db = await connect();
  await rows("SELECT count(*), sum(length(name)) FROM people");
  for await (const statement of api.statements(
    db,
    "SELECT name FROM towns WHERE id < ? ORDER BY id",
  )) {
    api.bind(statement, 1, 3);
    while ((await api.step(statement)) === SQLite.SQLITE_ROW) tell(api.row(statement)[0]);
  }
  await api.exec(db, "SELECT * FROM nothing").catch((error) => tell(error.message));
  await api.close(db);
}

/** What `act` tells, or why it failed. */
const told = (tell, promise) =>
  promise.then(
    () => tell("done"),
    (error) => tell(error.message),
  );

export const broken = {
  /** Two queries on one connection: the glue remembers one suspension. */
  async "two at once"(tell) {
    const { api, connect } = await open();
    const db = await connect();
    await api.exec(db, SCHEMA);
    await api.exec(db, FILL);
    const one = told(tell, api.exec(db, QUERIES[1]));
    await Promise.all([one, told(tell, api.exec(db, QUERIES[0]))]);
  },
  /** ASYNCIFY_STACK_SIZE=512 instead of 16,384. */
  async "stack too small"(tell) {
    const { default: make } = await changedGlue(
      GLUE,
      "Tb(16396),b=a+12;B[a>>2]=b;B[a+4>>2]=b+16384",
      "Tb(16396),b=a+12;B[a>>2]=b;B[a+4>>2]=b+512",
    );
    const { api, connect } = await open(make);
    await told(
      tell,
      connect().then((db) => api.exec(db, SCHEMA)),
    );
  },
  /** ASYNCIFY_REMOVE=… with one function too many. */
  async "function not in the list"(tell) {
    const { api, connect } = await open(factory, uninstrumented(bytes, 275, 2));
    await told(
      tell,
      connect().then((db) => api.exec(db, SCHEMA)),
    );
  },
};
