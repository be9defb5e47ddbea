import { isCapability } from '../ids/capability.ts'
import type { Role } from '../ids/role.ts'

/** Who somebody may be: what a voucher, a policy or an approval gives. The names of a certificate come from here, never from a CSR. */
export interface Grant {
  readonly name: string
  readonly roles: readonly Role[]
  /** Ceiling of what the holder may offer and do: capabilities, each with those below it. Empty: none is set. */
  readonly scopes: readonly string[]
  readonly organisation?: string
  /** DNS names beside the SPIFFE ID, for TLS clients outside the network; all within the domain. */
  readonly dnsNames: readonly string[]
}

/** Scopes in one certificate: they are in every handshake. */
export const MAX_SCOPES = 32

export function isScope(text: string): boolean {
  return isCapability(text)
}

/** True when `asked` allows nothing that `ceiling` does not. No scopes at all is everything: only a ceiling without scopes covers that. */
export function scopesWithin(asked: readonly string[], ceiling: readonly string[]): boolean {
  if (ceiling.length === 0) return true
  return asked.length > 0 && asked.every((scope) => ceiling.some((allowed) => scope === allowed || scope.startsWith(`${allowed}/`)))
}

/** What is granted, without what else `held` knows. */
export function grantOf({ name, roles, scopes, organisation, dnsNames }: Grant): Grant {
  return { name, roles, scopes, dnsNames, ...(organisation === undefined ? {} : { organisation }) }
}
