import { type DescMessage, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { type AppliedTranslation, AppliedTranslationSchema, type Hop, HopSchema } from '../../schema/generated/hansa/v1/gateway_pb.ts'
import * as a2a from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { SessionContent } from './entry-digest.ts'

/** One thing that was said, its content encoded already. */
export interface SpokenEntry {
  readonly sequence: number
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly from: string
  readonly to: string
  readonly sent: boolean
  readonly kind: NonNullable<SessionContent['case']>
  readonly content: Uint8Array
  readonly language: string
  readonly translations: readonly AppliedTranslation[]
  readonly hops: readonly Hop[]
  readonly digest: Uint8Array
}

/** Field numbers and schemas of the contents of a SessionEntry. */
const CONTENT: Readonly<Record<SpokenEntry['kind'], { readonly field: number; readonly schema: DescMessage }>> = {
  message: { field: 6, schema: a2a.MessageSchema },
  task: { field: 7, schema: a2a.TaskSchema },
  status: { field: 8, schema: a2a.TaskStatusUpdateEventSchema },
  artifact: { field: 9, schema: a2a.TaskArtifactUpdateEventSchema }
}

/** Tag of field 13 (hash) and its length: what comes before the hash at the end of a sealed entry. */
const SEAL = [(13 << 3) | WireType.LengthDelimited, 32]
const SEAL_BYTES = SEAL.length + 32

/** The content of an entry, encoded. */
export function contentBytes(content: Exclude<SessionContent, { case: undefined }>): Uint8Array {
  return toBinary(CONTENT[content.case].schema, content.value)
}

/** A SessionEntry without its hash: the bytes that the schema's own encoder would write, without decoding the content for it. */
export function entryBody(entry: SpokenEntry): Uint8Array {
  const writer = new BinaryWriter()
  writer.tag(1, WireType.Varint).uint64(entry.sequence)
  if (entry.at !== 0) writer.tag(2, WireType.Varint).int64(entry.at)
  if (entry.from !== '') writer.tag(3, WireType.LengthDelimited).string(entry.from)
  if (entry.to !== '') writer.tag(4, WireType.LengthDelimited).string(entry.to)
  if (entry.sent) writer.tag(5, WireType.Varint).bool(true)
  writer.tag(CONTENT[entry.kind].field, WireType.LengthDelimited).bytes(entry.content)
  if (entry.language !== '') writer.tag(10, WireType.LengthDelimited).string(entry.language)
  for (const each of entry.translations) writer.tag(11, WireType.LengthDelimited).bytes(toBinary(AppliedTranslationSchema, each))
  for (const each of entry.hops) writer.tag(12, WireType.LengthDelimited).bytes(toBinary(HopSchema, each))
  writer.tag(14, WireType.LengthDelimited).bytes(entry.digest)
  return writer.finish()
}

/** The entry as it is kept: its body, and its hash behind it, where it comes off again without decoding. */
export function sealEntry(body: Uint8Array, hash: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(body.length + SEAL_BYTES)
  sealed.set(body)
  sealed.set(SEAL, body.length)
  sealed.set(hash, body.length + SEAL.length)
  return sealed
}

/** Body and hash of a sealed entry; undefined for bytes that are none. */
export function unsealEntry(sealed: Uint8Array): { readonly body: Uint8Array; readonly hash: Uint8Array } | undefined {
  const end = sealed.length - SEAL_BYTES
  if (end < 0 || sealed[end] !== SEAL[0] || sealed[end + 1] !== SEAL[1]) return undefined
  return { body: sealed.subarray(0, end), hash: sealed.subarray(end + SEAL.length) }
}
