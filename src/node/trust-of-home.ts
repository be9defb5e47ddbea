import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HansaError } from '../schema/errors.ts'
import { decodePem, encodePem } from '../wire/x509/pem.ts'
import { writeFileAtomic } from './home/write-file.ts'
import type { Home } from './home/open-home.ts'

/** DER roots of the own domain. Throws HOME_MISSING when the home has none. */
export async function ownRoots(home: Home): Promise<Uint8Array[]> {
  const file = join(home.paths.roots, `${home.config.domain}.pem`)
  const roots = await readRoots(file)
  if (roots.length === 0) throw new HansaError('HOME_MISSING', `there is no root certificate in ${file}`, { file })
  return roots
}

/** Writes the roots of the own domain to the home: the domain has said, signed, that they are others now. */
export function saveRoots({ paths, config }: Home, roots: readonly Uint8Array[]): Promise<void> {
  return writeFileAtomic(join(paths.roots, `${config.domain}.pem`), roots.map((root) => encodePem('CERTIFICATE', root)).join(''))
}

/** DER roots of the domains that the config lists. Throws CONFIG_INVALID naming the file. */
export async function configuredRoots(home: Home): Promise<Map<string, Uint8Array[]>> {
  const listed = new Map<string, Uint8Array[]>()
  for (const [domain, { roots }] of Object.entries(home.config.trust.domains)) {
    const found = (await Promise.all(roots.map((file) => readRoots(home.resolve(file))))).flat()
    if (found.length === 0) throw new HansaError('CONFIG_INVALID', `trust.domains.${domain}.roots names no file with a certificate`, { domain })
    listed.set(domain, found)
  }
  return listed
}

async function readRoots(file: string): Promise<Uint8Array[]> {
  try {
    return decodePem('CERTIFICATE', await readFile(file, 'utf8'))
  } catch (cause) {
    throw new HansaError('CONFIG_INVALID', `no root certificates can be read from ${file}`, { file }, cause)
  }
}
