// libsodium: keys, boxes and signatures.

import sodium from "libsodium-wrappers";

export const name = "libsodium";
export const from = "libsodium-wrappers";

export async function run(tell) {
  await sodium.ready;
  const hex = (bytes) => sodium.to_hex(bytes);
  const seed = sodium.from_string("0123456789abcdef0123456789abcdef");
  const { publicKey, privateKey } = sodium.crypto_sign_seed_keypair(seed);
  const signature = sodium.crypto_sign_detached("message", privateKey);
  tell(hex(signature));
  tell(sodium.crypto_sign_verify_detached(signature, "message", publicKey));
  tell(sodium.crypto_sign_verify_detached(signature, "massage", publicKey));
  const box = sodium.crypto_box_seed_keypair(seed);
  const nonce = new Uint8Array(sodium.crypto_box_NONCEBYTES).fill(7);
  const sealed = sodium.crypto_box_easy("hello", nonce, box.publicKey, box.privateKey);
  tell(hex(sealed));
  tell(sodium.to_string(sodium.crypto_box_open_easy(sealed, nonce, box.publicKey, box.privateKey)));
  try {
    sodium.crypto_box_open_easy(sealed.reverse(), nonce, box.publicKey, box.privateKey);
  } catch (error) {
    tell(error.message);
  }
  tell(hex(sodium.crypto_generichash(32, "text", null)));
}
