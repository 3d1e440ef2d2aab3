import assert from "node:assert/strict";
import { refang } from "../../src/match/refang.ts";

Deno.test("refang() undoes each way of defanging", () => {
  const cases: Record<string, string> = {
    "hxxp://evil[.]com/x": "http://evil.com/x",
    "hXXps://evil(.)com": "https://evil.com",
    "h**p://evil{.}com": "http://evil.com",
    "hxxp[://]evil[.]com": "http://evil.com",
    "hxxp[:]//evil[dot]com": "http://evil.com",
    "hxxp:\\\\evil.com/x": "http://evil.com/x",
    "fxp://evil.com/x": "ftp://evil.com/x",
    "http:[/][/]evil.com[/]x": "http://evil.com/x",
    "evil(dot)com": "evil.com",
    "evil DOT com": "evil.com",
    "evil\\.com": "evil.com",
    "evil[.com": "evil.com",
    "1[.]2[.]3[.]4": "1.2.3.4",
    "1.2.3[.]4[:]80": "1.2.3.4:80",
    "2001[:]db8[:][:]1": "2001:db8::1",
    "a[@]evil.com": "a@evil.com",
    "a[at]evil[dot]com": "a@evil.com",
    "a (at) evil (dot) com": "a (at) evil (dot) com".replace(" (at) ", "@").replace(" (dot) ", "."),
    "\ufeffevil\u200b.com ": "evil.com",
    '"evil.com"': "evil.com",
    "<a@evil.com>": "a@evil.com",
    "http://[2001:db8::1]/x": "http://[2001:db8::1]/x",
    "http://evil.com/a(b)c": "http://evil.com/a(b)c",
    "evil.com": "evil.com",
    "": "",
  };
  for (const [text, plain] of Object.entries(cases)) assert.equal(refang(text), plain, text);
});
