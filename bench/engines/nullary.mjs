// A module with one function more, which calls an export with a constant, and with that
// function as its only export. Nothing else of the bytes changes.

const TYPE = 1;
const FUNCTION = 3;
const EXPORT = 7;
const CODE = 10;
const I32 = 0x7f;

export function withNullaryExport(bytes, name, argument) {
  const sections = split(bytes);
  const bodyOf = (id) => sections.find((section) => section.id === id).body;
  const imports = sections.find(({ id }) => id === 2);
  if (imports !== undefined) throw new Error("a module with imports");
  const types = counted(bodyOf(TYPE));
  const functions = counted(bodyOf(FUNCTION));
  const code = counted(bodyOf(CODE));
  const target = exportedFunction(bodyOf(EXPORT), name);
  const body = [0, 0x41, ...signed(argument), 0x10, ...unsigned(target), 0x0b];
  const replaced = new Map([
    [TYPE, [...unsigned(types.count + 1), ...types.rest, 0x60, 0, 1, I32]],
    [FUNCTION, [...unsigned(functions.count + 1), ...functions.rest, ...unsigned(types.count)]],
    [EXPORT, [1, ...text("again"), 0, ...unsigned(functions.count)]],
    [CODE, [...unsigned(code.count + 1), ...code.rest, ...unsigned(body.length), ...body]],
  ]);
  const all = sections.map(({ id, body: old }) => {
    const made = replaced.get(id) ?? [...old];
    return [id, ...unsigned(made.length), ...made];
  });
  return Uint8Array.from([...bytes.subarray(0, 8), ...all.flat()]);
}

function split(bytes) {
  const sections = [];
  for (let at = 8; at < bytes.length;) {
    const id = bytes[at++];
    const { value: size, next } = read(bytes, at);
    sections.push({ id, body: bytes.subarray(next, next + size) });
    at = next + size;
  }
  return sections;
}

function counted(body) {
  const { value: count, next } = read(body, 0);
  return { count, rest: body.subarray(next) };
}

function exportedFunction(body, wanted) {
  let { value: count, next: at } = read(body, 0);
  for (; count > 0; count--) {
    const { value: length, next } = read(body, at);
    const name = new TextDecoder().decode(body.subarray(next, next + length));
    const index = read(body, next + length + 1);
    if (name === wanted && body[next + length] === 0) return index.value;
    at = index.next;
  }
  throw new Error(`no function ${wanted} is exported`);
}

function read(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value: value >>> 0, next: at };
  }
}

const text = (name) => [...unsigned(name.length), ...Buffer.from(name)];
function unsigned(value) {
  const bytes = [];
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}
function signed(value) {
  const bytes = [];
  for (; value > 0x3f || value < -0x40; value >>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value & 0x7f];
}
