import type { AgentAdvert } from '../../schema/generated/hansa/v1/gateway_pb.ts'

/** What the gateway says of itself. It has no A2A door of its own: it lists agents and carries calls to them. */
export function gatewayCard(base: string, self: { readonly domain: string; readonly spiffeId: string }, version: string): string {
  return JSON.stringify({
    name: `Hansa gateway of ${self.domain}`,
    description: `Reaches agents of ${self.domain} and of the domains it is connected with. The catalog lists them; each has a card and an A2A address here.`,
    version,
    supportedInterfaces: [],
    capabilities: {
      streaming: true,
      pushNotifications: false,
      extensions: [
        {
          uri: 'urn:hansa:gateway',
          params: { spiffeId: self.spiffeId, catalog: `${base}/.well-known/ai-catalog.json`, agents: `${base}/agents/{handle}/.well-known/agent-card.json` }
        }
      ]
    },
    defaultInputModes: ['text/plain', 'application/json'],
    defaultOutputModes: ['text/plain', 'application/json'],
    skills: []
  })
}

/** AI Catalog 1.0 of the agents that can be reached, in order of identifier. */
export function aiCatalog(base: string, domain: string, adverts: readonly AgentAdvert[]): string {
  const entries = adverts
    .map((advert) => ({
      identifier: advert.resourceId,
      displayName: advert.name,
      mediaType: 'application/a2a-agent-card+json',
      url: cardUrl(base, advert.handle),
      description: advert.description,
      tags: [...advert.capabilities]
    }))
    .sort((a, b) => (a.identifier < b.identifier ? -1 : 1))
  return JSON.stringify({ specVersion: '1.0', host: { displayName: `Hansa gateway of ${domain}` }, entries })
}

export function cardUrl(base: string, handle: string): string {
  return `${base}/agents/${handle}/.well-known/agent-card.json`
}

/** One way to an agent through this gateway, as it stands in the agent's served card (A2A 4.4.6). */
export interface ServedFace {
  readonly url: string
  readonly protocolBinding: string
  readonly protocolVersion: string
  readonly tenant?: string
}

/** All ways to an agent, the one that most clients take first. gRPC is on the same port; the tenant says which agent is meant. */
export function facesOf(base: string, handle: string): ServedFace[] {
  const jsonRpc = `${base}/agents/${handle}/jsonrpc`
  const rest = `${base}/agents/${handle}/rest`
  return [
    { url: jsonRpc, protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
    { url: rest, protocolBinding: 'HTTP+JSON', protocolVersion: '1.0' },
    { url: new URL(base).host, protocolBinding: 'GRPC', protocolVersion: '1.0', tenant: handle },
    { url: jsonRpc, protocolBinding: 'JSONRPC', protocolVersion: '0.3' },
    { url: rest, protocolBinding: 'HTTP+JSON', protocolVersion: '0.3' }
  ]
}
