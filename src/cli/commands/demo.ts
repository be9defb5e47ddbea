import type { Command } from 'commander'
import { define, type Frame } from '../define.ts'
import { showMs } from '../show.ts'

export function addDemo(program: Command, frame: Frame): void {
  define(program, frame, {
    name: 'demo',
    summary: 'two domains on this machine as separate processes, end to end, each step checked',
    examples: ['demo', 'demo --keep', 'demo --json'],
    options: (command) => command.option('--keep', 'leave it running and say what to try next'),
    async run(session, _, options) {
      const host = await session.host()
      const held = await host.demo({
        keep: options['keep'] === true,
        signal: session.signal,
        onNote: (line) => {
          if (!session.out.json) session.stdout.write(line + '\n')
        },
        onStep: (step) =>
          session.out.result(step, (done) => [
            `${done.ok ? session.out.style('green', '  ok  ') : session.out.style('red', ' FAIL ')} ${done.title} ${session.out.style('dim', showMs(done.ms))}`,
            ...(done.control === '' ? [] : [`       ${session.out.style('dim', `before: ${done.control}`)}`]),
            `       ${session.out.style('dim', `now:    ${done.saw}`)}`
          ])
      })
      return held ? 0 : 1
    }
  })
}
