/** An agent that works with facts: it reads data, asks back when something is missing, and answers with data that the next agent can use. */
import { createAgent } from '../../src/index.ts' // in a program of your own: from 'hansa'

const agent = createAgent({
  home: process.argv[2] ?? 'home',
  name: 'Flights',
  description: 'Books flights',
  skills: [{ id: 'travel/flight-booking', inputs: ['destination'], outputs: ['flight-confirmation'] }]
}).onMessage(async function* (_message, { data, signal }) {
  const destination = data['destination']
  if (typeof destination !== 'string') throw new Error('a destination is wanted')
  let seat = data['seat']
  if (seat === undefined) {
    // The task waits here (input required) until its caller sends a message for it.
    const reply = yield { ask: 'Window or aisle?' }
    const [part] = reply.parts
    seat = part?.content.case === 'text' ? part.content.value : 'any'
  }
  yield { progress: `looking for a flight to ${destination}` }
  signal.throwIfAborted()
  yield { text: `A seat (${String(seat)}) to ${destination} is booked.`, data: { 'flight-confirmation': `HA-${destination.toUpperCase()}-7`, seat } }
})

const { handle } = await agent.start()
console.log(`online: ${handle}`)
process.once('SIGTERM', () => void agent.stop())
