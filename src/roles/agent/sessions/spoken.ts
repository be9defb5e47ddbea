import type { AppliedTranslation, Hop } from '../../../schema/generated/hansa/v1/gateway_pb.ts'
import type { Sha256 } from '../../../core/crypto.ts'
import { contentBytes, type SpokenEntry } from '../../../core/session/entry-bytes.ts'
import { entryDigest, type SessionContent } from '../../../core/session/entry-digest.ts'
import { entryWords } from '../../../core/session/entry-words.ts'

/** What was said, as bytes: whoever said it may change the message afterwards. */
export interface Spoken extends Pick<SpokenEntry, 'kind' | 'content' | 'digest' | 'at' | 'from' | 'to' | 'sent' | 'language'> {
  /** The other party. */
  readonly peer: string
  /** A call of this node's own: it chooses the session, so others than the first party may be in it. */
  readonly own: boolean
  readonly translations: readonly AppliedTranslation[]
  readonly hops: readonly Hop[]
  /** The same for the same thing said again; undefined for pieces, which may be alike. */
  readonly key: string | undefined
  /** Another key that counts as said by this: the message within a status. */
  readonly inner: string | undefined
  /** First words, of a message. */
  readonly title: string
}

export type Said = Exclude<SessionContent, { case: undefined }>

/** As long as a line of a list. */
const TITLE_CHARACTERS = 80

type Circumstances = Pick<Spoken, 'at' | 'from' | 'to' | 'sent' | 'language' | 'peer' | 'own' | 'hops'>

export function spoken(said: Said, circumstances: Circumstances, sha256: Sha256): Spoken {
  const digest = entryDigest(said, sha256)
  const { from } = circumstances
  return {
    ...circumstances,
    kind: said.case,
    content: contentBytes(said),
    digest,
    translations: [],
    key: keyOf(said, from, digest),
    inner: innerOf(said, from),
    title: said.case === 'message' ? entryWords(said).slice(0, TITLE_CHARACTERS).toWellFormed() : ''
  }
}

/** Longest ID that is remembered: what is longer is no ID that anybody meant, and thousands of them would fill the memory. */
const MAX_ID = 128

/** Key of a message: senders choose their IDs themselves, so one's are nothing to another's. Undefined for one without an ID, or with one that is too long. */
export function messageKey(messageId: string, from: string): string | undefined {
  return messageId === '' || messageId.length > MAX_ID ? undefined : `message ${messageId} ${from}`
}

export function keyOf(said: Said, from: string, digest: Uint8Array): string | undefined {
  if (said.case === 'message') return messageKey(said.value.messageId, from)
  if (said.case === 'artifact') return undefined
  const words = String.fromCharCode(...digest)
  if (said.case === 'task') return `task ${words} ${from}`
  // An agent may say "working" twice.
  const { seconds = 0n, nanos = 0 } = said.value.status?.timestamp ?? {}
  return `status ${words} ${seconds} ${nanos} ${from}`
}

export function innerOf(said: Said, from: string): string | undefined {
  const message = said.case === 'task' || said.case === 'status' ? said.value.status?.message : undefined
  return message === undefined ? undefined : messageKey(message.messageId, from)
}
