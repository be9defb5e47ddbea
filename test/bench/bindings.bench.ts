import { CALLERS, foundMatrix, type Invoke, NAMES, say, TARGETS } from '../support/matrix-world.ts'
import { operations } from '../../src/wire/operations.ts'
import { type Case, compare } from './frame/compare.ts'
import type { Report } from './frame/report.ts'

export const name = 'bindings'

/** Short slices: there are 30 ways, and all of them take turns. */
const PACE = { slices: 3, sliceMs: 300, concurrency: 1 }

/** No call is refused for its number. */
const RATE = '900000000/min'
const LIMITS = Object.fromEntries(['ENROL', 'DISCOVERY', 'REGISTRATION', 'STATUS', 'CALL', 'INFRASTRUCTURE'].map((limit) => [`HANSA_LIMITS_${limit}`, RATE]))

/**
 * One short message and its answer over two gateways, for every pair of protocols; the baseline is Hansa's own on both sides, where nothing is translated. Caller, both gateways and
 * agent are one process, so `cpu/call bench` is that of all of them together.
 */
export async function run(report: Report): Promise<void> {
  const world = await foundMatrix({ env: LIMITS, heartbeatMs: 3_000 })
  try {
    const cases: Case[] = []
    for (const caller of CALLERS)
      for (const target of TARGETS) {
        const invoke = world.callers.get(caller)?.(`${NAMES[target]}@south.example`)
        if (invoke !== undefined) cases.push({ name: `${caller} to ${target}`, call: () => once(invoke), processes: [] })
      }
    const plain = cases.findIndex(({ name: way }) => way === 'libp2p to libp2p')
    await compare(report, [...cases.splice(plain, 1), ...cases], PACE)
  } finally {
    await world.stop()
  }
}

async function once(invoke: Invoke): Promise<void> {
  let answers = 0
  for await (const answer of invoke(operations.SendMessage, say('hello'))) if (JSON.stringify(answer).includes('hello')) answers++
  if (answers !== 1) throw new Error('the answer is not the question')
}
