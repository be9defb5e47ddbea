// Agents that work, each on a node of its own, all in one process: node workers.ts LOG HOME... Every message that one of them begins and every one that it
// finishes is a line in LOG, so that it can be counted who did what how often. One in ten fails, by its ID and not by chance.
import { createHash } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createAgent } from '../../src/index.ts'

const [, , log = '', ...homes] = process.argv

for (const home of homes) {
  const agent = createAgent({
    home,
    name: 'Worker',
    description: 'Adds up what it is given, and one',
    skills: [{ id: 'chaos/work' }],
    onError: () => undefined
  }).onMessage(async function* ({ messageId }, { data }) {
    appendFileSync(log, `begun ${messageId}\n`)
    const draw = createHash('sha256').update(messageId).digest().readUInt32BE()
    yield { progress: 'adding' }
    await sleep(10 + (draw % 50))
    if (draw % 10 === 0) throw new Error('one in ten')
    const value = Object.values(data).reduce<number>((sum, each) => sum + (typeof each === 'number' ? each : 0), 1)
    appendFileSync(log, `done ${messageId}\n`)
    yield { data: { value } }
  })
  await agent.start()
}
console.log('ready')
