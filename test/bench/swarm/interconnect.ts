import { setTimeout as pause } from 'node:timers/promises'
import type { Swarm } from '../../../src/node/join-swarm.ts'
import type { Domain } from './domain.ts'

const PATIENCE_MS = 15_000

/** Two gateways become neighbours, each believing the other's root. */
export async function interconnect(north: Domain, south: Domain): Promise<void> {
  const { domains } = await south.admin.call('roots', {})
  const root = domains.find(({ own }) => own)?.roots[0]?.sha256
  const address = south.run.swarm[0] ?? ''
  await patiently(() => north.admin.call('connect', { address, ...(root === undefined ? {} : { root }) }))
}

/** Waits until a message to the agent comes back: records, adverts and routes take a moment to get round. */
export function reached(swarm: Swarm, agent: string): Promise<void> {
  return patiently(async () => void (await swarm.call(agent, 'are you there?')))
}

/** Until `attempt` does not throw any more, but not for ever. */
export async function patiently(attempt: () => Promise<unknown>): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      await attempt()
      return
    } catch (error) {
      if (performance.now() > end) throw error
      await pause(200)
    }
  }
}
