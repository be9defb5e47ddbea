import { create, type JsonObject, type MessageInitShape, toJson } from '@bufbuild/protobuf'
import {
  AgentCapabilitiesSchema,
  AgentCardSchema,
  AgentExtensionSchema,
  type AgentInterface,
  type AgentSkill,
  AgentSkillSchema
} from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { decodeCard } from '../../wire/binding/agent-card.ts'

/** Extension of a served card whose params hold the agent's own card, byte by byte: `{ "card": base64 }`. */
export const ORIGINAL_CARD = 'urn:hansa:original-card'

/**
 * The card of an agent as a gateway serves it, not signed yet: the agent's words, the gateway's addresses. The agent's own signatures would not fit the changed card
 * and are left out; the original is inside, untouched, for who wants to check them. What A2A requires and the agent does not say is filled in plainly.
 * Throws INVALID_AGENT_RESPONSE.
 */
export function serveCard(original: Uint8Array, handle: string, supportedInterfaces: AgentInterface[]): JsonObject {
  const card = decodeCard(original)
  const capabilities = card.capabilities ?? create(AgentCapabilitiesSchema)
  const extension = create(AgentExtensionSchema, {
    uri: ORIGINAL_CARD,
    description: "The agent's own card, as it published it",
    params: { card: Buffer.from(original).toString('base64') }
  })
  const name = card.name || handle
  const description = card.description || `The agent ${handle}`
  const served = create(AgentCardSchema, {
    ...card,
    name,
    description,
    version: card.version || 'unknown',
    supportedInterfaces,
    capabilities: { ...capabilities, extensions: [...capabilities.extensions.filter(({ uri }) => uri !== ORIGINAL_CARD), extension] },
    defaultInputModes: saying(card.defaultInputModes, 'text/plain'),
    defaultOutputModes: saying(card.defaultOutputModes, 'text/plain'),
    // Who a caller is, the network proves; credentials for the agent's own door are of no use here.
    ...{ securitySchemes: {}, securityRequirements: [], signatures: [] },
    skills: (card.skills.length === 0 ? [{ id: 'default', name, description }] : card.skills).map(servedSkill)
  })
  return toJson(AgentCardSchema, served) as JsonObject
}

type Skill = MessageInitShape<typeof AgentSkillSchema>

function servedSkill(skill: Skill, index: number): AgentSkill {
  const id = skill.id || `skill-${index + 1}`
  const name = skill.name || id
  return create(AgentSkillSchema, {
    ...skill,
    id,
    name,
    description: skill.description || name,
    tags: saying(skill.tags ?? [], 'agent'),
    securityRequirements: []
  })
}

/** `words` without empty ones, or one that says little. */
function saying(words: readonly string[], otherwise: string): string[] {
  const said = words.filter((word) => word !== '')
  return said.length === 0 ? [otherwise] : said
}
