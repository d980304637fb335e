import type { CompletedCommand, CompletedOption, Words } from './completion-model.ts';

/** For bash 3.2 and later. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  return `# walhook: completion for bash. In ~/.bashrc: source <(walhook completion bash)
_walhook_names() {
  local config=walhook.yaml i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in -c | --config) config="\${COMP_WORDS[i + 1]}" ;; esac
  done
  "\${COMP_WORDS[0]}" completion "$1" --config "$config" 2>/dev/null
}

_walhook() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD - 1]}" command='' i
  local words=''
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      -c | --config) i=$((i + 1)) ;;
      -*) ;;
      *)
        command="\${COMP_WORDS[i]}"
        break
        ;;
    esac
  done
  case "$command $prev" in
    *' -c' | *' --config')
      compopt -o filenames 2>/dev/null
      local IFS=$'\\n'
      COMPREPLY=($(compgen -f -- "$cur"))
      return
      ;;
${commands.flatMap(({ name, options }) => options.flatMap((option) => optionCase(name, option))).join('\n')}
    *)
      case "$command" in
        '') words='${[...commands.map(({ name }) => name), '-c', '--config', '--version', '--help'].join(' ')}' ;;
${commands.map(commandCase).join('\n')}
      esac
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _walhook walhook
`;
}

/** What may stand behind an option that takes a value. The file of --config is for all commands. */
function optionCase(command: string, { short, long, value }: CompletedOption): string[] {
  if (value === null || value.kind === 'file') return [];
  const patterns = [long, ...(short === null ? [] : [short])].map((flag) => `'${command} ${flag}'`).join(' | ');
  return [`    ${patterns}) ${assignment(value)} ;;`];
}

function commandCase({ name, options, argument }: CompletedCommand): string {
  const flags = options.flatMap(({ short, long }) => [long, ...(short === null ? [] : [short])]).join(' ');
  return `        ${name}) case "$cur" in -*) words='${flags}' ;; *) ${argument === null ? ':' : assignment(argument)} ;; esac ;;`;
}

function assignment(words: Words): string {
  switch (words.kind) {
    case 'names':
      return `words="$(_walhook_names ${words.of})${words.besides.length === 0 ? '' : ` ${words.besides.join(' ')}`}"`;
    case 'choices':
      return `words='${words.choices.join(' ')}'`;
    case 'file':
    case 'text':
      return ':';
  }
}
