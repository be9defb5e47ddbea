import { createFileRegistry, type DescField, type DescMessage, type FileRegistry, type JsonObject } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { base64Decode } from '@bufbuild/protobuf/wire'
import { HansaError } from '../../schema/errors.ts'
import { decode } from '../decode.ts'

/** Extension of a card whose params are { descriptorSet: base64 of a FileDescriptorSet, input: "pkg.Msg", output: "pkg.Msg" }. */
const PROTOBUF_EXTENSION = 'urn:hansa:protobuf'

/** It travels in the card, which an attachment carries whole. */
const MAX_DESCRIPTOR_BYTES = 48 * 1024

/** Of all files together; the largest APIs in the field have about so many. */
const MAX_MESSAGES = 1_000
const MAX_MESSAGE_FIELDS = 10_000

/** What an agent's Protobuf is made of. */
export interface ProtobufTypes {
  readonly registry: FileRegistry
  /** What the agent takes, and what it answers with, where a part does not name its message. */
  readonly input: DescMessage
  readonly output: DescMessage
}

/**
 * The descriptors that a card registers: params of its extension urn:hansa:protobuf. Costs milliseconds: keep the result per card. Throws INVALID_ARGUMENT naming what
 * is wrong.
 */
export function parseProtobuf(params: JsonObject): ProtobufTypes {
  const { descriptorSet, input, output } = params
  if (typeof descriptorSet !== 'string') throw invalid('descriptorSet', 'is not base64 of a FileDescriptorSet')
  if (descriptorSet.length > (MAX_DESCRIPTOR_BYTES * 4) / 3 + 4) throw invalid('descriptorSet', `has more than ${MAX_DESCRIPTOR_BYTES} bytes`)
  let bytes: Uint8Array
  try {
    bytes = base64Decode(descriptorSet)
  } catch (cause) {
    throw invalid('descriptorSet', 'is not base64', cause)
  }
  const registry = registryOf(bytes, MAX_DESCRIPTOR_BYTES)
  return { registry, input: messageNamed(registry, input, 'input'), output: messageNamed(registry, output, 'output') }
}

/** The types of a FileDescriptorSet that includes its imports (protoc --include_imports, buf build). Throws INVALID_ARGUMENT. */
export function registryOf(bytes: Uint8Array, maxBytes: number): FileRegistry {
  if (bytes.length > maxBytes) throw invalid('descriptorSet', `has more than ${maxBytes} bytes`)
  let registry: FileRegistry
  try {
    registry = createFileRegistry(decode(FileDescriptorSetSchema, bytes))
  } catch (cause) {
    throw invalid('descriptorSet', `is no FileDescriptorSet with its imports: ${cause instanceof Error ? cause.message.slice(0, 150) : ''}`, cause)
  }
  let messages = 0
  let fields = 0
  for (const one of registry) {
    if (one.kind !== 'message') continue
    messages++
    fields += one.fields.length
  }
  if (messages > MAX_MESSAGES || fields > MAX_MESSAGE_FIELDS)
    throw invalid('descriptorSet', `has more than ${MAX_MESSAGES} messages or ${MAX_MESSAGE_FIELDS} fields`)
  return registry
}

/** A message whose values can be checked to the last field. Throws INVALID_ARGUMENT for one with google.protobuf.Any or a group somewhere inside. */
export function checkable(message: DescMessage, name: string): DescMessage {
  const seen = new Set<DescMessage>()
  const open = [message]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    if (next.typeName === 'google.protobuf.Any') throw invalid(name, 'has google.protobuf.Any in it, whose content nobody can check')
    for (const field of next.fields) {
      if ((field.fieldKind === 'message' || (field.fieldKind === 'list' && field.listKind === 'message')) && field.delimitedEncoding)
        throw invalid(name, `has the group ${field.name} in it; groups are not converted`)
      const inner = messageIn(field)
      if (inner !== undefined) open.push(inner)
    }
  }
  return message
}

/** What a field holds, if that is messages. */
export function messageIn(field: DescField): DescMessage | undefined {
  return field.fieldKind === 'message' || field.fieldKind === 'list' || field.fieldKind === 'map' ? field.message : undefined
}

function messageNamed(registry: FileRegistry, name: unknown, param: string): DescMessage {
  const found = typeof name === 'string' ? registry.getMessage(name) : undefined
  if (found === undefined) throw invalid(param, 'is no message of the descriptor set')
  return checkable(found, param)
}

function invalid(param: string, why: string, cause?: unknown): HansaError {
  return new HansaError('INVALID_ARGUMENT', `${PROTOBUF_EXTENSION}: ${param} ${why}`, { field: param }, cause)
}
