import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createIssuing, createRoot, rootFiles } from '../../adapters/x509/authority.ts'
import { caId } from '../../adapters/x509/load-issuer.ts'
import { keyPem, sealKey } from '../../adapters/x509/sealed-key.ts'
import { activatableAt, type Rollover } from '../../core/pki/rollover.ts'
import { HansaError } from '../../schema/errors.ts'
import { changeFiles, type FileChange } from '../home/file-changes.ts'
import { readSecretFile } from '../home/secret-file.ts'
import { caPointers } from '../pointers.ts'
import type { AuthorityDesk } from './authority-desk.ts'
import { NAMES } from './authority-files.ts'
import { type OpenAuthority, withAuthority } from './open-authority.ts'
import { retire } from './rollover-issuing.ts'
import { viewAuthority } from './view.ts'

export function announceRootAt(now: () => number): AuthorityDesk['announceRoot'] {
  return (home, passphrase) =>
    withAuthority(home, async (authority) => {
      const { paths, config, files } = authority
      if (files.next !== undefined || files.previous !== undefined)
        throw new HansaError('INVALID_ARGUMENT', 'a rollover of the root is under way: hansa ca rollover activate, or finish, comes first')
      const secret = await passphrase?.()
      const root = createRoot(config.domain, now())
      const { rootCert, rootCrl } = rootFiles(root, now())
      // Made now, while the new root's key is at hand: it need not come back for the activation.
      const issuing = createIssuing(config.domain, now(), root, caPointers(config.ca.url, caId(root.certificate)))
      const next = (name: string): string => join(paths.aca.next, name)
      await changeFiles(paths, [
        { path: next(NAMES.rootKey), content: secret === undefined ? keyPem(root.key) : sealKey(root.key, secret), secret: true },
        { path: next(NAMES.root), content: rootCert },
        { path: next(NAMES.rootCrl), content: rootCrl },
        { path: next(NAMES.issuingKey), content: issuing.issuingKey, secret: true },
        { path: next(NAMES.issuing), content: issuing.issuingCert },
        trusted(authority, files.current.rootCert, rootCert),
        state(authority, { phase: 'announced', at: now() })
      ])
      return viewAuthority(paths, config.domain)
    })
}

export function activateRootAt(now: () => number): AuthorityDesk['activateRoot'] {
  return (home, atOnce) =>
    withAuthority(home, async (authority) => {
      const { paths, config, files } = authority
      const { next, current, rollover } = files
      if (next === undefined || rollover === undefined)
        throw new HansaError('INVALID_ARGUMENT', 'no next root has been announced: hansa ca rollover root comes first')
      if (!atOnce) refuseTooEarly(rollover, now())
      const { aca } = paths
      const [oldKey, newKey] = await Promise.all([aca.rootKey, join(aca.next, NAMES.rootKey)].map(keyIfThere))
      await changeFiles(paths, [
        ...retire(authority, now()),
        keyAt(join(aca.previous, NAMES.rootKey), oldKey),
        { path: join(aca.previous, NAMES.root), content: current.rootCert },
        ...(current.rootCrl === undefined ? [] : [{ path: join(aca.previous, NAMES.rootCrl), content: current.rootCrl }]),
        keyAt(aca.rootKey, newKey),
        { path: aca.root, content: next.rootCert },
        { path: aca.rootCrl, content: next.rootCrl },
        { path: aca.issuingKey, content: next.issuingKey, secret: true },
        { path: aca.issuing, content: next.issuingCert },
        ...[NAMES.rootKey, NAMES.root, NAMES.rootCrl, NAMES.issuingKey, NAMES.issuing].map((name) => ({ path: join(aca.next, name) })),
        trusted(authority, next.rootCert, current.rootCert),
        state(authority, { phase: 'activated', at: now() })
      ])
      return viewAuthority(paths, config.domain)
    })
}

/** Whoever has not heard of the new root refuses what is issued under it. */
function refuseTooEarly(rollover: Rollover, now: number): void {
  const from = activatableAt(rollover)
  if (from === undefined)
    throw new HansaError('INVALID_ARGUMENT', 'nobody can have heard of the next root: start the node (hansa up) and leave it a day, or say --now')
  if (now < from)
    throw new HansaError('INVALID_ARGUMENT', `not every member will have heard of the next root before ${new Date(from).toISOString()}; wait, or say --now`)
}

/** What the domain believes from the next start on; the first root is the one that invites name. */
export function trusted({ paths, config }: OpenAuthority, ...roots: readonly string[]): FileChange {
  return { path: join(paths.roots, `${config.domain}.pem`), content: roots.join('') }
}

function state({ paths }: OpenAuthority, rollover: Rollover): FileChange {
  return { path: paths.aca.rollover, content: JSON.stringify(rollover) + '\n' }
}

/** A key may be kept elsewhere; then nothing of another root may stay in its place. */
function keyAt(path: string, content: string | undefined): FileChange {
  return content === undefined ? { path } : { path, content, secret: true }
}

async function keyIfThere(file: string): Promise<string | undefined> {
  const there = await readFile(file).then(
    () => true,
    () => false
  )
  return there ? readSecretFile(file, 'the key of a root') : undefined
}
