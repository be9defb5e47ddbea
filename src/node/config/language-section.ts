import { z } from 'zod'
import { flag, integer, list, oneOf, setting, text } from './setting.ts'

/** gateway.language: what texts are translated by (draft 2.5, 3.3.2). */
export const languageSection = z
  .strictObject({
    memory: setting(
      list(text('the path of a TMX or CSV file, absolute or beginning at the home'), 32),
      [],
      'Translation memories and glossaries; a replaced file is read again by itself.'
    ),
    similarity: setting(
      integer(50, 100),
      85,
      'Least likeness in percent of a sentence to one of the memory; below it a translation would be of another sentence. 100 means exact ones only.'
    ),
    apertium: setting(oneOf('auto', 'off'), 'auto', 'Machine translation by rules, for the pairs that are installed on this machine.'),
    keepOriginal: setting(flag, true, 'Translated parts keep what they were, so that who doubts a translation can look.'),
    cache: setting(integer(0, 1_000_000), 20_000, 'Sentences kept translated; agents say the same things often.')
  })
  .prefault({} as never)
