import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { found } from './agent-steps.ts'
import type { World } from './found-domains.ts'
import type { Programs } from './program.ts'
import { must, NotHeld, type Story, until } from './story.ts'
import { joinDomain } from './town-node.ts'

/** The draft's own story (2.4): flight, visa and hotel, by agents of two domains, three makes and two languages; the visa needs the flight. */
const JOURNEY = `name: A journey to Lisbon
given: { destination: Lisbon, passport: X1234567 }
steps:
  flight:
    capability: travel/flight-booking
    text: Book a flight to {destination}
    inputs: { destination: given.destination }
    outputs: [flight-confirmation]
  visa:
    capability: travel/visa-application
    text: A visa for {destination}
    inputs:
      destination: given.destination
      passport: given.passport
      flight-confirmation: steps.flight.data.flight-confirmation
    outputs: [visa-number]
    # An application may be filed twice: where an office is lost at work, another one is asked.
    repeatable: true
  hotel:
    capability: travel/hotel-booking
    language: zh
    text: a twin room
    text-language: en
    needs: { visa: completed }
results:
  flight: steps.flight.data.flight-confirmation
  visa: steps.visa.data.visa-number
  hotel: steps.hotel.text
`

/** The same as a goal: which agents and in what order is found out. */
const GOAL = { want: ['visa-number'], given: { destination: 'Lisbon', passport: 'X1234567' } }

const OFFICES = ['visa-1', 'visa-2'] as const
const NEWS_MS = 20_000
/** Two tries of four seconds each, and the time to see that the first agent is gone, on a busy machine. */
const JOURNEY_MS = 90_000

/** Agents that work together: a plan from what agents say they need and put out, and a journey that outlives the agent that works on it. */
export async function travelSteps(story: Story, programs: Programs, world: World): Promise<void> {
  story.chapter('Agents that work together')
  const { north } = world
  const { admin } = north.gateway
  const offices = new Map<string, ChildProcess>()
  await story.step(
    'plan',
    'north wants a visa number: the planner finds flight@north.example and the visa offices of south by what they need and put out',
    async () => {
      await openOffices(programs, world, offices)
      const given = { destination: 'Lisbon' }
      const refused = await admin.call('taskPlan', { goal: { ...GOAL, given } }).then(
        () => undefined,
        (error: unknown) => toHansaError(error)
      )
      must(refused instanceof HansaError && refused.code === 'NO_PLAN', `without a passport: ${refused?.code ?? 'a plan'}`)
      must(refused.metadata['missing'] === 'passport', `it says that ${refused.metadata['missing']} is missing`)
      return `without a passport: ${refused.code}, missing: ${refused.metadata['missing']}`
    },
    async () => {
      const { planner, steps } = await admin.call('taskPlan', { goal: GOAL })
      must(planner === 'capability' && steps.length === 2, `it has ${steps.length} steps by ${planner}`)
      return steps.map(({ agent, inputs, outputs }) => `${agent}: ${Object.keys(inputs).join(' + ')} -> ${outputs.join(' + ')}`).join('; ')
    }
  )
  await story.step(
    'journey',
    'flight, visa and hotel; the visa office at work is killed half-way (SIGKILL) and the other one takes over',
    async () => {
      const { hits } = await admin.call('find', { capabilities: ['travel/visa-application'] })
      must(hits.length === OFFICES.length, `${hits.length} visa offices are online`)
      return `${hits.length} visa offices are online at south`
    },
    async () => {
      const { id } = await admin.call('taskRun', { source: JOURNEY, file: 'journey.yaml' })
      const first = await until('the visa office at work', NEWS_MS, async () => {
        const visa = (await admin.call('taskShow', { id })).steps.find((step) => step.id === 'visa')
        return visa?.state === 'in progress' && visa.progress !== undefined ? visa.attempts.at(-1)?.agent : undefined
      })
      const killed = offices.get(first)
      if (killed === undefined) throw new NotHeld(`${first} works on the visa`)
      killed.kill('SIGKILL')
      const ended = await until('the end of the journey', JOURNEY_MS, async () => {
        const task = await admin.call('taskShow', { id })
        return task.state === 'in progress' || task.state === 'pending' ? undefined : task
      })
      must(ended.state === 'completed', `the journey is ${ended.state}: ${ended.failure?.message ?? ''}`)
      const agents = Object.fromEntries(ended.steps.map((step) => [step.id, step.attempts.map(({ agent }) => agent)]))
      const second = agents['visa']?.at(-1)
      must(second !== first && second !== undefined && offices.has(second), `the visa is from ${second}`)
      must(agents['flight']?.length === 1 && agents['hotel']?.length === 1, `tried: ${JSON.stringify(agents)}`)
      const { flight, visa, hotel } = ended.results
      must(visa === 'V-X1234567', `the visa is ${JSON.stringify(visa)}`)
      must(typeof hotel === 'string' && hotel.includes('a twin room for you'), `the hotel says ${JSON.stringify(hotel)}`)
      return `${first} was killed at work, ${second} gave ${String(visa)}; ${String(flight)}; "${String(hotel)}" by ${agents['hotel']?.[0]}`
    }
  )
}

async function openOffices(programs: Programs, { north, south }: World, offices: Map<string, ChildProcess>): Promise<void> {
  const open = OFFICES.map(async (name) => {
    const home = await joinDomain(programs, south.hub, south.dir, 'agent', name)
    const { child } = await programs.agent('visa-office', join(south.dir, `${name}.log`), [home])
    offices.set(`${name}@${south.domain}`, child)
  })
  await Promise.all(open)
  for (const handle of offices.keys()) await found(north, 'travel/visa-application', handle)
}
