// A plain A2A agent that speaks only Chinese: it books rooms and understands nothing else. It knows nothing of Hansa.
import { reply, textOf } from './events.ts'
import { serveScript } from './serve-agent.ts'

const WISH = /^(?:请?预订)?(一间双床房|一间大床房)(?:，(\d{1,2})晚)?。?$/

await serveScript(
  {
    name: '酒店',
    description: '预订酒店房间',
    skills: [{ id: 'travel/hotel-booking', name: '预订房间', description: '预订酒店房间', tags: ['travel'] }]
  },
  {
    async execute(context, bus) {
      const [, room, nights] = WISH.exec(textOf(context.userMessage).trim()) ?? []
      const stay = nights === undefined ? '' : `，共${nights}晚`
      bus.publish(reply(context, { text: room === undefined ? '对不起，我听不懂。' : `已为您预订${room}${stay}。` }))
      bus.finished()
    },
    async cancelTask() {
      // Answers at once: there is never a task to cancel.
    }
  }
)
