import type { MessageInitShape } from '@bufbuild/protobuf'
import { isCapability, parseCapability } from '../../core/ids/capability.ts'
import { EXTENSIONS } from '../../core/ids/extension-uris.ts'
import { quote } from '../../core/ids/domain.ts'
import { HansaError } from '../../schema/errors.ts'
import type { AgentDescriptionSchema } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import type { AgentCard } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { RELAY_BINDING } from '../../wire/relay-binding.ts'
import type { ReadCard } from './card.ts'
import type { AgentConfig } from './config.ts'

/** Bounds of AgentDescription (schema/hansa/v1/directory.proto). */
const MAX_ENTRIES = 64

const PROTOCOL_OF_BINDING: Readonly<Record<string, string>> = {
  JSONRPC: 'a2a-jsonrpc',
  'HTTP+JSON': 'a2a-rest',
  GRPC: 'a2a-grpc',
  [RELAY_BINDING]: 'libp2p',
  'urn:hansa:binding:http': 'http',
  'urn:hansa:binding:grpc': 'http'
}

/** Name of a protocol in the directory (draft 3.2.1). MQTT has no registered binding: profiles name it MQTTv5+JSONRPCv2 or by a URI that ends so. */
function protocolOf(binding: string): readonly string[] {
  const known = Object.hasOwn(PROTOCOL_OF_BINDING, binding) ? PROTOCOL_OF_BINDING[binding] : undefined
  return known !== undefined ? [known] : /^MQTTv5\+JSONRPCv2$|mqtt$/i.test(binding) ? ['mqtt'] : []
}

/**
 * What the agent says of itself at registration (draft 3.2.1): its name, capabilities, languages and protocols, with the card's exact bytes.
 * Throws INCOMPLETE_REGISTRATION naming what is missing, INVALID_ARGUMENT for a setting that is none.
 */
export function describe({ bytes, card }: ReadCard, config: AgentConfig, self: NodeInfo, revision: number): MessageInitShape<typeof AgentDescriptionSchema> {
  const capabilities = unique(config.capabilities?.map(parseCapability) ?? skillCapabilities(card))
  const protocols = unique(config.protocols ?? card.supportedInterfaces.flatMap((face) => protocolOf(face.protocolBinding)))
  const description = config.description ?? card.description
  const missing = [
    ...(description.trim() === '' ? ['description'] : []),
    ...(capabilities.length === 0 ? ['capabilities (no skill id or tag of the card is a capability path such as travel/flight-booking)'] : []),
    ...(protocols.length === 0 ? ['protocols (no interface of the card is JSONRPC, HTTP+JSON, GRPC or MQTT)'] : [])
  ]
  if (missing.length > 0)
    throw new HansaError('INCOMPLETE_REGISTRATION', `the agent cannot be registered: ${missing.join(' and ')} missing`, { missing: missing.join(', ') })
  return {
    spiffeId: self.spiffeId,
    name: config.name ?? card.name,
    description,
    capabilities,
    languages: unique((config.languages ?? ['en']).map(language)),
    protocols,
    card: bytes,
    revision: BigInt(revision),
    multiaddrs: [...self.multiaddrs],
    peerId: self.peerId,
    // Those of the card are read from the card.
    extensions: config.idempotent === true ? [EXTENSIONS.idempotency] : []
  }
}

function skillCapabilities(card: AgentCard): string[] {
  return card.skills.flatMap((skill) => [skill.id, ...skill.tags]).filter(isCapability)
}

function language(tag: string): string {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? tag
  } catch (cause) {
    throw new HansaError('INVALID_ARGUMENT', `not a language: ${quote(tag)}; a BCP 47 tag such as en or zh-Hans is wanted`, {}, cause)
  }
}

function unique(entries: readonly string[]): string[] {
  return [...new Set(entries)].slice(0, MAX_ENTRIES)
}
