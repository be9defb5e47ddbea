// A plain A2A agent: one question, one answer. It knows nothing of Hansa.
import { reply, textOf } from './events.ts'
import { serveScript } from './serve-agent.ts'

const FLIGHTS = ['HX 101 07:20', 'HX 205 12:45', 'HX 319 18:05']

await serveScript(
  {
    name: 'Flight agent',
    description: 'Finds and books flights',
    skills: [{ id: 'travel/flight-booking', name: 'Book a flight', description: 'Finds and books a flight', tags: ['travel'] }]
  },
  {
    async execute(context, bus) {
      const wish = textOf(context.userMessage)
      const flight = FLIGHTS[wish.length % FLIGHTS.length]
      bus.publish(reply(context, { text: `Booked ${flight} for: ${wish}` }))
      bus.finished()
    },
    async cancelTask() {
      // Answers at once: there is never a task to cancel.
    }
  }
)
