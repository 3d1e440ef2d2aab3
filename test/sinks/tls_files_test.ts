import assert from "node:assert/strict";
import { readTlsFiles } from "../../sinks/tls_files.ts";

const TLS = new URL("../fixtures/tls/", import.meta.url).pathname;
const [ca, cert, key] = ["ca", "client", "client"].map((name, at) =>
  `${TLS}${name}.${at === 2 ? "key" : "pem"}`
) as [string, string, string];

Deno.test("readTlsFiles() reads what is named", async () => {
  assert.deepEqual(await readTlsFiles({}), {});
  assert.deepEqual(await readTlsFiles({ ca, cert, key }), {
    caCerts: [Deno.readTextFileSync(ca)],
    cert: Deno.readTextFileSync(cert),
    key: Deno.readTextFileSync(key),
  });
});

Deno.test("readTlsFiles() names the file that is missing or no PEM", async () => {
  await assert.rejects(readTlsFiles({ cert }), /cert and key belong together/);
  await assert.rejects(readTlsFiles({ key }), /cert and key belong together/);
  const nowhere = { place: { file: "/nonexistent.pem" }, message: /there is no such file/ };
  await assert.rejects(readTlsFiles({ ca: "/nonexistent.pem" }), nowhere);
  const other = { place: { file: key }, message: /There is no certificate in it/ };
  await assert.rejects(readTlsFiles({ ca: key }), other);
  const swapped = { place: { file: ca }, message: /There is no private key in it/ };
  await assert.rejects(readTlsFiles({ cert, key: ca }), swapped);
});
