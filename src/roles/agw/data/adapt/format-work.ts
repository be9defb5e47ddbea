import type { Message as AnyMessage } from '@bufbuild/protobuf'
import type { SendMessageRequest } from '../../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { convertParts } from '../../../../wire/format/convert.ts'
import { acceptedAnswer, convertAnswer } from '../../../../wire/format/convert-answer.ts'
import type { ProtobufTypes } from '../../../../wire/format/descriptors.ts'
import { formatOf } from '../../../../wire/format/detect.ts'
import { accepts, parseMediaType } from '../../../../wire/format/media-type.ts'
import type { RelayCall } from '../relay-call.ts'
import { type AgentTraits, protobufTypes } from './agent-traits.ts'

/** Data formats of one call (draft 2.5: "converting the data structure"): the request as the agent takes it, answers as the caller does. */
export class FormatWork {
  readonly #traits: AgentTraits
  readonly #types: ProtobufTypes | undefined
  #accepted: readonly string[]

  constructor(traits: AgentTraits, accepted: readonly string[]) {
    this.#traits = traits
    this.#types = protobufTypes(traits)
    this.#accepted = accepted
  }

  /** Changes the parts of the message in place. Throws CONTENT_TYPE_NOT_SUPPORTED, INVALID_ARGUMENT with the field. */
  request(sent: SendMessageRequest): void {
    this.#accepted = acceptedAnswer(sent)
    if (sent.message === undefined) return
    sent.message.parts = convertParts(sent.message.parts, { accepted: this.#traits.inputModes, types: this.#types, direction: 'input' }).parts
  }

  answer(message: AnyMessage): AnyMessage {
    return convertAnswer(message, { accepted: this.#accepted, types: this.#types })
  }
}

/** Undefined when nothing is to be converted for an agent that is attached here, as far as the head of the call tells: then nothing is decoded. */
export function formatWork({ header }: RelayCall, traits: AgentTraits): FormatWork | undefined {
  const modes = traits.inputModes.flatMap((mode) => parseMediaType(mode) ?? [])
  const sent = header.contentTypes.flatMap((type) => parseMediaType(type) ?? [])
  const refused = sent.some((type) => formatOf(type) !== undefined && !modes.some((mode) => accepts(mode, type)))
  const wanted = [...header.accepts.flatMap((type) => parseMediaType(type) ?? []), ...sent]
  const special = wanted.some((type) => formatOf(type) === 'cbor' || formatOf(type) === 'protobuf')
  // An agent that speaks Protobuf answers so to whom takes JSON only.
  const foreign = traits.descriptors !== undefined && (header.accepts.length > 0 || sent.length > 0)
  return refused || special || foreign ? new FormatWork(traits, header.accepts) : undefined
}
