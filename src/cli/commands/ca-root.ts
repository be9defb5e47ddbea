import type { Command, OptionValues } from 'commander'
import type { AuthorityDesk, RootKeySource, RootView } from '../../node/authority/authority-desk.ts'
import { countArgument, oneOfArgument } from '../arguments.ts'
import type { Session } from '../context.ts'
import { define, type Frame, group } from '../define.ts'
import { readPassphrase } from '../read-passphrase.ts'
import { showTime } from '../show.ts'

/** RFC 5280 5.3.1, those that make sense for an issuing CA. */
const REASONS = ['unspecified', 'keyCompromise', 'superseded', 'cessationOfOperation'] as const
/** Ten years, as long as a root lives. */
const MAX_DAYS = 3650

/** What is done with the root of the domain, on the home of a node that is not running. */
export function addCaRoot(ca: Command, frame: Frame): void {
  const root = group(ca, 'root', 'the root of the domain and its key; the node must not be running')

  define(root, frame, {
    name: 'show',
    summary: 'roots, issuing CAs, where the root key is, and what ends when',
    examples: ['ca root show --home ./north'],
    async run(session) {
      session.out.result(await (await authorityDesk()).show(session.home), renderRoot)
    }
  })

  define(root, frame, {
    name: 'seal',
    summary: 'seal the root key with a passphrase (PKCS#8, readable by openssl pkey)',
    examples: ['ca root seal', 'ca root seal --passphrase-file /run/secrets/root'],
    options: passphraseOption,
    async run(session, _, options) {
      session.out.result(await (await authorityDesk()).seal(session.home, passphraseOf(session, options, true)), renderRoot)
    }
  })

  define(root, frame, {
    name: 'export <file>',
    summary: 'move the root key out of the home to a new file, such as one on a medium that goes into a safe',
    examples: ['ca root export /media/safe/north-root.key'],
    async run(session, [file = '']) {
      session.out.result(await (await authorityDesk()).export(session.home, file), renderRoot)
      session.out.note('commands that need it take it with --root-key FILE; keep a second copy')
    }
  })

  define(root, frame, {
    name: 'crl',
    summary: 'sign the next revocation list of the root: which issuing CAs are revoked',
    examples: ['ca root crl', 'ca root crl --root-key /media/safe/north-root.key --revoke-issuing 4f0c... --reason keyCompromise'],
    options: (command) =>
      sourceOptions(command)
        .option('--days <count>', 'how long the list is good for', countArgument(MAX_DAYS), 365)
        .option('--revoke-issuing <serial>', 'put an issuing CA that was replaced on it')
        .option('--reason <reason>', REASONS.join(', '), oneOfArgument(...REASONS), 'unspecified'),
    async run(session, _, options) {
      const serial = options['revokeIssuing'] as string | undefined
      const list = { days: Number(options['days']), ...(serial === undefined ? {} : { revoke: { serial, reason: String(options['reason']) } }) }
      session.out.result(await (await authorityDesk()).signList(session.home, sourceOf(session, options), list), renderRoot)
    }
  })
}

/** Loaded when it is needed, and without the network, which it does without. */
export async function authorityDesk(): Promise<AuthorityDesk> {
  return (await import('../../node/authority/create-authority-desk.ts')).createAuthorityDesk()
}

export function passphraseOption(command: Command): Command {
  return command.option('--passphrase-file <file>', 'file with the passphrase, closed to others (or $HANSA_ROOT_PASSPHRASE_FILE); otherwise it is asked for')
}

export function passphraseOf(session: Session, options: OptionValues, fresh: boolean): () => Promise<string> {
  return () => readPassphrase(session, options['passphraseFile'] as string | undefined, fresh)
}

export function sourceOptions(command: Command): Command {
  return passphraseOption(command.option('--root-key <file>', 'where the root key is, when it is not in the home'))
}

export function sourceOf(session: Session, options: OptionValues): RootKeySource {
  const rootKey = options['rootKey'] as string | undefined
  return { ...(rootKey === undefined ? {} : { rootKey }), passphrase: passphraseOf(session, options, false) }
}

const KEY: Readonly<Record<RootView['rootKey'], string>> = {
  sealed: 'in the home, sealed',
  open: 'in the home, OPEN: seal it (hansa ca root seal) or take it offline (hansa ca root export FILE)',
  elsewhere: 'not in the home'
}

export function renderRoot(view: RootView): string[] {
  const rows: [string, string][] = [
    ...view.roots.flatMap(({ use, sha256, notAfter, list }): [string, string][] => [
      [use === 'current' ? 'root' : `${use} root`, `${sha256} until ${showTime(notAfter)}`],
      ...(list === undefined ? [] : [['  list', `number ${list.number} until ${showTime(list.nextUpdate)}, ${list.revoked} revoked`] as [string, string]])
    ]),
    ['root key', KEY[view.rootKey]],
    ['issuing CA', `${view.issuing.serial} until ${showTime(view.issuing.notAfter)}`],
    ...view.retired.map(({ serial, at, until, hasKey }): [string, string] => [
      'retired CA',
      `${serial} since ${showTime(at)}, ${hasKey ? `signs lists until ${showTime(until)}; then its key may be deleted (hansa ca rollover finish)` : 'its key is deleted'}`
    ]),
    ...(view.rollover === undefined
      ? []
      : [
          [
            'rollover',
            `${view.rollover.phase} ${showTime(view.rollover.at)}, then hansa ca rollover ${view.rollover.phase === 'announced' ? 'activate' : 'finish'}`
          ] as [string, string]
        ])
  ]
  return rows.map(([key, value]) => `${key.padEnd(14)} ${value}`)
}
