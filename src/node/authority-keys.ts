import { createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createTokenVerifier } from '../adapters/jose/token-verifier.ts'
import { isEd25519Spki } from '../core/ids/peer-id.ts'
import type { TokenVerifier } from '../ports/token-verifier.ts'
import { HansaError } from '../schema/errors.ts'
import type { Home } from './home/open-home.ts'

/** A JWKS of many keys is a few KiB. */
const MAX_BYTES = 256 * 1024

/** Public keys of those who may approve applications (ca.policy.approvers), DER by name. Throws CONFIG_INVALID: also for one key under two names, which would be one person. */
export async function approverKeys(home: Home): Promise<ReadonlyMap<string, Uint8Array>> {
  const keys = new Map<string, Uint8Array>()
  for (const [name, file] of Object.entries(home.config.ca.policy.approvers)) {
    const spki = publicKeyOf(await readPublicFile(home.resolve(file), `the key of the approver ${name}`), name)
    const twin = [...keys].find(([, key]) => Buffer.from(key).equals(spki))
    if (twin !== undefined) throw new HansaError('CONFIG_INVALID', `the approvers ${twin[0]} and ${name} have the same key; two approvers are two keys`)
    keys.set(name, spki)
  }
  return keys
}

/** Pinned keys of the OpenID providers and authorities that the operator has listed. Throws CONFIG_INVALID. */
export async function tokenVerifierOf(home: Home): Promise<TokenVerifier> {
  const { oidc, authorities } = home.config.ca.policy
  const read = async (files: [string, string][]): Promise<Map<string, string>> => {
    const texts = files.map(async ([name, file]): Promise<[string, string]> => [name, await readPublicFile(home.resolve(file), `the keys of ${name}`)])
    return new Map(await Promise.all(texts))
  }
  const issuers = await read(Object.entries(oidc).map(([issuer, { jwks }]) => [issuer, jwks]))
  return createTokenVerifier({ issuers, authorities: await read(Object.entries(authorities)) })
}

function publicKeyOf(pem: string, name: string): Uint8Array {
  const wrong = (cause?: unknown) => new HansaError('CONFIG_INVALID', `the key of the approver ${name} is no Ed25519 public key in PEM`, {}, cause)
  // A private key has a public half, too; whoever lists one by mistake should hear of it.
  if (pem.includes('PRIVATE KEY')) throw new HansaError('CONFIG_INVALID', `the file for the approver ${name} has a private key; the public one is wanted`)
  let spki: Uint8Array
  try {
    spki = new Uint8Array(createPublicKey(pem).export({ format: 'der', type: 'spki' }))
  } catch (cause) {
    throw wrong(cause)
  }
  if (!isEd25519Spki(spki)) throw wrong()
  return spki
}

async function readPublicFile(path: string, what: string): Promise<string> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new HansaError('CONFIG_INVALID', `cannot read ${what}: ${path}`, { file: path }, cause)
  }
  if (text.length > MAX_BYTES) throw new HansaError('CONFIG_INVALID', `${what} has ${text.length} characters; the bound is ${MAX_BYTES}`, { file: path })
  return text
}
