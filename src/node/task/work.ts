import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { TaskGraph } from '../../schema/generated/hansa/v1/task_pb.ts'

/** What is to be done: the text of a workflow or goal file (YAML or JSON), or the same as an object. */
export interface Work {
  readonly source?: string
  /** Name of the file, for messages. */
  readonly file?: string
  /** In place of `source`. */
  readonly goal?: JsonValue
  /** Facts that are given beside those in the file; of two with one name these count. */
  readonly given?: JsonObject
}

/** From work to a graph of steps (draft 2.4). */
export interface Planner {
  /**
   * Throws INVALID_ARGUMENT naming file, line, column and key of what is wrong, NO_PLAN with metadata `missing`, and what discovery throws.
   */
  plan(work: Work, signal: AbortSignal): Promise<TaskGraph>
}
