import type { Command } from 'commander'
import { define, type Frame, group } from '../define.ts'
import { authorityDesk, passphraseOf, passphraseOption, renderRoot, sourceOf, sourceOptions } from './ca-root.ts'

/** How an issuing CA and a root are replaced, on the home of a node that is not running. */
export function addCaRollover(ca: Command, frame: Frame): void {
  const rollover = group(ca, 'rollover', 'replace the issuing CA, or the root in three steps (root, activate, finish); the node must not be running')
  const next = 'it takes effect when the node starts: hansa up'

  define(rollover, frame, {
    name: 'issuing',
    summary: 'a new issuing CA under the same root; the old one signs lists until what it issued has ended',
    examples: ['ca rollover issuing', 'ca rollover issuing --root-key /media/safe/north-root.key'],
    options: (command) => void sourceOptions(command),
    async run(session, _, options) {
      session.out.result(await (await authorityDesk()).rolloverIssuing(session.home, sourceOf(session, options)), renderRoot)
      session.out.note(next)
    }
  })

  define(rollover, frame, {
    name: 'root',
    summary: 'first step: make the next root and tell the members of it; the present one still issues',
    examples: ['ca rollover root --seal'],
    options: (command) => void passphraseOption(command.option('--seal', 'seal the key of the next root with a passphrase')),
    async run(session, _, options) {
      const passphrase = options['seal'] === true ? passphraseOf(session, options, true) : undefined
      session.out.result(await (await authorityDesk()).announceRoot(session.home, passphrase), renderRoot)
      session.out.note(`${next}; a day later: hansa ca rollover activate`)
    }
  })

  define(rollover, frame, {
    name: 'activate',
    summary: 'second step: issue under the next root; both are believed',
    examples: ['ca rollover activate'],
    options: (command) => command.option('--now', 'also when members have had no day to hear of the next root: those that have not are cut off'),
    async run(session, _, options) {
      session.out.result(await (await authorityDesk()).activateRoot(session.home, options['now'] === true), renderRoot)
      session.out.note(`${next}; when all certificates are renewed: hansa ca rollover finish`)
    }
  })

  define(rollover, frame, {
    name: 'finish',
    summary: 'last step: forget the previous root, and keys of retired issuing CAs that are not wanted any more',
    examples: ['ca rollover finish'],
    options: (command) => command.option('--now', 'also when certificates under the previous root are in force: their holders are cut off'),
    async run(session, _, options) {
      session.out.result(await (await authorityDesk()).finish(session.home, options['now'] === true), renderRoot)
      session.out.note(next)
    }
  })
}
