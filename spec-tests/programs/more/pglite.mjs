// PostgreSQL, as PGlite builds it: long jumps, dynamic linking, a file system.

export const name = "PGlite";
export const from = "@electric-sql/pglite 0.5.16";
export const packages = ["@electric-sql/pglite@0.5.16"];

export async function run(tell, load) {
  const { PGlite } = await load("@electric-sql/pglite");
  const db = await PGlite.create();
  await db.exec(
    "CREATE TABLE t (id serial PRIMARY KEY, a int, b text); INSERT INTO t (a, b) SELECT i % 7, 'row ' || i FROM generate_series(1, 200) i",
  );
  const { rows } = await db.query(
    "SELECT a, count(*)::int n, max(b) m FROM t GROUP BY a ORDER BY a",
  );
  tell(JSON.stringify(rows));
  await db.query("SELECT 1 / 0").catch((error) => tell(error.message));
  await db.transaction(async (tx) => {
    await tx.query("DELETE FROM t");
    await tx.rollback();
  });
  tell(JSON.stringify((await db.query("SELECT count(*)::int FROM t")).rows));
  await db.close();
}
