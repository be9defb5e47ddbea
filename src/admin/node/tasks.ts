import { fromJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { stateName } from '../../core/task/work-state.ts'
import type { HansaNode } from '../../node/hansa-node.ts'
import { HansaError } from '../../schema/errors.ts'
import type { AdminRequest, NodeOperations } from '../operations.ts'
import type { TaskView } from '../task-types.ts'
import { planOf, summaryOf, viewOf } from './task-views.ts'

type Operations = Pick<NodeOperations, 'taskPlan' | 'taskRun' | 'taskList' | 'taskShow' | 'taskWatch' | 'taskCancel' | 'taskResume' | 'taskAnswer' | 'taskFile'>

/** Tasks of this node for its operator (draft 2.4). */
export function taskOperations(node: HansaNode): Operations {
  const plan = ({ source, file, goal, given }: AdminRequest<'taskPlan'>, signal: AbortSignal) =>
    node.planner.plan(
      {
        ...(source === undefined ? {} : { source }),
        ...(file === undefined ? {} : { file }),
        ...(goal === undefined ? {} : { goal: goal as JsonValue }),
        ...(given === undefined ? {} : { given: given as JsonObject })
      },
      signal
    )
  return {
    taskPlan: async (request, signal) => planOf(await plan(request, signal)),
    async taskRun({ id, ...work }, signal) {
      return viewOf(await node.tasks.run(await plan(work, signal), id === undefined ? {} : { id }))
    },
    taskList: async ({ state }) => ({
      tasks: node.tasks
        .list()
        .filter((run) => state === undefined || stateName(run.state) === state)
        .map(summaryOf)
    }),
    taskShow: async ({ id }) => viewOf(node.tasks.show(id)),
    async *taskWatch({ id }, signal): AsyncGenerator<TaskView, void, undefined> {
      for await (const run of node.tasks.watch(id, signal)) yield viewOf(run)
    },
    taskCancel: async ({ id }) => viewOf(await node.tasks.cancel(id)),
    taskResume: async ({ id }) => viewOf(await node.tasks.resume(id)),
    async taskAnswer({ id, step, text, data }) {
      if (text === undefined && data === undefined) throw new HansaError('INVALID_ARGUMENT', 'an answer has a text or data', { argument: 'text' })
      const words = text === undefined ? [] : [{ content: { case: 'text' as const, value: text } }]
      const value = data === undefined ? [] : [{ content: { case: 'data' as const, value: fromJson(ValueSchema, data) }, mediaType: 'application/json' }]
      return viewOf(await node.tasks.answer(id, step, { parts: [...words, ...value] }))
    },
    async taskFile({ sha256 }) {
      const bytes = node.tasks.file(sha256)
      return { sha256, size: bytes.length, base64: Buffer.from(bytes).toString('base64') }
    }
  }
}
