import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Apertium, APERTIUM_MODES } from '../../src/adapters/language/apertium.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { mark, protectedSpans } from '../../src/core/translation/protect.ts'

const NEEDED = ['eng-spa', 'spa-eng', 'es-fr']
const missing = NEEDED.filter((mode) => !existsSync(join(APERTIUM_MODES, `${mode}.mode`)))

describe('Apertium', function () {
  this.timeout(60_000)
  const apertium = new Apertium(APERTIUM_MODES, systemClock)

  before(async function () {
    if (missing.length > 0) {
      console.log(`    skipped: Apertium has no ${missing.join(', ')} here (Debian: apertium apertium-eng-spa apertium-fr-es)`)
      return this.skip()
    }
    await apertium.start()
  })
  after(() => apertium.stop())

  const say = async (text: string, from = 'en', to = 'es'): Promise<string | undefined> => {
    const [made] = await apertium.translate({ sentences: [mark(text, protectedSpans(text))], from, to, signal: AbortSignal.timeout(20_000) })
    return made?.text
  }

  it('translates directly, and through a language between', async () => {
    assert.equal(await say('I need a visa for France.'), 'Necesito un visado para Francia.')
    assert.equal(await say('Necesito una habitación doble para dos noches en Madrid.', 'es', 'en-GB'), 'I need a double room for two nights in Madrid.')
    assert.match((await say('The hotel has three free rooms.', 'en', 'fr')) ?? '', /^L'hôtel a trois/)
    assert.deepEqual(await apertium.translate({ sentences: [mark('a', [])], from: 'en', to: 'zh', signal: AbortSignal.timeout(1_000) }), [undefined])
  })

  it('says by its score how much of a text it did not know, and leaves no marks', async () => {
    const sentence = 'The flibbertigibbet is free.'
    const [made] = await apertium.translate({ sentences: [mark(sentence, [])], from: 'en', to: 'es', signal: AbortSignal.timeout(20_000) })
    assert.match(made?.text ?? '', /flibbertigibbet/)
    assert.doesNotMatch(made?.text ?? '', /\*/)
    assert.ok(made !== undefined && made.score < 1 && made.score >= 0.5, String(made?.score))
  })

  it('keeps the stars that the sender wrote, which look like marks, through a language between, too', async () => {
    assert.equal(await say('The *hotel* is **free**.'), 'El *hotel* es **libre**.')
    assert.equal(await say('* The hotel is free.'), '* El hotel es libre.')
    // French elides the article, and Apertium then moves what stood between: both stars are there, and no third one.
    assert.equal(((await say('The *hotel* has a flibbertigibbet.', 'en', 'fr')) ?? '').replaceAll(/[^*]/g, ''), '**')
  })

  it('gives back what is protected, and every character of its own stream format', async () => {
    const made = await say('Order {{orderId}} failed with error E_TIMEOUT at https://a.example/x.')
    for (const span of ['{{orderId}}', 'E_TIMEOUT', 'https://a.example/x']) assert.ok(made?.includes(span), `${span} in ${made ?? ''}`)
    assert.match((await say('The [house] is ^big$ / <red> @ \\ {new}.')) ?? '', /^El \[casa\].*\^.*\$.*\/.*<.*>.*@.*\\.*\{new\}\.$/)
  })

  it('keeps many texts at a time apart', async () => {
    const texts = Array.from({ length: 300 }, (_, index) => `The room ${index} is free.`)
    const made = await apertium.translate({
      sentences: texts.map((text) => mark(text, protectedSpans(text))),
      from: 'en',
      to: 'es',
      signal: AbortSignal.timeout(30_000)
    })
    for (const [index, one] of made.entries()) assert.match(one?.text ?? '', new RegExp(`\\b${index}\\b`))
  })

  it('is started again when a stage of it dies, and leaves no process behind', async () => {
    await say('The house is big.')
    const [group] = apertium.open
    assert.ok(group !== undefined)
    const stages = processesOf(group)
    const stage = stages.find(({ name }) => name === 'apertium-transf' || name.startsWith('apertium-trans'))
    assert.ok(stage !== undefined, JSON.stringify(stages))
    process.kill(stage.pid, 'SIGKILL')
    const deadline = Date.now() + 10_000
    let made: string | undefined
    while (made === undefined && Date.now() < deadline) made = await say('The house is big.').catch(() => undefined)
    assert.equal(made, 'La casa es grande.')
    assert.deepEqual(await gone(group), [])
    const open = apertium.open
    apertium.stop()
    for (const each of open) assert.deepEqual(await gone(each), [])
  })
})

function processesOf(group: number): { pid: number; name: string }[] {
  return execFileSync('ps', ['-e', '-o', 'pid=,pgid=,stat=,comm='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, pgid, state = '']) => Number(pgid) === group && !state.startsWith('Z'))
    .map(([pid, , , name = '']) => ({ pid: Number(pid), name }))
}

async function gone(group: number): Promise<object[]> {
  for (let time = 0; time < 100 && processesOf(group).length > 0; time++) await new Promise((resolve) => setTimeout(resolve, 20))
  return processesOf(group)
}
