/**
 * Random patterns over objects as endpoints have them: processes, files with extensions,
 * chains of references, dictionaries with odd keys, texts that LIKE and MATCHES trip over.
 * (`cases.ts` is about few values that meet often; here it is the paths and the texts.)
 */
import * as fc from "fast-check";

type Json = Record<string, unknown>;

const any = <T>(...values: T[]) => fc.constantFrom(...values);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const TEXTS = [
  ..."cmd.exe CMD.EXE C:\\Windows\\cmd.exe it's 100% a_b a.b+c é ﬁ [x] (a) ^$ 10 1.0 true".split(
    " ",
  ),
  ..."foo123bar AbC-99 \u00ff \u{10000} \uffff http://ex.com/a?b=c%20d user@example.com".split(" "),
  "tab\tx",
  " x ",
  "x".repeat(40),
  "2024-01-01T00:00:00Z",
];
const NUMBERS = [0, -0, 1, -1, 1e3, 1.5, 0.1, 1e21, 4294967296, -2147483649, 1e-7, 80, 443];
const TIMES = [
  "2024-01-01T00:00:00Z",
  "2024-01-01T00:00:00.0Z",
  "2024-01-01T00:00:00.000001Z",
  "2024-01-01T00:00:00.100000Z",
  "2023-12-31T23:59:59.999999Z",
  "2024-02-29T12:00:00.123456789Z",
];
const text = any(...TEXTS), number = any(...NUMBERS), time = any(...TIMES);
const hex = any("", "00", "ff", "FF", "4d5a90", "6162630a", "c3a9");
const binary = any("", "AA==", "TVqQ", "YWJjCg==", "w6k=");
const scalar = fc.oneof<fc.Arbitrary<unknown>[]>(text, number, fc.boolean(), time, any(null));
const list = fc.array(
  fc.oneof<fc.Arbitrary<unknown>[]>(
    scalar,
    fc.array(scalar, { maxLength: 2 }),
    fc.record({ k: maybe(scalar) }),
  ),
  { maxLength: 4 },
);
const dictionary = (...keys: string[]) => fc.dictionary(any(...keys), text, { maxKeys: 3 });
/** References are places in the observation; 9 leads nowhere. */
const reference = any(0, 1, 2, 3, 9);
const references = fc.array(reference, { maxLength: 3 });

const process = fc.record({
  type: any("process"),
  pid: maybe(number),
  command_line: maybe(text),
  is_hidden: maybe(fc.boolean()),
  created_time: maybe(time),
  arguments: maybe(list),
  parent_ref: maybe(reference),
  child_refs: maybe(references),
  image_ref: maybe(reference),
  environment_variables: maybe(dictionary("PATH", "Home Dir", "a-b", "x.y", "it's")),
  extensions: maybe(fc.record({
    "windows-process-ext": maybe(fc.record({
      aslr_enabled: maybe(fc.boolean()),
      startup_info: maybe(dictionary("cb", "lp-x")),
    })),
    "x-my ext": maybe(fc.record({ file_ref: maybe(reference), data_hex: maybe(hex) })),
  })),
});
const file = fc.record({
  type: any("file"),
  name: maybe(text),
  size: maybe(number),
  hashes: maybe(dictionary("MD5", "SHA-256", "sha256")),
  contains_refs: maybe(references),
  parent_directory_ref: maybe(reference),
  magic_number_hex: maybe(hex),
  content_bin: maybe(binary),
  ctime: maybe(time),
  extensions: maybe(fc.record({
    "archive-ext": maybe(fc.record({ comment: maybe(text), contains_refs: maybe(references) })),
    "pdf-ext": maybe(fc.record({
      document_info_dict: maybe(dictionary("Title", "A b")),
      version: maybe(number),
    })),
    "windows-pebinary-ext": maybe(fc.record({
      sections: maybe(fc.array(
        fc.record({ name: maybe(text), entropy: maybe(number), hashes: maybe(dictionary("MD5")) }),
        { maxLength: 3 },
      )),
    })),
  })),
});
const directory = fc.record({ type: any("directory"), path: maybe(text) });
const custom = fc.record({
  type: any("x-custom-obj"),
  v: maybe(scalar),
  list: maybe(list),
  deep: maybe(fc.record({
    a: maybe(fc.record({ b: maybe(scalar), c_refs: maybe(references) })),
  })),
  any_ref: maybe(reference),
});

/** Objects of one observation. */
export const richObject = fc.oneof<fc.Arbitrary<Json>[]>(process, file, file, directory, custom);

