import { create, toJson } from '@bufbuild/protobuf'
import { AgentCapabilitiesSchema, AgentCardSchema, AgentExtensionSchema, AgentInterfaceSchema } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { decodeCard } from '../../wire/binding/agent-card.ts'
import type { ServedFace } from './gateway-documents.ts'

/** Extension of a served card whose params hold the agent's own card, byte by byte: `{ "card": base64 }`. */
export const ORIGINAL_CARD = 'urn:hansa:original-card'

/**
 * The card of an agent as a gateway serves it: the agent's words, the gateway's address and capabilities. Signatures would not fit the changed card and
 * are left out; the original is inside, untouched, for who wants to check them. Throws INVALID_AGENT_RESPONSE.
 */
export function serveCard(original: Uint8Array, faces: readonly ServedFace[]): string {
  const card = decodeCard(original)
  const capabilities = card.capabilities ?? create(AgentCapabilitiesSchema)
  const extension = create(AgentExtensionSchema, {
    uri: ORIGINAL_CARD,
    description: "The agent's own card, as it published it",
    params: { card: Buffer.from(original).toString('base64') }
  })
  const served = create(AgentCardSchema, {
    ...card,
    supportedInterfaces: faces.map((face) => create(AgentInterfaceSchema, face)),
    capabilities: create(AgentCapabilitiesSchema, {
      ...capabilities,
      extensions: [...capabilities.extensions.filter(({ uri }) => uri !== ORIGINAL_CARD), extension]
    }),
    // Who a caller is, the network proves; credentials for the agent's own door are of no use here.
    ...{ securitySchemes: {}, securityRequirements: [], signatures: [] },
    skills: card.skills.map((skill) => ({ ...skill, securityRequirements: [] }))
  })
  return JSON.stringify({ ...REQUIRED, ...(toJson(AgentCardSchema, served) as object) })
}

/** ProtoJSON leaves out what is empty; A2A requires these members. */
const REQUIRED = { name: '', description: '', version: '', defaultInputModes: [], defaultOutputModes: [], skills: [] }
