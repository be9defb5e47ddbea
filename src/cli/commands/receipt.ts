import type { Command } from 'commander'
import { define, type Frame } from '../define.ts'

export function addReceipt(program: Command, frame: Frame): void {
  define(program, frame, {
    name: 'receipt <agent> <id>',
    summary: 'what has become of a message that waits for an agent (call --inbox), with the reply once there is one',
    examples: [
      'receipt laptop@south.example inbox-0fJ3kq9XbVd2LrT5yWc8Zg.agw.gw1',
      'receipt laptop@south.example inbox-0fJ3kq9XbVd2LrT5yWc8Zg.agw.gw1 --cancel'
    ],
    options: (command) => command.option('--cancel', 'take the message back, if it still waits'),
    async run(session, [agent = '', id = ''], options) {
      const answer = await (await session.admin()).call('receipt', { agent, id, cancel: options['cancel'] === true }, session.signal)
      session.out.result(answer, ({ state, text }) => [session.out.style('dim', state), ...(text === '' ? [] : text.split('\n'))])
    }
  })
}
