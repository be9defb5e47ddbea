import { destination, type DestinationStream, pino, stdSerializers } from 'pino'
import type { Log } from '../../ports/log.ts'
import { prettyLine } from './pretty-line.ts'

export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** auto: pretty on a terminal, json otherwise. */
  readonly format: 'auto' | 'json' | 'pretty'
}

/** Names of fields that hold secrets wherever they occur. Nobody should log them; this is the net below. */
const SECRETS = ['voucher', 'invite', 'token', 'authorization', 'privateKey', 'swarmKey', 'secret', 'password', 'cookie']

/** The log of a node: one line per event on standard error, since standard output is for results. */
export function createLog(settings: LogSettings, out: DestinationStream = destination({ dest: 2, sync: true }), terminal = process.stderr.isTTY): Log {
  const pretty = settings.format === 'pretty' || (settings.format === 'auto' && terminal)
  const logger = pino(
    {
      level: settings.level,
      base: undefined,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.errWithCause, cause: stdSerializers.errWithCause },
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[secret]' }
    },
    pretty ? { write: (line: string) => out.write(prettyLine(line, terminal)) } : out
  )
  return logger
}
