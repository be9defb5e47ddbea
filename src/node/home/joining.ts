import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { z } from 'zod'
import { seedToPem } from '../../adapters/system/crypto.ts'
import { HansaError } from '../../schema/errors.ts'
import { refuseExisting } from './create-home.ts'
import { homePaths, type HomePaths } from './home-paths.ts'
import { generateSeed, readNodeSeed } from './node-key.ts'
import { readSecretFile } from './secret-file.ts'
import { PRIVATE, writeFileAtomic } from './write-file.ts'

/** A home before it is one: a key, and what is known of the application for its certificate. */
export interface HalfMade {
  readonly seed: Uint8Array
  /** Text of the invite. */
  readonly invite?: string
  /** Of an application that waits. */
  readonly applicationId?: string
}

const saved = z.strictObject({ invite: z.string().optional(), applicationId: z.string().optional() })

/** What has been begun at a place; undefined where nothing has. Throws HOME_EXISTS for a home that is whole, KEY_EXPOSED. */
export async function readJoining(paths: HomePaths): Promise<HalfMade | undefined> {
  if (existsSync(paths.config) || !existsSync(paths.joining)) {
    await refuseExisting(paths.dir)
    return undefined
  }
  const text = await readSecretFile(paths.joining, 'the application that waits')
  const { invite, applicationId } = parse(text, paths)
  return { seed: await seedOf(paths), ...(invite === undefined ? {} : { invite }), ...(applicationId === undefined ? {} : { applicationId }) }
}

/** Begins a home: from here on its key is kept. */
export async function beginJoining(paths: HomePaths, seed: Uint8Array): Promise<void> {
  await mkdir(paths.dir, { recursive: true, mode: 0o700 })
  // First: a place with this file may be gone on with, one with a key alone could be anything.
  await writeJoining(paths, {})
  await writeFileAtomic(paths.key, seedToPem(seed), PRIVATE)
}

export function writeJoining(paths: HomePaths, { invite, applicationId }: Omit<HalfMade, 'seed'>): Promise<void> {
  return writeFileAtomic(paths.joining, JSON.stringify({ invite, applicationId }), PRIVATE)
}

/** A crash may have come before the key. */
async function seedOf(paths: HomePaths): Promise<Uint8Array> {
  if (existsSync(paths.key)) return readNodeSeed(paths)
  const seed = generateSeed()
  await writeFileAtomic(paths.key, seedToPem(seed), PRIVATE)
  return seed
}

function parse(text: string, { joining }: HomePaths): z.infer<typeof saved> {
  try {
    return saved.parse(JSON.parse(text))
  } catch (cause) {
    throw new HansaError('HOME_EXISTS', `not what hansa join writes: ${joining}`, { file: joining }, cause)
  }
}

/** True when what has been begun at a place knows its invite. Throws as `readJoining`. */
export async function hasInvite(home: string): Promise<boolean> {
  return (await readJoining(homePaths(home)))?.invite !== undefined
}
