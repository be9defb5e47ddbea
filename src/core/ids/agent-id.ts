import { HansaError } from '../../schema/errors.ts'
import { isDomain, quote } from './domain.ts'
import { isName, parseSpiffeId } from './spiffe-id.ts'

/** An agent by name and domain: what a handle, a resource ID and a SPIFFE ID all say. */
export interface AgentId {
  readonly domain: string
  readonly name: string
}

/** name@domain: what people type. */
export function formatHandle(id: AgentId): string {
  return `${id.name}@${id.domain}`
}

export function parseHandle(text: string): AgentId {
  const at = text.indexOf('@')
  const id = { name: text.slice(0, at), domain: text.slice(at + 1) }
  if (at < 1 || !isName(id.name) || !isDomain(id.domain)) throw new HansaError('INVALID_ARGUMENT', `not a handle: ${quote(text)}; name@domain is wanted`)
  return id
}

/** urn:air:<domain>:agent:<name>: the resource ID that the ARS mints (draft 2.3), an ARD identifier. */
export function formatResourceId(id: AgentId): string {
  return `urn:air:${id.domain}:agent:${id.name}`
}

export function parseResourceId(text: string): AgentId {
  const [urn, air, domain = '', kind, name = '', ...rest] = text.split(':')
  if (urn !== 'urn' || air !== 'air' || kind !== 'agent' || rest.length > 0 || !isName(name) || !isDomain(domain))
    throw new HansaError('INVALID_ARGUMENT', `not a resource ID: ${quote(text)}; urn:air:domain:agent:name is wanted`)
  return { domain, name }
}

/** Any of the three forms, wherever an agent is named. `ownDomain` completes a bare name. */
export function parseAgent(text: string, ownDomain?: string): AgentId {
  if (text.startsWith('urn:')) return parseResourceId(text)
  if (text.startsWith('spiffe:')) {
    const { domain, name } = parseSpiffeId(text)
    return { domain, name }
  }
  if (ownDomain !== undefined && isName(text)) return { domain: ownDomain, name: text }
  return parseHandle(text)
}
