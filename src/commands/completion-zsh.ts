import type { CompletedCommand, CompletedOption, Words } from './completion-model.ts';

/** For zsh: to be sourced, or put into a folder of `fpath` as `_walhook`. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  return `#compdef walhook
# walhook: completion for zsh. In ~/.zshrc, after compinit: source <(walhook completion zsh)
_walhook_names() {
  local kind=$1 config=walhook.yaml i
  shift
  for ((i = 1; i < \${#_walhook_line}; i++)); do
    case \${_walhook_line[i]} in -c|--config) config=\${(Q)_walhook_line[i+1]} ;; esac
  done
  local -a names
  names=(\${(f)"$(\${(Q)_walhook_line[1]} completion $kind --config $config 2>/dev/null)"} $@)
  compadd -a names
}

_walhook() {
  local -a _walhook_line commands
  local curcontext="$curcontext" state line ret=1
  typeset -A opt_args
  _walhook_line=("\${words[@]}")
  commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join('\n')}
  )
  _arguments -C '(-c --config)'{-c,--config}'[the configuration]:file:_files' '(-V --version)'{-V,--version}'[print the version]' '(-h --help)'{-h,--help}'[print help]' '1:command:->command' '*::argument:->rest' && ret=0
  case $state in
    command) _describe -t commands command commands && ret=0 ;;
    rest)
      case $words[1] in
${commands.map(commandCase).join('\n')}
      esac
      ;;
  esac
  return ret
}

if [ "$funcstack[1]" = _walhook ]; then
  _walhook "$@"
else
  compdef _walhook walhook
fi
`;
}

function commandCase({ name, options, argument }: CompletedCommand): string {
  const specs = [...options.map(optionSpec), ...(argument === null ? [] : [quoted(`*:${action(argument, 'argument')}`)])];
  return `        ${name}) _arguments ${specs.join(' ')} && ret=0 ;;`;
}

function optionSpec({ short, long, description, value }: CompletedOption): string {
  const behind = quoted(`[${description.replaceAll(/[[\]\\]/g, '\\$&')}]${value === null ? '' : `:${action(value, long.slice(2))}`}`);
  return short === null ? `${quoted('*')}${long}${behind}` : `${quoted('*')}{${short},${long}}${behind}`;
}

function action(words: Words, what: string): string {
  switch (words.kind) {
    case 'names':
      // The space keeps zsh from putting words of its own before ours.
      return `${what}: _walhook_names ${[words.of, ...words.besides].join(' ')}`;
    case 'choices':
      return `${what}:(${words.choices.join(' ')})`;
    case 'file':
      return `${what}:_files`;
    case 'text':
      return `${what}: `;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
