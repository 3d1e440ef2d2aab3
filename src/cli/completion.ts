import type { Command, Option } from "commander";

/** Shells that completion scripts are made for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** One command as completion needs it; `path` is `["sinks", "list"]`. */
export interface CompletionNode {
  readonly path: readonly string[];
  readonly summary: string;
  readonly options: readonly CompletionOption[];
  /** Subcommands, or the fixed values of arguments. */
  readonly children: readonly string[];
}

/** One option: its spellings, help, fixed values, and whether it takes any value. */
export interface CompletionOption {
  readonly flags: readonly string[];
  readonly summary: string;
  readonly choices: readonly string[];
  readonly takesValue: boolean;
}

/** Flattens a command tree into nodes, parents first. */
export function describeTree(commands: readonly Command[]): CompletionNode[] {
  const walk = (command: Command, path: readonly string[]): CompletionNode[] => [
    {
      path,
      summary: firstLine(command.summary() || command.description()),
      options: command.options.filter(({ hidden }) => !hidden).map(describeOption),
      children: [
        ...command.commands.map((child) => child.name()),
        ...command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
      ],
    },
    ...command.commands.flatMap((child) => walk(child, [...path, child.name()])),
  ];
  const top: CompletionNode = {
    path: [],
    summary: "",
    options: [{
      flags: ["-V", "--version"],
      summary: "print the version",
      choices: [],
      takesValue: false,
    }],
    children: commands.map((command) => command.name()),
  };
  return [top, ...commands.flatMap((command) => walk(command, [command.name()]))];
}

function describeOption(option: Option): CompletionOption {
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    summary: firstLine(option.description),
    choices: option.argChoices ?? [],
    takesValue: option.required || option.optional,
  };
}

/** What shells could take for more than text is left out. */
const firstLine = (text: string) => text.split("\n", 1)[0]!.replaceAll(/['"`$\\[\]]/g, "");

/** The completion script of one shell. */
export function completionScript(
  shell: typeof SHELLS[number],
  nodes: readonly CompletionNode[],
): string {
  return { bash, zsh, fish }[shell](nodes);
}

function words(node: CompletionNode): string {
  return [...node.children, ...node.options.flatMap((option) => option.flags), "--help"].join(" ");
}

function bash(nodes: readonly CompletionNode[]): string {
  const cases = nodes.map((node) => `    "${node.path.join(" ")}") words="${words(node)}" ;;`).join(
    "\n",
  );
  const values = valueCases(nodes, (flags, choices) => `    ${flags}) words="${choices}" ;;`);
  return `# bash completion for bridge
_bridge() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" path="" words="" word
  # bash makes a word of its own of the = in --option=value.
  if [[ "$cur" == "=" ]]; then cur=""
  elif [[ "$prev" == "=" ]]; then prev="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) break ;; *) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${cases}
    *) words="" ;;
  esac
  case "$prev" in
${values}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _bridge bridge
`;
}

function zsh(nodes: readonly CompletionNode[]): string {
  const cases = nodes.map((node) => {
    const items = [
      ...node.children.map((child) =>
        `'${child}:${escaped(summaryOf(nodes, [...node.path, child]))}'`
      ),
      ...node.options.flatMap((option) =>
        option.flags.map((flag) => `'${flag}:${escaped(option.summary)}'`)
      ),
      "'--help:show help'",
    ];
    const files = node.children.length > 0 ? "; files=0" : "";
    return `    "${node.path.join(" ")}") items=(${items.join(" ")})${files} ;;`;
  }).join("\n");
  const values = valueCases(
    nodes,
    (flags, choices) => `    ${flags}) items=(${choices})${choices === "" ? "" : "; files=0"} ;;`,
  );
  return `#compdef bridge
# zsh completion for bridge
_bridge() {
  local -a items
  local path="" word files=1
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$word" in -*) break ;; *) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${cases}
  esac
  local option="\${words[CURRENT-1]}"
  if [[ "\${words[CURRENT]}" == --*=* ]]; then
    option="\${words[CURRENT]%%=*}"
    compset -P '*='
  fi
  case "$option" in
${values}
  esac
  if (( \${#items} )); then _describe 'bridge' items; fi
  [[ $files == 0 || "$PREFIX" == -* ]] || _files
}
compdef _bridge bridge
`;
}

/** For _describe, where a colon ends the name. */
const escaped = (summary: string) => summary.replaceAll(":", "\\:");

function fish(nodes: readonly CompletionNode[]): string {
  const lines = ["# fish completion for bridge"];
  for (const node of nodes) {
    const when = node.path.length === 0
      ? "__fish_use_subcommand"
      : node.path.map((part) => `__fish_seen_subcommand_from ${part}`).join("; and ");
    for (const child of node.children) {
      const about = summaryOf(nodes, [...node.path, child]);
      lines.push(`complete -c bridge -n '${when}' -f -a ${child} -d '${about}'`);
    }
    for (const option of node.options) lines.push(fishOption(option, when));
  }
  return lines.join("\n") + "\n";
}

function fishOption(option: CompletionOption, when: string): string {
  const flags = option.flags.map((flag) =>
    flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`
  ).join(" ");
  const value = option.choices.length > 0
    ? ` -x -a '${option.choices.join(" ")}'`
    : option.takesValue
    ? " -r"
    : "";
  return `complete -c bridge -n '${when}' ${flags}${value} -d '${option.summary}'`;
}

function summaryOf(nodes: readonly CompletionNode[], path: readonly string[]): string {
  return nodes.find((node) => node.path.join(" ") === path.join(" "))?.summary ?? "";
}

/** One line an option with a value, for the word before the cursor; without fixed values it is a file. */
function valueCases(
  nodes: readonly CompletionNode[],
  line: (flags: string, choices: string) => string,
): string {
  const seen = new Map<string, string>();
  for (const option of nodes.flatMap((node) => node.options)) {
    if (option.takesValue) seen.set(option.flags.join("|"), option.choices.join(" "));
  }
  return [...seen].map(([flags, choices]) => line(flags, choices)).join("\n");
}
