// Hash functions, hand-written C without an allocator: small modules, instantiated many times.

import * as hashes from "hash-wasm";

export const name = "hashes";
export const from = "hash-wasm";

const data = Uint8Array.from({ length: 5000 }, (_, i) => (i * i) >> 3);

export async function run(tell) {
  for (const hash of [
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "sha3",
    "blake2b",
    "blake3",
    "crc32",
    "xxhash64",
    "xxhash128",
    "whirlpool",
  ])
    // prettier-ignore
    tell(`${hash} ${await hashes[hash](data)}`);
  const settings = { password: "pass", salt: data.slice(0, 16), outputType: "encoded" };
  tell(await hashes.argon2id({ ...settings, parallelism: 1, iterations: 2, memorySize: 64, hashLength: 32 })); // prettier-ignore
  tell(await hashes.bcrypt({ ...settings, costFactor: 4 }));
  const stream = await hashes.createSHA256();
  for (let i = 0; i < 10; i++) stream.update(data.subarray(i, 500));
  tell(stream.digest());
}
