import { z } from 'zod'
import { agent, errorShape } from './types.ts'

/** Messages for agents that are away, in the admin API (draft 2.5). Times are milliseconds since the epoch. */

const json = z.json()

export const receiptRequest = z.strictObject({
  agent,
  id: z.string().min(1).max(256),
  cancel: z.boolean().default(false).meta({ description: 'Take the message back, if it still waits.' })
})
export const receiptResponse = z.object({
  state: z.string().meta({ description: 'State of the task: TASK_STATE_SUBMITTED while the message waits.' }),
  text: z.string(),
  task: json.meta({ description: 'Task of A2A 1.0 as ProtoJSON; metadata["urn:hansa:inbox"] has what the gateway says.' })
})

export const inboxRequest = z.strictObject({ agent: agent.optional() })
export const inboxItem = z.object({
  id: z.string(),
  agent: z.string(),
  principal: z.string(),
  messageId: z.string(),
  state: z.string(),
  attempts: z.int(),
  size: z.int().meta({ description: 'Bytes of the encoded message.' }),
  receivedAt: z.number(),
  expiresAt: z.number(),
  endedAt: z.number().optional(),
  failure: errorShape.optional().meta({ description: 'Why the last delivery failed, or why there will be none.' })
})
export type InboxItemView = z.infer<typeof inboxItem>
export const inboxList = z.object({ items: z.array(inboxItem) })
export const inboxDropRequest = z.strictObject({ id: z.string().min(1).max(256) })
