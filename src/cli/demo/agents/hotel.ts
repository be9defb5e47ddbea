// An agent written against Hansa's own API: node hotel.ts HOME, where HOME was made by `hansa join`.
import { createAgent } from '../../../index.ts'

const agent = createAgent({
  home: process.argv[2] ?? '',
  name: 'Hotel agent',
  description: 'Finds and books hotel rooms',
  skills: [{ id: 'travel/hotel-booking', name: 'Book a room', tags: ['travel'] }]
}).onMessage((_message, { text, principal }) => `Room 12 is booked for ${principal}: ${text}`)

console.log(JSON.stringify(await agent.start()))
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void agent.stop().then(() => process.exit(0)))
