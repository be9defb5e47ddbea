import { createAgent } from '../../src/index.ts' // in a program of your own: from 'hansa'

const agent = createAgent({
  home: process.argv[2] ?? 'home', // made by: hansa join --home home FILE
  name: 'Hello',
  description: 'Says hello to whoever asks',
  skills: [{ id: 'social/greeting' }]
}).onMessage((_message, { text }) => `Hello, ${text}!`)

const { handle } = await agent.start()
console.log(`online: ${handle}`)
process.once('SIGTERM', () => void agent.stop())
