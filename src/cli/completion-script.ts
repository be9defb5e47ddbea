import type { Command } from 'commander'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** Command path ("hansa gw") and the words that may follow it: subcommands and options. */
function wordsByPath(command: Command, path = 'hansa'): Map<string, string[]> {
  const words = [...command.commands.map((child) => child.name()), ...command.options.flatMap((option) => option.long ?? []), '--help']
  const all = new Map([[path, words]])
  for (const child of command.commands) for (const [inner, values] of wordsByPath(child, `${path} ${child.name()}`)) all.set(inner, values)
  return all
}

/** A static script made from the commands themselves, so that completing never starts a process. */
export function completionScript(program: Command, shell: Shell): string {
  const paths = wordsByPath(program)
  const known = [...paths.keys()].filter((path) => path.includes(' '))
  return { bash, zsh, fish }[shell](paths, known)
}

type Render = (paths: ReadonlyMap<string, readonly string[]>, known: readonly string[]) => string

const quoted = (path: string): string => `'${path}'`

const bash: Render = (paths, known) => `# hansa completion bash
_hansa() {
  local path=hansa word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
      ${known.map(quoted).join('|')}) path="$path $word" ;;
    esac
  done
  case "$path" in
${[...paths].map(([path, words]) => `    ${quoted(path)}) COMPREPLY=($(compgen -W '${words.join(' ')}' -- "\${COMP_WORDS[COMP_CWORD]}")) ;;`).join('\n')}
  esac
}
complete -o default -F _hansa hansa
`

const zsh: Render = (paths, known) => `#compdef hansa
# hansa completion zsh
_hansa() {
  local at=hansa word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
      ${known.map(quoted).join('|')}) at="$at $word" ;;
    esac
  done
  case "$at" in
${[...paths].map(([path, words]) => `    ${quoted(path)}) compadd -- ${words.join(' ')} ;;`).join('\n')}
  esac
}
compdef _hansa hansa
`

const fish: Render = (paths, known) => `# hansa completion fish
function __hansa_words
    set -l at hansa
    for word in (commandline -opc)[2..-1]
        switch "$at $word"
            case ${known.map(quoted).join(' ')}
                set at "$at $word"
        end
    end
    switch "$at"
${[...paths].map(([path, words]) => `        case ${quoted(path)}\n            printf '%s\\n' ${words.join(' ')}`).join('\n')}
    end
end
complete -c hansa -a '(__hansa_words)'
`
