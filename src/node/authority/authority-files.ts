import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { IssuingFiles, RootFiles } from '../../adapters/x509/authority.ts'
import type { IssuerFiles } from '../../adapters/x509/load-issuer.ts'
import type { Rollover } from '../../core/pki/rollover.ts'
import { HansaError } from '../../schema/errors.ts'
import type { HomePaths } from '../home/home-paths.ts'
import { readSecretFile } from '../home/secret-file.ts'

/** An issuing CA that signs no certificates any more. */
export interface RetiredCa {
  /** Name of its directory (see shortCaId). */
  readonly name: string
  readonly issuingCert: string
  readonly rootCert: string
  /** Absent when it has been deleted. */
  readonly issuingKey?: string
  /** When it stopped issuing, and until when it must sign lists; milliseconds since the epoch. */
  readonly at: number
  readonly until: number
}

/** The directory aca/ of a home, texts as they are. */
export interface AuthorityFiles {
  readonly current: { readonly rootCert: string; readonly rootCrl?: string } & IssuingFiles
  readonly next?: RootFiles & IssuingFiles
  readonly previous?: Pick<RootFiles, 'rootCert'> & Partial<RootFiles>
  readonly retired: readonly RetiredCa[]
  readonly rollover?: Rollover
}

const rolloverSchema = z.strictObject({ phase: z.enum(['announced', 'activated']), at: z.int(), servedSince: z.int().optional() })
const retiredSchema = z.strictObject({ at: z.int(), until: z.int() })

/** Names of the files in next/, previous/ and the directories of retired/. */
export const NAMES = {
  rootKey: 'root.key',
  root: 'root.pem',
  rootCrl: 'root.crl',
  issuingKey: 'issuing.key',
  issuing: 'issuing.pem',
  retired: 'retired.json'
} as const

/** Throws KEY_MISSING for what must be there and is not, KEY_EXPOSED for a key that others may read. */
export async function readAuthority({ aca }: HomePaths): Promise<AuthorityFiles> {
  const [rootCert, rootCrl, issuingKey, issuingCert] = await Promise.all([
    needed(aca.root),
    optional(aca.rootCrl),
    readSecretFile(aca.issuingKey, 'the key of the issuing CA'),
    needed(aca.issuing)
  ])
  const next = await readNext(aca.next)
  const previousCert = await optional(join(aca.previous, NAMES.root))
  const previousCrl = await optional(join(aca.previous, NAMES.rootCrl))
  const rollover = await optional(aca.rollover)
  const names = await readdir(aca.retired).catch(() => [])
  return {
    current: { rootCert, ...(rootCrl === undefined ? {} : { rootCrl }), issuingKey, issuingCert },
    ...(next === undefined ? {} : { next }),
    ...(previousCert === undefined ? {} : { previous: { rootCert: previousCert, ...(previousCrl === undefined ? {} : { rootCrl: previousCrl }) } }),
    retired: await Promise.all(names.sort().map((name) => readRetired(join(aca.retired, name), name))),
    ...(rollover === undefined ? {} : { rollover: readState(aca.rollover, rollover, rolloverSchema) as Rollover })
  }
}

/** What a node signs with: also for CAs that have been replaced, until nothing that they issued counts any more. */
export function issuerFiles({ current, next, previous, retired }: AuthorityFiles, now: number): IssuerFiles {
  const others = [next, previous].flatMap((root) => (root === undefined ? [] : [root]))
  return {
    ...current,
    others: others.map(({ rootCert, rootCrl }) => ({ rootCert, ...(rootCrl === undefined ? {} : { rootCrl }) })),
    retired: retired.flatMap(({ issuingKey, issuingCert, rootCert, until }) =>
      issuingKey === undefined || now > until ? [] : [{ issuingKey, issuingCert, rootCert }]
    )
  }
}

async function readNext(dir: string): Promise<AuthorityFiles['next']> {
  const rootCert = await optional(join(dir, NAMES.root))
  if (rootCert === undefined) return undefined
  return {
    rootCert,
    rootCrl: await needed(join(dir, NAMES.rootCrl)),
    issuingKey: await readSecretFile(join(dir, NAMES.issuingKey), 'the key of the next issuing CA'),
    issuingCert: await needed(join(dir, NAMES.issuing))
  }
}

async function readRetired(dir: string, name: string): Promise<RetiredCa> {
  const state = readState(dir, await needed(join(dir, NAMES.retired)), retiredSchema)
  const file = join(dir, NAMES.issuingKey)
  const there = (await optional(file)) !== undefined
  return {
    name,
    ...state,
    issuingCert: await needed(join(dir, NAMES.issuing)),
    rootCert: await needed(join(dir, NAMES.root)),
    ...(there ? { issuingKey: await readSecretFile(file, 'the key of a retired issuing CA') } : {})
  }
}

function readState<T>(file: string, text: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new HansaError('KEY_MISSING', `cannot read the state in ${file}`, { file }, cause)
  }
}

async function needed(file: string): Promise<string> {
  const text = await optional(file)
  if (text === undefined) throw new HansaError('KEY_MISSING', `a file of the authority is missing: ${file}`, { file })
  return text
}

async function optional(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new HansaError('KEY_MISSING', `cannot read a file of the authority: ${file}`, { file }, error)
  }
}
