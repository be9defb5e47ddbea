import { readFile, stat } from 'node:fs/promises'
import { HansaError } from '../../schema/errors.ts'

/** The card of an agent that serves none itself. Throws NOT_FOUND when the file cannot be read, INVALID_AGENT_RESPONSE when it is too large. */
export async function readCardFile(file: URL, maxBytes: number): Promise<Uint8Array> {
  try {
    const { size } = await stat(file)
    if (size > maxBytes) throw new HansaError('INVALID_AGENT_RESPONSE', `the card ${file.pathname} has ${size} bytes; ${maxBytes} are the most`)
    return await readFile(file)
  } catch (cause) {
    if (cause instanceof HansaError) throw cause
    throw new HansaError('NOT_FOUND', `the card ${file.pathname} cannot be read`, { file: file.pathname }, cause)
  }
}
