// A plain A2A agent that reads and writes Spanish: it counts what it was asked for. It knows nothing of Hansa.
import { reply, textOf } from './events.ts'
import { serveScript } from './serve-agent.ts'

await serveScript(
  {
    name: 'Hotel',
    description: 'Tiene habitaciones libres',
    skills: [{ id: 'travel/hotel-rooms', name: 'Habitaciones', description: 'Dice qué habitaciones hay', tags: ['travel'] }]
  },
  {
    async execute(context, bus) {
      const rooms = /\b(?:habitación|habitaciones|sala|salas)\b/i.test(textOf(context.userMessage))
      bus.publish(reply(context, { text: rooms ? 'El hotel tiene tres habitaciones libres.' : 'No entiendo la pregunta.' }))
      bus.finished()
    },
    async cancelTask() {
      // Answers at once: there is never a task to cancel.
    }
  }
)
