import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'

/** Task IDs are made by agents; a UUID has 36 characters. */
const MAX_TASK_ID = 256

/** task, status_update and artifact_update of StreamResponse; task of SendMessageResponse has the same number. Each begins with the task's ID as field 1. */
const WITH_TASK: readonly number[] = [1, 3, 4]

/**
 * The task that a SendMessageResponse or StreamResponse is about, from its first bytes alone, so that a gateway need not hold or decode the message.
 * Undefined when it is about none, or was not written in order of field numbers (our own nodes write so).
 */
export function taskIdAtHead(head: Uint8Array): string | undefined {
  try {
    const reader = new BinaryReader(head)
    const [outer, outerType] = reader.tag()
    if (outerType !== WireType.LengthDelimited || !WITH_TASK.includes(outer)) return undefined
    reader.uint32()
    const [inner, innerType] = reader.tag()
    if (innerType !== WireType.LengthDelimited || inner !== 1) return undefined
    const id = reader.string()
    return id.length > 0 && id.length <= MAX_TASK_ID ? id : undefined
  } catch {
    return undefined
  }
}
