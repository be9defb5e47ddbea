import { type DescMessage, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { type AppliedTranslation, AppliedTranslationSchema, type Hop, HopSchema } from '../../schema/generated/hansa/v1/gateway_pb.ts'
import * as a2a from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { Sha256 } from '../crypto.ts'
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

/** Tag of field 14 (digest) and its length. */
const DIGEST = [(14 << 3) | WireType.LengthDelimited, 32]

const NOTHING = new Uint8Array()

/** The content of an entry, encoded. */
export function contentBytes(content: Exclude<SessionContent, { case: undefined }>): Uint8Array {
  return toBinary(CONTENT[content.case].schema, content.value)
}

/**
 * An entry as it is kept, and its hash over the hash of the entry before: the bytes that the schema's own encoder would write, and the hash behind them, where it comes off again without
 * decoding. Written once, into one piece of memory: contents may be large.
 */
export function sealEntry(entry: SpokenEntry, previous: Uint8Array, sha256: Sha256): { readonly sealed: Uint8Array; readonly hash: Uint8Array } {
  const { content, digest } = entry
  const before = headOf(entry)
  const after = tailOf(entry)
  const start = previous.length
  const end = start + before.length + content.length + after.length + DIGEST.length + digest.length
  const all = new Uint8Array(end + SEAL_BYTES)
  all.set(previous)
  all.set(before, start)
  all.set(content, start + before.length)
  all.set(after, start + before.length + content.length)
  all.set(DIGEST, end - digest.length - DIGEST.length)
  all.set(digest, end - digest.length)
  const hash = sha256(all.subarray(0, end))
  all.set(SEAL, end)
  all.set(hash, end + SEAL.length)
  return { sealed: all.subarray(start), hash }
}

/** Everything before the content, and the content's tag and length. */
function headOf({ sequence, at, from, to, sent, kind, content }: SpokenEntry): Uint8Array {
  const writer = new BinaryWriter()
  writer.tag(1, WireType.Varint).uint64(sequence)
  if (at !== 0) writer.tag(2, WireType.Varint).int64(at)
  if (from !== '') writer.tag(3, WireType.LengthDelimited).string(from)
  if (to !== '') writer.tag(4, WireType.LengthDelimited).string(to)
  if (sent) writer.tag(5, WireType.Varint).bool(true)
  return writer.tag(CONTENT[kind].field, WireType.LengthDelimited).uint32(content.length).finish()
}

/** What stands between the content and the digest; mostly nothing. */
function tailOf({ language, translations, hops }: SpokenEntry): Uint8Array {
  if (language === '' && translations.length === 0 && hops.length === 0) return NOTHING
  const writer = new BinaryWriter()
  if (language !== '') writer.tag(10, WireType.LengthDelimited).string(language)
  for (const each of translations) writer.tag(11, WireType.LengthDelimited).bytes(toBinary(AppliedTranslationSchema, each))
  for (const each of hops) writer.tag(12, WireType.LengthDelimited).bytes(toBinary(HopSchema, each))
  return writer.finish()
}

/** Body and hash of a sealed entry; undefined for bytes that are none. */
export function unsealEntry(sealed: Uint8Array): { readonly body: Uint8Array; readonly hash: Uint8Array } | undefined {
  const end = sealed.length - SEAL_BYTES
  if (end < 0 || sealed[end] !== SEAL[0] || sealed[end + 1] !== SEAL[1]) return undefined
  return { body: sealed.subarray(0, end), hash: sealed.subarray(end + SEAL.length) }
}
