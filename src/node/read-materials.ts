import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Role } from '../core/ids/role.ts'
import { HansaError } from '../schema/errors.ts'

/** What an applicant says of itself, with what proves it (draft 3.1.1: key supporting materials). */
export interface Materials {
  readonly oidcToken?: string
  readonly documents?: { readonly title: string; readonly sha256: Uint8Array; readonly statement: Uint8Array; readonly jws: string }[]
  readonly developer?: string
  readonly organisation?: string
  readonly name?: string
  readonly roles?: Role[]
  readonly scopes?: string[]
  readonly skills?: string[]
}

/** Files of materials: those of one document go together. */
export interface MaterialFiles {
  readonly oidcToken?: string
  readonly documents: readonly { readonly document: string; readonly statement: string; readonly jws: string }[]
}

/** No token or statement is longer; what is would not go through. */
const MAX_BYTES = 32 * 1024

/** Reads what is proved by files. Of a document only its hash is sent. Throws NOT_FOUND, FRAME_TOO_LARGE. */
export async function readMaterials({ oidcToken, documents }: MaterialFiles): Promise<Pick<Materials, 'oidcToken' | 'documents'>> {
  const token = oidcToken === undefined ? undefined : (await small(oidcToken)).toString('utf8').trim()
  const read = await Promise.all(
    documents.map(async ({ document, statement, jws }) => ({
      title: basename(document),
      sha256: await hashOf(document),
      statement: new Uint8Array(await small(statement)),
      jws: (await small(jws)).toString('utf8').trim()
    }))
  )
  return { ...(token === undefined ? {} : { oidcToken: token }), ...(read.length === 0 ? {} : { documents: read }) }
}

async function small(path: string): Promise<Buffer> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw unreadable(path, cause)
  })
  if (bytes.length > MAX_BYTES) throw new HansaError('FRAME_TOO_LARGE', `${path} has ${bytes.length} bytes`, { bound: MAX_BYTES })
  return bytes
}

async function hashOf(path: string): Promise<Uint8Array> {
  const hash = createHash('sha256')
  try {
    for await (const piece of createReadStream(path)) hash.update(piece as Buffer)
  } catch (cause) {
    throw unreadable(path, cause)
  }
  return new Uint8Array(hash.digest())
}

function unreadable(path: string, cause: unknown): HansaError {
  return new HansaError('NOT_FOUND', `cannot read the file ${path}`, { file: path }, cause)
}
