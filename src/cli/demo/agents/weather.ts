// A plain A2A agent that answers with data beside words. It knows nothing of Hansa.
import { reply, textOf } from './events.ts'
import { serveScript } from './serve-agent.ts'

await serveScript(
  {
    name: 'Weather agent',
    description: 'Tells the weather of a place',
    defaultOutputModes: ['text/plain', 'application/json'],
    skills: [{ id: 'weather/forecast', name: 'Forecast', description: 'Tells the weather of a place', tags: ['weather'] }]
  },
  {
    async execute(context, bus) {
      const place = textOf(context.userMessage)
      const celsius = (place.length * 7) % 30
      bus.publish(reply(context, { text: `${celsius} degrees in ${place}` }, { data: { place, celsius }, mediaType: 'application/json' }))
      bus.finished()
    },
    async cancelTask() {
      // Answers at once: there is never a task to cancel.
    }
  }
)