const PATHS = [
  "process:command_line process:pid process:is_hidden process:arguments[*] process:arguments[1]",
  "process:arguments[*].k process:arguments[*][*] process:arguments[-1] process:parent_ref.pid",
  "process:parent_ref.parent_ref.pid process:child_refs[*].pid process:child_refs[0].command_line",
  "process:child_refs[*].parent_ref.type process:child_refs[*].child_refs[*].pid",
  "process:image_ref.hashes.'SHA-256' process:environment_variables.PATH process:'command_line'",
  "process:environment_variables.'a-b' process:environment_variables.'x.y'",
  "process:environment_variables.'it\\'s' process:extensions.'windows-process-ext'.aslr_enabled",
  "process:extensions.'windows-process-ext'.startup_info.'lp-x'",
  "file:name file:size file:hashes.MD5 file:hashes.sha256 file:contains_refs[*].name",
  "file:contains_refs[1].name file:parent_directory_ref.path file:magic_number_hex",
  "file:content_bin file:ctime file:extensions.'archive-ext'.comment file:hashes file:type file:id",
  "file:extensions.'archive-ext'.contains_refs[*].size file:extensions.'pdf-ext'.version",
  "file:extensions.'pdf-ext'.document_info_dict.Title file:name.x file:size[0]",
  "file:extensions.'windows-pebinary-ext'.sections[*].entropy",
  "file:extensions.'windows-pebinary-ext'.sections[*].hashes.MD5 directory:path x-custom-obj:v",
  "x-custom-obj:list[*] x-custom-obj:list[*].k x-custom-obj:deep.a.b x-custom-obj:any_ref.type",
  "x-custom-obj:deep.a.c_refs[*].type x-custom-obj:any_ref.any_ref.v process:created_time",
].flatMap((line) => line.split(" ")).concat(
  "process:environment_variables.'Home Dir'",
  "process:extensions.'x-my ext'.file_ref.name",
  "process:extensions.'x-my ext'.data_hex",
  "file:extensions.'pdf-ext'.document_info_dict.'A b'",
);
const LIKES = [
  ..."% _ %exe c% C:\\Windows\\% %'% a_b a%b 100% %.% (a) [_] ^$ __ %é% foo%bar foo___bar".split(
    " ",
  ),
  ..."%\\% a_ %%x%% %@example.com http://% \u{10000} _\uffff %1%2%3%".split(" "),
];
const REGEXES = [
  ..."cmd ^cmd exe$ (?i)^cmd\\.exe$ [A-Z]+ \\d+ ^\\d+$ \\D \\s ^\\S+$ \\bfoo o\\d{3}b a.b ^.$"
    .split(" "),
  ..."^.{2,5}$ x{40} x{41} ^(?:a|it)'s [^a-z] \\\\Windows\\\\ \\(a\\) [\\[\\]] \\^\\$ %$".split(
    " ",
  ),
  ..."foo(?P<n>\\d+)bar .*?b (a|b)*c ^[\\w.-]+@[\\w-]+\\.com$ \\Acmd exe\\Z \\x41 é".split(" "),
  ..."https?://[^/]+/ ^$ \\t [\\s\\S]b [a-c]{2,} [.] \\-99 \\_b (?i)abc (?i:ABC)-99 \\W99".split(
    " ",
  ),
  "^(\\w+)-(\\d\\d)$",
  "",
];
const quoted = (value: string) => `'${value.replace(/['\\]/g, "\\$&")}'`;
const numeral = fc.oneof(
  any(...NUMBERS.filter((value) => !String(value).includes("e"))).map(String),
  any("+1", "1.0", "-0.0", ".5", "1.50", "0.10"),
);
const instant = time.map((value) => `t'${value}'`);
const bytes = any(
  "h''",
  "h'00'",
  "h'FF'",
  "h'4D5a90'",
  "b'AA=='",
  "b'TVqQ'",
  "b'YWJjCg=='",
  "h'c3a9'",
);
const orderable = fc.oneof(text.map(quoted), text.map(quoted), numeral, instant, bytes);
const constant = fc.oneof(orderable, any("true", "false"));
const set = (member: fc.Arbitrary<string>) =>
  fc.array(member, { maxLength: 4 }).map((members) => `(${members.join(", ")})`);
const line = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((all) => all.join(" "));
const path = any(...PATHS), not = any("", "", "", "NOT ");

/** One comparison. */
export const richTest = fc.oneof(
  line(path, not, any("=", "!=", "==", "<>"), constant),
  line(path, not, any("<", "<=", ">", ">="), orderable),
  line(
    path,
    not,
    any("IN"),
    // 0 and 1 are booleans to Python's sets.
    fc.oneof(set(text.map(quoted)), set(any("80", "443", "1.5", "-1", "1000")), set(instant)),
  ),
  line(path, not, any("LIKE"), any(...LIKES).map(quoted)),
  line(path, not, any("MATCHES"), any(...REGEXES).map(quoted)),
);
