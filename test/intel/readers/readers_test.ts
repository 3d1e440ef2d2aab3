import assert from "node:assert/strict";
import { InputError } from "../../../src/errors.ts";
import { createGuard } from "../../../src/intel/allow/mod.ts";
import { createIndicatorSet } from "../../../src/intel/indicator_set.ts";
import {
  addValue,
  fileInput,
  type IocInput,
  readIndicators,
  type ReadOptions,
  type ReadReport,
  textInput,
} from "../../../src/intel/readers/mod.ts";

const MD5 = "d41d8cd98f00b204e9800998ecf8427e";

interface Reading {
  readonly values: string[];
  readonly report: ReadReport;
  readonly set: ReturnType<typeof createIndicatorSet>;
}

async function read(input: string | IocInput, options: ReadOptions = {}): Promise<Reading> {
  const set = createIndicatorSet({ now: () => Date.parse("2026-01-01T00:00:00Z") });
  const from = typeof input === "string" ? textInput("iocs", input) : input;
  const report = await readIndicators(set, from, options);
  return { set, report, values: [...set.iocs.entries()].map(([o]) => `${o.kind} ${o.value}`) };
}

async function failure(input: string | IocInput, options: ReadOptions = {}): Promise<InputError> {
  try {
    await read(input, options);
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error;
  }
  throw new Error("Nothing was thrown");
}

Deno.test("readIndicators() reads plain lines with comments, defanging and hosts files", async () => {
  const { values, report, set } = await read([
    "\ufeff# a comment",
    "; another",
    "// and another",
    "",
    "evil.com",
    "Evil.com.   # the same",
    " 1[.]2[.]3[.]4\t; tab",
    "hxxps://evil[.]com/a#b",
    "http://evil.com/a//b",
    "10.0.0.0/8",
    "2001:DB8::1",
    MD5.toUpperCase(),
    "a[at]evil.com",
    '"quoted.com"',
    "1.2.3.5:8080",
    "evil.net:443",
    "0.0.0.0 hosts.example",
    "127.0.0.1 localhost",
    "last.example",
  ].join("\r\n"));
  assert.deepEqual(values, [
    "domain evil.com",
    "ipv4 1.2.3.4",
    "url https://evil.com/a#b",
    "url http://evil.com/a//b",
    "cidr 10.0.0.0/8",
    "ipv6 2001:db8::1",
    `md5 ${MD5}`,
    "email a@evil.com",
    "domain quoted.com",
    "ipv4 1.2.3.5",
    "domain evil.net",
    "domain hosts.example",
    "domain last.example",
  ]);
  assert.equal(report.format, "plain");
  assert.equal(report.added, 13);
  assert.equal(report.repeated, 1);
  assert.deepEqual([...report.notes.values()], [2]);
  assert.deepEqual([...report.ignored], [["this machine in a hosts file", 1]]);
  const [hit] = set.iocs.hits({ q: "last.example" });
  assert.deepEqual(set.get(hit!.handle).place, { file: "iocs", line: 19 });
});

Deno.test("readIndicators() names every invalid line, up to a bound", async () => {
  const error = await failure("good.com\nnot an ioc\n*.evil.com\n10.0.0.0/33\n");
  assert.equal(error.place?.line, 2);
  for (const part of ["iocs:2", "not an ioc", "iocs:3", "--subdomains", "iocs:4", "3 values"]) {
    assert.ok(error.message.includes(part), part);
  }
  const { report, values } = await read("bad one\n".repeat(50) + "good.com", { skipInvalid: true });
  assert.equal(report.invalidCount, 50);
  assert.equal(report.invalid.length, 20);
  assert.deepEqual(values, ["domain good.com"]);
});

Deno.test("readIndicators() takes the kind that is given", async () => {
  assert.deepEqual((await read("localhost\n", { kind: "domain" })).values, ["domain localhost"]);
  assert.match((await failure("evil.com\n", { kind: "ipv4" })).message, /is not of the type ipv4/);
});

