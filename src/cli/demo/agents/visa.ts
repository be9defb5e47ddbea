// A plain A2A agent that streams its answer in pieces and can be canceled between them. It knows nothing of Hansa.
import { setTimeout as sleep } from 'node:timers/promises'
import { chunk, status, submitted, textOf } from './events.ts'
import { serveScript } from './serve-agent.ts'

const STEPS = ['Passport is valid. ', 'No visa is needed for 90 days. ', 'Travel insurance is advised. ', 'Bring a return ticket.']
const canceled = new Set<string>()
const running = new Map<string, string>()

await serveScript(
  {
    name: 'Visa agent',
    description: 'Says which visa a traveller needs, step by step',
    skills: [{ id: 'travel/visa-processing', name: 'Check visa rules', description: 'Checks visa rules', tags: ['travel', 'visa'] }]
  },
  {
    async execute(context, bus) {
      running.set(context.taskId, context.contextId)
      bus.publish(submitted(context))
      bus.publish(status(context, 'TASK_STATE_WORKING', `Checking: ${textOf(context.userMessage)}`))
      for (const [index, step] of STEPS.entries()) {
        await sleep(50)
        if (canceled.delete(context.taskId)) break
        bus.publish(chunk(context, 'visa-check', step, { first: index === 0, last: index === STEPS.length - 1 }))
        if (index === STEPS.length - 1) bus.publish(status(context, 'TASK_STATE_COMPLETED'))
      }
      running.delete(context.taskId)
      bus.finished()
    },
    async cancelTask(taskId, bus) {
      const contextId = running.get(taskId)
      if (contextId === undefined) return
      canceled.add(taskId)
      bus.publish(status({ taskId, contextId }, 'TASK_STATE_CANCELED'))
    }
  }
)
