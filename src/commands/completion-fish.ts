import type { CompletedCommand, CompletedOption, Words } from './completion-model.ts';

/** For fish 3 and later. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  return `# walhook: completion for fish. walhook completion fish > ~/.config/fish/completions/walhook.fish
function __walhook_command
    set -l skip 0
    for token in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if contains -- $token -c --config
            set skip 1
        else if not string match -q -- '-*' $token
            echo $token
            return
        end
    end
end

function __walhook_is
    test "$(__walhook_command)" = "$argv[1]"
end

function __walhook_names
    set -l config walhook.yaml
    set -l tokens (commandline -opc)
    for i in (seq (count $tokens))
        if contains -- $tokens[$i] -c --config; and test $i -lt (count $tokens)
            set config $tokens[(math $i + 1)]
        end
    end
    $tokens[1] completion $argv[1] --config $config 2>/dev/null
end

complete -c walhook -f
complete -c walhook -n '__walhook_is ""' -s c -l config -r -F -d 'the configuration'
complete -c walhook -n '__walhook_is ""' -s V -l version -d 'print the version'
complete -c walhook -n '__walhook_is ""' -s h -l help -d 'print help'
${commands.map(({ name, summary }) => `complete -c walhook -n '__walhook_is ""' -a ${name} -d ${quoted(summary)}`).join('\n')}
${commands.flatMap(commandLines).join('\n')}
`;
}

function commandLines({ name, options, argument }: CompletedCommand): string[] {
  const start = `complete -c walhook -n '__walhook_is ${name}'`;
  return [...(argument === null || argument.kind === 'text' ? [] : [`${start} ${values(argument)}`]), ...options.map((option) => `${start} ${optionWords(option)}`)];
}

function optionWords({ short, long, description, value }: CompletedOption): string {
  return [...(short === null ? [] : [`-s ${short.slice(1)}`]), `-l ${long.slice(2)}`, ...(value === null ? [] : [value.kind === 'file' ? '-r -F' : `-x ${values(value)}`.trimEnd()]), `-d ${quoted(description)}`].join(' ');
}

function values(words: Words): string {
  switch (words.kind) {
    case 'names':
      return `-a '(__walhook_names ${words.of})${words.besides.map((word) => ` ${word}`).join('')}'`;
    case 'choices':
      return `-a '${words.choices.join(' ')}'`;
    case 'file':
    case 'text':
      return '';
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}