Deno.test("readIndicators() reads CSV by its header", async () => {
  const cases: [text: string, values: string[]][] = [
    ['value,comment\nevil.com,"a, b"\n"1.2.3.4",x\n', ["domain evil.com", "ipv4 1.2.3.4"]],
    ['comment;indicator\n"two\nlines";evil.com\n', ["domain evil.com"]],
    ["indicator\tindicator_type\nevil.com\tdomain\n", ["domain evil.com"]],
    ["domain\nevil.com\n", ["domain evil.com"]],
    ["id,ip,domain,md5\n1,1.2.3.4,,\n2,,evil.com," + MD5 + "\n", [
      "ipv4 1.2.3.4",
      "domain evil.com",
      `md5 ${MD5}`,
    ]],
    [
      "uuid,event_id,category,type,value,comment,to_ids,date\n" +
      "u,1,Network activity,ip-dst|port,1.2.3.4|80,,1,20260101\n" +
      "u,1,Network activity,domain,off.com,,0,20260101\n" +
      "u,1,Payload,filename|md5,x.exe|" + MD5 + ",,1,20260101\n" +
      "u,1,Payload,filename,x.exe,,1,20260101\n",
      ["ipv4 1.2.3.4", `md5 ${MD5}`],
    ],
    [
      "####\n# Feed\n# id,dateadded,url,url_status\n" +
      '"1","2026-01-01","http://evil.com/x","online"\n',
      ["url http://evil.com/x"],
    ],
    [
      '# "first_seen_utc", "ioc_id", "ioc_value", "ioc_type"\n' +
      '"2026", "1", "1.2.3.4:80", "ip:port"\n"2026", "2", "evil.com", "domain"\n',
      ["ipv4 1.2.3.4", "domain evil.com"],
    ],
    [
      "#fields\tindicator\tindicator_type\tmeta.source\n" +
      "1.2.3.4\tIntel::ADDR\tx\nevil.com/x\tIntel::URL\tx\n",
      ["ipv4 1.2.3.4", "url evil.com/x"],
    ],
  ];
  for (const [text, values] of cases) {
    const reading = await read(text);
    assert.equal(reading.report.format, "csv", text);
    assert.deepEqual(reading.values, values, text);
  }
});

Deno.test("readIndicators() says what a CSV lacks", async () => {
  const bare = await failure("evil.com,malware,2026\n");
  assert.match(bare.message, /no header says which column/);
  assert.equal(bare.place?.line, 1);
  const forced = await failure("a,b\n1,2\n", { format: "csv" });
  assert.match(forced.message, /No header/);
  const open = await failure('value\n"evil.com\nevil.net\n');
  assert.match(open.message, /closing quote/);
  assert.equal(open.place?.line, 2);
  const bad = await failure("value,type\nok.com,domain\nnope,domain\n");
  assert.equal(bad.place?.line, 3);
});

function stix(pattern: string, more = {}) {
  return {
    type: "indicator",
    spec_version: "2.1",
    id: `indicator--${crypto.randomUUID()}`,
    created: "2026-01-01T00:00:00Z",
    modified: "2026-01-01T00:00:00Z",
    valid_from: "2026-01-01T00:00:00Z",
    pattern,
    pattern_type: "stix",
    ...more,
  };
}

