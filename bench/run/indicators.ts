/** Indicators as feeds have them: 600 to 900 bytes, random ids, kinds mixed. */

const TYPES = ["malicious-activity", "anomalous-activity", "compromised", "attribution"];
const TLP = [
  "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
  "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
];
const PHASES = ["reconnaissance", "delivery", "command-and-control", "actions-on-objectives"];

/** The indicator with this number as the real broker writes it, always the same. */
export function feedIndicator(number: number): string {
  const random = hexOf(number);
  const time = `2026-11-${pair(1 + number % 20)}T10:${pair(number % 60)}:00.${
    100000 + number % 9e5
  }Z`;
  const id = uuidOf(random);
  const labels = number % 3 === 0 ? `"labels": ["feed:${number % 50}", "tlp:green"], ` : "";
  const chain = number % 2 === 0
    ? `"kill_chain_phases": [{"kill_chain_name": "lockheed-martin-cyber-kill-chain", ` +
      `"phase_name": "${PHASES[number % 4]}"}], `
    : "";
  const marking = number % 4 < 2 ? `"object_marking_refs": ["${TLP[number % 2]}"], ` : "";
  const until = number % 5 === 0 ? `"valid_until": "2027-11-21T10:00:00Z", ` : "";
  return `{"type": "indicator", "spec_version": "2.1", "id": "indicator--${id}", ` +
    `"created_by_ref": "identity--${uuidOf(hexOf(number % 97))}", ` +
    `"created": "${time}", "modified": "${time}", "name": "Seen in campaign ${number % 1000}", ` +
    `"description": "Taken from report ${number % 10000}: contacted by samples of the family ` +
    `after infection; hosts change often and are shared with others.", ` +
    `"indicator_types": ["${TYPES[number % 4]}"], "confidence": ${number % 101}, ` +
    `"pattern": "${patternOf(number, random)}", "pattern_type": "stix", ` +
    `"pattern_version": "2.1", "valid_from": "${time}", ${until}${chain}${labels}${marking}` +
    `"external_references": [{"source_name": "feed", "external_id": "${random.slice(0, 16)}"}]}`;
}

/** Domains half, then addresses, URLs, hashes, mail addresses; one in a hundred is compound. */
function patternOf(number: number, random: string): string {
  const host = `host-${random.slice(0, 8)}.${["example", "test", "invalid"][number % 3]}.com`;
  const address = `198.${18 + number % 2}.${(number >> 8) & 255}.${number & 255}`;
  if (number % 100 === 99) {
    return `[network-traffic:dst_ref.value = '${address}' AND network-traffic:dst_port = 443]`;
  }
  switch (number % 10) {
    case 0:
    case 1:
      return `[ipv4-addr:value = '${address}']`;
    case 2:
    case 3:
      return `[file:hashes.'SHA-256' = '${random}']`;
    case 4:
      return `[url:value = 'http://${host}/${random.slice(8, 24)}/index.php']`;
    case 5:
      return `[email-addr:value = '${random.slice(0, 8)}@${host}']`;
    default:
      return `[domain-name:value = '${host}']`;
  }
}

/** 64 hexadecimal digits from a number, as if at random (xorshift). */
function hexOf(number: number): string {
  let state = (number + 1) * 0x9e3779b9 | 0, hex = "";
  for (let word = 0; word < 8; word++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    hex += (state >>> 0).toString(16).padStart(8, "0");
  }
  return hex;
}

function uuidOf(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-` +
    hex.slice(20, 32);
}

function pair(number: number): string {
  return String(number).padStart(2, "0");
}
