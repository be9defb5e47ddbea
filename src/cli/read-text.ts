import { readFile } from 'node:fs/promises'
import { HansaError } from '../schema/errors.ts'
import type { Session } from './context.ts'

/** No text for a command is larger; more would be the wrong file. */
const MAX_BYTES = 4_000_000

/** A text from a file, or from standard input for `-`. Throws NOT_FOUND, FRAME_TOO_LARGE. */
export async function readText(session: Pick<Session, 'stdin'>, path: string): Promise<string> {
  if (path !== '-') {
    let bytes: Buffer
    try {
      bytes = await readFile(path)
    } catch (cause) {
      throw new HansaError('NOT_FOUND', `cannot read the file ${path}`, { file: path }, cause)
    }
    return checked(bytes, path)
  }
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of session.stdin) {
    const bytes = Buffer.from(piece as Uint8Array | string)
    size += bytes.length
    if (size > MAX_BYTES) break
    pieces.push(bytes)
  }
  return checked(Buffer.concat(pieces, Math.min(size, MAX_BYTES + 1)), 'standard input')
}

function checked(bytes: Buffer, what: string): string {
  if (bytes.length > MAX_BYTES) throw new HansaError('FRAME_TOO_LARGE', `${what} has more than ${MAX_BYTES} bytes`, { bound: MAX_BYTES })
  return bytes.toString('utf8')
}