Deno.test("readIndicators() reads STIX bundles, lists, single objects and one object a line", async () => {
  const objects = [
    stix("[domain-name:value = 'evil.com']"),
    stix("[ipv4-addr:value = '1.2.3.4' OR ipv4-addr:value = '1.2.3.5']"),
    stix("alert tcp", { pattern_type: "snort" }),
    stix("[network-traffic:dst_port = 4444]", { spec_version: undefined }),
    { type: "identity", id: "identity--x" },
  ];
  const bundle = { type: "bundle", id: "bundle--x", objects };
  const forms = [
    JSON.stringify(bundle),
    JSON.stringify(bundle, null, 2),
    JSON.stringify({ objects }),
    JSON.stringify(objects),
    objects.map((object) => JSON.stringify(object)).join("\n"),
  ];
  for (const form of forms) {
    const { values, report, set } = await read(form);
    assert.deepEqual(values, ["domain evil.com", "ipv4 1.2.3.4", "ipv4 1.2.3.5"]);
    assert.equal(set.compounds.size, 1);
    assert.equal(report.added, 3);
    assert.deepEqual([...report.ignored], [
      ['pattern_type is "snort"', 1],
      ["STIX identity is not an indicator", 1],
    ]);
    assert.deepEqual([...report.notes], [["STIX 2.0 object read as STIX 2.1", 1]]);
  }
  assert.deepEqual((await read(JSON.stringify(objects[0]))).values, ["domain evil.com"]);
});

