import { existsSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { found, openAgent } from './agent-steps.ts'
import type { World } from './found-domains.ts'
import type { Programs } from './program.ts'
import { must, type Story, until } from './story.ts'
import { BOOKING, tmx, type Unit } from './translation-memory.ts'

/** Debian's Apertium; where it is installed the gateways find its pairs by themselves. */
const ENGLISH_SPANISH = '/usr/share/apertium/modes/eng-spa.mode'

/** A replaced memory is seen within a few seconds. */
const RELOAD_MS = 15_000

/** The draft's own example (2.5): an English agent and one that understands only Chinese; and the same by machine where there is one. */
export async function languageSteps(story: Story, programs: Programs, world: World): Promise<void> {
  story.chapter('Agents that do not speak the same language')
  const { north, south } = world
  const english = { to: 'en' }
  const hotel = 'hotel-zh@south.example'
  await story.step(
    'translation',
    "somebody at north books in English with hotel-zh@south.example, which understands only Chinese; south's gateway translates by its memory, a TMX file",
    async () => {
      await openAgent(programs, south, 'hotel-zh', ['--capability', 'travel/hotel-booking', '--language', 'zh'])
      await found(north, 'travel/hotel-booking', hotel)
      const untranslated = await north.outsider.ask(hotel, 'a twin room')
      must(untranslated.includes('听不懂'), `without a request for translation it answers ${JSON.stringify(untranslated)}`)
      const unseen = await north.outsider.refusalOf(hotel, 'a room with a view of the sea', english)
      must(unseen === 'TRANSLATION_UNAVAILABLE', `a sentence that the memory has not: ${unseen}`)
      return `not translated: "${untranslated}"; a sentence that the memory has not: ${unseen}`
    },
    async () => {
      const room = await north.outsider.ask(hotel, 'a twin room', english)
      must(room === 'I have booked a twin room for you.', `the answer was ${JSON.stringify(room)}`)
      // A number that stands in no unit: whatever was chosen just now.
      const nights = 3 + (Date.now() % 20)
      const stay = await north.outsider.ask(hotel, `Book a double room for ${nights} nights`, english)
      must(stay === `I have booked a double room for you, ${nights} nights in all.`, `the answer was ${JSON.stringify(stay)}`)
      return `"a twin room" gives "${room}"; "Book a double room for ${nights} nights" gives "${stay}"`
    }
  )
  await story.step(
    'replaced memory',
    'the file is replaced while the gateway runs, and its words are used',
    async () => {
      const before = await north.outsider.ask(hotel, 'a twin room', english)
      must(!before.includes('reserved'), `it says ${JSON.stringify(before)} already`)
      return `before: "${before}"`
    },
    async () => {
      const units = BOOKING.map(([en, zh]): Unit => [en.replace('I have booked', 'We have reserved'), zh])
      await writeFile(`${south.memory}.new`, tmx(units))
      await rename(`${south.memory}.new`, south.memory)
      const after = await until('the words of the new memory', RELOAD_MS, async () => {
        const answer = await north.outsider.ask(hotel, 'a twin room', english)
        return answer.includes('reserved') ? answer : undefined
      })
      return `after: "${after}"`
    }
  )
  if (existsSync(ENGLISH_SPANISH)) await machineStep(story, programs, world)
}

async function machineStep(story: Story, programs: Programs, { north, south }: World): Promise<void> {
  const hotel = 'hotel-es@south.example'
  await story.step(
    'machine translation',
    'the same in Spanish, by Apertium',
    async () => {
      await openAgent(programs, south, 'hotel-es', ['--capability', 'travel/hotel-rooms', '--language', 'es'])
      await found(north, 'travel/hotel-rooms', hotel)
      const untranslated = await north.outsider.ask(hotel, 'Does the hotel have free rooms?')
      must(untranslated.includes('No entiendo'), `without a request for translation it answers ${JSON.stringify(untranslated)}`)
      return `not translated: "${untranslated}"`
    },
    async () => {
      const answer = await north.outsider.ask(hotel, 'Does the hotel have free rooms?', { to: 'en' })
      must(/three free/.test(answer), `the answer was ${JSON.stringify(answer)}`)
      return `"Does the hotel have free rooms?" gives "${answer}"`
    }
  )
}
