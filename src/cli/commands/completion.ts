import { Argument, type Command } from 'commander'
import { completionScript, type Shell, SHELLS } from '../completion-script.ts'
import { define, type Frame } from '../define.ts'

export function addCompletion(program: Command, frame: Frame): void {
  define(program, frame, {
    name: 'completion',
    summary: 'a script that completes commands and options in your shell',
    examples: ['completion bash > /etc/bash_completion.d/hansa', 'completion fish > ~/.config/fish/completions/hansa.fish'],
    options: (command) => command.addArgument(new Argument('<shell>').choices(SHELLS)),
    async run(session, [shell]) {
      const script = completionScript(program, shell as Shell)
      session.out.result({ shell, script }, () => script.trimEnd().split('\n'))
    }
  })
}
