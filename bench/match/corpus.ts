/** Lists and events for the benchmark: deterministic, in the mix that feeds and sensors have. */

/** Numbers from 0 up to below `limit`, the same in every run (mulberry32). */
export function createRandom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

function text(random: (limit: number) => number, alphabet: string, length: number): string {
  let made = "";
  for (let i = 0; i < length; i++) made += alphabet[random(alphabet.length)];
  return made;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const HEX = "0123456789abcdef";

/** A plain list: two fifths addresses, a fifth each domains, URLs and SHA-256. */
export function makeList(values: number): string {
  const random = createRandom(1);
  const word = () => text(random, LETTERS, 4 + random(10));
  const address = () => [1 + random(222), random(256), random(256), random(256)].join(".");
  const makers = [
    address,
    address,
    () => `${word()}.${word()}.com`,
    () => `http://${word()}.net/${word()}/${word()}.exe`,
    () => text(random, HEX, 64),
  ];
  return Array.from({ length: values }, (_, i) => `${makers[i % makers.length]!()}\n`).join("");
}

/** EVE events: DNS with answers, HTTP, TLS, flows. */
export function makeEvents(count: number): string[] {
  const random = createRandom(2);
  const word = () => text(random, LETTERS, 4 + random(10));
  const address = () => [10, random(256), random(256), random(256)].join(".");
  const ipv6 = () => Array.from({ length: 8 }, () => text(random, HEX, 4)).join(":");
  const bodies = [
    () => ({
      event_type: "dns",
      dns: {
        rrname: `${word()}.${word()}.org`,
        answers: [{ rdata: address() }, { rdata: ipv6() }],
      },
    }),
    () => ({
      event_type: "http",
      http: {
        hostname: `${word()}.com`,
        url: `/${word()}/${word()}?q=${word()}`,
        http_user_agent: "Mozilla/5.0 (X11; Linux x86_64)",
        http_method: "GET",
      },
    }),
    () => ({
      event_type: "tls",
      tls: { sni: `${word()}.net`, ja3: { hash: text(random, HEX, 32) } },
    }),
    () => ({ event_type: "flow", flow: { bytes_toserver: random(1e6), state: "closed" } }),
  ];
  return Array.from({ length: count }, (_, i) =>
    JSON.stringify({
      timestamp: "2026-01-01T00:00:00.000000+0000",
      src_ip: i % 8 === 0 ? ipv6() : address(),
      src_port: random(65536),
      dest_ip: i % 8 === 0 ? ipv6() : address(),
      dest_port: 443,
      proto: "TCP",
      ...bodies[i % bodies.length]!(),
    }));
}
