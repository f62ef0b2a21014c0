// The scripts themselves. bash and zsh share one body: it walks the words that stand before the cursor, notes which
// command they name and which stack, and looks up in a table what can follow. fish has a line per thing it can complete.

/** What can stand somewhere. */
export interface Words {
  words?: readonly string[];
  /** Asked of `regionctl __complete`. */
  kind?: string;
  /** Files as well. */
  files?: boolean;
}

/** A command and what can follow it. */
export interface Completed {
  /** "scenario run"; "" is regionctl itself. */
  path: string;
  commands: readonly { word: string; about: string }[];
  options: readonly { flags: readonly string[]; about: string; value?: Words }[];
  argument?: Words;
}

export function bash(commands: readonly Completed[]): string {
  return `# Completion of regionctl for bash, made by: regionctl completion bash
${body(commands)}
_regionctl() {
  local words word
  _regionctl_follows "\${COMP_WORDS[@]:0:COMP_CWORD+1}"
  [[ -n $_regionctl_kind ]] && _regionctl_words+=" $("\${COMP_WORDS[0]}" __complete "$_regionctl_kind" --stack "$_regionctl_stack" 2>/dev/null)"
  COMPREPLY=($(compgen -W "$_regionctl_words" -- "\${COMP_WORDS[COMP_CWORD]}"))
  [[ -n $_regionctl_files ]] && compopt -o default -o bashdefault 2>/dev/null
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -F _regionctl regionctl
`;
}

export function zsh(commands: readonly Completed[]): string {
  return `#compdef regionctl
# Completion of regionctl for zsh, made by: regionctl completion zsh
${body(commands)}
_regionctl() {
  _regionctl_follows "\${(@)words[1,CURRENT]}"
  local -a found
  found=(\${=_regionctl_words})
  [[ -n $_regionctl_kind ]] && found+=(\${(f)"$("\${words[1]}" __complete "$_regionctl_kind" --stack "$_regionctl_stack" 2>/dev/null)"})
  compadd -a found
  [[ -n $_regionctl_files ]] && _files
  return 0
}
if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then _regionctl "$@"; else compdef _regionctl regionctl; fi
`;
}

/** In the words that both shells have: what follows "$@", whose last one is being typed. */
function body(commands: readonly Completed[]): string {
  const rows = commands.map((command) => {
    const valued = command.options.filter((option) => option.value !== undefined);
    return [
      `    ${quoted(command.path)})`,
      `      subcommands=${quoted(command.commands.map(({ word }) => word).join(" "))}`,
      `      switches=${quoted(command.options.map((option) => option.flags.at(-1)).join(" "))}`,
      ...assignments("argument", command.argument).map((line) => `      ${line}`),
      ...(valued.length === 0
        ? []
        : [
            '      case "$1" in',
            ...valued.map(
              ({ flags, value }) =>
                `        ${flags.join("|")}) takes=yes; ${assignments("value", value).join("; ")} ;;`,
            ),
            "      esac",
          ]),
      "      ;;",
    ].join("\n");
  });
  return `
# _regionctl_row PATH OPTION: what can follow a command, and, when the option takes a value, what that can be.
_regionctl_row() {
  subcommands='' switches='' takes='' argument_words='' argument_kind='' argument_files='' value_words='' value_kind='' value_files=''
  local row="$1"
  shift
  case "$row" in
${rows.join("\n")}
  esac
}
# _regionctl_follows WORD...: sets _regionctl_words, _regionctl_kind, _regionctl_files and _regionctl_stack.
_regionctl_follows() {
  local row='' before='' subcommands switches takes plain=''
  local argument_words argument_kind argument_files value_words value_kind value_files
  _regionctl_words='' _regionctl_kind='' _regionctl_files='' _regionctl_stack=default
  shift
  while [ $# -gt 1 ]; do
    _regionctl_row "$row" "$before"
    if [ -n "$takes" ]; then
      [ "$before" = --stack ] && _regionctl_stack="$1"
      before=''
    else
      case "$1" in
        --) plain=yes ;;
        -*) before="$1" ;;
        *)
          before=''
          case " $subcommands " in
            *" $1 "*) row="\${row:+$row }$1" ;;
          esac
          ;;
      esac
    fi
    shift
  done
  _regionctl_row "$row" "$before"
  [ -n "$plain" ] && return
  if [ -n "$takes" ]; then
    _regionctl_words="$value_words" _regionctl_kind="$value_kind" _regionctl_files="$value_files"
    return
  fi
  case "$1" in
    -*) _regionctl_words="$switches" ;;
    *) _regionctl_words="$subcommands $argument_words" _regionctl_kind="$argument_kind" _regionctl_files="$argument_files" ;;
  esac
}`;
}

function assignments(name: string, words: Words | undefined): readonly string[] {
  if (words === undefined) return [];
  return [
    `${name}_words=${quoted((words.words ?? []).join(" "))}`,
    `${name}_kind=${quoted(words.kind ?? "")}`,
    `${name}_files=${quoted(words.files === true ? "yes" : "")}`,
  ];
}

export function fish(commands: readonly Completed[]): string {
  const paths = commands.map(({ path }) => path).filter((path) => path !== "");
  const valued = commands.flatMap(({ options }) => options.filter(({ value }) => value !== undefined));
  const flags = [...new Set(valued.flatMap((option) => option.flags))];
  return `# Completion of regionctl for fish, made by: regionctl completion fish

# Which command the words before the cursor name.
function __regionctl_path
  set -l row ''
  set -l skip no
  for word in (commandline -opc)[2..-1]
    if test $skip = yes
      set skip no
    else if contains -- $word ${flags.join(" ")}
      set skip yes
    else if contains -- (string trim "$row $word") ${paths.map(quoted).join(" ")}
      set row (string trim "$row $word")
    end
  end
  echo $row
end

function __regionctl_at
  test (__regionctl_path) = "$argv[1]"
end

function __regionctl_words
  set -l stack default
  set -l words (commandline -opc)
  if set -l index (contains -i -- --stack $words)
    set stack $words[(math $index + 1)]
  end
  $words[1] __complete $argv[1] --stack "$stack" 2>/dev/null
end

complete -c regionctl -f
${commands.flatMap(fishLines).join("\n")}
`;
}

function fishLines({ path, commands, options, argument }: Completed): readonly string[] {
  const at = `complete -c regionctl -n ${fishQuoted(`__regionctl_at ${fishQuoted(path)}`)}`;
  return [
    ...commands.map(({ word, about }) => `${at} -a ${word} -d ${fishQuoted(about)}`),
    ...options.map(({ flags, about, value }) => {
      const names = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
      return `${at} ${names.join(" ")} -d ${fishQuoted(about)}${value === undefined ? "" : ` -r${fishWords(value)}`}`;
    }),
    ...(argument === undefined ? [] : [`${at}${fishWords(argument)}`]),
  ];
}

function fishWords({ words = [], kind, files }: Words): string {
  const all = [...words, ...(kind === undefined ? [] : [`(__regionctl_words ${kind})`])].join(" ");
  return `${files === true ? " -F" : " -f"}${all === "" ? "" : ` -a ${fishQuoted(all)}`}`;
}

/** For bash and zsh. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const fishQuoted = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
