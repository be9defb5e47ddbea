import { isRole, type Role, sortRoles } from '../ids/role.ts'
import { parseSpiffeId } from '../ids/spiffe-id.ts'
import { quote } from '../ids/domain.ts'
import type { CertificateFacts } from './facts.ts'
import { isScope } from './grant.ts'
import { refuse, type Refusal } from './refusal.ts'

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'

/** Whom a leaf names. */
export interface Holder {
  readonly spiffeId: string
  readonly domain: string
  readonly name: string
  readonly roles: readonly Role[]
  /** Ceiling of what the holder may do; empty: none is set (see Grant.scopes). */
  readonly scopes: readonly string[]
  readonly organisation?: string
}

/** Rules of a leaf (SPIFFE X.509-SVID 4 and 5): no CA, signs only, one SPIFFE ID and at most DNS names beside it, roles that agree with the SPIFFE ID. */
export function readLeaf(leaf: CertificateFacts): { readonly ok: true; readonly holder: Holder } | Refusal {
  if (leaf.basicConstraints?.ca === true) return refuse('leaf-is-ca', 'a CA where a node is wanted')
  if (leaf.keyUsage?.join() !== 'digitalSignature') return refuse('leaf-key-usage', 'a node key that is for more or less than signatures')
  const usage = leaf.extendedKeyUsage ?? []
  if (!usage.includes(CLIENT_AUTH) || !usage.includes(SERVER_AUTH))
    return refuse('leaf-extended-key-usage', 'a certificate that is not for client and server both')
  const names = leaf.subjectAltNames ?? []
  if (names.some((name) => name.form !== 'uri' && name.form !== 'dns')) return refuse('names', 'a name that is neither URI nor DNS name')
  const uris = names.filter((name) => name.form === 'uri').map((name) => name.value)
  const [uri] = uris
  if (uri === undefined || uris.length > 1) return refuse('spiffe-id', `${uris.length} URIs in the certificate; one SPIFFE ID is wanted`)
  const id = spiffeIdOf(uri)
  if (id === undefined) return refuse('spiffe-id', `not a SPIFFE ID of a node: ${quote(uri)}`)
  const { roles: listed = [], scopes = [], organisation } = leaf.holder ?? {}
  const roles = sortRoles(listed.filter(isRole))
  if (roles.join() !== listed.join() || roles[0] !== id.role)
    return refuse('roles', `roles ${quote(listed.join())} do not go with ${quote(uri)}: known ones in order, the first as in the SPIFFE ID`)
  if (!scopes.every(isScope)) return refuse('scopes', 'a scope that is no capability')
  return { ok: true, holder: { spiffeId: uri, domain: id.domain, name: id.name, roles, scopes, ...(organisation === undefined ? {} : { organisation }) } }
}

function spiffeIdOf(uri: string): ReturnType<typeof parseSpiffeId> | undefined {
  try {
    return parseSpiffeId(uri)
  } catch {
    return undefined
  }
}
