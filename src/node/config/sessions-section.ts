import { z } from 'zod'
import { duration, flag, integer, setting } from './setting.ts'

/** sessions: what is kept of conversations (draft 2.4). */
export const sessionsSection = z
  .strictObject({
    record: setting(flag, true, 'Who talked with whom about what is asked for later; false keeps nothing new.'),
    keep: setting(duration('1m', '3650d'), '90d', 'A quarter of a year after the last word; who needs it for longer exports it.'),
    maxEntries: setting(integer(10, 1_000_000), 10_000, 'Entries of one session; a conversation of people has tens. The oldest go first.'),
    maxBytes: setting(
      integer(65_536, 17_179_869_184),
      16_777_216,
      'Bytes of one session: 16 MiB hold one of the largest messages, no party can fill the disk with one, and its export can be compared. The oldest entries go first.'
    ),
    total: setting(
      integer(1_048_576, 1_099_511_627_776),
      268_435_456,
      'Bytes of all sessions: 256 MiB are some 100,000 short ones. Those unused for longest go first.'
    )
  })
  .prefault({} as never)
