import type { JsonObject } from '@bufbuild/protobuf'
import type { AgentAdvert } from '../../schema/generated/hansa/v1/gateway_pb.ts'

/** What the gateway says of itself, not signed yet. It has no A2A door of its own: it lists agents and carries calls to them. */
export function gatewayCard(base: string, self: { readonly domain: string; readonly spiffeId: string }, version: string): JsonObject {
  const catalog = `${base}/.well-known/ai-catalog.json`
  return {
    name: `Hansa gateway of ${self.domain}`,
    description: `Reaches agents of ${self.domain} and of the domains it is connected with. The catalog lists them; each has a card and A2A addresses here.`,
    version,
    // A card needs an address; an A2A client finds none that it speaks, which is right.
    supportedInterfaces: [{ url: catalog, protocolBinding: 'urn:hansa:binding:ai-catalog', protocolVersion: '1.0' }],
    capabilities: {
      streaming: true,
      pushNotifications: true,
      extensions: [
        {
          uri: 'urn:hansa:gateway',
          params: { spiffeId: self.spiffeId, catalog, agents: `${base}/agents/{handle}/.well-known/agent-card.json` }
        }
      ]
    },
    defaultInputModes: ['text/plain', 'application/json'],
    defaultOutputModes: ['text/plain', 'application/json'],
    skills: [{ id: 'catalog', name: 'Catalog', description: 'Lists the agents that can be reached through this gateway', tags: ['directory'] }]
  }
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

function cardUrl(base: string, handle: string): string {
  return `${base}/agents/${handle}/.well-known/agent-card.json`
}
