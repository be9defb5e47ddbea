import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { AgentCard } from '../../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { decodeCard } from '../../../../wire/binding/agent-card.ts'
import { parseProtobuf, type ProtobufTypes } from '../../../../wire/format/descriptors.ts'

/** What the card of an agent says about how it wants to be spoken to. */
export interface AgentTraits {
  /** JSON pointers to the texts for people in its structured data: extension urn:hansa:text-fields, params { pointers }. */
  readonly textFields: readonly string[]
  readonly inputModes: readonly string[]
  /** Params of extension urn:hansa:protobuf, which registers descriptors. */
  readonly descriptors: JsonObject | undefined
}

const TEXT_FIELDS = 'urn:hansa:text-fields'
const PROTOBUF = 'urn:hansa:protobuf'

/** Pointers of one agent, and the length of each. */
const MAX_POINTERS = 64
const MAX_POINTER = 256

const NONE: AgentTraits = { textFields: [], inputModes: [], descriptors: undefined }

/** By the bytes of the card, which stay the same object as long as an agent is attached. */
const known = new WeakMap<Uint8Array, AgentTraits>()

export function agentTraits(card: Uint8Array): AgentTraits {
  const traits = known.get(card) ?? read(card)
  known.set(card, traits)
  return traits
}

/** A card that cannot be read says nothing; it was reviewed when the agent registered. */
function read(bytes: Uint8Array): AgentTraits {
  let card: AgentCard
  try {
    card = decodeCard(bytes)
  } catch {
    return NONE
  }
  const params = (uri: string): JsonObject | undefined => card.capabilities?.extensions.find((extension) => extension.uri === uri)?.params
  const pointers = params(TEXT_FIELDS)?.['pointers']
  return {
    textFields: Array.isArray(pointers) ? pointers.filter(isPointer).slice(0, MAX_POINTERS) : [],
    inputModes: [...card.defaultInputModes, ...card.skills.flatMap((skill) => skill.inputModes)],
    descriptors: params(PROTOBUF)
  }
}

function isPointer(value: JsonValue): value is string {
  return typeof value === 'string' && value.startsWith('/') && value.length <= MAX_POINTER
}

/** Descriptors are parsed once for each card. */
const parsed = new WeakMap<AgentTraits, ProtobufTypes>()

export function protobufTypes(traits: AgentTraits): ProtobufTypes | undefined {
  if (traits.descriptors === undefined) return undefined
  const types = parsed.get(traits) ?? parseProtobuf(traits.descriptors)
  parsed.set(traits, types)
  return types
}
