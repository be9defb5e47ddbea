import { z } from 'zod'
import { duration, flag, integer, type Kind, list, oneOf, optional, rate, setting, text } from './setting.ts'

const BACKENDS = ['memory', 'apertium', 'libretranslate', 'chat'] as const
const backends = list(oneOf(...BACKENDS), BACKENDS.length)
const file = text('the path of a file, absolute or beginning at the home')
const files = list(text('the path of a TMX or CSV file, absolute or beginning at the home'), 32)
const languageTag = text('a BCP 47 tag such as en or zh-Hans', 35)
const pairOrders: Kind<z.ZodType<Record<string, (typeof BACKENDS)[number][]>, Record<string, (typeof BACKENDS)[number][]>>> = {
  schema: z
    .record(
      z.string().refine((pair) => /^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}>[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}$/.test(pair)),
      backends.schema
    )
    .refine((pairs) => Object.keys(pairs).length <= 256),
  expected: `a map of at most 256 pairs such as en>zh, each ${backends.expected}`
}
const service: Kind<z.ZodType<URL, string>> = {
  schema: z.string().transform((value, context) => {
    const url = value.length <= 512 ? URL.parse(value) : null
    if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.search === '' && url.hash === '') return url
    context.addIssue({ code: 'custom', message: 'an http: or https: URL without a name, password or query' })
    return z.NEVER
  }),
  expected: 'an http: or https: URL without a name, password or query, such as http://127.0.0.1:5000'
}

/** gateway.language: what texts are translated by (draft 2.5, 3.3.2). */
export const languageSection = z
  .strictObject({
    memory: setting(files, [], 'Translation memories; a replaced file is read again by itself.'),
    glossary: setting(files, [], 'Terms that are translated as they stand there, or, in one language only, stay as they are; read again as well.'),
    similarity: setting(
      integer(50, 100),
      85,
      'Least likeness in percent of a sentence to one of the memory; below it a translation would be of another sentence. 100 means exact ones only.'
    ),
    order: setting(
      backends,
      [...BACKENDS],
      'What people have translated first, then what runs on this machine, then services; those that are not there are passed over.'
    ),
    pairs: setting(pairOrders, {}, 'Another order for a pair, where a backend is better or worse at it than at others.'),
    apertium: setting(oneOf('auto', 'off'), 'auto', 'Machine translation by rules, for the pairs that are installed on this machine.'),
    libretranslate: z
      .strictObject({
        url: optional(service, 'A service that speaks the interface of LibreTranslate; texts are sent to it.'),
        key: optional(file, 'File with the key of that service, closed to other users.')
      })
      .prefault({}),
    chat: z
      .strictObject({
        url: optional(service, 'A service that speaks the interface of OpenAI, before /v1/chat/completions; texts are sent to it.'),
        model: setting(text('the name of a model', 200), 'default', 'Many servers have one model and take any name; others need theirs.'),
        key: optional(file, 'File with the key of that service, closed to other users.'),
        languages: setting(
          list(languageTag, 11),
          ['en', 'zh', 'es', 'fr', 'de', 'it', 'pt', 'ja', 'ko', 'ar', 'ru'],
          'What models are usually good at; each pair of them is told to other gateways, which hear of 128 at most.'
        )
      })
      .prefault({}),
    timeout: setting(duration('100ms', '5m'), '20s', 'Longest time of one backend for one message: models take seconds, and the caller waits.'),
    budget: setting(
      rate,
      '600000/h',
      'Characters that one agent may have translated: pages by the dozen, and no service that is paid by the character is emptied.'
    ),
    keepOriginal: setting(flag, true, 'Translated parts keep what they were, so that who doubts a translation can look.'),
    cache: setting(integer(0, 1_000_000), 20_000, 'Sentences kept translated; agents say the same things often.'),
    identify: setting(
      oneOf('extrasmall', 'small', 'medium', 'large', 'off'),
      'extrasmall',
      'How a language is recognised that nobody declared; larger ones know short texts a little better and take up to 440 MiB. Loaded only where something is translated.'
    )
  })
  .prefault({} as never)
