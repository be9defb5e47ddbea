// A plain A2A agent: one question, one answer, and a confirmation as data for who asks with data. It knows nothing of Hansa: facts are an A2A extension of its card.
import { dataOf, reply, textOf } from './events.ts'
import { serveScript } from './serve-agent.ts'

const FLIGHTS = ['HX 101 07:20', 'HX 205 12:45', 'HX 319 18:05']

await serveScript(
  {
    name: 'Flight agent',
    description: 'Finds and books flights',
    defaultInputModes: ['text/plain', 'application/json'],
    defaultOutputModes: ['text/plain', 'application/json'],
    capabilities: {
      streaming: true,
      extensions: [{ uri: 'urn:hansa:facts', params: { skills: { 'travel/flight-booking': { inputs: ['destination'], outputs: ['flight-confirmation'] } } } }]
    },
    skills: [{ id: 'travel/flight-booking', name: 'Book a flight', description: 'Finds and books a flight', tags: ['travel'] }]
  },
  {
    async execute(context, bus) {
      const wish = textOf(context.userMessage)
      const flight = FLIGHTS[wish.length % FLIGHTS.length]
      const { destination } = dataOf(context.userMessage)
      const data = { 'flight-confirmation': `${flight} to ${String(destination)}` }
      bus.publish(reply(context, { text: `Booked ${flight} for: ${wish}` }, ...(destination === undefined ? [] : [{ data, mediaType: 'application/json' }])))
      bus.finished()
    },
    async cancelTask() {
      // Answers at once: there is never a task to cancel.
    }
  }
)
