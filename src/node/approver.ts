import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { basename, resolve } from 'node:path'
import { open } from 'node:fs/promises'
import { createSigner, seedFromPem } from '../adapters/system/crypto.ts'
import { approvalBytes, type Ruling } from '../core/pki/approval.ts'
import { HansaError } from '../schema/errors.ts'
import { readSecretFile } from './home/secret-file.ts'
import { PRIVATE } from './home/write-file.ts'

export interface ApproverKey {
  readonly name: string
  /** Absolute paths. */
  readonly privateKey: string
  readonly publicKey: string
}

/** Makes an Ed25519 key pair for somebody who approves applications (draft 3.1.1). Throws INVALID_ARGUMENT when a file is there already. */
export async function newApprover(name: string, out: string): Promise<ApproverKey> {
  const { privateKey } = generateKeyPairSync('ed25519')
  const files = { privateKey: resolve(out), publicKey: `${resolve(out)}.pub` }
  await writeNew(files.privateKey, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), PRIVATE)
  await writeNew(files.publicKey, createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString(), 0o644)
  return { name, ...files }
}

/** What an approver is called whose key has no other name: alice.key is of alice. */
export function approverName(keyFile: string): string {
  return basename(keyFile).replace(/\.(key|pem)$/, '')
}

/** The approver's signature of a decision, base64, made with the key in a file. Throws KEY_MISSING, KEY_EXPOSED. */
export async function signRuling(keyFile: string, ruling: Ruling): Promise<string> {
  const signer = createSigner(seedFromPem(await readSecretFile(resolve(keyFile), 'the key of the approver')))
  return Buffer.from(signer.sign(approvalBytes(ruling))).toString('base64')
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  let file
  try {
    file = await open(path, 'wx', mode)
  } catch (cause) {
    throw new HansaError('INVALID_ARGUMENT', `cannot make the file ${path}; is it there already?`, { argument: 'out' }, cause)
  }
  try {
    await file.chmod(mode)
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}
