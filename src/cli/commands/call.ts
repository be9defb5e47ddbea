import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Command } from 'commander'
import type { AdminAnswer } from '../../admin/client.ts'
import { HansaError } from '../../schema/errors.ts'
import { durationArgument, jsonArgument, type JsonDocument, oneOfArgument, repeated } from '../arguments.ts'
import { define, type Frame } from '../define.ts'
import type { Output } from '../output.ts'
import { showMs, showTime } from '../show.ts'

/** As much as fits into one message of 16 MiB beside its other parts, in base64. */
const MAX_FILE_BYTES = 10 * 1024 * 1024

export function addCall(program: Command, frame: Frame): void {
  define(program, frame, {
    name: 'call <agent> [text]',
    summary: 'send a message to an agent and print the reply or the stream',
    examples: [
      "call flight@north.example 'two seats to Oslo'",
      "call poet@south.example 'a sonnet' --stream --timeout 2m",
      "call hotel@south.example 'a twin room' --to-language en",
      "call laptop@south.example 'when you are back: a summary, please' --inbox --ttl 2h"
    ],
    options: (command) =>
      command
        .option('--data <json>', 'a data part beside the text', jsonArgument)
        .option('--file <path>', 'a file part; several are possible', repeated)
        .option('--stream', 'print parts of the answer as they come')
        .option('--session <id>', 'go on with an earlier conversation')
        .option('--to-language <tag>', 'a language of the agent, for the message, or your own, for answers in it')
        .option('--on-missing <fail|pass>', 'what to do where nobody translates', oneOfArgument('fail', 'pass'))
        .option('--inbox', 'the message may wait at the gateway of the agent while the agent is offline; prints the receipt then')
        .option('--ttl <duration>', 'how long it may wait there, up to 7d', durationArgument)
        .option('--timeout <duration>', 'how long to wait', durationArgument),
    async run(session, [agent = '', text], options) {
      if (text === undefined && options['data'] === undefined && options['file'] === undefined)
        throw new HansaError('INVALID_ARGUMENT', 'there is nothing to send: give a text, --data or --file', { argument: 'text' })
      const inbox = options['inbox'] === true || options['ttl'] !== undefined ? { inbox: { ttlMs: options['ttl'] as number | undefined } } : {}
      const files = await Promise.all(((options['file'] as string[] | undefined) ?? []).map(readPart))
      const events = (await session.admin()).stream(
        'call',
        {
          agent,
          text,
          data: options['data'] as JsonDocument | undefined,
          files,
          stream: options['stream'] === true,
          session: options['session'] as string | undefined,
          toLanguage: options['toLanguage'] as string | undefined,
          onMissing: options['onMissing'] as 'fail' | 'pass' | undefined,
          ...inbox,
          timeoutMs: options['timeout'] as number | undefined
        },
        session.signal
      )
      let ended = false
      for await (const event of events) {
        ended ||= event.kind === 'end'
        session.out.result(event, (shown) => renderEvent(shown, session.out))
      }
      if (!ended) throw new HansaError('CONNECTION_LOST', 'the answer ended before it was whole')
    }
  })
}

function renderEvent(event: AdminAnswer<'call'>, out: Output): string[] {
  if (event.kind === 'response' && event.receipt !== undefined)
    return [`${event.receipt.state} until ${showTime(event.receipt.expiresAt)}: ${event.text}`, out.style('dim', `receipt ${event.receipt.id}`)]
  if (event.kind === 'response') return event.text === '' ? (event.state === undefined ? [] : [out.style('dim', event.state)]) : event.text.split('\n')
  const way = event.hops.length === 0 ? 'directly' : `via ${event.hops.map((hop) => `${hop.gateway} (${showMs(hop.ms)})`).join(', ')}`
  const seal = event.encrypted ? 'end-to-end encrypted' : 'encrypted hop by hop'
  return [out.style('dim', `${event.agent} in ${showMs(event.ms)} ${way}; ${seal}${translatedBy(event.translations)}`)]
}

function translatedBy(translations: readonly { readonly from: string; readonly to: string; readonly engine: string }[]): string {
  if (translations.length === 0) return ''
  return `, translated on the way (${translations.map(({ from, to, engine }) => `${from} to ${to} by ${engine}`).join(', ')})`
}

async function readPart(path: string): Promise<{ name: string; mediaType: string; base64: string }> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (cause) {
    throw new HansaError('NOT_FOUND', `cannot read the file ${path}`, { file: path }, cause)
  }
  if (bytes.length > MAX_FILE_BYTES) throw new HansaError('FRAME_TOO_LARGE', `${path} has ${bytes.length} bytes`, { bound: MAX_FILE_BYTES })
  return { name: basename(path), mediaType: 'application/octet-stream', base64: bytes.toString('base64') }
}