Deno.test("readIndicators() names what is wrong in JSON and where", async () => {
  const bad = { type: "bundle", id: "bundle--x", objects: [stix("[nonsense")] };
  const error = await failure(JSON.stringify(bad));
  assert.match(error.message, /objects\[0\]/);
  assert.match(error.message, /pattern can't be read/);
  assert.match((await failure("{ \n")).message, /Malformed JSON/);
  assert.match((await failure('{"a": 1}')).message, /neither STIX nor MISP/);
  assert.match((await failure('{"Event": {}}', { format: "stix" })).message, /not STIX/);
  const odd = '{"toString": 0, "valueOf": 0}';
  assert.match((await failure(`{"type": "a", "id": ${odd}}`)).message, /neither STIX nor MISP/);
  const { report } = await read(`{"objects": [{"type": ${odd}}]}`);
  assert.deepEqual([...report.ignored.values()], [1]);
  const lines = `${JSON.stringify(stix("[url:value = 'http://a.b/']"))}\nnot json\n`;
  assert.equal((await failure(lines)).place?.line, 2);
  const deep = `{"type":"bundle","objects":[${"[".repeat(1e5)}${"]".repeat(1e5)}]}`;
  assert.match((await failure(deep)).message, /nested deeper/);
});

Deno.test("readIndicators() reads MISP events with objects and composite types", async () => {
  const attribute = (type: string, value: string, more = {}) => ({
    type,
    value,
    to_ids: true,
    uuid: crypto.randomUUID(),
    ...more,
  });
  const Event = {
    info: "x",
    uuid: crypto.randomUUID(),
    Attribute: [
      attribute("domain|ip", "evil.com|1.2.3.4"),
      attribute("ip-dst|port", "1.2.3.5|443"),
      attribute("filename|md5", `x|${MD5}`),
      attribute("hostname", "off.example", { to_ids: false }),
      attribute("hostname", "gone.example", { deleted: true }),
      attribute("mutex", "Global\\x"),
      attribute("url", "evil.com"),
    ],
    Object: [{ name: "file", Attribute: [attribute("sha256", "A".repeat(64))] }],
  };
  const expected = [
    "domain evil.com",
    "ipv4 1.2.3.4",
    "ipv4 1.2.3.5",
    `md5 ${MD5}`,
    `sha256 ${"a".repeat(64)}`,
  ];
  const forms = [{ Event }, [{ Event }], { response: [{ Event }] }, {
    response: { Attribute: [...Event.Attribute, ...Event.Object[0]!.Attribute] },
  }, [...Event.Attribute, ...Event.Object[0]!.Attribute]];
  for (const form of forms) {
    const { values, report } = await read(JSON.stringify(form));
    assert.deepEqual(values, expected);
    assert.deepEqual([...report.ignored], [
      ["to_ids is off", 1],
      ["deleted in MISP", 1],
      ["type mutex is not looked for", 1],
    ]);
  }
  const all = await read(JSON.stringify({ Event }), { allAttributes: true });
  assert.ok(all.values.includes("domain off.example"));
  Event.Attribute.push(attribute("ip-src", "nonsense"));
  assert.match((await failure(JSON.stringify({ Event }))).message, /Event\[uuid=[0-9a-f-]{36}\]/);
});

Deno.test("readIndicators() undoes gzip and UTF-16", async () => {
  const bytesOf = (stream: ReadableStream) => new Response(stream).bytes();
  const gzip = await bytesOf(
    new Blob(["evil.com\n1.2.3.4\n"]).stream().pipeThrough(new CompressionStream("gzip")),
  );
  const input = (bytes: Uint8Array): IocInput => ({
    name: "x",
    async *open() {
      yield bytes.subarray(0, 7);
      yield bytes.subarray(7);
    },
  });
  const wanted = ["domain evil.com", "ipv4 1.2.3.4"];
  assert.deepEqual((await read(input(gzip))).values, wanted);
  assert.match((await failure(input(gzip.subarray(0, -9)))).message, /gzip stream is cut short/);
  const utf16 = (mark: boolean) =>
    new Uint8Array(
      Uint16Array.from(
        `${mark ? "\ufeff" : ""}evil.com\r\n1.2.3.4`,
        (char) => char.charCodeAt(0),
      ).buffer,
    );
  assert.deepEqual((await read(input(utf16(true)))).values, wanted);
  assert.deepEqual((await read(input(utf16(false)))).values, wanted);
  assert.deepEqual((await read(input(utf16(true).map((_, i, all) => all[i ^ 1]!)))).values, wanted);
});

Deno.test("readIndicators() reads files and says what is wrong with them", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/iocs`, "evil.com\n");
    assert.deepEqual((await read(fileInput(`${folder}/iocs`))).values, ["domain evil.com"]);
    assert.match((await failure(fileInput(`${folder}/none`))).message, /no such file/);
    assert.match((await failure(fileInput(folder))).message, /folder|directory/i);
    await Deno.writeTextFile(`${folder}/empty`, "");
    assert.deepEqual((await read(fileInput(`${folder}/empty`))).values, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("addValue() adds one value or says why it can't", () => {
  const guard = createGuard({ builtin: { privateAddresses: true } });
  const set = createIndicatorSet({ guard });
  assert.equal(addValue(set, "hxxp://evil[.]com").added, 1);
  assert.equal(addValue(set, "http://evil.com/").added, 0);
  assert.equal(addValue(set, "10.0.0.0/8").added, 1);
  assert.throws(() => addValue(set, "a b"), /Not an IoC: "a b"/);
  assert.throws(() => addValue(set, "a.com", { kind: "md5" }), /Not an IoC: "a.com"/);
});

Deno.test("readIndicators() takes values out of what people put around them", async () => {
  const { values } = await read([
    "[2001:db8::1]",
    "fe80::1%eth0",
    "192.0.2.9/255.255.255.0",
    "mailto:a@evil.example?subject=x",
    "Bad Guy <b@evil.example>",
    `MD5:${MD5}`,
    "[evil.example]",
  ].join("\n"));
  assert.deepEqual(values, [
    "ipv6 2001:db8::1",
    "ipv6 fe80::1",
    "cidr 192.0.2.0/24",
    "email a@evil.example",
    "email b@evil.example",
    `md5 ${MD5}`,
    "domain evil.example",
  ]);
  for (
    const [text, reason] of [
      ["192.0.2.1-192.0.2.9", /is a range/],
      ["192.0.2.*", /is a range/],
      ["[domain-name:value = 'evil.example']", /--pattern/],
      ["*.evil.example", /wildcard/],
    ] as const
  ) assert.match((await failure(text)).message, reason);
  assert.deepEqual((await read('["evil.example", "192.0.2.1"]')).values.length, 2);
});

Deno.test("readIndicators() says what is no text at all", async () => {
  for (const [bytes, what] of [["\x28\xb5\x2f\xfd", /zstd/], ["PK\x03\x04", /zip/]] as const) {
    const head = Uint8Array.from(bytes, (char) => char.charCodeAt(0));
    const open = async function* () {
      yield head;
    };
    assert.match((await failure({ name: "iocs", open })).message, what);
  }
});
