/** Finds agents and speaks to them: one answer, a stream, facts, a question that comes back, errors by their code, and a deadline. */
import { HansaError, joinSwarm, replyText } from '../../src/index.ts' // in a program of your own: from 'hansa'

// Leaves the swarm at the end of the block, whatever happens.
await using swarm = await joinSwarm({ home: process.argv[2] ?? 'home', signal: AbortSignal.timeout(60_000) })

const { agents } = await swarm.find({ capabilities: ['social'] })
const [greeter] = agents
if (greeter === undefined) throw new Error('nobody greets here')
console.log(`found: ${greeter.record.handle}`)

const { text, hops } = await swarm.call(greeter.record.handle, 'world', { timeoutMs: 20_000 })
console.log(`called: ${text} (${hops.length} hops)`)

for await (const event of swarm.stream(greeter.record.handle, 'stream')) console.log(`streamed: ${replyText(event)}`)

// Facts are members of data parts.
const flights = 'flights@north.example'
const asked = await swarm.call(flights, { data: { destination: 'Oslo' } })
if (asked.response.payload.case !== 'task') throw new Error('a task was expected')
const { id, status } = asked.response.payload.value
console.log(`asked: ${replyText(asked.response)} (state ${status?.state})`)
const booked = await swarm.call(flights, { taskId: id, parts: [{ content: { case: 'text', value: 'window' } }] })
console.log(`booked: ${booked.text} ${JSON.stringify(booked.data)}`)

try {
  await swarm.call('nobody@north.example', 'hello')
} catch (error) {
  if (!(error instanceof HansaError)) throw error
  console.log(`refused: ${error.code} (${error.hint})`)
}

const enough = new AbortController()
enough.abort()
await swarm
  .call(flights, 'too late', { signal: enough.signal })
  .catch((error: unknown) => console.log(`stopped: ${error instanceof HansaError ? error.code : 'unknown'}`))
