// An agent written against Hansa's own API that takes its time: node visa-office.ts HOME. Its node works on no message twice.
import { setTimeout as sleep } from 'node:timers/promises'
import { createAgent } from '../../../index.ts'

const CHECKS = ['The passport is valid.', 'The flight is confirmed.', 'The fee is paid.', 'The officer has signed.']

const agent = createAgent({
  home: process.argv[2] ?? '',
  name: 'Visa office',
  description: 'Issues visas to travellers who have a flight',
  skills: [{ id: 'travel/visa-application', name: 'Issue a visa', inputs: ['flight-confirmation', 'passport'], outputs: ['visa-number'] }]
}).onMessage(async function* (_message, { data, signal }) {
  for (const check of CHECKS) {
    yield { progress: check }
    await sleep(1_000, undefined, { signal })
  }
  yield { content: { case: 'text', value: `A visa for the holder of ${String(data['passport'])} on ${String(data['flight-confirmation'])}` } }
  yield { data: { 'visa-number': `V-${String(data['passport'])}` } }
})

console.log(JSON.stringify(await agent.start()))
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void agent.stop().then(() => process.exit(0)))
