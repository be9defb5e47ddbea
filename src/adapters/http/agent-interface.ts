import { HansaError } from '../../schema/errors.ts'
import type { AgentFace } from '../../ports/agent-client.ts'
import { parseCard } from '../../wire/binding/agent-card.ts'

/** Where a card is looked for (A2A 8.2). */
const WELL_KNOWN = '/.well-known/agent-card.json'

/** The agent's own address may be given as the URL of its card (of a file too) or as its origin. Throws INVALID_ARGUMENT. */
export function cardUrlOf(text: string): URL {
  const url = URL.parse(text)
  if (url?.protocol === 'file:') return url
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new HansaError('INVALID_ARGUMENT', `not an http URL of an agent or its card: ${JSON.stringify(text.slice(0, 200))}`)
  return url.pathname === '/' ? new URL(WELL_KNOWN, url) : url
}

/** The first interface, in the card's own order (A2A 4.4.6), that somebody speaks. Throws INVALID_AGENT_RESPONSE naming what the card offers. */
export function pickFace(card: Uint8Array, cardUrl: URL, speaks: (face: AgentFace) => boolean): AgentFace {
  const { supportedInterfaces } = parseCard(card)
  for (const { url: text, protocolBinding: binding, protocolVersion, tenant } of supportedInterfaces) {
    const url = addressOf(text, binding)
    if (url === null) continue
    const face = { url, binding, version: versionOf(protocolVersion), tenant }
    if (speaks(face)) return face
  }
  const offered = supportedInterfaces.map((one) => `${one.protocolBinding} ${one.protocolVersion} at ${URL.parse(one.url)?.protocol ?? 'no URL'}`.slice(0, 80))
  throw new HansaError('INVALID_AGENT_RESPONSE', `the card at ${cardUrl.href} names no interface that is spoken here, but ${offered.slice(0, 8).join(', ')}`)
}

/** gRPC's own form of an address is host:port, which reads like a scheme. */
function addressOf(text: string, binding: string): URL | null {
  return URL.parse(binding === 'GRPC' && !text.includes('://') ? `grpc://${text}` : text)
}

/** Cards write the patch, too; minor versions of 1 add to 1.0. */
function versionOf(text: string): string {
  const [, major, minor] = /^(\d{1,3})\.(\d{1,3})(\.\d+)?$/.exec(text.trim()) ?? []
  return major === '1' ? '1.0' : major === undefined || minor === undefined ? text : `${major}.${minor}`
}
