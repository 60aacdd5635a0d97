// SQLite without Asyncify, as sql.js builds it.

export const name = "sql.js";
export const from = "sql.js 1.16.0";
export const packages = ["sql.js@1.16.0"];

export async function run(tell, load) {
  const { default: start } = await load("sql.js");
  const { Database } = await start();
  const db = new Database();
  db.run("CREATE TABLE t (a INTEGER, b TEXT); CREATE INDEX i ON t (a)");
  const insert = db.prepare("INSERT INTO t VALUES (?, ?)");
  for (let i = 0; i < 300; i++) insert.run([(i * 7) % 31, `text ${i}`]);
  insert.free();
  db.create_function("twice", (x) => 2 * x);
  tell(
    JSON.stringify(
      db.exec(
        "SELECT a, count(*), max(b), twice(sum(a)) FROM t GROUP BY a ORDER BY 2 DESC, 1 LIMIT 5",
      ),
    ),
  );
  tell(db.export().length);
  try {
    db.exec("SELECT nothing");
  } catch (error) {
    tell(error.message);
  }
  db.close();
}
