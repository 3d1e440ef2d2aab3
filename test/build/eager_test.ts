import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileEagerly } from "../../src/build/eager.ts";
import { profileStarts, readFunctions } from "../../src/build/start_profile.ts";

const everywhere = (code: string) => new Set(Array.from(code, (_, at) => at));

/** Runs a module as it is and with all its functions marked; both have to export the same `seen`. */
async function assertSame(code: string): Promise<string> {
  const eager = compileEagerly(code, everywhere(code));
  const [before, after] = await Promise.all(
    [code, eager].map((text) => import(`data:text/javascript,${encodeURIComponent(text)}`)),
  );
  assert.deepEqual(await after.seen, await before.seen);
  assert.notEqual(await before.seen, undefined);
  return eager;
}

Deno.test("compileEagerly() leaves functions that are not marked as they are", () => {
  const code = "function a(){return 1}function b(){return a()}export const seen=b();";
  assert.equal(compileEagerly(code, new Set()), code);
  assert.equal(
    compileEagerly(code, new Set([code.indexOf("(){return a")])),
    ";var b=(function (){return a()});function a(){return 1}export const seen=b();",
  );
});

Deno.test("compileEagerly() keeps declarations callable before they stand, by their names", async () => {
  await assertSame(`import{join}from"node:path";
    export const seen=[first(1),first.name,first.length,new Made().x,join("a","b")];
    function first(n){return n?second(n-1):inner();function inner(){return"inner"}}
    function second(n){return first(n)}
    function Made(){this.x=new.target===Made}`);
});

Deno.test("compileEagerly() keeps functions that replace themselves", async () => {
  const eager = await assertSame(
    "function once(){once=()=>2;return 1}export const seen=[once(),once()];",
  );
  assert.match(eager, /var once=\(function/);
});

Deno.test("compileEagerly() keeps arrows, async functions and generators", async () => {
  await assertSame(`const twice=(f)=>async x=>(await f(x))*2;
    async function one(){return 1}
    function*count(to){for(let i=0;i<to;i++)yield i}
    async function*slowly(){yield*count(3)}
    const all=async()=>{const got=[];for await(const n of slowly())got.push(n);return got};
    export const seen=Promise.all([twice(one)(0),all(),[...count(2)]]);`);
});

Deno.test("compileEagerly() keeps members of objects and classes", async () => {
  await assertSame(`const key="k";
    class Base{static made=()=>"made";#p=3;get p(){return this.#p}m(){return"base"}}
    class Sub extends Base{constructor(){super()}m(){return"sub "+super.m()}
      static first=this.later();static later(){return"later"}static async"q r"(){return this.name}
      set v(x){this.w=x}w=this.o();o(){return new.target}*[Symbol.iterator](){yield"own"}}
    const Named=class Inner{make(){return new Inner()}#p(){return"private"}ask(){return this.#p()}};
    const plain={m(){return this.n},n:1,get g(){return 2},async a(){return 3},*i(){yield 4},
      async*j(){yield 5},[key](){return 6},"quo ted"(){return 7},8(){return 8},f:()=>9,
      h:function(){return 10},__proto__:{m(){return"below"}},s(){return super.m()}};
    const {d=()=>11,...rest}={e:1};
    export const seen=(async()=>[Base.made(),new Base().p,new Sub().m(),plain.m(),plain.g,
      await plain.a(),...plain.i(),(await plain.j().next()).value,plain.k(),plain["quo ted"](),
      plain[8](),plain.f(),plain.h(),plain.s(),d(),rest,plain.m.name,plain.a.name,
      Sub.first,await Sub["q r"](),new Sub().w,[...new Sub()],Object.keys(Sub.prototype),
      new Named().make()instanceof Named,new Named().ask(),Named.prototype.ask.name,
      Object.getOwnPropertyDescriptor(Named.prototype,"make").writable])();`);
});

Deno.test("compileEagerly() keeps declarations in blocks and behind exports", async () => {
  await assertSame(`export function shown(){return 1}export default function(){return 2}
    let got;{function inBlock(){return 3}got=inBlock()}
    if(got){function inIf(){return 4}got+=inIf()}
    export const seen=[shown(),got];`);
});

Deno.test("readFunctions() takes what was compiled or called in local files", () => {
  const log = [
    "v8-version,13,7",
    "script-details,7,ext:core/mod.js,0,0,",
    "script-details,9,file:///tmp/x/main.js,0,0,",
    "function,full-parse,9,1,20,0.1,100,a",
    "function,interpreter,9,5,20,0.1,100,b",
    "function,first-execution,9,30,40,0,100,c",
    "function,interpreter,7,50,60,0.1,100,d",
  ].join("\n");
  const found = new Map<string, Set<number>>();
  readFunctions(log, found);
  assert.deepEqual(found, new Map([["main.js", new Set([5, 30])]]));
});

Deno.test("profileStarts() finds functions that V8 compiles at once after compileEagerly()", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const code = `function called(){return 1}function not(){return 2}
      const arrow=(n)=>n+called();const o={method(){return arrow(3)},not};o.method();`;
    const main = join(folder, "main.js");
    await Deno.writeTextFile(main, code);
    const logs = fileURLToPath(new URL("../fixtures/logs", import.meta.url));
    const profile = await profileStarts(Deno.execPath(), main, logs);
    const starts = profile.get("main.js")!;
    for (const text of ["(){return 1", "(n)=>", "(){return arrow"]) {
      assert(starts.has(code.indexOf(text)), text);
    }
    assert(!starts.has(code.indexOf("(){return 2")));

    assert(await compilesLate(main, folder));
    await Deno.writeTextFile(main, compileEagerly(code, starts));
    assert(!await compilesLate(main, folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Whether V8 compiles a function of a script when it is called: it parses it by itself then. */
async function compilesLate(main: string, folder: string): Promise<boolean> {
  const logged = join(folder, "v8.log");
  const flags = `--log-function-events,--logfile=${logged},--no-logfile-per-isolate`;
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", `--v8-flags=${flags}`, main],
    env: { DENO_DIR: folder },
  }).output();
  assert(success);
  const log = await Deno.readTextFile(logged);
  const script = /^script-details,(\d+),file:.*main\.js/m.exec(log)![1];
  return new RegExp(`^function,parse-function,${script},`, "m").test(log);
}
