// Lua 5.4, as wasmoon builds it: its errors and coroutines are long jumps, which Emscripten makes
// of JavaScript's exceptions, through `invoke_…` and the table.

import { LuaFactory } from "wasmoon";

export const name = "Lua";
export const from = "wasmoon";

const SCRIPT = `
  local out = {}
  local function add(...)
    local texts = {}
    for i, v in ipairs({...}) do texts[i] = tostring(v) end
    out[#out + 1] = table.concat(texts, " ")
  end
  local function walk(tree)
    if not tree then return end
    walk(tree[1]); coroutine.yield(tree[2]); walk(tree[3])
  end
  for n in coroutine.wrap(function() walk({{nil, 1, {nil, 2}}, 3, {nil, 4}}) end) do add("leaf", n) end
  local nested = coroutine.wrap(function()
    for v in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) do
      coroutine.yield(v * v)
    end
  end)
  add("nested", nested(), nested(), nested())
  add(pcall(function() error({ code = 7 }) end) and "good" or "caught")
  add(select(2, pcall(function() local x = nil; return x.field end)))
  local function down(n) if n == 0 then error("at the end", 0) end return down(n - 1) + 1 end
  add(pcall(down, 5000))
  add(("The quick brown fox"):gsub("%w+", string.upper))
  local object = setmetatable({}, { __index = function(_, k) return k .. "!" end, __close = function() add("closed") end })
  do local c <close> = object; add(object.hello) end
  add(string.format("%5.2f|%x|%q", 3.14159, 255, "a\\nb"))
  add(twice(21), pcall(fails))
  for i = 1, 2 do collectgarbage() end
  local primes = {}
  for i = 2, 400 do
    local prime = true
    for _, p in ipairs(primes) do if i % p == 0 then prime = false break end end
    if prime then primes[#primes + 1] = i end
  end
  add(#primes, primes[#primes])
  return table.concat(out, "\\n")`;

export async function run(tell) {
  const lua = await new LuaFactory().createEngine();
  lua.global.set("twice", (n) => 2 * n);
  lua.global.set("fails", () => {
    throw new Error("from JavaScript");
  });
  for (const line of (await lua.doString(SCRIPT)).split("\n")) tell(line);
  lua.global.set("later", (n) => new Promise((done) => setImmediate(done, n + 1)));
  tell(await lua.doString("return later(1):await() + later(later(2):await()):await()"));
  tell(await lua.doString("return 1 +").catch((error) => error.message));
  lua.global.close();
}
