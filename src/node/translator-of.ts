import { APERTIUM_MODES } from '../adapters/language/apertium.ts'
import { createTranslator, type LanguageService } from '../adapters/language/create-translator.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Home } from './home/open-home.ts'

/** What the gateway of a home translates texts by; without files and without Apertium it has no pairs. */
export function translatorOf(home: Home, deps: { readonly clock: Clock; readonly log: Log }): LanguageService {
  const { memory, similarity, apertium, cache } = home.config.gateway.language
  const settings = {
    memory: memory.map((file) => home.resolve(file)),
    threshold: similarity / 100,
    apertium: apertium === 'auto' ? APERTIUM_MODES : undefined,
    cache
  }
  return createTranslator(settings, deps)
}
