import type { Sha256 } from '../crypto.ts'

/** First parts of DHT keys; network constants. Each namespace has rules of its own (record-rules.ts). */
export const NAMESPACES = { agent: 'hansa-agent', domain: 'hansa-domain' } as const

/**
 * Where the record of an agent stands. The root's hash is part of it: anybody can found a domain of the same name, but not under the same root, so nobody can push
 * another's record out.
 */
export function agentKey(resourceId: string, root: Uint8Array, sha256: Sha256): string {
  return key(NAMESPACES.agent, resourceId, root, sha256)
}

/** Where the record of a domain's gateways and servers stands. `root` is the SHA-256 of the root certificate. */
export function domainKey(domain: string, root: Uint8Array, sha256: Sha256): string {
  return key(NAMESPACES.domain, domain, root, sha256)
}

/** Name under which the servers that know agents with a capability, or with one below it, say so. */
export function capabilityName(path: string): string {
  return `cap:${path}`
}

/** Name under which the registration servers of a domain say so. */
export function serversName(domain: string): string {
  return `ars:${domain}`
}

function key(namespace: string, name: string, root: Uint8Array, sha256: Sha256): string {
  const text = new TextEncoder().encode(name)
  const bytes = new Uint8Array(text.length + 1 + root.length)
  bytes.set(text)
  bytes.set(root, text.length + 1)
  return `/${namespace}/${hex(sha256(bytes))}`
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
