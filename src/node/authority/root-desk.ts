import { open, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ROOT_LIST_DAYS } from '../../adapters/x509/authority.ts'
import { signRootList } from '../../adapters/x509/root-list.ts'
import { isSealed, openKey, sealKey } from '../../adapters/x509/sealed-key.ts'
import { HansaError } from '../../schema/errors.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import { CRL_REASONS, type CrlReason, isCrlReason, parseCrl } from '../../wire/x509/crl.ts'
import { decodePem, encodePem } from '../../wire/x509/pem.ts'
import { readSecretFile } from '../home/secret-file.ts'
import { PRIVATE, writeFileAtomic } from '../home/write-file.ts'
import type { AuthorityDesk } from './authority-desk.ts'
import { certificateOf } from './certificate-of.ts'
import { type OpenAuthority, withAuthority } from './open-authority.ts'
import { openRoot } from './root-key.ts'
import { viewAuthority } from './view.ts'

export const showRoot: AuthorityDesk['show'] = (home) => withAuthority(home, ({ paths, config }) => viewAuthority(paths, config.domain))

export const sealRoot: AuthorityDesk['seal'] = (home, passphrase) =>
  withAuthority(home, async ({ paths, config }) => {
    const text = await readSecretFile(paths.aca.rootKey, 'the key of the root')
    if (isSealed(text)) throw new HansaError('INVALID_ARGUMENT', 'the key of the root is sealed already')
    await writeFileAtomic(paths.aca.rootKey, sealKey(openKey(text), await passphrase()), PRIVATE)
    return viewAuthority(paths, config.domain)
  })

export const exportRoot: AuthorityDesk['export'] = (home, file) =>
  withAuthority(home, async ({ paths, config }) => {
    const text = await readSecretFile(paths.aca.rootKey, 'the key of the root')
    const target = resolve(file)
    try {
      const out = await open(target, 'wx', PRIVATE)
      try {
        await out.chmod(PRIVATE)
        await out.writeFile(text)
        await out.sync()
      } finally {
        await out.close()
      }
    } catch (cause) {
      throw new HansaError('INVALID_ARGUMENT', `cannot make the file ${target}; it must be new, and its directory there`, { file: target }, cause)
    }
    // Not before it can be read there.
    if ((await readSecretFile(target, 'the key of the root')) !== text) throw new HansaError('STORE_FAILED', `${target} does not hold what was written to it`)
    await rm(paths.aca.rootKey)
    return viewAuthority(paths, config.domain)
  })

export function signRootListAt(now: () => number): AuthorityDesk['signList'] {
  return (home, source, { days = ROOT_LIST_DAYS, revoke }) =>
    withAuthority(home, async (authority) => {
      const { paths, config, files } = authority
      const at = now()
      const held = files.current.rootCrl === undefined ? undefined : parseCrl(decodePem('X509 CRL', files.current.rootCrl)[0] ?? new Uint8Array())
      const before = [...(held?.revoked ?? [])].map(([serial, entry]) => ({ serial, at: entry.at, reason: reasonOf(entry.reason) }))
      const added = revoke === undefined ? [] : [{ serial: revocable(authority, revoke.serial), at, reason: wantedReason(revoke.reason) }]
      const revoked = [...before.filter(({ serial }) => !added.some((each) => each.serial === serial)), ...added]
      const { certificate, key } = await openRoot(authority, source)
      const list = signRootList({ certificate, key, number: (held?.number ?? 0) + 1, now: at, days, revoked })
      await writeFileAtomic(paths.aca.rootCrl, encodePem('X509 CRL', list))
      return viewAuthority(paths, config.domain)
    })
}

/** The CA that signs now is replaced first: with it on the list, nobody would believe the next certificate. */
function revocable({ files }: OpenAuthority, text: string): string {
  const serial = text.toLowerCase().replace(/[:]/g, '').replace(/^0+/, '')
  const of = (pem: string): string => parseCertificate(certificateOf(pem)).serial
  if (of(files.current.issuingCert) === serial)
    throw new HansaError('INVALID_ARGUMENT', 'this issuing CA signs now: replace it first (hansa ca rollover issuing)', { argument: 'serial' })
  const ours = files.retired.filter(({ rootCert }) => rootCert === files.current.rootCert)
  if (!ours.some(({ issuingCert }) => of(issuingCert) === serial))
    throw new HansaError('NOT_FOUND', 'no issuing CA of this root has this serial', { serial: serial.slice(0, 64) })
  return serial
}

function reasonOf(number: number): CrlReason {
  return (Object.keys(CRL_REASONS) as CrlReason[]).find((name) => CRL_REASONS[name] === number) ?? 'unspecified'
}

function wantedReason(text: string): CrlReason {
  if (isCrlReason(text)) return text
  throw new HansaError('INVALID_ARGUMENT', `not a reason to revoke a CA; one of ${Object.keys(CRL_REASONS).join(', ')} is wanted`, { argument: 'reason' })
}
