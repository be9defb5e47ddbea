import { APERTIUM_MODES } from '../adapters/language/apertium.ts'
import { createTranslator, type LanguageDeps, type LanguageService, type LanguageSettings } from '../adapters/language/create-translator.ts'
import type { Home } from './home/open-home.ts'
import { readSecretFile } from './home/secret-file.ts'

/**
 * What the gateway of a home translates texts by; without files, services and Apertium it has no pairs. Throws KEY_MISSING, KEY_EXPOSED for the key of a service.
 */
export async function translatorOf(home: Home, deps: LanguageDeps): Promise<LanguageService> {
  const { memory, glossary, similarity, order, pairs, apertium, libretranslate, chat, timeout, budget, cache, identify } = home.config.gateway.language
  const keyOf = async (file: string | undefined, what: string): Promise<string | undefined> =>
    file === undefined ? undefined : (await readSecretFile(home.resolve(file), what)).trim()
  const settings: LanguageSettings = {
    memory: memory.map((file) => home.resolve(file)),
    glossary: glossary.map((file) => home.resolve(file)),
    threshold: similarity / 100,
    order,
    pairs,
    apertium: apertium === 'auto' ? APERTIUM_MODES : undefined,
    libretranslate:
      libretranslate.url === undefined ? undefined : { url: libretranslate.url, key: await keyOf(libretranslate.key, 'the key of the translation service') },
    chat:
      chat.url === undefined ? undefined : { url: chat.url, model: chat.model, key: await keyOf(chat.key, 'the key of the model'), languages: chat.languages },
    timeoutMs: timeout,
    budget,
    cache,
    identify
  }
  return createTranslator(settings, deps)
}
