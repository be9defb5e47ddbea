import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { APERTIUM_MODES } from '../../src/adapters/language/apertium.ts'
import { createTranslator, type LanguageService } from '../../src/adapters/language/create-translator.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { createLog } from '../../src/adapters/system/log.ts'
import { createMetrics } from '../../src/adapters/system/metrics.ts'
import type { Report } from './frame/report.ts'

export const name = 'language'

/** Segments of one run. */
const SEGMENTS = 1_000
/** Units of the memory: what a translator collects in years. */
const UNITS = 100_000

/** One segment after the other, as calls bring them: 1,000 never seen before, then the same 1,000 again. Baseline: the exact match of the memory. */
export async function run(report: Report): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'hansa-bench-language-'))
  const units = Array.from(
    { length: UNITS },
    (_, index) => `the ${letters(index)} room of ${letters(index * 7)} is ready for ${index % 9} guests,${letters(index)}号房可住${index % 9}位`
  )
  await writeFile(join(dir, 'memory.csv'), ['en,zh', ...units].join('\n'))
  const machine = existsSync(join(APERTIUM_MODES, 'eng-spa.mode'))
  const metrics = createMetrics({ process: false })
  const service = createTranslator(
    {
      ...{ memory: [join(dir, 'memory.csv')], glossary: [], threshold: 0.85, order: ['memory', 'apertium'], pairs: {}, cache: 100_000 },
      ...{ apertium: APERTIUM_MODES, libretranslate: undefined, chat: undefined, timeoutMs: 60_000, identify: 'off' },
      budget: { limit: 1_000_000_000, periodMs: 1_000 }
    },
    { clock: systemClock, log: createLog({ level: 'warn', format: 'json' }), metrics }
  )
  try {
    const start = performance.now()
    await service.start()
    report.add(`memory of ${UNITS} units`, 'start', performance.now() - start, 'ms')
    const exact = (index: number): string => `The ${letters(index)} room of ${letters(index * 7)} is ready for 12 guests`
    const fuzzy = (index: number): string => `The ${letters(index)} room of ${letters(index * 7)} is ready for 12 dear guests`
    const prose = (index: number): string => `I would like to book ${index} quiet rooms near the old station of the city.`
    await service.translate({ texts: [fuzzy(UNITS - 1)], from: 'en', to: 'zh', account: 'bench', signal: AbortSignal.timeout(60_000) })
    await twice(report, 'memory, exact', service, 'zh', exact)
    await twice(report, 'memory, fuzzy', service, 'zh', fuzzy, 'memory, exact')
    if (!machine) console.error('language: no Apertium with eng-spa here')
    else {
      await service.translate({ texts: ['Good morning.'], from: 'en', to: 'es', account: 'bench', signal: AbortSignal.timeout(60_000) })
      await twice(report, 'Apertium', service, 'es', prose, 'memory, exact')
    }
  } finally {
    await service.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

async function twice(report: Report, what: string, service: LanguageService, to: string, text: (index: number) => string, baseline?: string): Promise<void> {
  for (const state of ['uncached', 'cached']) {
    const times: number[] = []
    const start = performance.now()
    for (let index = 0; index < SEGMENTS; index++) {
      const before = performance.now()
      await service.translate({ texts: [text(index)], from: 'en', to, account: 'bench', signal: AbortSignal.timeout(60_000) })
      times.push(performance.now() - before)
    }
    const seconds = (performance.now() - start) / 1_000
    times.sort((a, b) => a - b)
    const base = baseline === undefined ? undefined : `${baseline}, ${state}`
    report.add(`${what}, ${state}`, 'segments', SEGMENTS / seconds, '1/s', base)
    report.add(`${what}, ${state}`, 'p50', times[SEGMENTS / 2] ?? 0, 'ms', base)
    report.add(`${what}, ${state}`, 'p99', times[Math.floor(SEGMENTS * 0.99)] ?? 0, 'ms', base)
  }
}

/** A number in letters: words without digits, which would be slots. */
function letters(index: number): string {
  return [...String(index)].map((digit) => 'abcdefghij'[Number(digit)]).join('')
}
