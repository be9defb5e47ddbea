import type { AgentExecutor } from '@a2a-js/sdk/server'
import { type ServedAgent, serveAgent } from '../../src/cli/demo/agents/serve-agent.ts'
import { counter, counterCard } from '../fixtures/agents/counter.ts'
import { echo, echoCard } from '../fixtures/agents/echo.ts'
import { waiter, waiterCard } from '../fixtures/agents/waiter.ts'

/** Plain `@a2a-js/sdk` agents on express, on free loopback ports; close them when the test has ended. */
export const sdkAgents = {
  /** Answers with the words it hears. */
  echo: (port?: number): Promise<ServedAgent> => serveAgent(echoCard, echo, port),
  /** "N SIZE": streams N pieces of SIZE characters as one task. */
  counter: (port?: number): Promise<ServedAgent> => serveAgent(counterCard, counter, port),
  /** Works until canceled or finished. */
  async waiter(port?: number): Promise<ServedAgent & ReturnType<typeof waiter>> {
    const executor = waiter()
    return { ...(await serveAgent(waiterCard, executor, port)), ...executor }
  },
  /** Any executor with any card. */
  of: (card: object, executor: AgentExecutor, port?: number): Promise<ServedAgent> => serveAgent(card, executor, port)
}
