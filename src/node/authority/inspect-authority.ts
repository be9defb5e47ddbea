import { existsSync } from 'node:fs'
import { HansaError } from '../../schema/errors.ts'
import type { HomePaths } from '../home/home-paths.ts'
import { readSecretFile } from '../home/secret-file.ts'
import type { RootView } from './authority-desk.ts'
import { viewAuthority } from './view.ts'

const DAY = 86_400_000
/** Time to bring a root key out of its safe. */
const WARN_DAYS = 90

/** What `hansa doctor` says of the CA keys of a home: where they are. Throws KEY_MISSING, KEY_EXPOSED. */
export async function inspectKeys(paths: HomePaths, domain: string): Promise<string> {
  await readSecretFile(paths.aca.issuingKey, 'the key of the issuing CA')
  // The root's key is best kept elsewhere: it signs nothing from day to day.
  if (existsSync(paths.aca.rootKey)) await readSecretFile(paths.aca.rootKey, 'the key of the root')
  const { rootKey, retired } = await viewAuthority(paths, domain)
  const where = {
    elsewhere: 'that of the root is elsewhere',
    sealed: 'that of the root is sealed in the home',
    open: 'that of the root lies open in the home: seal it (hansa ca root seal) or take it offline (hansa ca root export FILE)'
  }
  const kept = retired.filter(({ hasKey }) => hasKey)
  return [
    `the key of the issuing CA is closed to others, ${where[rootKey]}`,
    ...kept.map(({ serial, until }) => `that of the retired CA ${serial} may be deleted after ${day(until)} (hansa ca rollover finish)`)
  ].join('; ')
}

/** What it says of their dates. Throws CERTIFICATE_EXPIRED when one has ended, CRL_STALE when the root's list has. */
export async function inspectDates(paths: HomePaths, domain: string, now: number): Promise<string> {
  const { roots, issuing, rollover } = await viewAuthority(paths, domain)
  const [root] = roots
  if (root === undefined) return 'no root'
  if (now > Math.min(root.notAfter, issuing.notAfter))
    throw new HansaError('CERTIFICATE_EXPIRED', `the issuing CA ended on ${day(issuing.notAfter)}, the root ends on ${day(root.notAfter)}`)
  if (root.list !== undefined && now > root.list.nextUpdate)
    throw new HansaError('CRL_STALE', `the list of the root ended on ${day(root.list.nextUpdate)}: hansa ca root crl signs the next`, { domain })
  const lines = [
    `root ${left(root.notAfter, now, 'hansa ca rollover root')}`,
    `issuing CA ${left(issuing.notAfter, now, 'hansa ca rollover issuing')}`,
    root.list === undefined ? 'the root has signed no list (hansa ca root crl)' : `list of the root ${left(root.list.nextUpdate, now, 'hansa ca root crl')}`
  ]
  return [...lines, ...rolling(rollover)].join('; ')
}

function left(end: number, now: number, remedy: string): string {
  const days = Math.floor((end - now) / DAY)
  return `until ${day(end)} (${days} days)${days < WARN_DAYS ? `, soon: ${remedy}` : ''}`
}

function rolling(rollover: RootView['rollover']): string[] {
  if (rollover === undefined) return []
  return rollover.phase === 'announced'
    ? ['the next root is announced: hansa ca rollover activate']
    : ['the previous root is still believed: hansa ca rollover finish']
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
