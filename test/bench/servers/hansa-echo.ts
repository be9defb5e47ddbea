import { createAgent } from '../../../src/index.ts'
import { childReady } from '../frame/child-side.ts'

/** An agent written against Hansa's own API, in the process of its node; says its handle. */
const agent = createAgent({
  home: process.argv[2] ?? '',
  name: 'Echo',
  description: 'Says what it is told',
  skills: [{ id: 'bench/echo' }]
}).onMessage((_message, { text }) => text)
process.once('SIGTERM', () => void agent.stop().then(() => process.exit(0)))
childReady((await agent.start()).handle)
