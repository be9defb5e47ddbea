import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { z } from 'zod'
import { HansaError } from '../../schema/errors.ts'
import type { HomePaths } from './home-paths.ts'
import { readSecretFile } from './secret-file.ts'
import { PRIVATE, writeFileAtomic } from './write-file.ts'

const replaced = z.strictObject({
  /** Serial of the certificate that the node had before. */
  replaces: z.string(),
  /** When that ends, milliseconds since the epoch. */
  until: z.number()
})
export type Replaced = z.infer<typeof replaced>

const next = z.strictObject({ ...replaced.shape, key: z.string(), chain: z.string(), notAfter: z.number() })
/** A new key of a node with its certificate chain, both PEM. */
export type NextKey = z.infer<typeof next>

/** Keeps a new key for the next start. One file, so that key and chain cannot be parted. */
export function writeNextKey({ nextKey }: HomePaths, key: NextKey): Promise<void> {
  return writeFileAtomic(nextKey, JSON.stringify(key), PRIVATE)
}

/**
 * Puts a key that waits in the place of the one before, for a home that nobody runs. The file that it waits in goes last: after a crash anywhere in between this is done
 * once more, to the same end. One whose certificate has ended meanwhile is dropped.
 * @returns whether key and chain are others now
 * @throws KEY_MISSING when what waits cannot be read, KEY_EXPOSED
 */
export async function takeNextKey(paths: HomePaths, now: number): Promise<boolean> {
  if (!existsSync(paths.nextKey)) return false
  const found = parse(next, await readSecretFile(paths.nextKey, "the node's next key"), paths.nextKey)
  const usable = found.notAfter > now
  if (usable) {
    const { replaces, until, key, chain } = found
    await writeFileAtomic(paths.key, key, PRIVATE)
    await writeFileAtomic(paths.chain, chain)
    await writeFileAtomic(paths.replaced, JSON.stringify({ replaces, until }), PRIVATE)
  }
  await rm(paths.nextKey, { force: true })
  return usable
}

/** The certificate that the last change of keys has left behind; undefined when it has been given up, or there was none. */
export async function readReplaced(paths: HomePaths): Promise<Replaced | undefined> {
  if (!existsSync(paths.replaced)) return undefined
  return parse(replaced, await readSecretFile(paths.replaced, 'the certificate before this one'), paths.replaced)
}

export function forgetReplaced(paths: HomePaths): Promise<void> {
  return rm(paths.replaced, { force: true })
}

function parse<S extends z.ZodType>(schema: S, text: string, file: string): z.output<S> {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new HansaError('KEY_MISSING', `not what a change of keys writes: ${file}`, { file }, cause)
  }
}
