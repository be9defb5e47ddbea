import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTranslator, type LanguageService, type LanguageSettings } from '../../../../src/adapters/language/create-translator.ts'
import { createMetrics } from '../../../../src/adapters/system/metrics.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
const MEMORY = 'en,zh\nBook a twin room for 2 nights.,预订一间双床房，2晚。\nThank you!,谢谢！\n"Hello. Good bye.",喂。\n'

describe('translator', () => {
  let dir: string
  let service: LanguageService
  let clock: FakeClock
  let metrics: ReturnType<typeof createMetrics>
  const NONE: Omit<LanguageSettings, 'memory' | 'glossary'> = {
    ...{ order: ['memory', 'apertium', 'libretranslate', 'chat'], pairs: {}, threshold: 0.85, apertium: undefined, libretranslate: undefined, chat: undefined },
    ...{ timeoutMs: 1_000, budget: { limit: 1_000, periodMs: 60_000 }, cache: 100, identify: 'off' }
  }
  async function open(settings: Partial<LanguageSettings> = {}): Promise<void> {
    clock = new FakeClock()
    metrics = createMetrics({ process: false })
    service = createTranslator({ ...NONE, memory: [join(dir, 'm.csv')], glossary: [join(dir, 'g.csv')], ...settings }, { clock, log, metrics })
    await service.start()
  }
  const ask = (texts: string[], from = 'en', to = 'zh', account = 'a') => service.translate({ texts, from, to, account, signal: new AbortController().signal })

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hansa-language-'))
    await writeFile(join(dir, 'm.csv'), MEMORY)
    await writeFile(join(dir, 'g.csv'), 'en,zh\nHansa,\ntwin room,双床房\n')
    await open()
  })
  afterEach(async () => {
    await service.stop()
    await rm(dir, { recursive: true, force: true })
  })

  it('translates sentence by sentence, keeps the white space, and says by what', async () => {
    assert.deepEqual(await ask(['  Book a twin room for 5 nights.\n\nThank you!\n', 'Hello. Good bye.']), [
      { text: '  预订一间双床房，5晚。\n\n谢谢！\n', engine: 'memory', score: 1 },
      { text: '喂。', engine: 'memory', score: 1 }
    ])
    assert.match(await metrics.text(), /hansa_translation_sentences_total\{engine="memory",outcome="made"\} 3/)
  })

  it('fails by the pair when one sentence is unknown, and translates none of it', async () => {
    await assert.rejects(ask(['Thank you! The moon is made of cheese.']), { code: 'TRANSLATION_UNAVAILABLE', metadata: { pair: 'en>zh' } })
    await assert.rejects(ask(['Thank you!'], 'en', 'de'), { code: 'TRANSLATION_UNAVAILABLE', metadata: { pair: 'en>de' } })
  })

  it('leaves alone what says nothing, and translates terms that stand alone', async () => {
    assert.deepEqual(await ask(['', ' 42 \n', 'https://a.example/', 'Twin room', 'Hansa'], 'en-GB', 'zh-Hans'), [
      ...['', ' 42 \n', 'https://a.example/'].map((text) => ({ text, engine: 'none', score: 1 })),
      { text: '双床房', engine: 'glossary', score: 1 },
      { text: 'Hansa', engine: 'glossary', score: 1 }
    ])
  })

  it('knows its pairs, regions included', () => {
    assert.deepEqual(service.pairs(), ['en>zh', 'zh>en'])
    assert.deepEqual([service.can('en-GB', 'zh-CN'), service.can('en', 'zh-TW'), service.can('en', 'es')], [true, false, false])
  })

  it('goes by a replaced file without a restart, and forgets what it had kept of the old one', async () => {
    assert.equal((await ask(['Thank you!']))[0]?.text, '谢谢！')
    await writeFile(join(dir, 'm.csv'), MEMORY.replace('谢谢', '多谢您'))
    // The file is read for real, however long that takes; time goes on meanwhile.
    let text = ''
    for (let turn = 0; turn < 2_000 && text !== '多谢您！'; turn++) {
      await clock.advance(2_000)
      text = (await ask(['Thank you!']))[0]?.text ?? ''
    }
    assert.equal(text, '多谢您！')
  })

  it('holds each account to its budget', async () => {
    await ask(['Thank you! '.repeat(91)])
    const refused = await ask(['Thank you!']).catch((error: unknown) => error as { code: string; metadata: Record<string, string> })
    assert.ok('code' in refused)
    assert.equal(refused.code, 'RATE_LIMITED')
    await ask(['Thank you!'], 'en', 'zh', 'another')
    await clock.advance(Number(refused.metadata['retryAfterMs']))
    await ask(['Thank you!'])
  })

  it('refuses too much at once, and callers who are gone', async () => {
    await assert.rejects(ask(['x'.repeat(200_001)]), { code: 'FRAME_TOO_LARGE' })
    await assert.rejects(ask(Array.from({ length: 1025 }, () => 'x')), { code: 'INVALID_ARGUMENT' })
    await assert.rejects(service.translate({ texts: ['Thank you!'], from: 'en', to: 'zh', account: 'a', signal: AbortSignal.abort() }), { code: 'CANCELED' })
  })

  it('takes no backend that the order of the pair leaves out', async () => {
    await service.stop()
    await open({ pairs: { 'en>zh': ['apertium'] } })
    assert.deepEqual([service.can('en', 'zh'), service.can('zh', 'en'), service.pairs()], [false, true, ['zh>en']])
  })
})
