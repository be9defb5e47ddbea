import { create } from '@bufbuild/protobuf'
import { sentenceEnd } from '../../../../core/translation/sentence-end.ts'
import { ArtifactSchema, PartSchema, type TaskArtifactUpdateEvent, TaskArtifactUpdateEventSchema } from '../../../../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** A sentence that is longer is none: it goes out as it is. Characters. */
const MAX_PENDING = 4_000

/** Artifacts of one stream that may wait for the end of a sentence. */
const MAX_ARTIFACTS = 64

interface Pending {
  readonly last: TaskArtifactUpdateEvent
  readonly text: string
  /** `append` of the first piece that is held: it says whether the artifact begins with it. */
  readonly append: boolean
}

/**
 * Puts pieces of a streamed text together until a sentence is whole: half a sentence cannot be translated. Pieces of other kinds pass, what waits before them.
 */
export class ChunkedText {
  readonly #pending = new Map<string, Pending>()

  /** What can go on now: the piece, grown and cut at the end of a sentence, or undefined while there is none. */
  take(event: TaskArtifactUpdateEvent): TaskArtifactUpdateEvent | undefined {
    const { artifact } = event
    if (artifact === undefined) return event
    const waiting = this.#pending.get(artifact.artifactId)
    this.#pending.delete(artifact.artifactId)
    const append = waiting?.append ?? event.append
    const plain = artifact.parts.every(({ content, mediaType }) => content.case === 'text' && (mediaType === '' || mediaType === 'text/plain'))
    if (!plain) {
      const before = waiting === undefined || waiting.text === '' ? [] : [create(PartSchema, { content: { case: 'text', value: waiting.text } })]
      return create(TaskArtifactUpdateEventSchema, { ...event, append, artifact: { ...artifact, parts: [...before, ...artifact.parts] } })
    }
    const text = (waiting?.text ?? '') + artifact.parts.map(({ content }) => (content.case === 'text' ? content.value : '')).join('')
    const whole = event.lastChunk || text.length > MAX_PENDING || this.#pending.size >= MAX_ARTIFACTS ? text.length : sentenceEnd(text)
    if (whole < text.length) this.#pending.set(artifact.artifactId, { last: event, text: text.slice(whole), append: whole > 0 || append })
    return whole > 0 || event.lastChunk ? piece(event, text.slice(0, whole), append, event.lastChunk) : undefined
  }

  /** Everything that still waits: the task or its stream has ended. */
  flush(): TaskArtifactUpdateEvent[] {
    const left = [...this.#pending.values()].map(({ last, text, append }) => piece(last, text, append, true))
    this.#pending.clear()
    return left
  }
}

function piece(event: TaskArtifactUpdateEvent, text: string, append: boolean, lastChunk: boolean): TaskArtifactUpdateEvent {
  const artifact = event.artifact ?? create(ArtifactSchema)
  const [first] = artifact.parts
  const parts = text === '' ? [] : [create(PartSchema, { metadata: first?.metadata, mediaType: first?.mediaType, content: { case: 'text', value: text } })]
  return create(TaskArtifactUpdateEventSchema, {
    ...event,
    append,
    lastChunk,
    artifact: { ...artifact, parts }
  })
}
