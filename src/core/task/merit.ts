import { create } from '@bufbuild/protobuf'
import { type AgentMerit, AgentMeritSchema } from '../../schema/generated/hansa/v1/task_pb.ts'
import type { TaskEffect } from './task-effect.ts'

/** What the newest attempt counts in the smoothed time. */
const NEWEST = 0.2

/** A failure weighs this much more at first, and half of it after a minute: what failed just now will probably fail again. */
const FRESH_FAILURE = 0.5
const HALF_LIFE_MS = 60_000

/** How an agent has done, with one attempt more. `now` in milliseconds since the epoch. */
export function withAttempt(merit: AgentMerit | undefined, { agent, succeeded, ms }: Extract<TaskEffect, { kind: 'merit' }>, now: number): AgentMerit {
  const before = merit ?? create(AgentMeritSchema, { agent, ms })
  return create(AgentMeritSchema, {
    agent,
    succeeded: before.succeeded + (succeeded ? 1 : 0),
    failed: before.failed + (succeeded ? 0 : 1),
    ms: before.ms + (ms - before.ms) * NEWEST,
    lastFailedAt: succeeded ? before.lastFailedAt : BigInt(now)
  })
}

/** How likely the agent is to do well, 0 to 1: successes by Laplace's rule, less for a while after a failure. Who is not known yet has one half. */
export function promise(merit: AgentMerit | undefined, now: number): number {
  if (merit === undefined) return 0.5
  const rate = (merit.succeeded + 1) / (merit.succeeded + merit.failed + 2)
  if (merit.lastFailedAt === 0n) return rate
  return rate * (1 - FRESH_FAILURE * 0.5 ** (Math.max(0, now - Number(merit.lastFailedAt)) / HALF_LIFE_MS))
}
