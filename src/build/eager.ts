/**
 * Lets V8 compile the functions that every start calls together with their chunk.
 *
 * V8 only glances at a function when it loads a chunk, and reads it again when it is
 * called; what it keeps on disk (the code cache of `deno compile`) knows nothing of such
 * functions, so that each start compiled some five hundred anew. A function in
 * parentheses it takes for one that is called at once, compiles it and keeps it.
 */
import { parseAst } from "rollup/parseAst";

/** A node of the syntax tree (ESTree), as far as it matters here. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

interface FunctionNode extends Node {
  readonly id?: Node | null;
  readonly async: boolean;
  readonly generator: boolean;
}

/** A replaced stretch of the code. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The body of a module, function or class: what is declared in it moves to its start. */
interface Body {
  readonly node: Node;
  readonly moved: string[];
}

const FUNCTIONS = /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/;

/**
 * Puts the functions that begin at `starts` into parentheses, which changes nothing of
 * what a module does as long as no module calls it before it has run: declarations become
 * variables at the start of the body around them, methods are defined by hand. Constructors,
 * accessors and what says `super` stay as they are, since there is no way to write them so.
 *
 * @param starts where V8 says that a function starts: an arrow function at its beginning,
 *   any other at the parenthesis before its parameters
 */
export function compileEagerly(code: string, starts: ReadonlySet<number>): string {
  const isStarting = (node: Node) => starts.has(startOf(code, node as FunctionNode));

  function editsIn(node: Node, parent: Node | undefined, around: Body): Edit[] {
    const body = isBody(node, parent) ? { node, moved: [] } : around;
    const edits = childrenOf(node).flatMap((child) => editsIn(child, node, body));
    if (body !== around && body.moved.length > 0) edits.push(movedTo(body));
    if (isPlainMethod(node) && isStarting(node.value)) {
      const property = asProperty(code, node, edits);
      if (node.type === "Property") return [replaced(node, property)];
      around.moved.push(asDefinition(node, property));
      return [replaced(node, "")];
    }
    if (!FUNCTIONS.test(node.type) || !isStarting(node)) return edits;
    if (node.type === "FunctionDeclaration") {
      if (parent !== around.node) return edits;
      around.moved.push(asVariable(code, node as FunctionNode, edits));
      return [replaced(node, "")];
    }
    if (isMember(node, parent)) return edits;
    return [replaced(node, `(${apply(code, node.start, node.end, edits)})`)];
  }

  const program = parseAst(code) as unknown as Node;
  const outside = { node: program, moved: [] };
  return apply(code, 0, code.length, editsIn(program, undefined, outside));
}

function startOf(code: string, node: FunctionNode): number {
  if (node.type === "ArrowFunctionExpression") return node.start;
  return code.indexOf("(", node.id?.end ?? node.start);
}

function isBody(node: Node, parent: Node | undefined): boolean {
  return node.type === "Program" || node.type === "ClassBody" ||
    (node.type === "BlockStatement" && parent !== undefined && FUNCTIONS.test(parent.type));
}

/** The only function-valued members that could not be written as a value after a colon. */
function isMember(node: Node, parent: Node | undefined): boolean {
  if (parent?.type === "MethodDefinition") return true;
  return parent?.type === "Property" && parent["value"] === node &&
    (parent["method"] === true || parent["kind"] !== "init");
}

interface Method extends Node {
  readonly key: Node;
  readonly value: FunctionNode;
}

/** Whether a node is a method that could as well be a property with a function. */
function isPlainMethod(node: Node): node is Method {
  const method = node.type === "Property" ? node["method"] === true : node["kind"] === "method";
  if (!method || node["computed"] === true) return false;
  const { key, value } = node as Method;
  return nameOf(key) !== "__proto__" && key.type !== "PrivateIdentifier" && !usesSuper(value);
}

function nameOf(key: Node): string {
  return String(key["name"] ?? key["value"]);
}

function usesSuper(node: Node): boolean {
  return node.type === "Super" || childrenOf(node).some(usesSuper);
}

function asProperty(code: string, { key, value }: Method, edits: Edit[]): string {
  const kind = `${value.async ? "async " : ""}function${value.generator ? "*" : ""}`;
  const name = code.slice(key.start, key.end);
  return `${name}:(${kind}${apply(code, value.start, value.end, edits)})`;
}

/** A method of a class as a block that defines it: there private names and the class's own are known. */
function asDefinition(node: Method, property: string): string {
  const home = node["static"] === true ? "this" : "this.prototype";
  const name = JSON.stringify(nameOf(node.key));
  const value = `({${property}})[${name}]`;
  return `static{Object.defineProperty(${home},${name},{value:${value},writable:!0,configurable:!0})}`;
}

/** Without a name of its own the function can still replace itself: the variable names it. */
function asVariable(code: string, node: FunctionNode, edits: Edit[]): string {
  const { id } = node as { id: Node };
  const nameless = [...edits, { start: id.start, end: id.end, text: "" }];
  return `${code.slice(id.start, id.end)}=(${apply(code, node.start, node.end, nameless)})`;
}

function movedTo({ node, moved }: Body): Edit {
  if (node.type !== "Program") {
    const text = node.type === "ClassBody" ? moved.join("") : variables(moved);
    return { start: node.start + 1, end: node.start + 1, text };
  }
  const imports = (node["body"] as Node[]).filter(({ type }) => type === "ImportDeclaration");
  const at = imports.at(-1)?.end ?? 0;
  return { start: at, end: at, text: `;${variables(moved)}` };
}

const variables = (moved: readonly string[]) => `var ${moved.join(",")};`;

function replaced({ start, end }: Node, text: string): Edit {
  return { start, end, text };
}

/** The code between two places with edits made, of which none overlap. */
function apply(code: string, start: number, end: number, edits: readonly Edit[]): string {
  let text = "", at = start;
  for (const edit of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    text += code.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return text + code.slice(at, end);
}

/** The nodes right below a node. */
function childrenOf(node: Node): Node[] {
  const values = Object.values(node).flat() as (Node | null | undefined)[];
  return values.filter((value): value is Node => typeof value?.type === "string");
}
