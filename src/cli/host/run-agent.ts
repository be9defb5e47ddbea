import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { HansaError } from '../../schema/errors.ts'
import type { RunAgentOptions } from '../../node/host.ts'
import { serve } from './up.ts'

/** Runs the agent role beside an agent that speaks A2A (draft 3.2.1, 3.3.1), until `signal`. */
export async function runAgent(options: RunAgentOptions): Promise<void> {
  const { home, card, capabilities, languages, signal } = options
  const config = {
    ...(capabilities.length > 0 ? { capabilities } : {}),
    ...(languages.length > 0 ? { languages } : {}),
    ...(options.idempotent === undefined ? {} : { idempotent: options.idempotent })
  }
  const mapping = options.mapping === undefined ? {} : { mapping: resolve(options.mapping) }
  await serve({ home, agent: { card: cardUrl(card), ...mapping, config } }, signal, async (node, run) => {
    if (node.agent === undefined) throw new HansaError('ROLE_MISSING', `the node of ${home} may not be an agent`, { role: 'agent' })
    const own = node.home.config.name
    if (options.name !== undefined && options.name !== own)
      throw new HansaError('INVALID_ARGUMENT', `the certificate in ${home} is for ${own}, not for ${options.name}`)
    options.onReady(run)
    const attached = await node.agent.ready(signal).catch((error: unknown) => {
      // Told to stop before it was on the swarm: that is no failure.
      if (signal.aborted) return undefined
      throw error
    })
    if (attached === undefined) return
    const record = node.agent.state().registered?.record
    options.onAttached({ handle: record?.handle ?? '', resourceId: attached.resourceId, gateway: attached.gateway.spiffeId })
  })
}

/** A card is named by its URL, by the address of the agent that serves it, or by a file. */
function cardUrl(card: string): string {
  return /^https?:\/\//.test(card) ? card : pathToFileURL(card).href
}
