import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'

/** Task IDs are made by agents; a UUID has 36 characters. */
const MAX_TASK_ID = 256

/** task, status_update and artifact_update of StreamResponse; task of SendMessageResponse has the same number. Each begins with the task's ID as field 1. */
const WITH_TASK: readonly number[] = [1, 3, 4]

/** artifact_update has no state; in the other two field 3 is the status, which begins with it. */
const ARTIFACT_UPDATE = 4
const STATUS = 3

/** What an answer says of a task at its beginning. */
export interface TaskHead {
  readonly id: string
  /** lf.a2a.v1.TaskState; 0 where it does not say. */
  readonly state: number
}

/**
 * The task that a SendMessageResponse or StreamResponse is about, from its first bytes alone, so that a gateway need not hold or decode the message.
 * Undefined when it is about none, or was not written in order of field numbers (our own nodes write so).
 */
export function taskAtHead(head: Uint8Array): TaskHead | undefined {
  const reader = new BinaryReader(head)
  let id: string
  let kind: number
  try {
    const [outer, outerType] = reader.tag()
    if (outerType !== WireType.LengthDelimited || !WITH_TASK.includes(outer)) return undefined
    kind = outer
    reader.uint32()
    const [inner, innerType] = reader.tag()
    if (innerType !== WireType.LengthDelimited || inner !== 1) return undefined
    id = reader.string()
  } catch {
    return undefined
  }
  return id.length > 0 && id.length <= MAX_TASK_ID ? { id, state: kind === ARTIFACT_UPDATE ? 0 : stateAt(reader) } : undefined
}

/** The rest may be cut off. */
function stateAt(reader: BinaryReader): number {
  try {
    for (;;) {
      const [field, type] = reader.tag()
      if (type !== WireType.LengthDelimited || field > STATUS) return 0
      if (field !== STATUS) {
        reader.skip(type, field)
        continue
      }
      reader.uint32()
      const [inner, innerType] = reader.tag()
      return inner === 1 && innerType === WireType.Varint ? reader.uint32() : 0
    }
  } catch {
    return 0
  }
}
