import { randomBytes } from 'node:crypto'
import { HansaError } from '../../schema/errors.ts'
import { readSecretFile } from './secret-file.ts'

const FORM = /^\/key\/swarm\/psk\/1\.0\.0\/\r?\n\/base16\/\r?\n[0-9a-f]{64}\s*$/

/** A fresh key of a private swarm, in the text form that libp2p and kubo share: 32 random bytes. */
export function generateSwarmKey(): string {
  return `/key/swarm/psk/1.0.0/\n/base16/\n${randomBytes(32).toString('hex')}\n`
}

export function isSwarmKey(text: string): boolean {
  return text.length < 256 && FORM.test(text)
}

/** Throws KEY_MISSING, KEY_EXPOSED. */
export async function readSwarmKey(path: string): Promise<string> {
  const text = await readSecretFile(path, 'the swarm key')
  if (!isSwarmKey(text)) throw new HansaError('KEY_MISSING', `the swarm key is not in the form /key/swarm/psk/1.0.0/: ${path}`, { file: path })
  return text
}
